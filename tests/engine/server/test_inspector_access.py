"""Who gets into the inspector: nobody unless it was asked for, and then the holder of the key or of the API's token."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import jwt
import pytest

from frontdesk.auth.access import Access
from frontdesk.errors import ConfigError
from frontdesk.server.inspector_access import Entrance
from tests.conftest import Server
from tests.engine.server.conftest import Inspector

TOKEN = "a-token-that-nobody-guesses"
SECRET = "a-secret-that-is-long-enough-for-hs256"
SHOWN = ["about", "conversations", "conversation", "turn"]
DONE = [
    "begin", "message", "fork", "undo", "understanding", "action", "annotation", "example", "story",
]  # fmt: skip
ALL = [*(("GET", name) for name in SHOWN), *(("POST", name) for name in DONE)]


def test_it_is_off_unless_asked_for(starter_server: Server) -> None:
    paths = ["/inspector", "/inspector/static/inspector.js", *(f"/inspector/api/{name}" for name in SHOWN)]
    for path in paths:
        assert httpx.get(f"{starter_server.url}{path}").status_code == 404
    assert "Inspector" not in starter_server.log.read_text()


def test_the_environment_opens_it(own_inspector: Callable[..., Inspector]) -> None:
    opened = own_inspector(FRONTDESK_INSPECTOR="1")
    assert opened.get("about")["intents"]
    assert len(opened.key) >= 32


@pytest.mark.parametrize(("method", "name"), ALL)
def test_every_operation_wants_the_key(inspector: Inspector, method: str, name: str) -> None:
    body = {} if method == "GET" else {"json": {"id": "inspector-x", "turn": 0, "text": "x"}}
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": inspector.key}):
        answer = httpx.request(
            method, f"{inspector.server.url}/inspector/api/{name}", headers=headers, **body
        )
        assert (answer.status_code, answer.json()["reason"]) == (401, "NotAuthenticated")
    query = httpx.get(f"{inspector.server.url}/inspector/api/about", params={"token": inspector.key})
    assert query.status_code == 401


@pytest.mark.parametrize(("method", "name"), ALL)
def test_other_sites_and_other_names_are_refused_with_the_key(
    inspector: Inspector, method: str, name: str
) -> None:
    port = inspector.server.url.rpartition(":")[2]
    for headers in (
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://[x"},
        {"Host": "["},
        {"Host": f"evil.example:{port}"},
        {"Host": f"evil.example:{port}", "Origin": f"http://evil.example:{port}"},
        {"Sec-Fetch-Site": "cross-site"},
    ):
        body = {} if method == "GET" else {"json": {"id": "inspector-x"}}
        answer = inspector.ask(method, name, headers=headers, **body)
        assert (answer.status_code, answer.json()["reason"]) == (403, "NotAuthorized"), headers


def test_own_pages_are_served(inspector: Inspector) -> None:
    port = inspector.server.url.rpartition(":")[2]
    for headers in ({}, {"Origin": inspector.server.url}, {"Host": f"localhost:{port}"}):
        assert inspector.ask("GET", "about", headers=headers).status_code == 200


def test_what_is_posted_must_be_json(inspector: Inspector) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
        answer = inspector.ask("POST", "begin", content="{}", headers={"Content-Type": kind})
        assert answer.status_code == 415


def test_the_page_is_strict_and_answers_are_not_kept(inspector: Inspector) -> None:
    page = httpx.get(f"{inspector.server.url}/inspector")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "unsafe" not in page.headers["content-security-policy"]
    assert "<script>" not in page.text
    assert inspector.key not in page.text
    assert inspector.ask("GET", "about").headers["cache-control"] == "no-store"
    for path in ("/inspector/static/../app.py", "/inspector/static/%2e%2e/app.py"):
        assert httpx.get(f"{inspector.server.url}{path}").status_code in (400, 404)


def test_an_api_token_takes_the_place_of_the_key(own_inspector: Callable[..., Inspector]) -> None:
    opened = own_inspector("--inspector", "--auth-token", TOKEN, "--jwt-secret", SECRET)
    assert "#key" not in opened.link
    assert opened.ask("GET", "about", key=TOKEN).status_code == 200
    assert opened.ask("GET", "about", key="wrong").status_code == 401
    for role, status in (("admin", 200), ("user", 403), ("guest", 403)):
        token = jwt.encode({"user": {"username": "ann", "role": role}}, SECRET, algorithm="HS256")
        assert opened.ask("GET", "about", key=token).status_code == status
    # behind a proxy the server has another name; the token is what counts, and the page's own origin
    named = {"Host": "help.example", "Origin": "https://help.example"}
    assert opened.ask("GET", "about", key=TOKEN, headers=named).status_code == 200
    assert (
        opened.ask("GET", "about", key=TOKEN, headers={"Origin": "https://evil.example"}).status_code == 403
    )
    # the HTTP API stays closed: the token alone does not open it
    assert httpx.get(f"{opened.server.url}/status", params={"token": TOKEN}).status_code == 404


def test_pages_that_cors_names_stay_outside(own_inspector: Callable[..., Inspector]) -> None:
    opened = own_inspector("--inspector", "--cors", "https://shop.example")
    for headers in ({"Origin": "https://shop.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert opened.ask("GET", "about", headers=headers).status_code == 403


@pytest.mark.parametrize("interface", ["0.0.0.0", "::", "192.168.1.5"])
def test_where_others_reach_the_server_a_token_is_needed(interface: str) -> None:
    with pytest.raises(ConfigError, match="--auth-token"):
        Entrance.make(Access(), interface)
    entrance = Entrance.make(Access(TOKEN), interface)
    assert entrance.key is None
    assert entrance.link("http://x:1/") == "http://x:1/inspector"


def test_every_start_has_another_key() -> None:
    keys = {Entrance.make(Access(), "127.0.0.1").key for _ in range(20)}
    assert len(keys) == 20
    [key] = {Entrance.make(Access(), "localhost").key} - {None}
    assert str(key) not in repr(Entrance(Access(), True, key))
