"""The chat page in a real browser, at phone and desktop width, by mouse and by keyboard."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from frontdesk.testing.servers import free_port
from tests.conftest import PATIENCE, Server

SIZES = {"desktop": {"width": 1280, "height": 800}, "phone": {"width": 390, "height": 844}}


@pytest.fixture
def open_page(browser: Any) -> Iterator[Callable[..., Any]]:
    contexts: list[Any] = []
    errors: list[str] = []

    def opened(url: str, size: str = "desktop") -> Any:
        contexts.append(browser.new_context(viewport=SIZES[size]))
        contexts[-1].set_default_timeout(1000 * PATIENCE)
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("dialog", lambda dialog: errors.append(f"dialog: {dialog.message}"))
        page.goto(f"{url}/")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert errors == []


def texts(page: Any, role: str) -> list[str]:
    return [item.strip() for item in page.locator(f"#log > li.{role} .bubble").all_inner_texts()]


def say(page: Any, text: str) -> None:
    replies = page.locator("#log > li.bot").count()
    page.fill("#entry", text)
    page.keyboard.press("Enter")
    page.locator("#log > li.bot").nth(replies).wait_for()


@pytest.mark.parametrize("size", SIZES)
def test_a_conversation(starter_server: Server, open_page: Callable[..., Any], size: str) -> None:
    page = open_page(starter_server.url, size)
    page.locator("#log > li.bot").first.wait_for()
    assert "automated assistant" in texts(page, "bot")[0]
    assert page.title() == "My assistant"
    assert page.locator("#status").inner_text() == "Online"
    page.get_by_role("button", name="Leave a message").click()
    page.get_by_text("What is your e-mail address?").wait_for()
    assert texts(page, "user") == ["Leave a message"]
    assert page.locator(".choices").count() == 0
    say(page, "ann@example.com")
    assert texts(page, "bot")[-1] == "What would you like to tell the team?"
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= SIZES[size]["width"], "the page must not scroll sideways"


def test_a_reload_brings_the_history_back_and_start_over_does_not(
    starter_server: Server, open_page: Callable[..., Any]
) -> None:
    page = open_page(starter_server.url)
    page.locator("#log > li.bot").first.wait_for()
    say(page, "are you a bot?")
    before = texts(page, "bot"), texts(page, "user")
    page.reload()
    page.locator("#log > li.bot").nth(1).wait_for()
    assert (texts(page, "bot"), texts(page, "user")) == before
    page.get_by_role("button", name="Start over").click()
    page.locator("#log > li.user").first.wait_for(state="detached")
    page.locator("#log > li.bot").first.wait_for()
    assert len(texts(page, "bot")) == 1


def test_by_keyboard_alone(starter_server: Server, open_page: Callable[..., Any]) -> None:
    page = open_page(starter_server.url)
    page.locator(".choices button").first.wait_for()
    page.locator("#entry").focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    reached = []
    for _ in range(6):
        reached.append(page.evaluate("document.activeElement.innerText || document.activeElement.id"))
        page.keyboard.press("Tab")
    assert any("Leave a message" in name for name in reached)
    page.locator(".choices button").first.focus()
    page.keyboard.press("Enter")
    page.get_by_text("What is your e-mail address?").wait_for()
    assert page.evaluate("document.activeElement.id") == "entry"
    page.keyboard.type("one")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("two")
    assert page.input_value("#entry") == "one\ntwo"


def test_what_a_screen_reader_is_told(starter_server: Server, open_page: Callable[..., Any]) -> None:
    page = open_page(starter_server.url)
    page.locator("#log > li.bot").first.wait_for()
    assert page.get_by_role("log").get_attribute("aria-live") == "polite"
    assert page.get_by_role("textbox", name="Your message").count() == 1
    assert page.get_by_role("heading", level=1).count() == 1
    assert page.get_by_role("group", name="Choices").count() == 1
    assert page.locator("#log > li.bot .unseen").first.inner_text().strip() == "Assistant:"
    assert page.locator("html").get_attribute("lang") == "en"


def test_what_users_write_is_never_html(starter_server: Server, open_page: Callable[..., Any]) -> None:
    page = open_page(starter_server.url)
    page.locator("#log > li.bot").first.wait_for()
    attack = "<img src=x onerror=alert(1)> <script>alert(2)</script> javascript:alert(3)"
    say(page, attack)
    assert texts(page, "user") == [attack]
    assert page.locator("#log img, #log script, #log a[href^=javascript]").count() == 0
    page.reload()
    page.locator("#log > li.user").first.wait_for()
    assert texts(page, "user") == [attack]


def test_a_server_that_goes_away_and_comes_back(
    copy_of_starter: Path, serve: Callable[..., Server], open_page: Callable[..., Any]
) -> None:
    port = str(free_port())
    first = serve(copy_of_starter, "--port", port)
    page = open_page(f"http://127.0.0.1:{port}")
    page.locator("#log > li.bot").first.wait_for()
    first.kill()
    page.fill("#entry", "are you a bot?")
    page.keyboard.press("Enter")
    page.get_by_text("Not sent yet").wait_for()
    assert "Trying again" in page.locator("#status").inner_text()
    serve(copy_of_starter, "--port", port)
    page.get_by_text("not a person").wait_for()
    page.get_by_text("Not sent yet").wait_for(state="detached")
    page.locator("#status").get_by_text("Online", exact=True).wait_for()
    assert texts(page, "user") == ["are you a bot?"]


def test_what_is_said_unasked_appears_by_itself(
    copy_of_starter: Path, serve: Callable[..., Server], open_page: Callable[..., Any]
) -> None:
    import httpx

    server = serve(copy_of_starter, "--enable-api")
    page = open_page(server.url)
    page.locator("#log > li.bot").first.wait_for()
    sender = page.evaluate("JSON.parse(localStorage.getItem('frontdesk-conversation')).sender_id")
    address = f"{server.url}/conversations/{sender}"
    soon = (datetime.now() + timedelta(seconds=1)).isoformat()
    reminder = {"event": "reminder", "intent": "goodbye", "date_time": soon}
    asked = {"execute_side_effects": "true", "output_channel": "chat"}
    httpx.post(f"{address}/tracker/events", params=asked, json=reminder).raise_for_status()
    page.locator("#log > li.bot").nth(1).wait_for()
    said = {"event": "bot", "text": "<b>Still there?</b>", "data": {}}
    httpx.post(f"{address}/tracker/events", params=asked, json=said).raise_for_status()
    page.locator("#log > li.bot").nth(2).wait_for()
    assert texts(page, "bot")[2] == "<b>Still there?</b>"
    say(page, "are you a bot?")
    shown = texts(page, "bot")
    assert len(shown) == 4
    page.reload()
    page.locator("#log > li.bot").nth(3).wait_for()
    assert texts(page, "bot") == shown
    assert texts(page, "user") == ["are you a bot?"]


def test_security_headers(starter_server: Server) -> None:
    import httpx

    response = httpx.get(f"{starter_server.url}/")
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert response.headers["x-frame-options"] == "DENY"
    assert "<script>" not in response.text
    missing = httpx.get(f"{starter_server.url}/static/../app.py")
    assert missing.status_code in (400, 404)
    assert httpx.get(f"{starter_server.url}/no/such/page").json()["code"] == 404
