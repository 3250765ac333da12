"""F-09 and F-11 on webhook channels: requests come again and servers end, and people are answered once, in order.

Zendesk stands for those whose conversation says where it is, the Bot Framework for that whose messages do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from frontdesk.testing import servers
from frontdesk.testing.json_server import Reply
from tests.conftest import PATIENCE, Server, until
from tests.faults.probe import Desk, SharedDesk, locked
from tests.faults.test_queue import QueueDesk
from tests.vendors.botframework import BotFramework, BotFrameworkClient
from tests.vendors.vendor import Vendor, VendorClient
from tests.vendors.zendesk import Zendesk, ZendeskClient

KINDS: dict[str, tuple[type[Vendor], type[VendorClient]]] = {
    "zendesk": (Zendesk, ZendeskClient),
    "botframework": (BotFramework, BotFrameworkClient),
}


class Office:
    """The desk with a vendor before it: `tell` what somebody says, see what is said."""

    def __init__(self, desk: Desk, vendor: Vendor, client: type[VendorClient]) -> None:
        self.desk = desk
        self.vendor = vendor
        self._client = client

    def client(self, server: Server | None = None) -> VendorClient:
        return self._client(server or self.desk.server, self.vendor)

    def tell(self, text: str, message_id: str, sender: str = "ANN", *, to: Server | None = None) -> int:
        client = self.client(to)
        return client.tell(client.event(text, sender, message_id)).status_code

    def said(self) -> list[str | None]:
        client = self.client()
        return [client.said(asked).text for asked in self.vendor.posts]

    def until_said(self, *texts: str) -> None:
        until(lambda: self.said() == list(texts), f"{texts} are said", lambda: str(self.said()))


@pytest.fixture(params=KINDS)
def office(request: pytest.FixtureRequest, project: Path, desk: Desk) -> Iterator[Office]:
    vendor, client = KINDS[request.param]
    with vendor() as made:
        (project / "credentials.yml").write_text(f"rest:\n{request.param}: {{{made.options}}}\n", "utf-8")
        yield Office(desk, made, client)


def test_a_request_thirty_times_at_once_and_after_a_restart(office: Office) -> None:
    both = [office.desk.start(), office.desk.start()]
    with ThreadPoolExecutor(30) as pool:
        codes = list(pool.map(lambda n: office.tell("/note", "m1", to=both[n % 2]), range(30)))
    assert codes == [200] * 30
    office.until_said("Noted under 1.")
    for server in both:
        server.stop()
    office.desk.start()
    assert [office.tell("/note", "m1"), office.tell("hello", "m2")] == [200, 200]
    office.until_said("Noted under 1.", "Hello!")
    assert len(set(office.desk.tries())) == 1


def test_what_a_killed_server_left_is_answered_by_the_next_one(office: Office) -> None:
    office.desk.start()
    assert [office.tell("/two_steps", "m1"), office.tell("hello", "m2")] == [200, 200]
    until(office.desk.at_gate.exists, "the second action is at the gate")
    office.until_said("Noted under 1.")
    office.desk.until_nothing_is_owed()
    office.desk.server.kill()
    office.desk.open_gate()
    office.desk.start()
    office.until_said("Noted under 1.", "Done under 2.", "Hello!")
    assert [office.tell("/two_steps", "m1"), office.tell("hello", "m3")] == [200, 200]
    office.until_said("Noted under 1.", "Done under 2.", "Hello!", "Hello!")
    assert len(office.desk.effects()) == 2


def test_what_was_said_before_the_server_was_killed_in_the_middle_is_brought_first(office: Office) -> None:
    office.desk.start()
    office.tell("hello", "m1")
    office.until_said("Hello!")
    office.desk.until_nothing_is_owed()
    office.vendor.answers = [Reply({}, status=429, headers={"Retry-After": "60"})]
    assert [office.tell("/two_steps", "m2"), office.tell("hello", "m3")] == [200, 200]
    until(office.desk.at_gate.exists, "the second action is at the gate")
    until(lambda: not office.vendor.answers, "the vendor was asked")
    office.desk.server.kill()
    office.desk.open_gate()
    office.desk.start()
    office.until_said("Hello!", "Noted under 1.", "Done under 2.", "Hello!")
    office.desk.until_nothing_is_owed()
    assert len(office.desk.effects()) == 2


def test_another_server_brings_what_one_that_was_killed_in_the_middle_had_said(
    project: Path, shared_desk: SharedDesk
) -> None:
    with Zendesk() as vendor:
        (project / "credentials.yml").write_text(f"rest:\nzendesk: {{{vendor.options}}}\n", "utf-8")
        office = Office(shared_desk, vendor, ZendeskClient)
        first, second = shared_desk.start(), shared_desk.start()
        vendor.answers = [Reply({}, status=429, headers={"Retry-After": "60"})]
        office.tell("/two_steps", "m1", to=first)
        until(shared_desk.at_gate.exists, "the second action is at the gate")
        until(lambda: not vendor.answers, "the vendor was asked")
        first.kill()
        shared_desk.open_gate()
        office.tell("hello", "m2", to=second)
        office.until_said("Noted under 1.", "Done under 2.", "Hello!")
        office.desk.until_nothing_is_owed()
        assert len(shared_desk.effects()) == 2


def test_what_a_vendor_did_not_get_is_brought_after_the_server_was_killed(office: Office) -> None:
    office.desk.start()
    office.tell("hello", "m1")
    office.until_said("Hello!")
    office.desk.until_nothing_is_owed()
    office.vendor.answers = [Reply({}, status=429, headers={"Retry-After": "60"})]
    assert office.tell("/note", "m2") == 200
    until(lambda: not office.vendor.answers, "the vendor was asked")
    office.desk.until_answered("m2")
    assert office.desk.owed() == 1
    office.desk.server.kill()
    office.desk.start()
    office.until_said("Hello!", "Noted under 1.")
    office.desk.until_nothing_is_owed()
    office.desk.server.stop()
    office.desk.start()
    office.tell("hello", "m3")
    office.until_said("Hello!", "Noted under 1.", "Hello!")
    assert len(office.desk.effects()) == 1


def test_what_cannot_be_written_down_is_not_acknowledged(office: Office) -> None:
    office.desk.start()
    office.tell("hello", "m1")
    office.until_said("Hello!")
    with locked(office.desk.conversations):
        assert office.tell("/note", "m2") == 503
    assert office.tell("/note", "m2") == 200
    office.until_said("Hello!", "Noted under 1.")


def test_a_reminder_reaches_its_author_and_the_end_waits_for_what_is_on_its_way(office: Office) -> None:
    office.desk.start()
    office.tell('/remind{"kind": "0.1"}', "m1")
    office.until_said("In 0.1 seconds.")
    office.desk.open_gate()
    office.until_said("In 0.1 seconds.", "Done under 1.")
    office.vendor.answers = [Reply({}, status=429, headers={"Retry-After": "1"})]
    office.tell("hello", "m2")
    until(lambda: not office.vendor.answers, "the vendor was asked")
    office.desk.server.stop()
    assert office.said() == ["In 0.1 seconds.", "Done under 1.", "Hello!"]


@pytest.mark.parametrize("kind", KINDS)
def test_workers_bring_what_they_answer_and_what_is_said_unasked(
    kind: str,
    project: Path,
    serve: Callable[..., Server],
    postgresql: servers.Server,
    redis: servers.Server,
) -> None:
    vendor, client = KINDS[kind]
    with vendor() as made:
        desk = QueueDesk(project, serve, postgresql, redis)
        (project / "credentials.yml").write_text(f"rest:\n{kind}: {{{made.options}}}\n", "utf-8")
        office = Office(desk, made, client)
        desk.start("--queue")
        worker = desk.work()
        try:
            assert office.tell('/remind{"kind": "0.1"}', "m1") == 200
            office.until_said("In 0.1 seconds.")
            desk.open_gate()
            office.until_said("In 0.1 seconds.", "Done under 1.")
            made.answers = [Reply({}, status=429, headers={"Retry-After": "1"})]
            assert [office.tell("hello", "m2"), office.tell("hello", "m2")] == [200, 200]
            until(lambda: not made.answers, "the vendor was asked")
            worker.terminate()
            assert worker.wait(PATIENCE) == 0
        finally:
            desk.close()
        assert office.said() == ["In 0.1 seconds.", "Done under 1.", "Hello!"], "a worker's end waits for it"
