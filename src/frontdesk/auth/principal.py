"""Who calls, and what they may do: the one table that the API, the inspector, channels and sockets ask."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

CUSTOMER, AGENT, SUPERVISOR, ADMIN = ROLES = ("customer", "agent", "supervisor", "admin")

Scope = Literal["", "own", "any"]
"""On which conversations a role may do something: on none, on the own one, on any (or it is on none at all)."""

_RASA = {"user": CUSTOMER}
"""Rasa's word for a customer."""

# customer, agent, supervisor, admin
_EVERYONE: tuple[Scope, ...] = ("any", "any", "any", "any")
_CONVERSATION: tuple[Scope, ...] = ("own", "any", "any", "any")
_REWRITING: tuple[Scope, ...] = ("own", "", "any", "any")
_SPEAKING: tuple[Scope, ...] = ("own", "", "", "any")
_LOOKING: tuple[Scope, ...] = ("", "any", "any", "any")
_TEACHING: tuple[Scope, ...] = ("", "", "any", "any")
_RUNNING: tuple[Scope, ...] = ("", "", "", "any")

_ROWS: tuple[tuple[tuple[Scope, ...], str], ...] = (
    (_EVERYONE, "getVersion"),
    # A customer may do to the own conversation whatever Rasa lets the role `user` do.
    (_CONVERSATION, "getConversationTracker getConversationStory predictConversationAction"),
    (_CONVERSATION, "addConversationMessage addConversationTrackerEvents triggerConversationIntent"),
    (_REWRITING, "replaceConversationTrackerEvents executeConversationAction"),
    # To say something as the user of a conversation, over a channel.
    (_SPEAKING, "speak"),
    (_LOOKING, "getStatus getDomain parseModelMessage predictModelAction"),
    (_LOOKING, "inspector.about inspector.conversations inspector.conversation inspector.turn"),
    (_TEACHING, "testModelStories testModelIntent"),
    (_TEACHING, "inspector.begin inspector.message inspector.fork inspector.undo inspector.understanding"),
    (_TEACHING, "inspector.action inspector.annotation"),
    (_RUNNING, "trainModel replaceModel unloadModel inspector.example inspector.story"),
)

PERMISSIONS: Mapping[str, Mapping[str, Scope]] = {
    operation: dict(zip(ROLES, scopes, strict=True)) for scopes, names in _ROWS for operation in names.split()
}
"""For each operation the scope of each role."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who calls: `subject` names them, and for a customer also their conversation.

    `how` says by what they are known: `open` (nothing is asked for), `token`, `key`, `jwt`, `conversation`. A customer
    says more than a caller who may enter every conversation: that its user is at the other end.
    """

    subject: str
    roles: frozenset[str] = field(default_factory=frozenset)
    how: str = "open"
    until: float | None = None
    """When what they showed is no longer good, in seconds since the epoch."""

    def may(self, operation: str, conversation_id: str | None = None) -> bool:
        """Tell whether the caller may do an operation; `conversation_id` is None where it is on no conversation.

        Raises KeyError for an operation that is not in the table: whatever is not listed is for nobody.
        """
        row = PERMISSIONS[operation]
        return any(
            row[role] == "any" or (row[role] == "own" and self._is(conversation_id)) for role in self.roles
        )

    def owns(self, conversation_id: str) -> bool:
        """Tell whether the caller is the user of a conversation, not somebody who may enter it besides."""
        return CUSTOMER in self.roles and self._is(conversation_id)

    def _is(self, conversation_id: str | None) -> bool:
        return bool(self.subject) and self.subject == conversation_id


ANYBODY = Principal("anybody", frozenset({ADMIN}))
"""Who calls where nothing is asked for."""


def roles_in(names: Iterable[object]) -> frozenset[str]:
    """Return those of some names that are roles; Rasa's `user` is a customer."""
    found = (_RASA.get(name, name) for name in names if isinstance(name, str))
    return frozenset(name for name in found if name in ROLES)
