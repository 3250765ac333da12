"""Rasa's Slack channel: signed requests against a running server, which posts to a server that speaks Slack's API."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from ruamel.yaml import YAML

from frontdesk.channels.slack import SlackChannel
from frontdesk.errors import ConfigError
from frontdesk.testing.json_server import Reply
from tests.conftest import ROOT, SECRET, Server, start_server, until
from tests.engine.channels.test_rest import HELLO
from tests.slack import (
    ANN,
    BOB,
    BOT,
    DIRECT,
    PUBLIC,
    SIGNING,
    TEAM,
    TOKEN,
    Slack,
    command,
    event,
    mention,
    press,
    tell,
    tell_form,
)

EMAIL = "What is your e-mail address?"
NOTE = "What would you like to tell the team?"
API = "a-token-of-the-api-that-nobody-guesses"


@pytest.fixture(scope="module")
def project(starter: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("slack") / "project"
    shutil.copytree(starter, folder, ignore=shutil.ignore_patterns("*.log", "conversations.db*"))
    return folder


def serving(project: Path, slack: Slack, options: str = "", **environment: str) -> Iterator[Server]:
    """Run a server on the project, with conversations of its own."""
    for file in (project / ".frontdesk").glob("conversations.db*"):
        file.unlink()
    text = f"slack: {{{slack.options}, slack_signing_secret: {SIGNING}{options and ', '}{options}}}\n"
    (project / "credentials.yml").write_text(text, "utf-8")
    server = start_server(project, "--enable-api", "--auth-token", API, **environment)
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="module")
def slack_of_all() -> Iterator[Slack]:
    with Slack() as made:
        yield made


@pytest.fixture(scope="module")
def server(project: Path, slack_of_all: Slack) -> Iterator[Server]:
    yield from serving(project, slack_of_all, "app_id: A0001")


@pytest.fixture
def slack(slack_of_all: Slack, server: Server) -> Slack:
    """What the server posts to, with nothing posted yet, and no form open in Ann's conversation."""
    tell(server, event("/restart"))
    slack_of_all.posts.clear()
    slack_of_all.responses.clear()
    slack_of_all.answers.clear()
    return slack_of_all


def test_a_direct_message_is_answered_in_its_channel(server: Server, slack: Slack) -> None:
    assert httpx.get(f"{server.url}/webhooks/slack/").json() == {"status": "ok"}
    answer = tell(server, event("hello"))
    assert (answer.status_code, answer.content) == (200, b"")
    slack.until_said(HELLO)
    [post] = slack.posts
    assert post["channel"] == DIRECT
    assert "thread_ts" not in post
    section, row = post["blocks"]
    assert section == {"type": "section", "text": {"type": "mrkdwn", "text": HELLO}}
    [button] = row["elements"]
    assert (button["text"]["text"], button["value"]) == ("Leave a message", "/leave_message")
    tell(server, event("/leave_message"))
    slack.until_said(HELLO, EMAIL)
    tell(server, event("<mailto:ann@example.com|ann@example.com>"))
    slack.until_said(HELLO, EMAIL, NOTE)


def test_a_mention_in_a_channel_is_one_message_although_it_is_told_twice(
    server: Server, slack: Slack
) -> None:
    told = mention("hello")
    tell(server, told)
    as_message = {**told["event"], "type": "message"}
    tell(server, {**told, "event_id": "Ev-another", "event": as_message})
    tell(server, mention("/leave_message"))
    slack.until_said(HELLO, EMAIL)
    assert {post["channel"] for post in slack.posts} == {PUBLIC}


@pytest.mark.parametrize(
    "changes",
    [
        {"channel_type": "channel", "channel": PUBLIC},
        {"bot_id": "B0001"},
        {"user": BOT},
        {"subtype": "bot_message"},
        {"subtype": "message_changed", "message": {"text": "hello"}},
        {"subtype": "message_deleted"},
        {"user": None},
        {"channel": {"id": DIRECT}},
        {"type": "reaction_added"},
    ],
    ids=str,
)
def test_what_is_not_said_to_the_assistant_is_not_answered(
    server: Server, slack: Slack, changes: dict[str, Any]
) -> None:
    assert tell(server, event("hello", event=changes)).status_code == 200
    tell(server, event("/leave_message"))
    slack.until_said(EMAIL)


def test_a_pressed_button_is_said_and_is_gone(server: Server, slack: Slack) -> None:
    tell(server, event("hello"))
    slack.until_said(HELLO)
    told = press(slack.posts[0], response_url=slack.response_url("r1"))
    assert tell_form(server, told).status_code == 200
    slack.until_said(HELLO, EMAIL)
    until(lambda: slack.responses, "the message is replaced")
    [(name, replacement)] = slack.responses
    assert (name, replacement["replace_original"], replacement["text"]) == ("r1", True, HELLO)
    kinds = [block["type"] for block in replacement["blocks"]]
    assert kinds == ["section", "context"], "what was said stays, and the choice is in place of the button"
    assert "Leave a message" in replacement["blocks"][1]["elements"][0]["text"]
    tell_form(server, told)
    tell(server, event("ann@example.com"))
    slack.until_said(HELLO, EMAIL, NOTE)
    assert len(slack.responses) == 1, "and once only"


def test_a_link_says_nothing(server: Server, slack: Slack) -> None:
    row = {"type": "actions", "block_id": "b", "elements": [{"type": "button", "url": "https://x.example"}]}
    assert tell_form(server, press({"channel": DIRECT, "blocks": [row]})).status_code == 200
    tell(server, event("/leave_message"))
    slack.until_said(EMAIL)


def test_the_older_kind_of_buttons_and_menus(server: Server, slack: Slack) -> None:
    for action in (
        {"name": "b", "type": "button", "value": "/leave_message"},
        {"name": "m", "type": "select", "selected_options": [{"value": "ann@example.com"}]},
    ):
        told = {
            "type": "interactive_message", "actions": [action], "callback_id": "c", "team": {"id": TEAM},
            "channel": {"id": DIRECT}, "user": {"id": ANN}, "action_ts": str(id(action)), "message_ts": "1.2",
            "api_app_id": "A0001", "original_message": {"text": "Choose"},
        }  # fmt: skip
        assert tell_form(server, told).status_code == 200
    slack.until_said(EMAIL, NOTE)


def test_a_slash_command_is_answered_to_its_author_alone(server: Server, slack: Slack) -> None:
    answer = tell_form(server, command("/leave_message", response_url=slack.response_url("c1")))
    assert (answer.status_code, answer.content) == (200, b"")
    until(lambda: slack.responses, "it is answered")
    expected = {"response_type": "ephemeral", "replace_original": False, "text": EMAIL}
    assert slack.responses == [("c1", expected)]
    assert slack.posts == []
    hint = tell_form(server, command(" ", response_url=slack.response_url("c2"))).json()
    assert (hint["response_type"], "command" in hint["text"]) == ("ephemeral", True)


def test_a_response_address_that_is_used_up_leads_to_direct_messages(server: Server, slack: Slack) -> None:
    slack.answers = [Reply({"ok": False, "error": "used_url"}, status=404)]
    tell_form(server, command("/leave_message", response_url=slack.response_url("c3")))
    slack.until_said(EMAIL)
    assert slack.posts[0]["channel"] == ANN
    elsewhere = f"{slack.server.url.replace('127.0.0.1', 'localhost')}/actions/c4"
    tell_form(server, command("ann@example.com", response_url=elsewhere))
    slack.until_said(EMAIL, NOTE)
    assert slack.posts[1]["channel"] == ANN, "an address elsewhere is not asked at all"
    assert slack.responses == []


def test_a_limit_of_slack_is_waited_for_and_holds_up_nobody_else(server: Server, slack: Slack) -> None:
    slack.is_held = lambda asked: asked.body.get("channel") == DIRECT
    tell(server, event("/leave_message"))
    until(lambda: slack.held, "Slack was asked")
    tell(server, event("ann@example.com"))
    tell(server, event("/leave_message", event={"user": BOB, "channel": "D0BOB"}))
    until(lambda: slack.posts, "somebody else's is posted")
    slack.is_held = lambda _: False
    until(lambda: len(slack.posts) == 3, "all are posted", lambda: str(slack.posts))
    assert [(post["channel"], post["text"]) for post in slack.posts] == [
        ("D0BOB", EMAIL), (DIRECT, EMAIL), (DIRECT, NOTE),
    ]  # fmt: skip


def test_a_failure_is_tried_again_and_a_refusal_is_told_without_its_words(
    server: Server, slack: Slack
) -> None:
    slack.answers = [Reply({"ok": False, "error": "internal_error"}), Reply(b"<html>", status=503)]
    tell(server, event("/leave_message"))
    slack.until_said(EMAIL)
    slack.answers = [Reply({"ok": False, "error": "is_archived"})]
    tell(server, event("ann@example.com"))
    text = f"A message ({len(NOTE)} characters) could not be posted to Slack: Slack answered 'is_archived'."
    until(lambda: text in server.log.read_text("utf-8"), "the log says so")
    tell(server, event("Nothing"))
    until(lambda: len(slack.posts) == 2, "the next one is posted")
    assert NOTE not in server.log.read_text("utf-8")


def test_a_message_that_is_too_long_is_told_so_and_not_told_again(server: Server, slack: Slack) -> None:
    told = event("x" * 8_001)
    assert [tell(server, told).status_code for _ in range(3)] == [200, 200, 200]
    tell(server, event("/leave_message"))
    until(lambda: len(slack.posts) == 2, "the author hears of it, once")
    assert "8,001 characters" in slack.said()[0]
    assert slack.said()[1] == EMAIL


def test_repeats_are_told_to_stop_where_that_is_asked_for(server: Server, slack: Slack) -> None:
    told = event("/leave_message")
    answers = [
        tell(server, told, **{"X-Slack-Retry-Num": str(n), "X-Slack-Retry-Reason": reason})
        for n, reason in enumerate(("http_timeout", "http_error"), 1)
    ]
    assert [answer.headers.get("X-Slack-No-Retry") for answer in answers] == ["1", None]
    tell(server, event("ann@example.com"))
    slack.until_said(EMAIL, NOTE)


def test_what_is_said_unasked_goes_to_the_person(server: Server, slack: Slack) -> None:
    tell(server, mention("hello"))
    slack.until_said(HELLO)
    person = f"{TEAM}_{ANN}"
    asked = {"token": API, "output_channel": "latest"}
    path = f"{server.url}/conversations/{person}/trigger_intent"
    for channel in ("latest", "slack"):
        answer = httpx.post(path, params={**asked, "output_channel": channel}, json={"name": "goodbye"})
        assert answer.status_code == 200, answer.text
    slack.until_said(HELLO, "Goodbye!", "Goodbye!")
    assert {post["channel"] for post in slack.posts[1:]} == {ANN}
    stranger, asked = path.replace(person, "somebody"), {**asked, "output_channel": "slack"}
    httpx.post(stranger, params=asked, json={"name": "goodbye"})
    until(
        lambda: "'somebody' is no conversation of Slack" in server.log.read_text("utf-8"), "the log says so"
    )


def test_people_of_two_workspaces_are_two(server: Server, slack: Slack) -> None:
    tell(server, event("/leave_message"))
    slack.until_said(EMAIL)
    tell(server, event("ann@example.com", event={"user_team": "T0002", "team": "T0002"}))
    slack.until_said(EMAIL, "Sorry, I didn't understand that. Could you put it differently?")
    tracker = httpx.get(f"{server.url}/conversations/{TEAM}_{ANN}/tracker", params={"token": API}).json()
    heard = [found for found in tracker["events"] if found["event"] == "user"][-1]
    assert heard["text"] == "/leave_message"
    assert heard["metadata"]["out_channel"] == DIRECT
    body = {"sender": f"{TEAM}_{ANN}", "message": "hello"}
    assert httpx.post(f"{server.url}/webhooks/rest/webhook", json=body).status_code == 404


@pytest.mark.parametrize("granularity", ["channel", "thread"])
def test_a_conversation_for_each_channel_or_thread(project: Path, granularity: str) -> None:
    with Slack() as slack:
        made = serving(project, slack, f"conversation_granularity: {granularity}, use_threads: true")
        server = next(made)
        first = mention("/leave_message")
        tell(server, first)
        slack.until_said(EMAIL)
        root = first["event"]["ts"]
        tell(server, mention("ann@example.com", event={"thread_ts": root}))
        slack.until_said(EMAIL, NOTE)
        assert {(post["channel"], post["thread_ts"]) for post in slack.posts} == {(PUBLIC, root)}
        tell(server, event("/leave_message"))
        slack.until_said(EMAIL, NOTE, EMAIL)
        own = "_".join([TEAM, ANN, PUBLIC] + [root] * (granularity == "thread"))
        asked = {"token": API, "output_channel": "latest"}
        httpx.post(
            f"{server.url}/conversations/{own}/trigger_intent", params=asked, json={"name": "bot_challenge"}
        )
        until(lambda: len(slack.posts) > 3, "what is said unasked is posted there, too")
        assert slack.posts[3]["channel"] == PUBLIC
        assert slack.posts[3].get("thread_ts") == (root if granularity == "thread" else None)
        made.close()


def test_the_log_holds_no_words_and_no_secrets_however_much_it_tells(project: Path) -> None:
    with Slack() as slack:
        made = serving(project, slack, LOG_LEVEL="DEBUG")
        server = next(made)
        tell(server, event("/leave_message"))
        tell(server, event("anna.secret@example.com"))
        slack.answers = [Reply({"ok": False, "error": "is_archived"})]
        tell(server, event("what only I may know"))
        until(lambda: "is_archived" in server.log.read_text("utf-8"), "a message is lost")
        made.close()
        log = server.log.read_text("utf-8")
        assert not any(word in log for word in ("anna.secret", "only I", TOKEN, SIGNING)), log


def test_a_channel_of_its_own(project: Path) -> None:
    with Slack() as slack:
        made = serving(project, slack, f"slack_channel: {PUBLIC}, slash_commands: in_channel")
        server = next(made)
        tell(server, event("/leave_message", event={"channel": PUBLIC, "channel_type": "channel"}))
        slack.until_said(EMAIL)
        assert slack.posts[0]["channel"] == PUBLIC
        tell_form(server, command("ann@example.com", response_url=slack.response_url("c")))
        until(lambda: slack.responses, "the command is answered")
        assert slack.responses[0][1]["response_type"] == "in_channel"
        made.close()


def test_a_proxy_on_the_way(project: Path) -> None:
    """The proxy is what answers: the host that is asked for does not exist."""
    with Slack() as slack:
        options = "slack_api_url: 'http://slack.invalid/api/', slack_hooks_url: 'http://hooks.slack.invalid'"
        text = f"slack: {{slack_token: {TOKEN}, slack_signing_secret: {SIGNING}, proxy: '{slack.server.url}', {options}}}\n"
        (project / "credentials.yml").write_text(text, "utf-8")
        server = start_server(project)
        try:
            tell(server, event("hello", event={"user": "U0CAT"}))
            told = command("hello", user_id="U0DOG", response_url="http://hooks.slack.invalid/actions/c")
            tell_form(server, told)
            slack.until_said(HELLO)
            until(lambda: [name for name, _ in slack.responses] == ["c"], "the command is answered")
        finally:
            server.stop()


def test_a_token_that_slack_refuses_is_told_at_the_start(project: Path) -> None:
    with Slack() as slack:
        text = f"slack: {{{slack.options.replace(TOKEN, 'xoxb-old')}, slack_signing_secret: {SIGNING}}}\n"
        (project / "credentials.yml").write_text(text, "utf-8")
        server = start_server(project)
        try:
            text = "Slack refuses 'slack_token' (invalid_auth): nothing can be posted."
            until(lambda: text in server.log.read_text("utf-8"), "the log says so")
        finally:
            server.stop()
        assert "xoxb-old" not in server.log.read_text("utf-8")


def test_the_manifest_in_the_docs_asks_for_what_is_used() -> None:
    blocks = (ROOT / "docs" / "channels.md").read_text("utf-8").split("```yaml\n")[1:]
    manifest = YAML(typ="safe").load(blocks[0].split("```")[0])
    events = set(manifest["settings"]["event_subscriptions"]["bot_events"])
    assert events == {"app_mention", "message.im", "message.channels", "message.groups"}
    needed = {"app_mention": "app_mentions:read"} | {
        name: f"{name.removeprefix('message.')}:history" for name in events - {"app_mention"}
    }
    scopes = manifest["oauth_config"]["scopes"]["bot"]
    assert set(scopes) == set(needed.values()) | {"chat:write", "commands", "im:write"}
    [slash] = manifest["features"]["slash_commands"]
    urls = {slash["url"]} | {
        manifest["settings"][part]["request_url"] for part in ("event_subscriptions", "interactivity")
    }
    assert urls == {"https://YOUR.HOST/webhooks/slack/webhook"}


@pytest.mark.parametrize(
    "named", [{}, {"errors_ignore_retry": "http_timeout"}, {"errors_ignore_retry": ["http_timeout"]}]
)
def test_errors_after_which_slack_need_not_repeat(named: dict[str, Any]) -> None:
    channel = SlackChannel({"slack_token": TOKEN, "slack_signing_secret": SIGNING, **named}, SECRET)
    assert channel.no_more_retries == {"http_timeout"}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "no 'slack_token'"),
        ({"slack_token": TOKEN}, "no 'slack_signing_secret'"),
        ({"slack_token": TOKEN, "slack_signing_secret": " "}, "no 'slack_signing_secret'"),
        (
            {"conversation_granularity": "person"},
            "'conversation_granularity' of the slack channel is 'person'",
        ),
        ({"use_threads": "false"}, "'use_threads' of the slack channel is 'false'"),
        ({"slack_api_url": "slack"}, "'slack_api_url' of the slack channel is 'slack'"),
        ({"slack_hooks_url": "https://me@hooks.slack.com"}, "'slack_hooks_url'"),
    ],
)
def test_options_that_cannot_be_meant(options: dict[str, str], words: str) -> None:
    good = (
        {"slack_token": TOKEN, "slack_signing_secret": SIGNING}
        if len(options) == 1 and words[0] != "n"
        else {}
    )
    with pytest.raises(ConfigError, match=words):
        SlackChannel({**good, **options}, SECRET)


def test_an_option_that_there_is_not(caplog: pytest.LogCaptureFixture) -> None:
    SlackChannel({"slack_token": TOKEN, "slack_signing_secret": SIGNING, "use_thread": True}, SECRET)
    assert (
        "The slack channel has no option 'use_thread', which is ignored. Did you mean 'use_threads'?"
        in caplog.text
    )


@pytest.mark.parametrize("missing", ["slack_sdk", "aiohttp"])
def test_without_the_extra_it_is_named(missing: str) -> None:
    code = (
        f"import sys; sys.modules['{missing}'] = None\n"
        "from frontdesk.registry import resolve\n"
        "resolve('channel', 'slack')({'slack_token': 'x', 'slack_signing_secret': 'y'}, 'z')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (
        "The slack channel needs an optional part. Install it: pip install 'frontdesk[slack]'." in done.stderr
    )
