"""The public widget rasa-webchat, as it is published, in a browser: on a page of another site, over two workers."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from frontdesk.testing import servers
from frontdesk.testing.json_server import Asked, JsonServer, Reply
from frontdesk.testing.servers import require_found
from tests.conftest import PATIENCE, start_server, until
from tests.faults.probe import SharedDesk
from tests.faults.test_reminders import REMIND
from tests.faults.test_workers import listeners, workers

PAGE = """<!doctype html><title>A shop</title><script src="widget.js"></script>
<script>
WebChat.default({
  socketUrl: "SERVER", socketPath: "/socket.io/", initPayload: "hello", embedded: true, title: "Faults",
  customMessageDelay: () => 0,
}, null);
</script>"""
UPGRADED = [("polling", False), ("polling", True), ("websocket", True)]
"""How a connection begins: the transport, and whether it has a sid yet."""


@pytest.fixture(scope="module")
def widget_js() -> bytes:
    """The widget, as npm installs it."""
    npm, found = shutil.which("npm"), None
    if npm is not None:
        done = subprocess.run([npm, "root", "--global"], capture_output=True, text=True, check=True)
        found = Path(done.stdout.strip(), "rasa-webchat", "lib", "index.js")
    require_found("rasa-webchat", found is not None and found.is_file())
    assert found is not None
    return found.read_bytes()


@dataclass
class Site:
    """A page of another site with the widget on it, and the workers that it speaks with."""

    desk: SharedDesk
    url: str


@pytest.fixture(scope="module")
def site(
    trained: Path,
    tmp_path_factory: pytest.TempPathFactory,
    postgresql: servers.Server,
    redis: servers.Server,
    widget_js: bytes,
) -> Iterator[Site]:
    folder = Path(shutil.copytree(trained, tmp_path_factory.mktemp("webchat") / "project"))
    desk = SharedDesk(folder, start_server, postgresql, redis)
    (folder / "credentials.yml").write_text("rest:\nsocketio:\n  session_persistence: true\n")
    desk.open_gate()

    def answer(asked: Asked) -> Reply:
        if asked.path == "/widget.js":
            return Reply(widget_js, headers={"Content-Type": "text/javascript"})
        page = PAGE.replace("SERVER", desk.server.url)
        return Reply(page.encode(), headers={"Content-Type": "text/html; charset=utf-8"})

    with JsonServer(answer) as shop:
        desk.start("--workers", "2", "--cors", shop.url)
        until(lambda: len(listeners(desk)) == 2, "all workers listen", desk.log)
        yield Site(desk, shop.url)
        desk.server.stop()
        assert "Traceback" not in desk.log()


class Visit:
    """Somebody looks at the page, in a browser of their own or in one that remembers what another one did."""

    def __init__(self, browser: Any, site: Site, remembered: Any = None) -> None:
        self.context = browser.new_context(storage_state=remembered)
        self.context.set_default_timeout(1000 * PATIENCE)
        self.context.route(lambda url: not url.startswith("http://127.0.0.1:"), lambda route: route.abort())
        self.page = self.context.new_page()
        self.begun: list[tuple[str, bool]] = []
        self.at = ""
        self.page.on("request", lambda request: self._note(request.url))
        self.page.on("websocket", lambda socket: self._note(socket.url))
        self.page.goto(site.url)
        self.connected()

    def _note(self, url: str) -> None:
        asked = parse_qs(urlsplit(url).query)
        if "transport" not in asked:
            return
        step = (asked["transport"][0], "sid" in asked)
        if step not in self.begun:
            self.begun.append(step)
        if "sid" in asked:
            self.at = asked["sid"][0].partition(".")[0]

    def connected(self) -> None:
        """Wait until the widget is connected and has gone over to a web socket."""
        self.page.wait_for_function("localStorage.getItem('chat_session')?.includes('session_id')")
        self._until(lambda: UPGRADED[-1] in self.begun, "the connection is upgraded")

    def _until(self, condition: Callable[[], bool], what: str) -> None:
        for _ in range(int(20 * PATIENCE)):
            if condition():
                return
            self.page.wait_for_timeout(50)  # events of the page are only heard meanwhile
        raise AssertionError(f"Waited in vain until {what}: {self.begun}")

    @property
    def session(self) -> str:
        """The session id that the widget keeps."""
        kept = json.loads(self.page.evaluate("localStorage.getItem('chat_session')"))
        return str(kept["session_id"])

    def say(self, text: str) -> None:
        self.page.fill(".rw-new-message", text)
        self.page.press(".rw-new-message", "Enter")

    def shows(self, *expected: str) -> None:
        """Wait until the last bubbles of the assistant show these texts, and no more came."""
        bubbles = self.page.locator(".rw-response .rw-message-text")
        self._until(lambda: self._last(bubbles, len(expected)) == list(expected), f"{expected} is shown")

    def _last(self, bubbles: Any, count: int) -> list[str]:
        return [text.strip() for text in bubbles.all_inner_texts()][-count:]

    def bubbles(self) -> list[str]:
        return [text.strip() for text in self.page.locator(".rw-message-text").all_inner_texts()]


@pytest.fixture
def visit(browser: Any, site: Site) -> Iterator[Callable[..., Visit]]:
    visits: list[Visit] = []

    def begin(remembered: Any = None) -> Visit:
        visits.append(Visit(browser, site, remembered))
        return visits[-1]

    yield begin
    for one in visits:
        one.context.close()


def elsewhere(visit: Callable[..., Visit], one: Visit) -> Visit:
    """Open the page again, with what the first visit remembers, until it is connected at the other worker."""
    remembered = one.context.storage_state()
    two = visit(remembered)
    while two.at == one.at:
        two.context.close()
        two = visit(remembered)
    assert {one.at, two.at} == {"w0", "w1"}
    return two


def test_a_page_polls_then_upgrades_and_a_reload_goes_on(site: Site, visit: Callable[..., Visit]) -> None:
    one = visit()
    one.shows("Hello!")
    assert one.begun == UPGRADED
    one.say("/note")
    number = len(until(site.desk.effects, "the effect is there"))
    one.shows("Hello!", f"Noted under {number}.")
    session, before = one.session, one.bubbles()
    one.begun.clear()
    one.page.reload()
    one.connected()
    assert one.begun == UPGRADED
    assert one.session == session
    one.shows("Hello!", f"Noted under {number}.")
    assert one.bubbles() == before
    one.say("hello again")
    one.shows("Hello!", f"Noted under {number}.", "Hello!")
    [(sender,)] = site.desk.stored(
        f"SELECT DISTINCT sender_id FROM events WHERE data LIKE '%Noted under {number}.%'"
    )
    heard = [line for line in site.desk.history(sender) if line.startswith("user")]
    assert heard == ["user: hello", "user: /note", "user: hello again"]


def test_what_is_said_unasked_is_shown_at_both_workers(visit: Callable[..., Visit]) -> None:
    one = visit()
    one.shows("Hello!")
    two = elsewhere(visit, one)
    assert two.session == one.session
    one.say(REMIND.format(0.5))
    for page in (one, two):
        page.page.get_by_text("Done under").wait_for()
        asked, told = page.bubbles()[-2:]
        assert (asked, told.partition(" under ")[0]) == ("In 0.5 seconds.", "Done")
        assert sum("Done under" in bubble for bubble in page.bubbles()) == 1


def test_pages_of_a_worker_that_is_killed_connect_again_and_go_on(
    site: Site, visit: Callable[..., Visit]
) -> None:
    one = visit()
    one.shows("Hello!")
    two = elsewhere(visit, one)
    session, before = one.session, listeners(site.desk)
    for page in (one, two):
        page.begun.clear()
    for process in workers(site.desk.server):
        os.kill(process, signal.SIGKILL)
    until(lambda: len(listeners(site.desk) - before) == 2, "both are started again", site.desk.log)
    for page in (one, two):
        page.connected()
        assert page.session == session
    two.say("/note")
    for page in (one, two):
        page.page.get_by_text("Noted under").wait_for()
        assert page.bubbles()[-1].startswith("Noted under ")
