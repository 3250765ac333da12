"""A server answers with the model that a server of models, or a bucket, has."""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import shutil
import threading
import uuid
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest

from frontdesk.errors import ConfigError, EndpointError
from frontdesk.formats.endpoints import Endpoint
from frontdesk.formats.project_layout import Layout
from frontdesk.runtime.agent import Agent
from frontdesk.server import model_server
from frontdesk.server.model_server import ModelServer, follow, pulled
from frontdesk.server.peers import Workers
from frontdesk.testing import cloud_servers
from tests.conftest import PATIENCE, Server, frontdesk, until


class Shelf:
    """A server of models, as Rasa's documentation describes it."""

    def __init__(self) -> None:
        self.content, self.tagged, self.status = b"", True, 200
        self.asked: list[str | None] = []
        shelf = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                known = self.headers.get("If-None-Match")
                shelf.asked.append(known)
                tag = hashlib.md5(shelf.content).hexdigest()
                unchanged = shelf.tagged and known == tag
                self.send_response(304 if unchanged else shelf.status)
                if shelf.tagged:
                    self.send_header("ETag", tag)
                self.end_headers()
                if not unchanged:
                    self.wfile.write(shelf.content)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.02,)).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/models/default"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    found = Shelf()
    yield found
    found.close()


@pytest.fixture
def endpoint(shelf: Shelf) -> Endpoint:
    return Endpoint(None, shelf.url, {"wait_time_between_pulls": 1, "token": "word"})


def greeting(server: Server) -> str:
    body = {"sender": uuid.uuid4().hex, "message": "hello"}  # one would be asked to slow down
    return str(httpx.post(f"{server.url}/webhooks/rest/webhook", json=body).json()[0]["text"])


@pytest.fixture
def second(copy_of_starter: Path) -> Path:
    """Another model of the project, outside of its folder of models, with another greeting."""
    domain = copy_of_starter / "domain.yml"
    text = domain.read_text()
    domain.write_text(text.replace("Hello! I'm an automated assistant.", "Good morning!"))
    out = copy_of_starter / "elsewhere"
    done = frontdesk(
        "train", "--quiet", "--fixed-model-name", "second", "--out", str(out), cwd=copy_of_starter
    )
    assert done.returncode == 0, done.stderr
    domain.write_text(text)
    return out / "second.tar.gz"


async def test_only_another_model_is_fetched(shelf: Shelf, endpoint: Endpoint, tmp_path: Path) -> None:
    server = ModelServer(endpoint, tmp_path)
    shelf.content = b"one"
    draft = await server.pull()
    assert draft is not None
    kept = server.keep(draft)
    assert kept.read_bytes() == b"one"
    assert await server.pull() is None
    shelf.content = b"two"
    draft = await server.pull()
    assert draft is not None
    assert draft.read_bytes() == b"two"
    assert shelf.asked[0] is None
    assert shelf.asked[1] == hashlib.md5(b"one").hexdigest()
    draft.unlink()
    assert list(tmp_path.iterdir()) == [kept]
    await server.close()


async def test_a_server_without_tags_and_one_that_has_nothing(
    shelf: Shelf, endpoint: Endpoint, tmp_path: Path
) -> None:
    server = ModelServer(endpoint, tmp_path)
    shelf.tagged, shelf.content = False, b"one"
    draft = await server.pull()
    assert draft is not None
    assert await server.pull() is None
    again = ModelServer(endpoint, tmp_path, before=server.keep(draft))
    assert await again.pull() is None
    shelf.status = 204
    assert await again.pull() is None
    shelf.status = 500
    with pytest.raises(EndpointError, match="500"):
        await again.pull()
    await server.close()
    await again.close()


def test_at_the_start(
    shelf: Shelf, endpoint: Endpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_server, "PAUSES", (0.01,))
    assert pulled(None, tmp_path) is None
    shelf.status = 503
    with pytest.raises(EndpointError, match="503"):
        pulled(endpoint, tmp_path / "models")
    (tmp_path / "models" / "here.tar.gz").write_bytes(b"x")
    assert pulled(endpoint, tmp_path / "models") is None
    assert len(shelf.asked) == 4


@pytest.mark.parametrize(
    ("options", "wrong"),
    [({"url": "ftp://x"}, "no address"), ({"url": "http://x/", "wait_time_between_pulls": "soon"}, "'soon'")],
)
def test_options_that_cannot_be_meant(options: dict[str, str], wrong: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=wrong):
        ModelServer(Endpoint(None, options.pop("url"), options), tmp_path)


async def test_a_worker_that_follows_tells_those_that_are_started_later(
    shelf: Shelf, endpoint: Endpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint = dataclasses.replace(endpoint, options={"wait_time_between_pulls": 0.01})
    outcomes = iter([KeyError("a part"), "second"])

    async def reload(*_: object) -> str:
        outcome = next(outcomes)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    monkeypatch.setattr(model_server, "reload", reload)
    begins, ends, workers = list[Any](), list[Any](), Workers(tmp_path, 0, 2)
    app: Any = SimpleNamespace(
        after_server_start=begins.append, before_server_stop=ends.append, ctx=SimpleNamespace()
    )
    shelf.content = b"one that cannot be loaded"
    follow(app, cast(Agent, None), Layout(tmp_path), endpoint, None, dict, workers)
    await begins[0](app)
    async with asyncio.timeout(PATIENCE):
        while len(shelf.asked) < 2:
            await asyncio.sleep(0.01)
        assert not (tmp_path / "model").exists()
        shelf.content = b"two"
        while not (tmp_path / "model").exists():
            await asyncio.sleep(0.01)
    chosen = workers.chosen()
    assert chosen is not None
    assert chosen.read_bytes() == b"two"
    await ends[0](app)


def test_a_server_follows_the_server_of_models(
    shelf: Shelf, copy_of_starter: Path, second: Path, serve: Callable[..., Server]
) -> None:
    (first,) = (copy_of_starter / "models").glob("*.tar.gz")
    shelf.content = first.read_bytes()
    shutil.rmtree(copy_of_starter / "models")
    endpoints = copy_of_starter / "endpoints.yml"
    endpoints.write_text(
        f"{endpoints.read_text()}\nmodels:\n  url: {shelf.url}\n  wait_time_between_pulls: 0.2\n"
    )
    server = serve(copy_of_starter)
    assert greeting(server).startswith("Hello!")
    shelf.content = b"no model at all"
    until(lambda: "The model in use goes on" in server.log.read_text(), "the log tells of it")
    assert greeting(server).startswith("Hello!")
    shelf.content = second.read_bytes()
    until(lambda: greeting(server).startswith("Good morning!"), "the other model answers")
    assert len(list((copy_of_starter / "models").iterdir())) == 2, "two models, and nothing half-written"


def test_a_model_goes_to_a_bucket_and_comes_from_there(
    copy_of_starter: Path, second: Path, serve: Callable[..., Server]
) -> None:
    with cloud_servers.moto() as moto:
        cloud = {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{moto.port}", "BUCKET_NAME": "models", "AWS_ACCESS_KEY_ID": "me",
            "AWS_SECRET_ACCESS_KEY": "word", "AWS_DEFAULT_REGION": "eu-central-1",
        }  # fmt: skip
        trained = frontdesk(
            "train", "--remote-storage", "aws", "--fixed-model-name", "sent", cwd=copy_of_starter, **cloud
        )
        assert trained.returncode == 0, trained.stderr
        assert "s3://models/sent.tar.gz" in trained.stdout
        shutil.rmtree(copy_of_starter / "models")
        server = serve(copy_of_starter, "--remote-storage", "aws", "--enable-api", **cloud)
        assert greeting(server).startswith("Hello!")
        assert [file.name for file in (copy_of_starter / "models").iterdir()] == ["sent.tar.gz"]
        wrong = httpx.put(f"{server.url}/model", json={"remote_storage": "aws", "model_file": "none"})
        assert wrong.status_code == 400
        assert "There is no model 'none.tar.gz'" in wrong.json()["message"]
        right = httpx.put(f"{server.url}/model", json={"remote_storage": "aws", "model_file": "sent.tar.gz"})
        assert right.status_code == 204
        gone = frontdesk("run", "--remote-storage", "aws", "-m", "nowhere", cwd=copy_of_starter, **cloud)
        assert gone.returncode == 1
        assert "There is no model 'nowhere.tar.gz'" in gone.stderr
