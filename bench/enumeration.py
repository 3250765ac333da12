"""Measure whether the time of an answer tells which addresses and orders there are: python -m bench.enumeration.

Two questions at a time are asked in turn, one about what exists and one about what doesn't: in the services themselves
(`--services` pairs of each, limits lifted, in processor time, which shows more than a clock does) and over HTTP as an
attacker would (`--pairs`, each in a conversation of its own, as far as the limits on attempts let one). Welch's t-test
compares them, without the slowest tenth of each: below |t| = 2 there is nothing to see.
"""

from __future__ import annotations

import argparse
import dataclasses
import math
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import httpx

from actions.services.container import Services
from actions.services.context import Caller
from actions.services.rulebook import load_policies
from bench.engines import Engine, assistant
from bench.processes import serving, timed

MANY = 10**9
Ask = Callable[[str], None]
Clock = Callable[[], float]


def welch(one: Sequence[float], other: Sequence[float]) -> tuple[float, float, float]:
    """Return the difference of the means in milliseconds, t, and two-sided p (normal, as there are many)."""
    difference = statistics.fmean(one) - statistics.fmean(other)
    error = math.sqrt(statistics.variance(one) / len(one) + statistics.variance(other) / len(other))
    t = difference / error if error else 0.0
    return 1000 * difference, t, math.erfc(abs(t) / math.sqrt(2))


def compare(name: str, ask: Ask, known: Sequence[str], unknown: Sequence[str], clock: Clock) -> None:
    """Ask in pairs, in an order drawn by lot, and print how the two kinds compare."""
    spent: dict[bool, list[float]] = {True: [], False: []}
    for pair in zip(known, unknown, strict=True):
        for there, given in random.sample([(True, pair[0]), (False, pair[1])], 2):
            begun = clock()
            ask(given)
            spent[there].append(clock() - begun)
    kept = {there: trimmed(values) for there, values in spent.items()}
    difference, t, p = welch(kept[True], kept[False])
    medians = [1000 * statistics.median(kept[there]) for there in (True, False)]
    print(
        f"| {name} | {len(known)} | {medians[0]:.2f} | {medians[1]:.2f} | {difference:+.3f} | {t:+.2f} | {p:.2f} |",
        flush=True,
    )


def trimmed(values: Sequence[float]) -> list[float]:
    """Leave the slowest tenth out, which is the machine's and not the question's."""
    return sorted(values)[: max(2, len(values) * 9 // 10)]


def nobody(number: int) -> str:
    return f"nobody{number}@example.com"


def in_services(folder: Path, pairs: int) -> None:
    """Compare in the services, with limits lifted."""
    policies = load_policies()
    policies = dataclasses.replace(
        policies,
        identity=dataclasses.replace(
            policies.identity, attempts_per_email=MANY, attempts_per_conversation=MANY
        ),
        accounts=dataclasses.replace(
            policies.accounts, reset_requests_per_email=MANY, reset_requests_per_conversation=MANY
        ),
    )
    shop = Services(f"sqlite:///{folder}/services.db", policies=policies)
    held = shop.commerce.snapshot()
    emails = [customer.email for customer in held.customers]
    numbers = [order.number for order in held.orders if order.customer_id != held.customers[0].id]
    known = [emails[n % len(emails)] for n in range(pairs)]
    unknown = [nobody(n % len(emails)) for n in range(pairs)]  # as often as the known ones
    calls = iter(range(10 * pairs))

    def caller() -> Caller:
        name = f"c{next(calls)}"
        return Caller(name, True, "chat", "bench", name, name)

    def wrong(email: str) -> None:
        shop.identity.verify(caller(), email, "L299998")

    def wrong_order(number: str) -> None:
        shop.identity.verify(caller(), emails[0], number)

    def reset(email: str) -> None:
        shop.accounts.request_password_reset(caller(), email)

    for ask in (wrong, reset):
        ask(nobody(0))
    compare("services: address with a wrong proof", wrong, known, unknown, time.thread_time)
    existing = [numbers[n % len(numbers)] for n in range(pairs)]
    compare(
        "services: order of somebody else as a proof",
        wrong_order,
        existing,
        [f"L29{n:04d}" for n in range(pairs)],
        time.thread_time,
    )
    compare("services: password reset", reset, known, unknown, time.thread_time)
    shop.close()


def over_http(engine: Engine, pairs: int) -> None:
    """Compare as an attacker would, whose attempts count."""
    with httpx.Client(base_url=engine.url, timeout=60) as client:

        def session() -> dict[str, str]:
            return {"Authorization": f"Bearer {client.post('/webhooks/chat/session').json()['token']}"}

        def said(text: str) -> None:
            client.post("/webhooks/chat/webhook", json={"message": text}, headers=headers.pop())

        assert engine.shop is not None
        headers = [session()]
        said("where is my order?")  # the shop is filled by now
        shop = Services(f"sqlite:///{engine.shop}")
        emails = [customer.email for customer in shop.commerce.snapshot().customers]
        shop.close()
        for name, text, tries in (
            ("HTTP: address with a wrong proof", "where is L299998? my e-mail is {}", 3),
            ("HTTP: password reset", "I forgot my password, my e-mail is {}", 3),
        ):
            count = min(pairs, tries * len(emails))
            known = [emails[n % len(emails)] for n in range(count)]
            unknown = [nobody(n % len(emails)) for n in range(count)]
            headers = [session() for _ in range(2 * count)]

            def ask(email: str, text: str = text) -> None:
                said(text.format(email))

            compare(name, ask, known, unknown, time.perf_counter)


def main() -> int:
    """Print a table."""
    parser = argparse.ArgumentParser(prog="python -m bench.enumeration", description=__doc__)
    parser.add_argument("--services", type=int, default=1000, metavar="PAIRS", help="pairs in the services")
    parser.add_argument("--pairs", type=int, default=200, metavar="PAIRS", help="pairs over HTTP")
    given = parser.parse_args()
    random.seed(1)
    print(
        "| question | pairs | known, ms | unknown, ms | difference, ms | t | p |\n|---|---|---|---|---|---|---|",
        flush=True,
    )
    with tempfile.TemporaryDirectory() as folder:
        in_services(Path(folder), given.services)
        engine = assistant(Path(folder) / "assistant")
        timed(engine.train, engine.folder, engine.environment)
        environment = {**os.environ, **engine.environment, "FRONTDESK_OUTBOX": "manual"}
        log = engine.folder / "server.log"
        with serving(engine.serve, engine.folder, engine.url, environment, log):
            over_http(engine, given.pairs)
    return 0


if __name__ == "__main__":
    sys.exit(main())
