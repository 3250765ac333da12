"""A-30: each role tries every operation there is, on its own conversation and on another's."""

from __future__ import annotations

import pytest

from frontdesk.auth.principal import PERMISSIONS, ROLES, Principal
from frontdesk.server.api_table import OPERATIONS
from tests.attacks.conftest import Guarded

SHOWN = ("about", "conversations", "conversation", "turn")
INSPECTOR = sorted(name for name in PERMISSIONS if name.startswith("inspector."))
ROWS = [
    *((o.name, o.method, o.path, o.on_conversation) for o in OPERATIONS),
    *(
        (
            name,
            "GET" if name.partition(".")[2] in SHOWN else "POST",
            f"/inspector/api/{name.partition('.')[2]}",
            False,
        )
        for name in INSPECTOR
    ),
]


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(("name", "method", "path", "on_conversation"), ROWS, ids=[row[0] for row in ROWS])
def test_a_role_does_what_the_table_says_and_nothing_else(
    guarded: Guarded, role: str, name: str, method: str, path: str, on_conversation: bool
) -> None:
    token, who = guarded.token("ann", role), Principal("ann", frozenset({role}))
    if name == "unloadModel" and role == "admin":
        return  # others need the model
    for conversation in ("ann", "bob") if on_conversation else (None,):
        place = path.replace("{conversation_id}", str(conversation))
        more = {} if method in ("GET", "DELETE") else {"json": {}}
        status = guarded.ask(method, place, token, **more).status_code
        assert status != 401
        assert (status != 403) is who.may(name, conversation), (place, status)
        assert status < 500


def test_without_anything_shown_only_what_is_open_answers(guarded: Guarded) -> None:
    for name, method, path, _ in ROWS:
        status = guarded.ask(method, path.replace("{conversation_id}", "ann")).status_code
        assert status == (200 if name == "getVersion" else 401), name
