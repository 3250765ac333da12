"""What `endpoints.yml` says about a SQL tracker store, checked: Rasa's options, and a few more."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from frontdesk.core.options import tell_unknown
from frontdesk.errors import ConfigError
from frontdesk.stores.sections import WHERE, days, host_and_port, positive

DEFAULT_FILE = ".frontdesk/conversations.db"
KNOWN = frozenset(
    [
        "type",
        "dialect",
        "url",
        "host",
        "port",
        "username",
        "password",
        "db",
        "login_db",
        "query",
        "schema",
        "timeout",
        "pool_size",
        "inbox_retention_days",
    ]
)
DRIVERS = {
    "sqlite": "sqlite",
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mysql+pymysql",
}
PORTS = {"postgresql+psycopg": 5432, "mysql+pymysql": 3306}


@dataclass(frozen=True, slots=True)
class SqlOptions:
    """Where a database is and how to speak to it.

    `timeout` is how many seconds an operation waits for a locked or absent database; `retention` is in
    seconds. `login` is the database to connect to in order to create the other one.
    """

    url: URL
    login: URL | None = None
    schema: str | None = None
    timeout: float = 4.5
    pool_size: int = 5
    retention: float = 7 * 86_400.0

    @property
    def sqlite(self) -> bool:
        """Tell whether the database is a SQLite file."""
        return self.url.get_backend_name() == "sqlite"

    @property
    def mysql(self) -> bool:
        """Tell whether the database is MySQL or MariaDB."""
        return self.url.get_backend_name() == "mysql"

    @property
    def place(self) -> str:
        """Name the database for an error message, without the password."""
        return (self.url.database or "") if self.sqlite else self.url.render_as_string(hide_password=True)


def read_options(options: Mapping[str, Any]) -> SqlOptions:
    """Return the options. Raises ConfigError naming the option and what it may hold.

    As in Rasa, `url` (or `host`) is a host name, or a whole database URL where it holds "://".
    """
    tell_unknown(WHERE, sorted(options), KNOWN)
    url = _url(options)
    login_db = options.get("login_db")
    if login_db and url.get_backend_name() == "sqlite":
        raise ConfigError("'login_db' is for database servers only.", where=WHERE, hint="Remove it.")
    schema = options.get("schema") or None
    if schema and url.get_backend_name() != "postgresql":
        raise ConfigError("'schema' is for PostgreSQL only.", where=WHERE, hint="Remove it.")
    pool_size = options.get("pool_size") or os.environ.get("POSTGRESQL_POOL_SIZE") or None
    return SqlOptions(
        url=url,
        login=url.set(database=str(login_db)) if login_db else None,
        schema=schema or os.environ.get("POSTGRESQL_SCHEMA") or None,
        timeout=positive(options, "timeout", 4.5),
        pool_size=max(1, round(positive({"pool_size": pool_size}, "pool_size", 5))),
        retention=days(options, "inbox_retention_days", 7),
    )


def _url(options: Mapping[str, Any]) -> URL:
    host = options.get("url") or options.get("host")
    if host and "://" in str(host):
        try:
            url = make_url(str(host))
        except (ArgumentError, ValueError) as error:
            hint = "Write it like postgresql://user:password@host:5432/database or sqlite:///folder/file.db."
            raise ConfigError("The database URL cannot be read.", where=WHERE, hint=hint) from error
        return _checked(url.set(drivername=_driver(url.drivername)))
    driver = _driver(str(options.get("dialect") or "sqlite"))
    if driver == "sqlite":
        return _checked(URL.create(driver, database=str(options.get("db") or DEFAULT_FILE)))
    if not options.get("db"):
        raise ConfigError("'db', the name of the database, is missing.", where=WHERE, hint="Add it.")
    hostname, port = host_and_port(host, options, PORTS[driver], WHERE)
    return _checked(
        URL.create(
            driver,
            username=_text(options.get("username")),
            password=_text(options.get("password")),
            host=hostname,
            port=port,
            database=str(options["db"]),
            query={str(k): str(v) for k, v in (options.get("query") or {}).items()},
        )
    )


def _driver(name: str) -> str:
    driver = DRIVERS.get(name.partition("+")[0].lower())
    if driver is None:
        hint = "Use sqlite, postgresql or mysql (for MariaDB, too)."
        raise ConfigError(
            f"The dialect '{name}' is not one that conversations can be kept in.", where=WHERE, hint=hint
        )
    return driver


def _checked(url: URL) -> URL:
    if url.get_backend_name() == "sqlite":
        if not url.database or url.database == ":memory:":
            hint = "Name a file (`db: conversations.db`), or write `type: in_memory`."
            raise ConfigError("A SQLite tracker store needs a file.", where=WHERE, hint=hint)
        return url.set(database=str(Path(url.database).expanduser()))
    if "connect_timeout" not in url.query:
        url = url.update_query_dict({"connect_timeout": "3"})
    if url.get_backend_name() == "mysql" and "charset" not in url.query:
        url = url.update_query_dict({"charset": "utf8mb4"})
    return url


def _text(value: object) -> str | None:
    return None if value is None else str(value)
