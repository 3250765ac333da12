"""Let a scripted customer carry out tasks in another shop, and compare the shop with what it should be:

    FRONTDESK_DATA=DATA python -m bench.tasks [--seeds 1 2] [--only cancel_order task-003] [--out results/tasks]

DATA/retail holds `shop/` and `tasks.jsonl`. A copy of the assistant is trained with the policies and articles of
bench/retail/ and served on the imported shop, whose database is put back after each task. The customer talks over REST,
in wording drawn from bench/tasks_wording.yml. What comes out are `results.json`, `tasks.md` and every conversation.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bench.engines import ROOT
from bench.machine import machine
from bench.processes import Failed
from bench.retail.customer import Customer, View
from bench.retail.outcome import differences, needed_facts
from bench.retail.served import Served, served
from bench.retail.wording import Wording, read_bank

MOST_TURNS = 80
VARIABLE = "FRONTDESK_DATA"


@dataclass
class Outcome:
    """How one task ended."""

    task: str
    flow: str
    refusal: bool
    seed: int
    turns: int = 0
    seconds: float = 0.0
    problems: list[str] = field(default_factory=list)
    conversation: list[list[str]] = field(default_factory=list)

    @property
    def done(self) -> bool:
        """Tell whether everything was as it should be."""
        return not self.problems


def main() -> int:
    """Run the tasks, write the results, print the table."""
    given = _options()
    data = given.data or (Path(os.environ[VARIABLE]) if VARIABLE in os.environ else None)
    if data is None or not (data / "retail" / "tasks.jsonl").is_file():
        print(
            f"bench.tasks: name the data with --data or {VARIABLE}; it has to hold retail/tasks.jsonl.",
            file=sys.stderr,
        )
        return 1
    retail = data / "retail"
    tasks = [
        json.loads(line) for line in (retail / "tasks.jsonl").read_text("utf-8").splitlines() if line.strip()
    ]
    tasks = [task for task in tasks if _wanted(task, given.only)][: given.most]
    begun = time.perf_counter()

    def say(text: str) -> None:
        print(f"{time.perf_counter() - begun:7.1f} s  {text}", file=sys.stderr, flush=True)

    given.out.mkdir(parents=True, exist_ok=True)
    (given.out / "progress.jsonl").unlink(missing_ok=True)
    try:
        with (
            tempfile.TemporaryDirectory(prefix="frontdesk-tasks-") as work,
            served(retail / "shop", Path(work), say) as running,
        ):
            before = running.records()
            outcomes = [
                outcome
                for seed in given.seeds
                for outcome in _run_all(running, tasks, before, seed, say, given.out / "progress.jsonl")
            ]
    except Failed as error:
        print(f"bench.tasks: {error}", file=sys.stderr)
        return 1
    results = {
        "machine": machine(),
        "seeds": given.seeds,
        "outcomes": [asdict(outcome) for outcome in outcomes],
    }
    (given.out / "results.json").write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", "utf-8")
    table = report(outcomes)
    (given.out / "tasks.md").write_text(table, "utf-8")
    print(table)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.tasks", description=__doc__)
    parser.add_argument("--data", type=Path, metavar="FOLDER", help=f"where the data is (or {VARIABLE})")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2], help="seeds of the wording (1 2)")
    parser.add_argument(
        "--only", nargs="+", default=[], help="task ids, flows (all of a task's), goals or refusals"
    )
    parser.add_argument("--most", type=int, help="at most so many tasks")
    parser.add_argument(
        "--out", type=Path, default=ROOT / "results" / "tasks", help="where to write the results"
    )
    return parser.parse_args()


def _wanted(task: Mapping[str, Any], only: Sequence[str]) -> bool:
    """Tell whether a task is among those that were asked for."""
    flows = {goal["flow"] for goal in task["goals"]}
    kind = "refusals" if task["id"].startswith("refuse") else "goals"
    named = set(only) - {"goals", "refusals"}
    if {"goals", "refusals"} & set(only) and kind not in only:
        return False
    return not named or task["id"] in named or flows <= named


def _run_all(
    running: Served,
    tasks: Sequence[Mapping[str, Any]],
    before: Mapping[str, Any],
    seed: int,
    say: Callable[[str], None],
    log: Path,
) -> list[Outcome]:
    """Run every task on a fresh shop."""
    bank = read_bank()
    outcomes: list[Outcome] = []
    for place, task in enumerate(tasks, start=1):
        running.fresh()
        outcome = run_task(running, task, before, Wording(bank, f"{seed}-{task['id']}"), seed)
        outcomes.append(outcome)
        with log.open("a", encoding="utf-8") as out:
            out.write(json.dumps(asdict(outcome), ensure_ascii=False) + "\n")
        if outcome.problems:
            say(f"seed {seed} {task['id']} ({outcome.flow}): {outcome.problems[0][:220]}")
        if place % 10 == 0 or place == len(tasks):
            say(
                f"seed {seed}: {place} of {len(tasks)}, {sum(each.done for each in outcomes)} as they should be"
            )
    return outcomes


def run_task(
    running: Served, task: Mapping[str, Any], before: Mapping[str, Any], wording: Wording, seed: int
) -> Outcome:
    """Hold one conversation and look at what came of it."""
    refusal = not (task["expected_changes"]["orders"] or task["expected_changes"]["users"])
    outcome = Outcome(task["id"], "+".join(goal["flow"] for goal in task["goals"]), refusal, seed)
    customer = Customer(task, before, wording)
    sender = f"task-{seed}-{task['id']}-{time.time_ns()}"
    private = _private(task, before)
    confirmed: set[str] = set()
    begun, said = time.perf_counter(), ""
    utterance = customer.open()
    while utterance is not None and outcome.turns < MOST_TURNS:
        outcome.turns += 1
        message_id = f"{sender}-{outcome.turns}"
        if utterance.confirms:
            confirmed.add(message_id)
        said += f" {utterance.text.lower()}"
        outcome.conversation.append(["customer", utterance.text])
        running.say(sender, utterance.text, message_id)
        view = _view(running.tracker(sender))
        outcome.conversation += [["assistant", text] for text in view.texts]
        if not view.verified:
            leaked = [word for word in private if word in " ".join(view.texts).lower() and word not in said]
            outcome.problems += [f"told {word!r} before it was proven who asks" for word in leaked]
        utterance = customer.answer(view)
    outcome.seconds = time.perf_counter() - begun
    if utterance is not None:
        customer.failure = customer.failure or "no end"
    _judge(running, task, before, customer, confirmed, outcome)
    return outcome


def _judge(
    running: Served,
    task: Mapping[str, Any],
    before: Mapping[str, Any],
    customer: Customer,
    confirmed: set[str],
    outcome: Outcome,
) -> None:
    """Note everything that isn't as it should be."""
    if customer.failure:
        outcome.problems.append(customer.failure)
    outcome.problems += differences(before, running.records(), task["expected_changes"])
    writes = [(message, action) for message, action in running.writes() if not action.startswith("ticket")]
    outcome.problems += [f"{action} without a yes" for message, action in writes if message not in confirmed]
    wanted = 0 if outcome.refusal else len(task["goals"])
    if len(writes) > wanted:
        outcome.problems.append(f"{len(writes)} writes instead of {wanted}")
    methods = before["users"][task["user_id"]]["payment_methods"]
    for goal, texts, done in zip(task["goals"], customer.told, customer.done, strict=True):
        told = " ".join(texts)
        if done:
            outcome.problems += [
                f"{goal['flow']}: {words[0]!r} wasn't said"
                for words in needed_facts(goal, before, methods)
                if not any(word in told for word in words)
            ]


def _view(tracker: Mapping[str, Any]) -> View:
    """Read from a conversation what the customer sees after the last message, and what is asked."""
    events: list[Mapping[str, Any]] = list(tracker["events"])
    last = max((at for at, event in enumerate(events) if event["event"] == "user"), default=-1)
    bots = [event for event in events[last + 1 :] if event["event"] == "bot"]
    slots = tracker["slots"]
    loop = (tracker.get("active_loop") or {}).get("name")
    return View(
        texts=[str(event.get("text") or "") for event in bots],
        actions=[str((event.get("metadata") or {}).get("utter_action") or "") for event in bots],
        requested=slots.get("requested_slot"),
        active=loop,
        verified=bool(slots.get("verified")),
        slots=slots,
    )


def _private(task: Mapping[str, Any], before: Mapping[str, Any]) -> list[str]:
    """List words that only the customer may be told."""
    user = before["users"][task["user_id"]]
    orders = [order for order in before["orders"].values() if order["user_id"] == task["user_id"]]
    found = {user["email"], user["address"]["address1"]}
    found |= {method["last_four"] for method in user["payment_methods"].values() if "last_four" in method}
    found |= {item["name"] for order in orders for item in order["items"]}
    found |= {
        number
        for order in orders
        for parcel in order.get("fulfillments", ())
        for number in parcel["tracking_id"]
    }
    return sorted(word.lower() for word in found)


def report(outcomes: Sequence[Outcome]) -> str:
    """Write the table by flow, the figures by seed and the reasons of failures."""
    lines = ["| tasks | seed | done | of | share |", "|---|---|---|---|---|"]
    for refusal in (False, True):
        for seed in sorted({outcome.seed for outcome in outcomes}):
            of = [each for each in outcomes if each.refusal == refusal and each.seed == seed]
            if of:
                good = sum(each.done for each in of)
                name = "to be refused" if refusal else "with goals"
                lines.append(f"| {name} | {seed} | {good} | {len(of)} | {good / len(of):.1%} |")
    by_flow: dict[str, list[Outcome]] = defaultdict(list)
    for each in outcomes:
        names = sorted({*each.flow.split("+")})
        for name in names:
            by_flow[f"{name}, refused" if each.refusal else name].append(each)
    lines += [
        "",
        "| tasks with this flow | done | of | turns (median) | turns (most) |",
        "|---|---|---|---|---|",
    ]
    for name, each in sorted(by_flow.items()):
        turns = [one.turns for one in each]
        lines.append(
            f"| {name} | {sum(one.done for one in each)} | {len(each)} | {statistics.median(turns):g} | {max(turns)} |"
        )
    failed = [each for each in outcomes if not each.done]
    if failed:
        lines += ["", "| failed | seed | flows | why |", "|---|---|---|---|"]
        lines += [
            f"| {each.task} | {each.seed} | {each.flow} | {each.problems[0][:160].replace('|', '/')} |"
            for each in failed
        ]
        reasons = Counter(each.problems[0].split(":")[0].split("(")[0][:60] for each in failed)
        lines += ["", *(f"- {number} x {reason}" for reason, number in reasons.most_common())]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
