from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from frontdesk.errors import StoreError
from frontdesk.server.checkup.deployment import Deployment, Finding, Level, examine, worst

Make = Callable[..., Deployment]


async def fine(_: Deployment) -> list[Finding]:
    return [Finding("fine", Level.OK, "It is fine.")]


async def fails(_: Deployment) -> list[Finding]:
    raise StoreError("The database is away.", where="db.internal", hint="Start it.")


async def breaks(_: Deployment) -> list[Finding]:
    raise ValueError("password=hunter2")


async def hangs(_: Deployment) -> list[Finding]:
    await asyncio.Event().wait()
    return []


async def test_a_check_that_cannot_be_made_is_an_error_and_the_others_go_on(deployment: Make) -> None:
    checks = (("fine", fine), ("store", fails), ("odd", breaks), ("slow", hangs), ("fine", fine))
    found = await examine(deployment(), checks, deadline=0.05)
    assert [(f.check, f.level) for f in found] == [
        ("fine", Level.OK), ("store", Level.ERROR), ("odd", Level.ERROR), ("slow", Level.ERROR), ("fine", Level.OK),
    ]  # fmt: skip
    assert (found[1].what, found[1].mend) == ("db.internal: The database is away.", "Start it.")
    assert "hunter2" not in str(found), "what a driver says may be secret"


async def test_files_that_cannot_be_read_end_it(deployment: Make) -> None:
    assert len(await examine(deployment(), (("files", fails), ("fine", fine)))) == 1


@pytest.mark.parametrize(
    ("levels", "code"),
    [([], 0), ([Level.OK, Level.NOTE], 0), ([Level.NOTE, Level.WARNING], 1), ([Level.ERROR, Level.OK], 2)],
)
def test_the_worst_is_the_exit_code(levels: list[Level], code: int) -> None:
    assert worst(Finding("x", level, "") for level in levels) == code


@pytest.mark.parametrize(
    ("interface", "public"),
    [
        ("127.0.0.1", False),
        ("localhost", False),
        ("::1", False),
        ("0.0.0.0", True),
        ("::", True),
        ("10.0.0.4", True),
    ],
)
def test_who_can_reach_it(deployment: Make, interface: str, public: bool) -> None:
    assert deployment(interface=interface).public is public
