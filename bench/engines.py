"""What is measured: an engine, its bot in a folder of its own, and how one trains and serves it."""

from __future__ import annotations

import json
import shutil
import sqlite3
import sys
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from frontdesk.testing.servers import free_port

ROOT = Path(__file__).parents[1]
SMALLBOT = Path(__file__).parent / "smallbot"
ASSISTANT = ("actions", "data", "domain", "kb", "config.yml", "endpoints.yml", "credentials.yml")
QUIET = {
    "RASA_TELEMETRY_ENABLED": "false",
    "TF_CPP_MIN_LOG_LEVEL": "2",
    "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
}


@dataclass(frozen=True)
class Engine:
    """One engine with one bot.

    `train` and `serve` are commands, run in `folder`; `serve_again` is the one for the second start. `tokens` tells
    that conversations are held under tokens of the server, `shop` where the assistant's shop lies, so that customers
    and their orders can be named.
    """

    name: str
    mix: str
    folder: Path
    train: tuple[str, ...]
    serve: tuple[str, ...]
    port: int
    serve_again: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    tokens: bool = False
    shop: Path | None = None

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"


def assistant(folder: Path) -> Engine:
    """Copy the project's own assistant into a folder, without what was trained or said before."""
    folder.mkdir(parents=True)
    for name in ASSISTANT:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)
    return _frontdesk("assistant", "assistant", folder, tokens=True, shop=folder / ".frontdesk" / "shop.db")


def smallbot(folder: Path, *, as_in_rasa: bool = False) -> Engine:
    """Copy the small bot into a folder, with Frontdesk's configuration, or with the very config.yml that Rasa gets."""
    shutil.copytree(SMALLBOT, folder)
    chosen, other = ("rasa.yml", "frontdesk.yml") if as_in_rasa else ("frontdesk.yml", "rasa.yml")
    (folder / chosen).rename(folder / "config.yml")
    (folder / other).unlink()
    return _frontdesk("small bot, Rasa's config.yml" if as_in_rasa else "small bot", "smallbot", folder)


def rasa(folder: Path, binaries: Path) -> Engine:
    """Copy the small bot into a folder, with Rasa's configuration; `binaries` is the `bin` of Rasa's environment."""
    shutil.copytree(SMALLBOT, folder)
    (folder / "rasa.yml").rename(folder / "config.yml")
    (folder / "frontdesk.yml").unlink()
    (folder / "endpoints.yml").write_text("{}\n")
    command, port = str(binaries / "rasa"), free_port()
    return Engine(
        name="small bot, Rasa",
        mix="smallbot",
        folder=folder,
        train=(command, "train"),
        serve=(command, "run", "--port", str(port), "--interface", "127.0.0.1"),
        port=port,
        environment=QUIET,
    )


def bare(folder: Path) -> Engine:
    """Return a server that does nothing but answer: the limit of the HTTP server and of the load together."""
    folder.mkdir(parents=True)
    port = free_port()
    serve = (sys.executable, "-m", "bench.bare", str(port))
    return Engine("bare Sanic", "smallbot", folder, (), serve, port, environment={"PYTHONPATH": str(ROOT)})


def _frontdesk(
    name: str, mix: str, folder: Path, *, tokens: bool = False, shop: Path | None = None
) -> Engine:
    command, port = (sys.executable, "-m", "frontdesk.cli.main"), free_port()
    return Engine(
        name=name,
        mix=mix,
        folder=folder,
        train=(*command, "train"),
        serve=(*command, "run", "--port", str(port)),
        serve_again=(*command, "run", "--train", "--port", str(port)),
        port=port,
        tokens=tokens,
        shop=shop,
    )


def write_facts(shop: Path, file: Path) -> int:
    """Write customers' addresses and order numbers from the shop's database; return how many orders there are."""
    query = (
        "select customers.email, orders.number from orders join customers on customers.id = orders.customer_id "
        "order by orders.number"
    )
    facts = [{"email": email, "number": number} for email, number in looked_up(shop, query)]
    file.write_text(json.dumps(facts), "utf-8")
    return len(facts)


def looked_up(database: Path, query: str, *values: object) -> list[Any]:
    """Read rows of a database in SQLite that somebody else writes."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        return connection.execute(query, values).fetchall()
