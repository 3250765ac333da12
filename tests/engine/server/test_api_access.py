"""Who gets into the HTTP API: it is off unless asked for, and then asks for what the operator says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import jwt
import pytest

from frontdesk.server.api_table import OPERATIONS
from tests.conftest import Server, frontdesk, start_server

TOKEN = "a-token-that-nobody-guesses"
SECRET = "a-secret-that-is-long-enough-for-hs256"

PATHS = [(o.method, o.path.replace("{conversation_id}", "ann"), o) for o in OPERATIONS]


@pytest.fixture(scope="module")
def closed(starter: Path) -> Iterator[Server]:
    running = start_server(starter, "--enable-api", "--auth-token", TOKEN, "--jwt-secret", SECRET)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def unguarded(starter: Path) -> Iterator[Server]:
    running = start_server(starter, "--enable-api")
    yield running
    running.stop()


def bearer(username: str, role: str) -> dict[str, str]:
    token = jwt.encode({"user": {"username": username, "role": role}}, SECRET, algorithm="HS256")
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize(("method", "path"), [(m, p) for m, p, _ in PATHS])
def test_it_is_off_unless_asked_for(starter_server: Server, method: str, path: str) -> None:
    response = httpx.request(method, f"{starter_server.url}{path}")
    assert response.status_code == 404
    assert response.json()["status"] == "failure"


def test_its_documents_are_off_too(starter_server: Server) -> None:
    for path in ("/openapi.json", "/docs", "/docs.css"):
        assert httpx.get(f"{starter_server.url}{path}").status_code == 404


@pytest.mark.parametrize(("method", "path"), [(m, p) for m, p, o in PATHS if not o.open])
def test_every_operation_asks_for_a_token(closed: Server, method: str, path: str) -> None:
    for query, header in (({}, {}), ({"token": "wrong"}, {}), ({}, {"Authorization": "Bearer wrong"})):
        response = httpx.request(method, f"{closed.url}{path}", params=query, headers=header)
        assert response.status_code == 401
        found = response.json()
        assert (found["reason"], found["code"]) == ("NotAuthenticated", 401)
        assert response.headers["WWW-Authenticate"] == "Bearer"


def test_what_is_open(closed: Server) -> None:
    version = httpx.get(f"{closed.url}/version").json()
    assert set(version) == {"version", "minimum_compatible_version"}
    assert httpx.get(f"{closed.url}/health").status_code == 200
    assert httpx.get(f"{closed.url}/openapi.json").status_code == 200


def test_the_token(closed: Server) -> None:
    assert httpx.get(f"{closed.url}/status", params={"token": TOKEN}).status_code == 200
    assert httpx.get(f"{closed.url}/status", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200


def test_a_user_enters_only_the_own_conversation(closed: Server) -> None:
    user, admin = bearer("ann", "user"), bearer("root", "admin")
    for path in ("/conversations/ann/tracker", "/conversations/%61nn/tracker"):
        assert httpx.get(f"{closed.url}{path}", headers=user).status_code == 200
    for path in ("/conversations/bob/tracker", "/conversations/ann%2Fx/tracker", "/status", "/domain"):
        response = httpx.get(f"{closed.url}{path}", headers=user)
        assert (response.status_code, response.json()["reason"]) == (403, "NotAuthorized")
        assert httpx.get(f"{closed.url}{path}", headers=admin).status_code == 200
    assert httpx.put(f"{closed.url}/model", json={}, headers=user).status_code == 403
    assert httpx.get(f"{closed.url}/status", headers=bearer("ann", "guest")).status_code == 403


def test_webhooks_ask_for_no_token(closed: Server) -> None:
    answer = httpx.post(f"{closed.url}/webhooks/rest/webhook", json={"sender": "x", "message": "hello"})
    assert answer.status_code == 200


def test_pages_of_other_sites_may_not_use_an_api_without_a_token(unguarded: Server) -> None:
    url, port = f"{unguarded.url}/status", unguarded.url.rpartition(":")[2]
    assert httpx.get(url).status_code == 200
    assert httpx.get(url, headers={"Origin": unguarded.url}).status_code == 200
    assert httpx.get(url, headers={"Host": f"localhost:{port}"}).status_code == 200
    for headers in (
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://[x"},
        {"Host": "["},
        {"Host": f"evil.example:{port}"},
        {"Host": f"evil.example:{port}", "Origin": f"http://evil.example:{port}"},
    ):
        assert httpx.get(url, headers=headers).status_code == 403


def test_keys_from_the_environment(copy_of_starter: Path, serve: Callable[..., Server]) -> None:
    server = serve(copy_of_starter, "--enable-api", FRONTDESK_AUTH_TOKEN=TOKEN)
    assert httpx.get(f"{server.url}/status").status_code == 401
    assert httpx.get(f"{server.url}/status", params={"token": TOKEN}).status_code == 200


def test_a_weak_secret_is_told(copy_of_starter: Path, serve: Callable[..., Server]) -> None:
    server = serve(copy_of_starter, "--enable-api", "--auth-token", "short")
    assert "fewer than 16 characters" in server.log.read_text()


def test_a_key_that_cannot_work_stops_the_start(starter: Path) -> None:
    done = frontdesk("run", "--enable-api", "--jwt-secret", SECRET, "--jwt-method", "none", cwd=starter)
    assert done.returncode == 1
    assert "'none' is no method" in done.stderr
