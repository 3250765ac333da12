"""The model over HTTP: look at it, ask it, exchange it and let go of it without losing a message."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path
from typing import Any

import httpx
import pytest

from frontdesk.formats.yaml import read_text
from tests.conftest import Server, frontdesk, start_server, until


@pytest.fixture(scope="module")
def server(starter: Path) -> Iterator[Server]:
    running = start_server(starter, "--enable-api")
    yield running
    running.stop()


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url) as found:
        yield found


@pytest.fixture
def models(copy_of_starter: Path) -> Path:
    """The models of a project that has two, the second with another greeting."""
    domain = copy_of_starter / "domain.yml"
    text = domain.read_text()
    domain.write_text(text.replace("Hello! I'm an automated assistant.", "Good morning!"))
    done = frontdesk("train", "--quiet", "--fixed-model-name", "second", cwd=copy_of_starter)
    assert done.returncode == 0, done.stderr
    domain.write_text(text)
    return copy_of_starter / "models"


@pytest.fixture
def shelf(models: Path, tmp_path: Path) -> Iterator[HTTPServer]:
    """A web server that has a model, and something that is none."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    shutil.copy(models / "second.tar.gz", folder / "model.tar.gz")
    (folder / "bad.tar.gz").write_bytes(b"no model")

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    found = HTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=found.serve_forever, args=(0.02,))
    thread.start()
    yield found
    found.shutdown()
    thread.join()
    found.server_close()


def say(server: Server, sender: str = "ann", **more: Any) -> httpx.Response:
    body = {"sender": sender, "message": "hello", **more}
    return httpx.post(f"{server.url}/webhooks/rest/webhook", json=body, timeout=60)


def greeting(server: Server, sender: str = "ann") -> str:
    return str(say(server, sender).json()[0]["text"])


def first_of(models: Path) -> str:
    [name] = [p.name for p in models.glob("*.tar.gz") if p.name != "second.tar.gz"]
    return name


def test_status(client: httpx.Client, starter: Path) -> None:
    found = client.get("/status").json()
    [archive] = (starter / "models").glob("*.tar.gz")
    name = archive.name
    assert found == {
        "model_file": name,
        "model_id": name.removesuffix(".tar.gz"),
        "num_active_training_jobs": 0,
    }


def test_the_domain(client: httpx.Client) -> None:
    found = client.get("/domain").json()
    assert set(found) >= {
        "version",
        "intents",
        "entities",
        "slots",
        "responses",
        "actions",
        "forms",
        "session_config",
    }
    for accept in ("application/json", "text/html, application/json;q=0.9", "*/*"):
        assert client.get("/domain", headers={"Accept": accept}).json() == found
    for accept in ("application/yaml", "application/x-yaml", "text/yml"):
        response = client.get("/domain", headers={"Accept": accept})
        assert response.headers["content-type"].startswith("application/x-yaml")
        assert read_text(response.text, "domain") == found
    refused = client.get("/domain", headers={"Accept": "text/html"})
    assert (refused.status_code, refused.json()["reason"]) == (406, "NotAcceptable")


def test_a_text_is_understood(client: httpx.Client) -> None:
    found = client.post("/model/parse", json={"text": "my mail is a@b.co"}).json()
    assert set(found) == {"text", "intent", "entities", "text_tokens", "intent_ranking"}
    assert found["text"] == "my mail is a@b.co"
    assert set(found["intent"]) == {"name", "confidence"}
    [entity] = [e for e in found["entities"] if e["entity"] == "email"]
    assert found["text"][entity["start"] : entity["end"]] == entity["value"] == "a@b.co"
    assert client.post("/model/parse", json={"text": ["hello", "x"]}).json()["text"] == "hello"
    for bad in ({}, {"text": 3}, {"text": []}, []):
        assert client.post("/model/parse", json=bad).status_code == 400
    assert client.post("/model/parse", content=b"").status_code == 400


def test_a_text_is_understood_in_another_shape(client: httpx.Client) -> None:
    def ask(mode: str) -> Any:
        return client.post(
            "/model/parse", json={"text": "mail a@b.co"}, params={"emulation_mode": mode}
        ).json()

    assert set(ask("WIT")) == {"text", "intents", "entities"}
    assert ask("wit")["entities"]["email:email"][0]["body"] == "a@b.co"
    luis = ask("LUIS")
    assert luis["prediction"]["entities"]["email"] == ["a@b.co"]
    assert luis["prediction"]["entities"]["$instance"]["email"][0]["length"] == 6
    assert ask("dialogflow")["queryResult"]["parameters"] == {"email": ["a@b.co"]}
    assert ask("other")["details"] == {"parameter": "emulation_mode", "in": "query"}


def test_a_prediction_from_events(client: httpx.Client) -> None:
    said = {"event": "user", "text": "hello", "parse_data": {"intent": {"name": "greet", "confidence": 1.0}}}
    events = [{"event": "action", "name": "action_listen"}, said]
    found = client.post("/model/predict", json=events).json()
    assert set(found) == {"scores", "policy", "confidence", "tracker"}
    assert max(found["scores"], key=lambda row: row["score"])["action"] == "utter_greet"
    assert found["tracker"]["sender_id"] == "default"
    assert found["scores"][0]["action"] == "action_listen"  # in the domain's order, as in Rasa
    assert client.post("/model/predict", json=[{"event": "slot"}]).status_code == 400


def test_another_model_answers(copy_of_starter: Path, models: Path, serve: Callable[..., Server]) -> None:
    server = serve(copy_of_starter, "--enable-api", "--model", f"models/{first_of(models)}")
    assert greeting(server).startswith("Hello!")
    for given, begins in (
        ({"model_file": "models/second.tar.gz"}, "Good morning!"),
        ({"model_file": first_of(models)}, "Hello!"),
        ({"model_file": str(models / "second.tar.gz")}, "Good morning!"),
    ):
        response = httpx.put(f"{server.url}/model", json=given, timeout=60)
        assert (response.status_code, response.content) == (204, b"")
        assert greeting(server).startswith(begins)
        status = httpx.get(f"{server.url}/status").json()
        assert status["model_file"] == Path(given["model_file"]).name


def test_which_files_are_no_models(copy_of_starter: Path, models: Path, serve: Callable[..., Server]) -> None:
    outside, first = copy_of_starter.parent / "outside.tar.gz", first_of(models)
    shutil.copy(models / "second.tar.gz", outside)
    (models / "link.tar.gz").symlink_to(outside)
    (models / "bad.tar.gz").write_bytes(b"no model")
    (models / "note.txt").write_text("x")
    server = serve(copy_of_starter, "--enable-api", "--model", f"models/{first}")
    before = httpx.get(f"{server.url}/status").json()
    files = [str(outside), "../outside.tar.gz", "models/../../outside.tar.gz", "link.tar.gz", "/etc/passwd"]
    for name in [*files, "bad.tar.gz", "note.txt", "none.tar.gz", "\x00", "config.yml", "x" * 5000]:
        response = httpx.put(f"{server.url}/model", json={"model_file": name}, timeout=60)
        assert response.status_code == 400, name
        assert str(copy_of_starter) not in response.json()["message"] or name.startswith("/")
    for other in (
        {"remote_storage": "aws"},
        {"remote_storage": "os.path.join", "model_file": "second"},
        {"remote_storage": ["aws"]},
        {"model_server": {"url": "http://127.0.0.1:1/"}},
        {"model_server": {"url": "https://example.com/model"}},
        {"model_server": "x"},
        {"model_file": 3},
    ):
        assert httpx.put(f"{server.url}/model", json=other, timeout=60).status_code == 400
    assert httpx.put(f"{server.url}/model", timeout=60).status_code == 400
    assert httpx.get(f"{server.url}/status").json() == before
    assert greeting(server).startswith("Hello!")


def test_a_model_from_a_server_that_the_operator_allows(
    copy_of_starter: Path, models: Path, shelf: HTTPServer, serve: Callable[..., Server]
) -> None:
    host = f"127.0.0.1:{shelf.server_port}"
    first = first_of(models)
    server = serve(copy_of_starter, "--enable-api", "--model", f"models/{first}", "--api-allow-host", host)
    before = set(models.iterdir())
    for name in ("bad.tar.gz", "none.tar.gz"):
        bad = {"model_server": {"url": f"http://{host}/{name}"}}
        assert httpx.put(f"{server.url}/model", json=bad, timeout=60).status_code == 400
    assert set(models.iterdir()) == before
    assert greeting(server).startswith("Hello!")
    good = {"model_server": {"url": f"http://{host}/model.tar.gz", "wait_time_between_pulls": 10}}
    assert httpx.put(f"{server.url}/model", json=good, timeout=60).status_code == 204
    assert greeting(server).startswith("Good morning!")
    [new] = set(models.iterdir()) - before
    assert httpx.get(f"{server.url}/status").json()["model_file"] == new.name


def test_no_message_is_lost_while_models_change(
    copy_of_starter: Path, models: Path, serve: Callable[..., Server]
) -> None:
    server = serve(copy_of_starter, "--enable-api", "--model", f"models/{first_of(models)}")
    files = [first_of(models), "second.tar.gz"]
    with ThreadPoolExecutor(6) as pool:
        answers = [pool.submit(say, server, f"user-{n % 7}", message_id=str(n)) for n in range(120)]
        swaps = [
            pool.submit(httpx.put, f"{server.url}/model", json={"model_file": files[n % 2]}) for n in range(6)
        ]
        assert {swap.result().status_code for swap in swaps} == {204}
        found = [answer.result() for answer in answers]
    assert {response.status_code for response in found} == {200}
    assert all(len(response.json()) == 1 for response in found)
    for user in range(7):
        events = httpx.get(f"{server.url}/conversations/user-{user}/tracker").json()["events"]
        heard = [e["message_id"] for e in events if e["event"] == "user"]
        assert sorted(heard, key=int) == [str(n) for n in range(120) if n % 7 == user]


def test_without_a_model(copy_of_starter: Path, serve: Callable[..., Server]) -> None:
    server = serve(copy_of_starter, "--enable-api")
    assert greeting(server).startswith("Hello!")
    for _ in range(2):
        assert httpx.delete(f"{server.url}/model").status_code == 204
    for method, path in (("GET", "/status"), ("GET", "/conversations/ann/tracker"), ("POST", "/model/parse")):
        response = httpx.request(
            method, f"{server.url}{path}", json={"text": "x"} if method == "POST" else None
        )
        assert (response.status_code, response.json()["reason"]) == (409, "Conflict")
        assert response.json()["message"].startswith("No agent loaded.")
    refused = say(server, message_id="later")
    assert (refused.status_code, refused.json()["reason"]) == (503, "NoModel")
    assert refused.headers["Retry-After"]
    assert httpx.get(f"{server.url}/version").status_code == 200
    assert httpx.put(f"{server.url}/model", json={}, timeout=60).status_code == 204
    assert say(server, message_id="later").status_code == 200
    events = httpx.get(f"{server.url}/conversations/ann/tracker").json()["events"]
    assert [e["text"] for e in events if e["event"] == "user"] == ["hello", "hello"]


def test_messages_while_models_come_and_go_are_answered_once_or_refused(
    copy_of_starter: Path, serve: Callable[..., Server]
) -> None:
    server = serve(copy_of_starter, "--enable-api")

    def answered(number: int) -> list[Any] | None:
        response = say(server, f"user-{number % 5}", message_id=str(number))
        assert response.status_code in (200, 503), response.text
        return response.json() if response.status_code == 200 else None

    def insist(number: int) -> int:
        return len(until(lambda: answered(number), "there is a model"))

    def toggle(number: int) -> int:
        if number % 2:
            return httpx.put(f"{server.url}/model", json={}, timeout=60).status_code
        return httpx.delete(f"{server.url}/model", timeout=60).status_code

    with ThreadPoolExecutor(6) as pool:
        answers = [pool.submit(insist, n) for n in range(60)]
        assert [toggle(n) for n in range(8)] == [204] * 8
        assert [answer.result() for answer in answers] == [1] * 60
    for user in range(5):
        events = httpx.get(f"{server.url}/conversations/user-{user}/tracker").json()["events"]
        assert sum(e["event"] == "user" for e in events) == 12
        assert sum(e["event"] == "bot" for e in events) == 12
