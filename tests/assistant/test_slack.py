"""The assistant in Slack: a customer proves who they are there, and what one person proved is no other's."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import PATIENT, Server, start_server, until
from tests.slack import ANN, BOB, SIGNING, TEAM, Slack, event, press, tell, tell_form
from tests.visitors import copied

NUMBER, MAIL = "L204817", "<mailto:anna.bennett@example.com|anna.bennett@example.com>"


@pytest.fixture(scope="module")
def slack() -> Iterator[Slack]:
    with Slack() as made:
        yield made


@pytest.fixture(scope="module")
def server(assistant: Path, slack: Slack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = copied(assistant, tmp_path_factory.mktemp("slack") / "project")
    options = f"{slack.options}, slack_signing_secret: {SIGNING}"
    (folder / "credentials.yml").write_text(f"rest:\nslack: {{{options}}}\n", "utf-8")
    shop = folder / ".frontdesk" / "shop.db"
    running = start_server(
        folder, FRONTDESK_OUTBOX="manual", FRONTDESK_SHOP_DB=f"sqlite:///{shop}", **PATIENT
    )
    yield running
    running.stop()


def ask(server: Server, slack: Slack, user: str, text: str, last: str) -> dict[str, Any]:
    """Write to the assistant, and return the post in which certain words come."""
    slack.posts.clear()
    tell(server, event(text, event={"user": user, "channel": f"D{user}"}))
    return said(slack, user, last)


def said(slack: Slack, user: str, words: str) -> dict[str, Any]:
    def found() -> list[dict[str, Any]]:
        return [post for post in slack.posts if words in post["text"] and post["channel"] == f"D{user}"]

    found_posts: list[dict[str, Any]] = until(found, f"'{words}' is said", lambda: str(slack.said()))
    return found_posts[0]


def test_who_proved_it_hears_of_an_order_and_nobody_else_does(server: Server, slack: Slack) -> None:
    ask(server, slack, ANN, f"where is my order {NUMBER}? my e-mail is {MAIL}", "Tracking number")
    ask(server, slack, BOB, f"where is my order {NUMBER}?", "e-mail address")
    body = {"sender": f"{TEAM}_{ANN}", "message": f"where is my order {NUMBER}?"}
    assert httpx.post(f"{server.url}/webhooks/rest/webhook", json=body).status_code == 403


def test_a_pressed_yes_changes_an_order_once(server: Server, slack: Slack) -> None:
    text = "change the lamp in L204507 to sage, <mailto:hugo.lindgren@example.com|hugo.lindgren@example.com>"
    asked = ask(server, slack, "U0HUGO", text, "Shall I do that?")
    yes = press(asked, user={"id": "U0HUGO", "team_id": TEAM}, response_url=slack.response_url("yes"))
    for _ in range(3):
        assert tell_form(server, yes).status_code == 200
    until(lambda: slack.responses, "the buttons are gone")
    assert len(slack.responses) == 1
    assert "Yes" in slack.responses[0][1]["blocks"][-1]["elements"][0]["text"]
    ask(server, slack, "U0HUGO", "what is in my order L204507?", "sage")
    shop = Path(server.log.parent) / ".frontdesk" / "shop.db"
    with closing(sqlite3.connect(shop)) as connection:
        query = "SELECT channel, conversation, subject FROM audit WHERE action = 'order.change'"
        assert connection.execute(query).fetchall() == [("slack", f"{TEAM}_U0HUGO", "order L204507")]
