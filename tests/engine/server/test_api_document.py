"""The OpenAPI document: valid, complete, and shown on a page that loads nothing from elsewhere."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from frontdesk.auth.access import Access
from frontdesk.server.api_document import failures, openapi, page
from frontdesk.server.api_table import OPERATIONS
from tests.conftest import Server, start_server

KEYS = (Access(), Access.by_options("a-token-that-nobody-guesses", "a-secret-that-is-long-enough-for-hs256"))
RASA = {
    "GET /version", "GET /status", "GET /domain", "GET /conversations/{conversation_id}/tracker",
    "POST /conversations/{conversation_id}/tracker/events", "PUT /conversations/{conversation_id}/tracker/events",
    "GET /conversations/{conversation_id}/story", "POST /conversations/{conversation_id}/execute",
    "POST /conversations/{conversation_id}/trigger_intent", "POST /conversations/{conversation_id}/predict",
    "POST /conversations/{conversation_id}/messages", "POST /model/train", "POST /model/test/stories",
    "POST /model/test/intents", "POST /model/predict", "POST /model/parse", "PUT /model", "DELETE /model",
}  # fmt: skip


@pytest.fixture(scope="module")
def server(starter: Path) -> Iterator[Server]:
    running = start_server(starter, "--enable-api")
    yield running
    running.stop()


@pytest.mark.parametrize("keys", KEYS)
def test_the_document_is_valid(keys: Access) -> None:
    OpenAPIV31SpecValidator(openapi(OPERATIONS, keys)).validate()


def test_every_operation_of_rasa_is_there() -> None:
    assert {f"{o.method} {o.path}" for o in OPERATIONS} == RASA
    assert len({o.name for o in OPERATIONS}) == len(OPERATIONS)


def test_the_document_that_is_served(server: Server) -> None:
    found = httpx.get(f"{server.url}/openapi.json").json()
    assert found == json.loads(json.dumps(openapi(OPERATIONS, Access())))
    assert found["openapi"].startswith("3.1")


def test_it_says_what_callers_must_show() -> None:
    document = openapi(OPERATIONS, KEYS[1])
    assert set(document["components"]["securitySchemes"]) == {"token", "bearerToken", "jwt"}
    assert "security" not in document["paths"]["/version"]["get"]
    assert len(document["paths"]["/status"]["get"]["security"]) == 3
    assert "a-token" not in json.dumps(document)


def test_the_page_loads_nothing_from_elsewhere(server: Server) -> None:
    response = httpx.get(f"{server.url}/docs")
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    loaded: list[str] = []

    class Links(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            assert tag not in ("script", "style", "iframe")
            for key, value in attrs:
                assert not key.startswith("on")
                assert key != "style"
                if key in ("src", "href"):
                    loaded.append(value or "")

    Links().feed(response.text)
    for address in loaded:
        assert address.startswith(("/", "#"))
        if address.startswith("/"):
            assert httpx.get(f"{server.url}{address}").status_code == 200
        else:
            assert f'id="{address[1:]}"' in response.text
    for operation in OPERATIONS:
        assert operation.title in response.text
    assert httpx.get(f"{server.url}/docs.css").headers["content-type"].startswith("text/css")


def test_text_on_the_page_is_escaped() -> None:
    document = openapi(OPERATIONS, Access())
    document["paths"]["/status"]["get"]["description"] = "<script>alert(1)</script>"
    assert "<script>" not in page(document)


def as_documented(method: str, path: str, response: httpx.Response) -> None:
    """Assert that an answer is one that the document tells of, and of the shape that it tells."""
    document: Any = openapi(OPERATIONS, Access())
    answers = document["paths"][path][method.lower()]["responses"]
    assert str(response.status_code) in answers, (method, path, response.status_code, response.text)
    content = answers[str(response.status_code)].get("content", {})
    if response.content and "application/json" in content:
        schema = {**content["application/json"]["schema"], "components": document["components"]}
        jsonschema.Draft202012Validator(schema).validate(response.json())


ODD: list[Any] = [
    None, True, 0, -1, 1.5, "", "x", "/greet", [], {}, [[]], [None], [{}], {"event": "user"}, {"event": "slot"},
    {"name": "greet"}, {"name": "utter_greet"}, {"name": 1}, {"name": "greet", "entities": [{"entity": "email"}]},
    {"name": "greet", "entities": {"email": {"x": [1]}}}, {"text": "hello", "sender": "user"}, {"text": None},
    {"text": "hello", "sender": "user", "parse_data": {"intent": {"name": "greet"}, "entities": None}},
    {"text": "hello", "sender": "user", "parse_data": {"intent": {}, "entities": {"email": 1}}},
    {"text": "hello", "sender": "user", "parse_data": {"intent": {"name": None, "confidence": "x"}}},
    [{"event": "user", "text": "hi", "parse_data": None, "metadata": None}], [{"event": "rewind"}, {"event": "undo"}],
    [{"event": "active_loop", "name": "message_form"}, {"event": "loop_interrupted"}], [{"event": "followup"}],
    [{"event": "followup", "name": "no such"}], [{"event": "restart"}], [{"event": "session_started"}],
    [{"event": "reminder", "intent": "greet"}], [{"event": "entities", "entities": [{"entity": "x", "value": 1}]}],
    [{"event": "form", "name": "message_form"}, {"event": "form_validation", "validate": False}],
    [{"event": "user", "parse_data": {"intent": {"name": "greet", "confidence": None}, "intent_ranking": 3}}],
    [{"event": "action", "name": "message_form"}, {"event": "active_loop", "name": "fly"}, {"event": "user"}],
    [{"event": "slot", "name": "no such", "value": {}}], [{"event": "bot", "data": {"buttons": 3}}],
    {"event": "user", "text": "x" * 3000}, {"model_file": "x"}, {"rasa_nlu_data": {"common_examples": [{"text": ""}]}},
]  # fmt: skip
DANGEROUS = {"DELETE /model", "POST /model/train"}


@pytest.mark.parametrize(
    "operation", [o for o in OPERATIONS if f"{o.method} {o.path}" not in DANGEROUS], ids=lambda o: o.name
)
def test_no_body_makes_the_server_fail(server: Server, operation: Any) -> None:
    path = operation.path.replace("{conversation_id}", f"odd-{operation.name}")
    with httpx.Client(base_url=server.url) as client:
        for body in ODD:
            if operation.name == "replaceModel" and body == {}:
                continue
            content = json.dumps(body).encode()
            headers = {"Content-Type": "application/json"}
            response = client.request(operation.method, path, content=content, headers=headers)
            as_documented(operation.method, operation.path, response)
            assert response.status_code < 500, (body, response.text)
        for query in (
            "include_events=x",
            "until=nan",
            "until=-1",
            "until=1e999",
            "all_sessions=%00",
            "output_channel=" + "x" * 500,
        ):
            response = client.request(operation.method, f"{path}?{query}", content=b"[]")
            as_documented(operation.method, operation.path, response)
        # whatever was written, the conversation can be read and goes on
        if operation.on_conversation:
            assert client.get(f"/conversations/odd-{operation.name}/tracker").status_code == 200
            said = {"sender": f"odd-{operation.name}", "message": "/restart"}
            assert client.post("/webhooks/rest/webhook", json=said).status_code == 200


def test_a_method_that_a_path_does_not_have(server: Server) -> None:
    response = httpx.delete(f"{server.url}/conversations/ann/tracker")
    assert response.status_code == 405
    assert response.json()["status"] == "failure"


def test_statuses_follow_from_the_table() -> None:
    by_name = {o.name: o for o in OPERATIONS}
    assert failures(by_name["getVersion"], KEYS[1]) == []
    assert failures(by_name["getStatus"], KEYS[0]) == [403, 409]
    assert failures(by_name["getStatus"], KEYS[1]) == [401, 403, 409]


def test_the_guide_names_every_operation() -> None:
    guide = (Path(__file__).parents[3] / "docs" / "http-api.md").read_text()
    for operation in OPERATIONS:
        path = re.escape(operation.path.replace("{conversation_id}", "{id}"))
        assert re.search(rf"{operation.method}\b.*`?{path}", guide), f"{operation.method} {operation.path}"
