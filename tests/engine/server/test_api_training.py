"""Training over HTTP: what Rasa takes in one body, in a process that sees no secret."""

from __future__ import annotations

import json
import queue
import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from frontdesk.formats.yaml import plain, read_text
from frontdesk.graph.package import peek_manifest
from tests.conftest import Server, start_server

BODY = """\
# one text, as Rasa takes it
version: "3.1"
recipe: default.v1
language: en
pipeline:
- name: WhitespaceTokenizer
- name: CountVectorsFeaturizer
- name: LogisticRegressionClassifier
policies:
- name: RulePolicy
intents: [greet, bye]
responses:
  utter_hi:
  - text: Hi from the body!
  utter_bye:
  - text: So long!
nlu:
- intent: greet
  examples: |
    - hello
    - hi there
- intent: bye
  examples: |
    - bye
    - good bye
rules:
- rule: greet
  steps:
  - intent: greet
  - action: utter_hi
- rule: leave
  steps:
  - intent: bye
  - action: utter_bye
"""
YAML = {"Content-Type": "application/yaml"}


@pytest.fixture(scope="module")
def folder(starter: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("training") / "project"
    shutil.copytree(starter, target, ignore=shutil.ignore_patterns("*.log", "conversations.db*"))
    return target


@pytest.fixture(scope="module")
def ears() -> Iterator[HTTPServer]:
    """A server that callbacks reach; what they bring is in its queue."""
    heard: queue.Queue[tuple[str | None, Any]] = queue.Queue()

    class Ears(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            heard.put((self.headers["Content-Type"], content))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Ears)
    server.heard = heard  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def server(folder: Path, ears: HTTPServer) -> Iterator[Server]:
    allowed = f"127.0.0.1:{ears.server_port}"
    running = start_server(folder, "--enable-api", "--api-allow-host", allowed, SHOP_PASSWORD="hunter2")
    yield running
    running.stop()


def train(server: Server, body: str = BODY, **query: Any) -> httpx.Response:
    url = f"{server.url}/model/train"
    return httpx.post(url, content=body.encode(), headers=YAML, params=query, timeout=120)


def refused(response: httpx.Response, status: int, reason: str) -> str:
    assert response.status_code == status, response.text
    assert response.json()["reason"] == reason
    return str(response.json()["message"])


def test_a_model_is_trained_kept_and_loaded(server: Server, folder: Path, tmp_path: Path) -> None:
    before = httpx.get(f"{server.url}/status").json()
    response = train(server)
    assert response.status_code == 200, response.text
    name = response.headers["filename"]
    assert name in response.headers["Content-Disposition"]
    assert (folder / "models" / name).read_bytes() == response.content
    (tmp_path / name).write_bytes(response.content)
    assert peek_manifest(tmp_path / name)["model_id"] == name.removesuffix(".tar.gz")
    assert httpx.get(f"{server.url}/status").json() == before  # the model in use is another thing
    assert httpx.put(f"{server.url}/model", json={"model_file": name}, timeout=60).status_code == 204
    [reply] = httpx.post(
        f"{server.url}/webhooks/rest/webhook", json={"sender": "x", "message": "hello"}
    ).json()
    assert reply["text"] == "Hi from the body!"


def test_a_model_that_is_not_kept(server: Server, folder: Path) -> None:
    before = set((folder / "models").iterdir())
    response = train(server, save_to_default_model_directory="false", force_training="true", augmentation=20)
    assert response.status_code == 200
    assert response.content[:2] == b"\x1f\x8b"
    assert set((folder / "models").iterdir()) == before


def test_json_is_yaml(server: Server) -> None:
    body = json.dumps(plain(read_text(BODY, "body")))
    assert train(server, body, save_to_default_model_directory="false").status_code == 200


def test_complaints_name_the_line_of_the_body(server: Server, folder: Path) -> None:
    before = set((folder / "models").iterdir())
    message = refused(
        train(server, BODY.replace("  - action: utter_hi", "  - action: [utter_hi]")), 400, "TrainingError"
    )
    line = next(n for n, text in enumerate(BODY.splitlines(), start=1) if "action: utter_hi" in text)
    assert f"data/data.yml:{line}" in message
    assert "/tmp" not in message
    refused(train(server, ""), 400, "BadRequest")
    assert "not contain valid YAML" in refused(train(server, "a: [b"), 400, "BadRequest")
    refused(train(server, "just words"), 400, "BadRequest")
    assert "no training data" in refused(train(server, "version: '3.1'"), 400, "BadRequest")
    assert set((folder / "models").iterdir()) == before


@pytest.mark.parametrize("name", ["subprocess.Popen", "subprocess:Popen", "actions.Evil"])
def test_a_class_path_is_not_run(server: Server, name: str) -> None:
    for key in ("pipeline:", "policies:"):
        message = refused(train(server, BODY.replace(key, f"{key}\n- name: {name}")), 400, "BadRequest")
        assert name in message


@pytest.mark.parametrize(
    "more",
    [
        "importers:\n- name: subprocess.Popen\n  touch: 1\n  FILE: 1\n",
        "importers:\n- name: subprocess:Popen\n  touch: 1\n  FILE: 1\n",
        "importers: [{name: MultiProjectImporter}]\nimports: [FILE]\n",
        "slots:\n  s:\n    type: subprocess.Popen\n    mappings: [{type: from_text}]\n    touch: 1\n    FILE: 1\n",
    ],
)
def test_no_importer_and_no_slot_type_is_run_either(server: Server, tmp_path: Path, more: str) -> None:
    refused(train(server, BODY + more.replace("FILE", str(tmp_path / "here"))), 400, "BadRequest")
    assert not (tmp_path / "here").exists()


def test_what_rasa_writes_into_each_config_does_not_matter(server: Server) -> None:
    body = BODY + "importers:\n- name: RasaFileImporter\n"
    assert train(server, body, save_to_default_model_directory="false").status_code == 200


def test_a_training_sees_no_secret(server: Server) -> None:
    body = BODY.replace("language: en", "language: ${SHOP_PASSWORD}")
    message = refused(train(server, body), 400, "TrainingError")
    assert "SHOP_PASSWORD" in message
    assert "hunter2" not in message


def test_the_answer_goes_to_a_callback(server: Server, ears: HTTPServer) -> None:
    url = f"http://127.0.0.1:{ears.server_port}/done"
    response = train(server, callback_url=url, save_to_default_model_directory="false")
    assert (response.status_code, response.content) == (204, b"")
    _, content = ears.heard.get(timeout=60)  # type: ignore[attr-defined]
    assert content[:2] == b"\x1f\x8b"
    assert train(server, "a: [b", callback_url=url).status_code == 204
    kind, content = ears.heard.get(timeout=60)  # type: ignore[attr-defined]
    assert kind == "application/json"
    assert json.loads(content)["reason"] == "BadRequest"


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "http://169.254.169.254/", "file:///etc/passwd", "x"])
def test_a_callback_into_private_nets_is_refused(server: Server, url: str) -> None:
    refused(train(server, callback_url=url), 400, "BadRequest")


def test_trainings_are_counted_and_limited(copy_of_starter: Path, serve: Callable[..., Server]) -> None:
    server = serve(copy_of_starter, "--enable-api")
    status = f"{server.url}/status"
    with ThreadPoolExecutor(4) as pool:
        answers = [pool.submit(train, server, save_to_default_model_directory="false") for _ in range(4)]
        seen = set()
        while not all(answer.done() for answer in answers):
            seen.add(httpx.get(status).json()["num_active_training_jobs"])
    found = [answer.result() for answer in answers]
    assert sorted(response.status_code for response in found) == [200, 200, 429, 429]
    assert max(seen) == 2
    assert httpx.get(status).json()["num_active_training_jobs"] == 0
    assert all(r.headers.get("Retry-After") for r in found if r.status_code == 429)
