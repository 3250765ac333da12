"""F-09 and F-11 on Slack: events are told again and servers end, and people are answered once, in order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from frontdesk.testing import servers
from frontdesk.testing.json_server import Reply
from tests.conftest import until
from tests.faults.probe import Desk, locked
from tests.slack import APP_TOKEN, SIGNING, Slack, Sockets, event, mention, tell


@pytest.fixture
def slack(project: Path) -> Iterator[Slack]:
    with Slack() as made:
        options = f"{made.options}, slack_signing_secret: {SIGNING}"
        (project / "credentials.yml").write_text(f"rest:\nslack: {{{options}}}\n", "utf-8")
        yield made


def test_an_event_fifty_times_at_once_and_after_restarts(desk: Desk, slack: Slack) -> None:
    desk.start()
    told = event("/note")
    with ThreadPoolExecutor(50) as pool:
        codes = list(pool.map(lambda _: tell(desk.server, told).status_code, range(50)))
    assert codes == [200] * 50
    slack.until_said("Noted under 1.")
    desk.server.stop()
    desk.start()
    tell(desk.server, told, **{"X-Slack-Retry-Num": "1", "X-Slack-Retry-Reason": "http_timeout"})
    tell(desk.server, event("hello"))
    slack.until_said("Noted under 1.", "Hello!")
    assert len(desk.tries()) == 1


def test_two_servers_on_one_database_file(desk: Desk, slack: Slack) -> None:
    both = [desk.start(), desk.start()]
    told = mention("/note")
    with ThreadPoolExecutor(20) as pool:
        codes = list(pool.map(lambda n: tell(both[n % 2], told).status_code, range(20)))
    assert codes == [200] * 20
    for server in both:
        tell(server, event("hello", event={"user": "U0OTHER"}))
    until(lambda: len(slack.posts) == 3, "all is answered", lambda: str(slack.posts))
    assert Counter(slack.said()) == {"Noted under 1.": 1, "Hello!": 2}
    assert len(set(desk.tries())) == 1, "a server that tries it, too, does so under the same key"


def test_two_servers_on_postgresql(desk: Desk, slack: Slack, postgresql: servers.Server) -> None:
    store = f"tracker_store:\n  type: sql\n  url: {postgresql.new_database()}\n"
    endpoints = desk.folder / "endpoints.yml"
    endpoints.write_text(f"action_endpoint:\n  actions_module: actions\n{store}", "utf-8")
    both = [desk.start(), desk.start()]
    told = event("/note")
    with ThreadPoolExecutor(20) as pool:
        codes = list(pool.map(lambda n: tell(both[n % 2], told).status_code, range(20)))
    assert codes == [200] * 20
    both[0].stop()
    tell(both[1], told)
    tell(both[1], event("hello"))
    slack.until_said("Noted under 1.", "Hello!")
    assert len(set(desk.tries())) == 1


def test_slack_is_answered_before_a_slow_action_ends(desk: Desk, slack: Slack) -> None:
    desk.start()
    assert tell(desk.server, event("/gate_first")).status_code == 200
    assert not desk.gate.exists()
    assert slack.posts == []
    assert tell(desk.server, event("hello")).status_code == 200
    assert tell(desk.server, event("hello", event={"user": "U0BOB", "channel": "D0BOB"})).status_code == 200
    until(lambda: slack.posts, "somebody else is answered meanwhile")
    assert [post["channel"] for post in slack.posts] == ["D0BOB"]
    until(desk.at_gate.exists, "the action is at the gate")
    desk.open_gate()
    slack.until_said("Hello!", "Done under 1.", "Hello!")


def test_what_a_killed_server_left_is_answered_by_the_next_one(desk: Desk, slack: Slack) -> None:
    desk.start()
    told = mention("/two_steps")
    tell(desk.server, told)
    tell(desk.server, mention("hello"))
    until(desk.at_gate.exists, "the second action is at the gate")
    slack.until_said("Noted under 1.")
    desk.until_nothing_is_owed()
    desk.server.kill()
    desk.open_gate()
    desk.start()
    slack.until_said("Noted under 1.", "Done under 2.", "Hello!")
    tell(desk.server, told)
    tell(desk.server, mention("hello"))
    slack.until_said("Noted under 1.", "Done under 2.", "Hello!", "Hello!")
    assert {post["channel"] for post in slack.posts} == {"C0PUBLIC"}, "where it was asked"
    assert len(desk.effects()) == 2


def test_what_cannot_be_written_down_is_not_acknowledged(desk: Desk, slack: Slack) -> None:
    desk.start()
    told = event("/note")
    tell(desk.server, event("hello"))
    slack.until_said("Hello!")
    with locked(desk.conversations):
        assert tell(desk.server, told).status_code == 503
    assert tell(
        desk.server, told, **{"X-Slack-Retry-Num": "1", "X-Slack-Retry-Reason": "http_timeout"}
    ).is_success
    slack.until_said("Hello!", "Noted under 1.")


def test_a_reminder_reaches_its_author(desk: Desk, slack: Slack) -> None:
    desk.start()
    tell(desk.server, event('/remind{"kind": "0.1"}'))
    slack.until_said("In 0.1 seconds.")
    desk.open_gate()
    slack.until_said("In 0.1 seconds.", "Done under 1.")
    assert slack.posts[1]["channel"] == "U0ANN"


def test_the_end_waits_for_what_is_on_its_way_and_tells_what_is_lost(desk: Desk, slack: Slack) -> None:
    server = desk.start()
    slack.answers = [Reply({"ok": False, "error": "ratelimited"}, status=429, headers={"Retry-After": "1"})]
    tell(server, event("hello"))
    until(lambda: not slack.answers, "Slack was asked")
    server.stop()
    assert slack.said() == ["Hello!"]
    server = desk.start()
    slack.answers = [Reply({"ok": False, "error": "ratelimited"}, status=429, headers={"Retry-After": "200"})]
    tell(server, event("hello"))
    until(lambda: not slack.answers, "Slack was asked")
    server.stop()
    assert slack.said() == ["Hello!"]
    assert "A message (6 characters) could not be posted to Slack: The server was stopped." in desk.log()


def test_over_a_socket_only_what_is_written_down_is_acknowledged(desk: Desk, slack: Slack) -> None:
    options = f"{slack.options}, app_token: {APP_TOKEN}"
    (desk.folder / "credentials.yml").write_text(f"rest:\nslack: {{{options}}}\n", "utf-8")
    with Sockets(slack) as sockets:
        desk.start()
        sockets.tell("events_api", event("hello"), "e1")
        slack.until_said("Hello!")
        desk.until_nothing_is_owed()
        told = event("/gate_first")
        with locked(desk.conversations):
            sockets.tell("events_api", told, "e2")
            until(lambda: "it tells it again" in desk.log(), "the log says so")
        sockets.until_acknowledged("e1")
        sockets.tell("events_api", told, "e3")
        sockets.until_acknowledged("e1", "e3")
        until(desk.at_gate.exists, "the action is at the gate")
        desk.server.kill()
        desk.open_gate()
        desk.start()
        slack.until_said("Hello!", "Done under 1.")
