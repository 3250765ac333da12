"""Calls to a system outside: the deadline, what is tried again, what is left alone, and what is told."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from actions.adapters.errors import (
    AdapterError,
    BadAnswer,
    Denied,
    Failed,
    Missing,
    RateLimited,
    Rejected,
    Resting,
    Unreachable,
)
from actions.adapters.http import Rules, System, error_code
from frontdesk.testing.servers import free_port

from .serving import Asked, Local, Told, served

QUICK = Rules(deadline=30.0, first_wait=0.01, failures=50)


def fine(asked: Asked) -> Told:
    return Told(200, {"path": asked.path})


@pytest.fixture()
def local() -> Iterator[Local]:
    with served(fine) as running:
        yield running


@contextmanager
def calling(url: str, rules: Rules = QUICK, **options: object) -> Iterator[System]:
    system = System("Testdesk", url, rules=rules, **options)  # type: ignore[arg-type]
    try:
        yield system
    finally:
        system.close()


@pytest.fixture()
def system(local: Local) -> Iterator[System]:
    with calling(local.url) as made:
        yield made


def test_an_answer_comes_back(local: Local, system: System) -> None:
    answer = system.call("POST", "/a", params={"q": "1"}, body={"x": 1}, headers={"X-Y": "z"})
    assert answer.json() == {"path": "/a"}
    (asked,) = local.asked
    assert (asked.method, asked.query, asked.body) == ("POST", {"q": ["1"]}, {"x": 1})
    assert asked.headers["x-y"] == "z"
    assert asked.headers["content-type"] == asked.headers["accept"] == "application/json"
    assert "idempotency-key" not in asked.headers


@pytest.mark.parametrize("status", [429, 502, 503, 504])
@pytest.mark.parametrize(("method", "key"), [("GET", None), ("PUT", None), ("DELETE", None), ("POST", "k")])
def test_what_may_be_repeated_is_tried_again(
    local: Local, system: System, status: int, method: str, key: str | None
) -> None:
    local.faults = [Told(status), Told(status), Told(status)]
    assert system.call(method, "/a", key=key).status == 200
    assert len(local.asked) == 4
    assert {asked.headers.get("idempotency-key") for asked in local.asked} == {key}


def test_three_retries_are_the_most(local: Local, system: System) -> None:
    local.faults = [Told(503)] * 4
    with pytest.raises(Failed, match="Testdesk: it failed with status 503") as caught:
        system.call("GET", "/a")
    assert len(local.asked) == 4
    assert not caught.value.unsure  # reading changes nothing


@pytest.mark.parametrize(
    "fault", [Told(503), Told(502), Told(fault="drop"), Told(fault="half", body="x" * 99)]
)
def test_a_post_without_a_key_is_never_repeated(local: Local, system: System, fault: Told) -> None:
    local.faults = [fault]
    with pytest.raises(AdapterError) as caught:
        system.call("POST", "/a", body={})
    assert len(local.asked) == 1
    assert caught.value.unsure


@pytest.mark.parametrize("fault", ["drop", "half"])
def test_a_broken_connection_is_tried_again(local: Local, system: System, fault: str) -> None:
    local.faults = [Told(body={"a": 1}, fault=fault)]
    assert system.call("POST", "/a", key="k").status == 200
    assert len(local.asked) == 2


def test_where_nothing_was_sent_even_a_post_is_tried_again() -> None:
    attempts: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = attempts.append  # type: ignore[method-assign]
    logger = logging.getLogger("actions.adapters.http")
    logger.addHandler(handler)
    try:
        with calling(f"http://127.0.0.1:{free_port()}") as system:
            with pytest.raises(Unreachable, match="no connection") as caught:
                system.call("POST", "/a", body={})
    finally:
        logger.removeHandler(handler)
    assert caught.value.unsent
    assert not caught.value.unsure
    assert len(attempts) == 4


@pytest.mark.parametrize("status", [400, 404, 409, 422, 500, 501])
def test_what_would_not_change_is_not_tried_again(local: Local, system: System, status: int) -> None:
    local.faults = [Told(status, {"error": "SomeCode"})]
    kind = {404: Missing, 500: Failed, 501: Failed}.get(status, Rejected)
    with pytest.raises(kind, match=str(status)):
        system.call("GET", "/a")
    assert len(local.asked) == 1


def test_refused_credentials_are_told_as_such(local: Local, system: System) -> None:
    local.faults = [Told(401), Told(403)]
    for _ in range(2):
        with pytest.raises(Denied, match="Check them and their permissions"):
            system.call("GET", "/a")


def test_a_redirection_is_not_followed(local: Local, system: System) -> None:
    local.faults = [Told(302, headers={"Location": f"{local.url}/b"})]
    with pytest.raises(Rejected, match="302"):
        system.call("GET", "/a")
    assert [asked.path for asked in local.asked] == ["/a"]


@pytest.mark.parametrize("fault", [Told(fault="drip"), Told(503, headers={"Retry-After": "0.05"})])
def test_the_deadline_holds_for_the_whole_call(local: Local, fault: Told) -> None:
    with calling(local.url, Rules(deadline=0.4, retries=1000, failures=1000)) as system:
        local.faults = [fault] * 1000
        began = time.monotonic()
        with pytest.raises((Unreachable, Failed)):
            system.call("PUT", "/a")
        assert time.monotonic() - began < 20  # far from a thousand tries, and from a byte a moment for ever


def test_several_calls_share_a_budget(local: Local) -> None:
    with calling(local.url, Rules(deadline=3.0)) as system:
        budget = system.budget()
        assert system.call("GET", "/a", budget=budget).status == 200
        local.faults = [Told(fault="drip")]
        with pytest.raises(Unreachable, match="no whole answer within 3 s"):
            system.call("GET", "/b", budget=budget)
        with pytest.raises(Unreachable):
            system.call("GET", "/c", budget=budget)
        assert [asked.path for asked in local.asked] == ["/a", "/b"]


def test_retry_after_is_waited_for_within_the_deadline(local: Local, system: System) -> None:
    local.faults = [Told(429, headers={"Retry-After": "1"})]
    began = time.monotonic()
    assert system.call("GET", "/a").status == 200
    assert time.monotonic() - began >= 1
    assert len(local.asked) == 2


def test_a_longer_retry_after_is_told_and_obeyed_by_the_next_calls(local: Local, system: System) -> None:
    local.faults = [Told(429, headers={"Retry-After": "40"})]
    with pytest.raises(RateLimited, match="too many requests. It wants no request for 40 s") as caught:
        system.call("GET", "/a")
    assert caught.value.retry_after == 40
    with pytest.raises(RateLimited) as caught:
        system.call("POST", "/b")
    assert 30 < (caught.value.retry_after or 0) <= 40
    assert len(local.asked) == 1


@pytest.mark.parametrize("name", ["ratelimit-remaining", "X-Rate-Limit-Remaining"])
def test_a_quota_that_is_used_up_is_noticed_before_the_refusal(
    local: Local, system: System, name: str
) -> None:
    local.faults = [Told(200, {}, headers={name: "0", "ratelimit-reset": "41"})]
    assert system.call("GET", "/a").status == 200
    with pytest.raises(RateLimited):
        system.call("GET", "/a")
    assert len(local.asked) == 1


def test_a_system_that_is_down_is_left_alone_and_tried_by_one(
    local: Local, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr("circuitbreaker.monotonic", lambda: now[0])
    with calling(local.url, Rules(deadline=30.0, retries=0, failures=3, pause=30.0)) as system:
        local.faults = [Told(500)] * 3
        for _ in range(3):
            with pytest.raises(Failed):
                system.call("GET", "/a")
        with pytest.raises(Resting, match="it failed too often and is left alone. Tried again in 30 s."):
            system.call("GET", "/a")
        assert len(local.asked) == 3
        now[0] += 31
        gate, inside = threading.Event(), threading.Event()

        def slow(asked: Asked) -> Told:
            inside.set()
            gate.wait(20)
            return Told(500)

        local.answer = slow
        with ThreadPoolExecutor(1) as pool:
            trial = pool.submit(system.call, "GET", "/trial")
            assert inside.wait(20)
            with pytest.raises(Resting):
                system.call("GET", "/while-trying")
            gate.set()
            with pytest.raises(Failed):
                trial.result()
        with pytest.raises(Resting):
            system.call("GET", "/a")
        local.answer = fine
        now[0] += 31
        assert system.call("GET", "/a").status == 200
        assert system.call("GET", "/a").status == 200
        assert "/while-trying" not in {asked.path for asked in local.asked}


def test_refusals_do_not_count_as_being_down(local: Local) -> None:
    with calling(local.url, Rules(deadline=30.0, failures=2)) as system:
        local.faults = [Told(404), Told(400), Told(401), Told(422)]
        for _ in range(4):
            with pytest.raises(AdapterError):
                system.call("GET", "/a")
        assert system.call("GET", "/a").status == 200


def test_many_threads_call_at_once(local: Local, system: System) -> None:
    with ThreadPoolExecutor(8) as pool:
        paths = list(pool.map(lambda n: system.call("GET", f"/{n}").json()["path"], range(40)))
    assert paths == [f"/{n}" for n in range(40)]


def test_a_closed_system_opens_again(system: System) -> None:
    assert system.call("GET", "/a").status == 200
    system.close()
    system.close()
    assert system.call("GET", "/a").status == 200


def test_what_is_not_json_is_told(local: Local, system: System) -> None:
    local.faults = [Told(200, b"<html>")]
    with pytest.raises(BadAnswer, match="isn't JSON"):
        system.call("GET", "/a").json()


def test_an_endless_answer_is_cut_off(local: Local, system: System) -> None:
    local.faults = [Told(200, b"x" * 10_000_001)]
    with pytest.raises(BadAnswer, match="larger than 10 MB"):
        system.call("GET", "/a")


def test_no_secret_and_nothing_private_is_told(
    local: Local, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG, logger="actions")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")  # not used
    told = {"error": "RecordInvalid", "description": "ann@example.com is suspended"}
    with calling(local.url, auth=("bot/token", "hush-hush"), headers={"X-Key": "sk_live"}) as system:
        local.faults = [Told(422, told), Told(503), Told(fault="drop")]
        with pytest.raises(Rejected) as caught:
            system.call("POST", "/a", params={"email": "ann@example.com"}, body={"token": "hush-hush"})
        system.call("GET", "/a", params={"email": "ann@example.com"})
    assert "RecordInvalid" in str(caught.value)
    everything = str(caught.value) + repr(caught.value) + caplog.text
    assert "503" in everything
    for secret in ("hush-hush", "sk_live", "ann@example.com", "Basic"):
        assert secret not in everything


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b'{"error": "RecordInvalid"}', "RecordInvalid"),
        (b'{"error": {"code": "card_declined", "message": "x"}}', "card_declined"),
        (b'{"error": {"title": "Forbidden", "message": "x"}}', "Forbidden"),
        (b'{"code": "woocommerce_rest_cannot_view", "message": "x"}', "woocommerce_rest_cannot_view"),
        (b'{"error": "ann@example.com is unknown"}', ""),
        (b'["error"]', ""),
        (b"<html>", ""),
        (b"", ""),
    ],
)
def test_the_vendors_name_of_an_error(content: bytes, code: str) -> None:
    assert error_code(content) == code


def test_a_process_ends_though_nobody_closed_the_system(local: Local) -> None:
    code = f"from actions.adapters.http import System; print(System('X', '{local.url}').call('GET', '/a').status)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "200\n", "")
