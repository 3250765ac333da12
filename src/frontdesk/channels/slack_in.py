"""What Slack tells: messages, mentions, pressed buttons and slash commands, read into one shape."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from frontdesk.channels.reading import part, text_of

GRANULARITIES = ("sender", "channel", "thread")
WRITTEN = frozenset({"file_share", "thread_broadcast", "me_message"})
"""Kinds of messages, beside the plain one, that a person has just written; edits and deletions are others."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What a person said in Slack.

    `message_id` is the same however often, and as whichever event, Slack tells it. What only its author may see
    (`private`: a slash command, a button that was shown to one person) is answered at `response_url`; `pressed` is the
    message whose button it was.
    """

    text: str
    team: str
    user: str
    channel: str
    message_id: str
    thread: str | None = None
    bots: tuple[str, ...] = ()
    title: str | None = None
    private: bool = False
    response_url: str | None = None
    pressed: Mapping[str, Any] | None = None

    def conversation(self, granularity: str) -> str:
        """Return the id of the conversation: of the person alone, in this channel, or in this thread.

        A person is known by workspace and user id: ids of users are not unique beyond a workspace.
        """
        parts = [self.team, self.user]
        if granularity != "sender":
            parts.append(self.channel)
        if granularity == "thread" and self.thread:
            parts.append(self.thread)
        return "_".join(parts)


@dataclass(frozen=True, slots=True)
class Place:
    """Where messages are posted: a channel, or a person's direct messages, and a thread there."""

    channel: str
    thread: str | None = None


def home(conversation: str) -> Place | None:
    """Return where a conversation goes on unasked; None for an id that is not of this channel."""
    parts = conversation.split("_")
    if not 2 <= len(parts) <= 4 or not all(parts):
        return None
    return Place(parts[2] if len(parts) > 2 else parts[1], parts[3] if len(parts) > 3 else None)


def read_event(told: Mapping[str, Any], own_channel: str | None) -> Heard | None:
    """Return the message in an event: one in direct messages, one that mentions the app, one in `own_channel`."""
    event = part(told, "event")
    bots = _bots(told)
    user, channel = text_of(event, "user"), text_of(event, "channel")
    written = (
        (event.get("subtype") is None or text_of(event, "subtype") in WRITTEN)
        and not event.get("bot_id")
        and user not in bots
    )
    if event.get("type") not in ("message", "app_mention") or not (written and user and channel):
        return None
    text, ts = text_of(event, "text"), text_of(event, "ts")
    mentioned = event.get("type") == "app_mention" or any(f"<@{bot}" in text for bot in bots)
    if not (mentioned or event.get("channel_type") == "im" or channel == own_channel):
        return None
    return Heard(
        clean(text, bots, mentioned=mentioned),
        team=text_of(event, "user_team") or text_of(event, "team") or text_of(told, "team_id"),
        user=user,
        channel=channel,
        # The same message comes as `message` and as `app_mention`, each with an event id of its own.
        message_id=f"{channel}:{ts}" if ts else text_of(told, "event_id"),
        thread=text_of(event, "thread_ts") or ts or None,
        bots=bots,
    )


def _bots(told: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the user ids that the app itself has."""
    named = [text_of(one, "user_id") for one in _list(told, "authorizations") if isinstance(one, Mapping)]
    named = named or [one for one in _list(told, "authed_users") if isinstance(one, str)]
    return tuple(dict.fromkeys(one for one in named if one))


def read_interaction(told: Mapping[str, Any]) -> Heard | None:
    """Return what a pressed button or a menu says (its value); None for links, dialogs and shortcuts."""
    actions = _list(told, "actions")
    if not actions or not isinstance(actions[0], Mapping):
        return None
    action, user, message = actions[0], part(told, "user"), part(told, "message")
    container = part(told, "container")
    channel = text_of(part(told, "channel"), "id") or text_of(container, "channel_id")
    value = chosen_value(action)
    if value is None or not (text_of(user, "id") and channel):
        return None
    ts = text_of(message, "ts") or text_of(container, "message_ts") or text_of(told, "message_ts")
    moment = text_of(action, "action_ts") or text_of(told, "action_ts") or text_of(told, "trigger_id")
    private = container.get("is_ephemeral") is True
    return Heard(
        value,
        team=text_of(user, "team_id") or text_of(part(told, "team"), "id"),
        user=text_of(user, "id"),
        channel=channel,
        message_id=f"{channel}:{ts}:{moment}",
        thread=text_of(message, "thread_ts") or text_of(container, "thread_ts") or ts or None,
        title=_title(action),
        private=private,
        response_url=text_of(told, "response_url") or None,
        pressed=message,
    )


def read_command(told: Mapping[str, Any]) -> Heard | None:
    """Return what stands behind a slash command."""
    channel, user = text_of(told, "channel_id"), text_of(told, "user_id")
    if not (channel and user):
        return None
    return Heard(
        clean(text_of(told, "text"), ()),
        team=text_of(told, "team_id"),
        user=user,
        channel=channel,
        message_id=f"{channel}:{text_of(told, 'trigger_id')}",
        private=True,
        response_url=text_of(told, "response_url") or None,
    )


_CHOSEN = {
    "conversations_select": "selected_conversation",
    "users_select": "selected_user",
    "channels_select": "selected_channel",
    "datepicker": "selected_date",
    "timepicker": "selected_time",
}
_OPTION = ("static_select", "external_select", "overflow", "radio_buttons")


def chosen_value(action: Mapping[str, Any]) -> str | None:
    """Return the value of a button or of what was chosen; None where there is none, as for a link."""
    kind = action.get("type")
    if kind == "button":
        return text_of(action, "value") or None
    if kind in ("select", "message_select"):
        first = next(iter(_list(action, "selected_options")), None)
        return (text_of(first, "value") or None) if isinstance(first, Mapping) else None
    if kind in _OPTION:
        return text_of(part(action, "selected_option"), "value") or None
    return text_of(action, _CHOSEN.get(str(kind), "")) or None


def _title(action: Mapping[str, Any]) -> str | None:
    shown = action.get("text") or part(action, "selected_option").get("text")
    return (text_of(shown, "text") or None) if isinstance(shown, Mapping) else None


_MARKED = re.compile(r"<([^<>|]+)(?:\|([^<>]*))?>")
_FIRST = re.compile(r"^\s*<@[A-Z0-9]+(?:\|[^<>]*)?>")


def clean(text: str, bots: tuple[str, ...], *, mentioned: bool = False) -> str:
    """Return a text as its author typed it: without mentions of the app, without Slack's marks and escapes."""
    if mentioned and not bots:
        text = _FIRST.sub("", text)

    def plain(found: re.Match[str]) -> str:
        mark, label = found[1], found[2] or ""
        if mark.startswith("@"):
            return "" if mark[1:] in bots else f"@{label.removeprefix('@') or mark[1:]}"
        if mark.startswith("#"):
            return f"#{label or mark[1:]}"
        if mark.startswith("!"):
            return label or f"@{mark[1:].partition('^')[0]}"
        return label or mark.removeprefix("mailto:").removeprefix("tel:")

    text = _MARKED.sub(plain, text)
    text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    return re.sub(r" {2,}", " ", text).strip()


def _list(told: Mapping[str, Any], key: str) -> list[Any]:
    found = told.get(key)
    return found if isinstance(found, list) else []
