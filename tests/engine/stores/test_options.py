"""What may be said about a SQL tracker store in endpoints.yml."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from frontdesk.errors import ConfigError
from frontdesk.stores.options import read_options


def url(**options: Any) -> str:
    return read_options(options).url.render_as_string(hide_password=False)


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("POSTGRESQL_SCHEMA", "POSTGRESQL_POOL_SIZE"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, "sqlite:///.frontdesk/conversations.db"),
        ({"type": "SQL", "dialect": "sqlite", "db": "rasa.db"}, "sqlite:///rasa.db"),
        ({"dialect": "sqlite", "url": "", "db": "a/b.db", "username": None, "password": None}, "sqlite:///a/b.db"),
        ({"url": "sqlite:////srv/chat.db"}, "sqlite:////srv/chat.db"),
        (
            {"dialect": "postgresql", "url": "db.local", "db": "rasa", "username": "me", "password": "p@ss/word"},
            "postgresql+psycopg://me:p%40ss%2Fword@db.local/rasa?connect_timeout=3",
        ),
        (
            {"dialect": "postgresql", "url": "db.local:5433", "port": 1, "db": "rasa"},
            "postgresql+psycopg://db.local:5433/rasa?connect_timeout=3",
        ),
        (
            {"dialect": "postgresql+psycopg2", "host": "db.local", "port": "5432", "db": "rasa", "query": {"sslmode": "require"}},
            "postgresql+psycopg://db.local:5432/rasa?connect_timeout=3&sslmode=require",
        ),
        (
            {"url": "postgres://me:secret@db.local/rasa?connect_timeout=9"},
            "postgresql+psycopg://me:secret@db.local/rasa?connect_timeout=9",
        ),
        (
            {"dialect": "mysql+mysqlconnector", "url": "db.local", "db": "rasa", "username": "me", "password": "p@ss"},
            "mysql+pymysql://me:p%40ss@db.local/rasa?connect_timeout=3&charset=utf8mb4",
        ),
        (
            {"url": "mariadb://db.local:3307/rasa?charset=utf8mb3"},
            "mysql+pymysql://db.local:3307/rasa?connect_timeout=3&charset=utf8mb3",
        ),
    ],
)  # fmt: skip
def test_addresses(options: dict[str, Any], expected: str) -> None:
    found = url(**options)
    assert sorted(found.replace("?", "&").split("&")) == sorted(expected.replace("?", "&").split("&"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dialect": "oracle"}, "'oracle' is not one"),
        ({"dialect": "mssql+pyodbc", "db": "x"}, "sqlite, postgresql or mysql"),
        ({"dialect": "mysql", "db": "x", "schema": "chat"}, "'schema' is for PostgreSQL only"),
        ({"db": ":memory:"}, "in_memory"),
        ({"url": "sqlite://"}, "needs a file"),
        ({"url": "://"}, "cannot be read"),
        ({"dialect": "postgresql", "url": "db.local"}, "'db'"),
        ({"dialect": "postgresql", "url": "db.local", "db": "x", "port": "no"}, "port is 'no'"),
        ({"dialect": "postgresql", "url": "db.local", "db": "x", "port": 70000}, "1 to 65535"),
        ({"dialect": "postgresql", "url": "db.local:99999", "db": "x"}, "no valid port"),
        ({"dialect": "postgresql", "url": "[::1", "db": "x"}, "no valid port"),
        ({"dialect": "sqlite", "login_db": "x"}, "login_db"),
        ({"timeout": 0}, "'timeout' is '0'"),
        ({"timeout": "soon"}, "number above zero"),
        ({"pool_size": -1}, "pool_size"),
        ({"inbox_retention_days": "nan"}, "inbox_retention_days"),
    ],
)
def test_what_cannot_be_meant_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match="tracker_store") as caught:
        read_options(options)
    assert message in str(caught.value)


def test_a_password_never_stands_in_a_message() -> None:
    found = read_options({"url": "postgresql://me:s3cret@db.local/rasa"})
    assert "s3cret" not in found.place
    assert "db.local" in found.place
    with pytest.raises(ConfigError) as caught:
        read_options({"url": "oracle://me:s3cret@db.local/rasa"})
    assert "s3cret" not in str(caught.value)


def test_an_unknown_option_is_named(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "frontdesk.stores"):
        read_options({"dialct": "sqlite"})
    assert "Did you mean 'dialect'?" in caplog.text


def test_variables_of_rasa(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTGRESQL_SCHEMA", "chat")
    monkeypatch.setenv("POSTGRESQL_POOL_SIZE", "9")
    options = {"url": "postgresql://db.local/rasa"}
    assert (read_options(options).schema, read_options(options).pool_size) == ("chat", 9)
    assert read_options({**options, "schema": "own", "pool_size": 2}).pool_size == 2
    monkeypatch.setenv("POSTGRESQL_POOL_SIZE", "many")
    with pytest.raises(ConfigError, match="pool_size"):
        read_options(options)


def test_defaults() -> None:
    found = read_options({})
    assert (found.timeout, found.pool_size, found.retention) == (4.5, 5, 7 * 86_400)
    assert found.timeout < 5
