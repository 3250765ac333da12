"""What isn't finished: who runs the shop sees it, and lets it be tried again."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from actions.adapters.errors import Rejected, Unreachable
from actions.commerce import saga_tables, schema
from actions.services import mail, outbox
from actions.services.container import Services
from actions.services.errors import ServiceError
from actions.services.pending import Pending, main
from actions.services.saga_notes import Content, NewStep, Saga, Step, note
from actions.services.sagas import Kind
from tests.assistant.conftest import Clock, Letters, count, who


class Depot:
    """A system outside that is down, or refuses."""

    def __init__(self, shop: Services, *, undoable: bool = False) -> None:
        self.shop, self.error, self.stuck = shop, None, False
        shop.sagas.register("depot", "hold", Kind(do=self.hold))
        shop.sagas.register("depot", "mark", Kind(undo=self.unmark))
        done = [NewStep(system="depot", action="mark", content={}, done=True)] if undoable else []
        steps = [
            *done,
            NewStep(system="depot", action="hold", content={"order": "L204817", "to": {"a": "secret"}}),
        ]
        saga = Saga(id="order.hold:k", action="order.hold", subject="order L204817", caller=who())
        with shop.database.write() as connection:
            note(connection, saga, steps, shop.now())

    error: Exception | None

    def hold(self, step: Step) -> Content:
        if self.error:
            raise self.error
        return {}

    def unmark(self, step: Step) -> None:
        if self.stuck:
            raise Rejected("The depot", 409, "gone")


@pytest.fixture()
def pending(shop: Services, clock: Clock) -> Pending:
    return Pending(shop.database, clock)


def test_what_is_down_is_listed_and_tried_again(shop: Services, pending: Pending, clock: Clock) -> None:
    depot = Depot(shop)
    depot.error = Unreachable("The depot", "no connection.")
    shop.deliver()
    (one,) = pending.waiting()
    assert (one.waits_for, one.what, one.about) == ("depot", "order.hold", "order L204817")
    assert "no connection" in one.why
    assert not one.needs_person
    assert one.next_try_at == clock.now + timedelta(seconds=15)
    told = "\n".join(pending.lines(one.id))
    assert "depot hold: waiting (order L204817)" in told
    assert "secret" not in told
    depot.error = None
    assert pending.retry(one.id.lower(), "ann") == "order.hold of order L204817"
    shop.deliver()
    assert pending.waiting() == []
    assert count(shop, "audit", action="pending.retry", conversation="operator ann") == 1
    with pytest.raises(ServiceError, match="is done; there is nothing to try"):
        pending.retry(one.id, "ann")


def test_what_waits_for_its_time_is_not_done_early(shop: Services, pending: Pending, clock: Clock) -> None:
    done: list[str] = []
    shop.sagas.register("depot", "lapse", Kind(noted=lambda _, step: done.append(step.action)))
    saga = Saga(id="order.lapse:k", action="order.lapse", subject="order L204817", caller=who())
    with shop.database.write() as connection:
        due = clock.now + timedelta(days=7)
        note(connection, saga, [NewStep(system="depot", action="lapse", content={})], shop.now(), due=due)
    (one,) = pending.waiting()
    with pytest.raises(ServiceError, match=f"waits for its time, {due:%Y-%m-%d %H:%M}"):
        pending.retry(one.id, "ann")
    shop.deliver()
    assert done == []
    clock.forward(days=7)
    shop.deliver()
    assert done == ["lapse"]


def test_what_was_refused_waits_for_a_person_and_is_asked_again(shop: Services, pending: Pending) -> None:
    depot = Depot(shop)
    depot.error = Rejected("The depot", 422, "full")
    for _ in range(3):
        shop.deliver()
    (one,) = pending.waiting()
    assert (one.waits_for, one.needs_person) == ("a person", True)
    assert "422, full" in one.why
    assert "depot hold: refused" in "\n".join(pending.lines(one.id))
    depot.error = None
    pending.retry(one.id, "ann")
    shop.deliver()
    assert pending.waiting() == []
    assert count(shop, "sagas", id="order.hold:k", state="done", reason=None) == 1


def test_what_could_not_be_undone_is_undone_further(shop: Services, pending: Pending) -> None:
    depot = Depot(shop, undoable=True)
    depot.error, depot.stuck = Rejected("The depot", 422, "full"), True
    for _ in range(3):
        shop.deliver()
    (one,) = pending.waiting()
    assert one.needs_person
    depot.stuck = False
    pending.retry(one.id, "ann")
    (undoing,) = pending.waiting()
    assert undoing.what == "order.hold (undoing)"
    shop.deliver()
    assert count(shop, "sagas", id="order.hold:k", state="undone") == 1


def test_e_mails_that_are_owed_are_listed_without_their_text(
    shop: Services, pending: Pending, letters: Letters, clock: Clock
) -> None:
    letter = mail.Letter("order_changed", "anna.bennett@example.com", "Your order", "Private.")
    with shop.database.write() as connection:
        outbox.put(connection, letter, shop.now())
    letters.failures = 8
    for _ in range(9):
        shop.outbox.deliver()
        clock.forward(hours=5)
    (one,) = pending.waiting()
    assert (one.id[0], one.waits_for, one.about) == ("M", "a person", "tried 8 times")
    told = "\n".join([*pending.lines(one.id), *one.cells()])
    assert "OSError: no route" in told
    assert "anna.bennett" not in told
    assert "Private" not in told
    assert pending.retry(one.id, "ann") == "e-mail order_changed"
    shop.outbox.deliver()
    assert (len(letters.sent), pending.waiting()) == (1, [])
    with pytest.raises(ServiceError, match="was sent"):
        pending.retry(one.id, "ann")


@pytest.mark.parametrize(
    ("name", "said"), [("17", "is no id"), ("S999999", "no saga S999999"), ("M999999", "no e-mail M999999")]
)
def test_what_is_not_there_is_told(pending: Pending, name: str, said: str) -> None:
    for do in (pending.lines, lambda each: pending.retry(each, "ann")):
        with pytest.raises(ServiceError, match=said):
            do(name)


def test_the_command(
    shop: Services, tmp_path: Path, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    database = ["--database", f"sqlite:///{tmp_path}/shop.db"]
    assert main([*database, "list"], clock) == 0
    assert capsys.readouterr().out == "Nothing waits.\n"
    depot = Depot(shop)
    depot.error = Rejected("The depot", 422, "full")
    with shop.database.read() as connection:
        number = connection.execute(select(saga_tables.saga_steps.c.id)).scalar_one()
    assert main([*database, "list"], clock) == 0  # it is only under way
    shop.sagas.deliver()
    capsys.readouterr()
    assert main([*database, "list"], clock) == 3
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split()[0] == "ID"
    assert any(line.startswith(f"S{number}  ") and " a person " in line for line in rows)
    assert main([*database, "show", f"S{number}"], clock) == 0
    assert "depot hold: refused" in capsys.readouterr().out
    assert main([*database, "retry", f"S{number}", "--by", "ann"], clock) == 0
    assert capsys.readouterr().out == f"S{number}: order.hold of order L204817: is tried again\n"
    assert main([*database, "retry", "S0"], clock) == 1
    assert "There is no saga S0" in capsys.readouterr().err
    with shop.database.read() as connection:
        rows_of = select(schema.audit).where(schema.audit.c.action == "pending.retry")
        assert connection.execute(rows_of).mappings().one()["after"]["refused"] == ["depot hold"]
