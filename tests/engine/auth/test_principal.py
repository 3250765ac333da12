"""Which role may do what: every operation of every door is in the table, and does what the table says."""

from __future__ import annotations

import pytest

from frontdesk.auth.principal import ANYBODY, PERMISSIONS, ROLES, Principal, roles_in
from frontdesk.server import inspector
from frontdesk.server.api_table import OPERATIONS

INSPECTOR = [
    "about", "conversations", "conversation", "turn", "begin", "message", "fork", "undo", "understanding", "action",
    "annotation", "example", "story",
]  # fmt: skip
# What each may do, written out once more: a row that slips is seen here.
OWN = {
    "getConversationTracker", "getConversationStory", "predictConversationAction", "addConversationMessage",
    "addConversationTrackerEvents", "triggerConversationIntent", "replaceConversationTrackerEvents",
    "executeConversationAction", "speak",
}  # fmt: skip
AGENT = {
    "getVersion", "getStatus", "getDomain", "parseModelMessage", "predictModelAction", "getConversationTracker",
    "getConversationStory", "predictConversationAction", "addConversationMessage", "addConversationTrackerEvents",
    "triggerConversationIntent", "inspector.about", "inspector.conversations", "inspector.conversation",
    "inspector.turn",
}  # fmt: skip
SUPERVISOR = AGENT | {
    "replaceConversationTrackerEvents", "executeConversationAction", "testModelStories", "testModelIntent",
    *(f"inspector.{name}" for name in INSPECTOR if name not in ("example", "story")),
}  # fmt: skip
ANY = {"customer": {"getVersion"}, "agent": AGENT, "supervisor": SUPERVISOR, "admin": set(PERMISSIONS)}


def test_every_operation_is_in_the_table() -> None:
    assert {operation.name for operation in OPERATIONS} <= set(PERMISSIONS)
    served = {name for name in INSPECTOR if hasattr(inspector.Inspector, name)}
    assert served == set(INSPECTOR)
    assert {f"inspector.{name}" for name in INSPECTOR} == {
        n for n in PERMISSIONS if n.startswith("inspector.")
    }
    with pytest.raises(KeyError):
        ANYBODY.may("formatTheDisk")


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("operation", PERMISSIONS)
def test_the_table(role: str, operation: str) -> None:
    who = Principal("ann", frozenset({role}))
    anywhere = operation in ANY[role]
    assert who.may(operation, "bob") is anywhere
    assert who.may(operation) is anywhere
    assert who.may(operation, "ann") is (anywhere or (role == "customer" and operation in OWN))


def test_without_a_name_nothing_is_ones_own() -> None:
    for subject in ("", "ann"):
        who = Principal(subject, frozenset({"customer"}))
        assert not who.may("speak", "")
        assert not who.may("speak", None)
        assert not who.owns("")


def test_only_a_customer_is_the_user_of_a_conversation() -> None:
    assert Principal("ann", frozenset({"customer", "agent"})).owns("ann")
    for role in ("agent", "supervisor", "admin"):
        assert not Principal("ann", frozenset({role})).owns("ann")


def test_names_of_roles() -> None:
    assert roles_in(["user", "agent", "root", 7, None, ["admin"]]) == {"customer", "agent"}
    assert roles_in(["Admin", " admin", "admin\n"]) == frozenset()
