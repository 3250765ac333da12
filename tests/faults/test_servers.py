"""Two servers on one PostgreSQL and one Redis: one line for each conversation, and nothing twice, whatever ends."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from frontdesk.testing.servers import run_redis
from tests.conftest import Server, until
from tests.faults.probe import Desk, SharedDesk, post, texts
from tests.faults.test_crashes import KILLED
from tests.faults.test_reminders import FIRED, REMIND


def users_and_answers(desk: SharedDesk) -> list[str]:
    return [line for line in desk.history() if line.startswith(("user", "bot"))]


def talk(first: int, last: int) -> list[str]:
    """What a conversation of notes looks like, each answered before the next one."""
    return [line for n in range(first, last + 1) for line in ("user: /note", f"bot: Noted under {n}.")]


class TestOrder:
    def test_what_arrives_at_either_is_answered_in_order_of_arrival(self, steady_desk: SharedDesk) -> None:
        desk = steady_desk
        both = [desk.start(), desk.start()]
        desk.send_to_gate("/gate_last", message_id="m1", to=both[0])
        waiting = [desk.send("/note", message_id=f"m{n}", to=both[n % 2]) for n in range(2, 22)]
        desk.open_gate()
        assert [texts(request.result(60)) for request in waiting] == [
            [f"Noted under {n}."] for n in range(2, 22)
        ]
        assert desk.effects() == [f"m{n}" for n in range(1, 22)]
        assert len(desk.tries()) == 21
        assert users_and_answers(desk) == ["user: /gate_last", "bot: Done under 1.", *talk(2, 21)]

    def test_hammered_from_both_sides_each_message_counts_once(self, steady_desk: SharedDesk) -> None:
        desk = steady_desk
        both = [desk.start(), desk.start()]
        names = [f"m{n}" for n in range(120)]
        with ThreadPoolExecutor(24) as pool:
            said = list(pool.map(lambda n: texts(post(both[n % 2], "/note", "ann", names[n])), range(120)))
        assert sorted(desk.effects()) == sorted(names)
        assert len(desk.tries()) == 120
        number = {name: n + 1 for n, name in enumerate(desk.effects())}
        assert said == [[f"Noted under {number[name]}."] for name in names], "each got its own answer"
        assert users_and_answers(desk) == talk(1, 120), "no two turns at once"

    def test_many_conversations_over_both(self, steady_desk: SharedDesk) -> None:
        desk = steady_desk
        both = [desk.start(), desk.start()]
        work = [(f"u{n % 20}", f"m{n}", both[(n // 20 + n) % 2]) for n in range(200)]
        with ThreadPoolExecutor(32) as pool:
            done = list(pool.map(lambda w: texts(post(w[2], "/note", w[0], w[1])), work))
        assert len({str(said) for said in done}) == 200
        assert sorted(desk.effects()) == sorted(message_id for _, message_id, _ in work)
        assert len(desk.tries()) == 200

    def test_copies_of_one_delivery_at_both_have_one_effect(self, steady_desk: SharedDesk) -> None:
        desk = steady_desk
        both = [desk.start(), desk.start()]
        with ThreadPoolExecutor(20) as pool:
            said = list(pool.map(lambda n: texts(post(both[n % 2], "/note", "ann", "m1")), range(50)))
        assert said == [["Noted under 1."]] * 50
        assert len(desk.tries()) == 1
        assert users_and_answers(desk) == talk(1, 1)

    def test_what_one_says_the_other_knows(self, steady_desk: SharedDesk) -> None:
        desk = steady_desk
        both = [desk.start(), desk.start()]
        for n in range(1, 11):
            assert desk.say("/note", to=both[n % 2]) == [f"Noted under {n}."]
        assert users_and_answers(desk) == talk(1, 10)
        assert "handled again" not in desk.log()


class TestKilled:
    @pytest.mark.parametrize(("text", "tries"), [("/gate_first", 1), ("/gate_last", 2)])
    def test_the_other_takes_up_a_turn_that_was_cut_off(
        self, shared_desk: SharedDesk, text: str, tries: int
    ) -> None:
        desk = shared_desk
        one, two = desk.start(), desk.start()
        request = desk.send_to_gate(text, message_id="m1", to=one)
        waiting = desk.send("/note", message_id="m2", to=one)
        one.kill()
        desk.open_gate()
        assert desk.say("/note", message_id="m3", to=two) == ["Noted under 3."]
        for lost in (request, waiting):
            with pytest.raises(KILLED):
                lost.result(60)
        assert desk.effects() == ["m1", "m2", "m3"]
        assert len(desk.tries()) == tries + 2
        assert len(set(desk.tries())) == 3, "each try of an effect has the same key"
        assert desk.say(text, message_id="m1", to=two) == ["Done under 1."]
        assert users_and_answers(desk) == [f"user: {text}", "bot: Done under 1.", *talk(2, 3)]

    def test_without_being_asked(self, shared_desk: SharedDesk) -> None:
        desk = shared_desk
        one = desk.start()
        desk.start()
        desk.send_to_gate("/gate_last", message_id="m1", to=one)
        desk.send("/note", message_id="m2", to=one)
        one.kill()
        desk.open_gate()
        desk.until_answered("m1", "m2")
        assert desk.effects() == ["m1", "m2"]
        assert users_and_answers(desk) == ["user: /gate_last", "bot: Done under 1.", *talk(2, 2)]

    def test_one_that_was_only_stopped_writes_nothing_more(self, shared_desk: SharedDesk) -> None:
        desk = shared_desk
        one, two = desk.start(), desk.start()
        late = desk.send_to_gate("/gate_last", message_id="m1", to=one)
        with stopped(one):
            desk.open_gate()
            assert desk.say("/note", message_id="m2", to=two) == ["Noted under 2."]
        assert texts(late.result(60)) == ["Done under 1."], "it finds what the other answered"
        assert desk.effects() == ["m1", "m2"]
        assert users_and_answers(desk) == ["user: /gate_last", "bot: Done under 1.", *talk(2, 2)]
        assert desk.say("/note", to=one) == ["Noted under 3."]

    def test_a_message_that_ends_each_server_is_given_up(self, shared_desk: SharedDesk) -> None:
        desk = shared_desk
        running = [desk.start() for _ in range(2)]
        with pytest.raises(KILLED):
            desk.say("/die", message_id="m1", to=running[0])
        for _ in range(6):
            if desk.inbox() == [("m1", True)]:
                break
            running.append(desk.start())
            until(
                lambda: running[-1].process.poll() is not None or desk.inbox() == [("m1", True)],
                "it is tried",
            )
        assert desk.inbox() == [("m1", True)]
        assert len(set(desk.tries())) == 1
        assert desk.say("hello", to=desk.start()) == ["Hello!"]

    def test_a_signal_lets_a_server_finish_while_the_other_goes_on(self, steady_desk: SharedDesk) -> None:
        desk = steady_desk
        one, two = desk.start(), desk.start()
        request = desk.send_to_gate("/gate_first", message_id="m1", to=one)
        one.process.send_signal(signal.SIGTERM)
        waiting = desk.send("/note", message_id="m2", to=two)
        desk.open_gate()
        assert texts(request.result(60)) == ["Done under 1."]
        assert texts(waiting.result(60)) == ["Noted under 2."]
        assert one.process.wait(60) == 0
        assert "Traceback" not in desk.log()


class TestReminders:
    def test_of_two_servers_that_look_one_fires(self, steady_desk: SharedDesk) -> None:
        desk = steady_desk
        both = [desk.start(), desk.start()]
        desk.open_gate()
        for n in range(10):
            desk.say(REMIND.format(1), f"u{n}", to=both[n % 2])
        until(lambda: len(desk.effects()) == 10, "all have fired")
        until(lambda: desk.stored("SELECT count(*) FROM frontdesk_reminders") == [(0,)], "none is left")
        assert len(desk.tries()) == 10
        for n in range(10):
            assert [line for line in desk.history(f"u{n}") if line in FIRED] == FIRED

    def test_one_whose_server_was_killed_does_not_hold_up_the_conversation(
        self, shared_desk: SharedDesk
    ) -> None:
        desk = shared_desk
        one = desk.start()
        desk.say(REMIND.format(1), to=one)
        until(desk.at_gate.exists, "its action waits at the gate, after its effect")
        two = desk.start()
        one.kill()
        desk.open_gate()
        assert desk.say("/note", message_id="m2", to=two) == ["Noted under 2."]
        assert len(set(desk.tries())) == 2


class TestRedis:
    def test_restarted_empty_in_the_middle_of_a_turn(self, brittle_desk: SharedDesk) -> None:
        desk = brittle_desk
        both = [desk.start(), desk.start()]
        request = desk.send_to_gate("/gate_last", message_id="m1", to=both[0])
        waiting = [desk.send("/note", message_id=f"m{n}", to=both[n % 2]) for n in range(2, 8)]
        desk.redis.stop()
        desk.redis.start()
        desk.open_gate()
        assert texts(request.result(60)) == ["Done under 1."]
        answers = [done.result(60) for done in waiting]
        assert {answer.status_code for answer in answers} <= {200, 503}
        desk.until_answered(*(f"m{n}" for n in range(1, 8)))
        assert desk.effects() == [f"m{n}" for n in range(1, 8)]
        assert users_and_answers(desk) == ["user: /gate_last", "bot: Done under 1.", *talk(2, 7)]

    def test_away_it_is_told_and_the_message_is_answered_later(self, brittle_desk: SharedDesk) -> None:
        desk = brittle_desk
        desk.start()
        assert desk.say("/note", message_id="m1") == ["Noted under 1."]
        desk.redis.stop()
        response = post(desk.server, "/note", message_id="m2")
        assert response.status_code == 503
        assert int(response.headers["Retry-After"]) > 0
        assert response.json()["reason"] == "StoreUnavailable"
        desk.redis.start()
        desk.until_answered("m2")
        assert desk.say("/note", message_id="m3") == ["Noted under 3."]
        assert desk.effects() == ["m1", "m2", "m3"]
        assert "Traceback" not in desk.log()

    def test_flapping_under_load(self, brittle_desk: SharedDesk) -> None:
        desk = brittle_desk
        both = [desk.start(), desk.start()]
        names = [f"m{n}" for n in range(60)]
        with flapping(desk), ThreadPoolExecutor(8) as pool:
            done = list(pool.map(lambda n: post(both[n % 2], "/note", f"u{n % 4}", names[n]), range(60)))
        assert {answer.status_code for answer in done} <= {200, 503}
        desk.until_answered(*names)
        assert sorted(desk.effects()) == sorted(names)
        assert len(set(desk.tries())) == 60
        for n in range(4):
            said = [line for line in desk.history(f"u{n}") if line.startswith(("user", "bot"))]
            assert [line.partition(":")[0] for line in said] == ["user", "bot"] * 15


class TestPostgresql:
    def test_restarted_in_the_middle_of_a_turn(self, brittle_desk: SharedDesk) -> None:
        desk = brittle_desk
        both = [desk.start(), desk.start()]
        request = desk.send_to_gate("/gate_last", message_id="m1", to=both[0])
        waiting = desk.send("/note", message_id="m2", to=both[1])
        desk.database.stop()
        desk.open_gate()
        response = request.result(60)
        assert response.status_code == 503
        assert "Retry-After" in response.headers
        assert post(both[1], "hello", "bob").status_code == 503
        desk.database.start()
        desk.until_answered("m1", "m2")
        assert waiting.result(60).status_code in (200, 503)
        assert desk.effects() == ["m1", "m2"]
        assert desk.say("/gate_last", message_id="m1", to=both[1]) == ["Done under 1."]
        assert users_and_answers(desk) == ["user: /gate_last", "bot: Done under 1.", *talk(2, 2)]
        assert "Traceback" not in desk.log()


@contextmanager
def stopped(server: Server) -> Iterator[None]:
    """Let a server stand still, as in a machine that was put to sleep."""
    server.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        server.process.send_signal(signal.SIGCONT)


@contextmanager
def flapping(desk: SharedDesk) -> Iterator[None]:
    """Let Redis end and come back empty, again and again."""
    ended = threading.Event()

    def flap() -> None:
        while not ended.wait(0.7):
            desk.redis.stop()
            time.sleep(0.3)
            desk.redis.start()

    thread = threading.Thread(target=flap)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


class TestEverythingInRedis:
    """Conversations and locks both in Redis."""

    def test_order_copies_and_a_killed_server(
        self, project: Path, serve: Callable[..., Server], redis: Any
    ) -> None:
        url = redis.new_database()
        run_redis(url, "FLUSHDB")
        where = f"  type: redis\n  url: {url}\n"
        text = "action_endpoint:\n  actions_module: actions\n"
        text += f"tracker_store:\n{where}lock_store:\n{where}  lifetime: 2\n"
        (project / "endpoints.yml").write_text(text)
        desk = Desk(project, serve)
        one, two = desk.start(), desk.start()
        with ThreadPoolExecutor(16) as pool:
            said = list(
                pool.map(lambda n: texts(post((one, two)[n % 2], "/note", "ann", f"m{n // 2}")), range(60))
            )
        assert len(desk.tries()) == 30
        assert said[::2] == said[1::2], "copies of a delivery get the same answer"
        assert sorted(said[::2]) == sorted([f"Noted under {n}."] for n in range(1, 31))
        desk.send_to_gate("/gate_last", message_id="g1", to=one)
        one.kill()
        desk.open_gate()
        assert desk.say("/note", message_id="n1", to=two) == ["Noted under 32."]
        assert desk.say("/gate_last", message_id="g1", to=two) == ["Done under 31."]
        assert len(set(desk.tries())) == 32
