"""Real rasa-sdk actions, imported from a package that the test writes."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import jwt
import pytest

from frontdesk.actions.local import LocalActionServer
from frontdesk.actions.slots import ExtractSlots
from frontdesk.core.domain import REQUESTED_SLOT
from frontdesk.core.events import ActionExecuted, ActiveLoop, SlotSet, UserUttered
from frontdesk.core.ports import ActionCall
from frontdesk.errors import ActionError, ActionImportError, ActionRejected, ActionTimeout

SOURCE = '''
import asyncio
import threading
import time
from typing import Any

from rasa_sdk import Action, ActionExecutionRejection, FormValidationAction
from rasa_sdk.events import SlotSet

GO = threading.Event()
BOTH = threading.Barrier(2, timeout=60)
LATE = []


class Hello(Action):
    def name(self):
        return "action_hello"

    def run(self, dispatcher, tracker, domain):
        token = tracker.latest_message["metadata"]["frontdesk"]
        dispatcher.utter_message(text=f"Hello {tracker.get_slot('name')}", token=token)
        dispatcher.utter_message(response="utter_more", n=1)
        return [SlotSet("seen", [e["event"] for e in tracker.events])]


class Blocking(Action):
    def name(self):
        return "action_blocking"

    def run(self, dispatcher, tracker, domain):
        BOTH.wait()
        return []


class Waiting(Action):
    def name(self):
        return "action_waiting"

    async def run(self, dispatcher, tracker, domain):
        await asyncio.sleep(0)
        dispatcher.utter_message(text="waited")
        return None


class Raising(Action):
    def name(self):
        return "action_raising"

    def run(self, dispatcher, tracker, domain):
        return {}["missing"]


class Exiting(Action):
    def name(self):
        return "action_exiting"

    def run(self, dispatcher, tracker, domain):
        raise SystemExit(3)


class Hanging(Action):
    def name(self):
        return "action_hanging"

    def run(self, dispatcher, tracker, domain):
        GO.wait(60)
        LATE.append(1)
        return [SlotSet("seen", "late")]


class Refusing(Action):
    def name(self):
        return "action_refusing"

    def run(self, dispatcher, tracker, domain):
        raise ActionExecutionRejection("action_refusing", "not now")


class NoJson(Action):
    def name(self):
        return "action_no_json"

    def run(self, dispatcher, tracker, domain):
        return [SlotSet("seen", {1, 2})]


class Wild(Action):
    """Changes everything that it can reach."""

    def name(self):
        return "action_wild"

    def run(self, dispatcher, tracker, domain):
        tracker.slots["list"].append("wild")
        tracker.latest_message["metadata"]["wild"] = 1
        tracker.events.clear()
        domain["slots"] = "wild"
        return []


class ValidateForm(FormValidationAction):
    def name(self):
        return "validate_f"

    async def required_slots(self, domain_slots, dispatcher, tracker, domain):
        return [*domain_slots, "extra"] if tracker.get_slot("size") == "XXL" else domain_slots

    def extract_extra(self, dispatcher, tracker, domain):
        return {"extra": tracker.get_slot("extra")} if tracker.get_slot("extra") else {}

    def validate_size(self, value: Any, dispatcher, tracker, domain):
        if value in ("M", "XXL"):
            return {"size": value}
        dispatcher.utter_message(text=f"{value} is no size")
        return {"size": None}
'''


@pytest.fixture
async def serve(write_package) -> AsyncIterator[Callable[..., LocalActionServer]]:
    made: list[LocalActionServer] = []

    def start(package: str, *, deadline: float = 10.0, threads: int = 4, **files: str) -> LocalActionServer:
        folder = write_package(package, **files)
        made.append(LocalActionServer(package, folder, deadline=deadline, threads=threads))
        return made[-1]

    yield start
    for server in made:
        await server.close()


@pytest.fixture
def domain(build):
    return build.domain(
        build.slot("name"),
        build.slot("seen", type="any"),
        build.slot("list", type="list"),
        build.slot("size", build.mapping("from_text", [{"active_loop": "f", "requested_slot": "size"}])),
        build.slot("extra", build.mapping("from_text", [{"active_loop": "f", "requested_slot": "extra"}])),
        forms={"f": ["size"]},
        actions=["validate_f"],
        responses={"utter_ask_size": "Size?", "utter_ask_extra": "And?"},
        wire={"forms": {"f": {"required_slots": ["size"]}}, "slots": {}},
    )


@pytest.fixture
def run(build, domain):
    async def call(
        server, name, *events, call=ActionCall(channel="rest", authenticated=True, message_id="m1")
    ):
        tracker = build.said(build.tracker(domain, *events))
        return await server.run(name, tracker, domain, call)

    return call


async def test_an_action_sees_the_conversation_and_answers(build, serve, run) -> None:
    server = serve("acts_hello", flows=SOURCE)
    result = await run(server, "action_hello", SlotSet("name", "Ann"))
    hello, more = result.responses
    assert hello["text"] == "Hello Ann"
    assert (more["response"], more["n"]) == ("utter_more", 1)
    assert result.events[0]["value"] == ["slot", "action", "user"]
    claims = jwt.decode(hello["token"], build.secret, algorithms=["HS256"], audience="actions")
    assert (claims["sub"], claims["act"], claims["auth"], claims["mid"]) == (
        "ann",
        "action_hello",
        True,
        "m1",
    )
    assert (await run(server, "action_waiting")).responses[0]["text"] == "waited"


async def test_submodules_are_found_and_names_are_listed(serve) -> None:
    server = serve(
        "acts_names",
        **{
            "flows": SOURCE,
            "deeper/__init__": "",
            "deeper/more": SOURCE.replace("action_hello", "action_deeper"),
        },
    )
    assert {"action_hello", "action_deeper", "validate_f"} <= await server.names()
    with pytest.raises(ActionError, match="action_hello"):
        await server.run("action_helo", None, None, ActionCall())  # type: ignore[arg-type]  # fails before they are looked at


async def test_blocking_actions_run_beside_each_other(serve, run) -> None:
    server = serve("acts_blocking", flows=SOURCE)
    await asyncio.gather(run(server, "action_blocking"), run(server, "action_blocking"))


async def test_an_exception_names_the_action_and_the_place(serve, run) -> None:
    line = next(i for i, text in enumerate(SOURCE.splitlines(), 1) if '["missing"]' in text)
    with pytest.raises(ActionError, match="action_raising.*KeyError") as caught:
        await run(serve("acts_raising", flows=SOURCE), "action_raising")
    assert caught.value.where == f"acts_raising/flows.py:{line}"
    assert isinstance(caught.value.__cause__, KeyError)


async def test_an_action_cannot_end_the_process(serve, run) -> None:
    server = serve("acts_exiting", flows=SOURCE)
    with pytest.raises(ActionError, match="SystemExit"):
        await run(server, "action_exiting")
    assert (await run(server, "action_waiting")).responses


async def test_a_refusal(serve, run) -> None:
    with pytest.raises(ActionRejected, match="not now") as caught:
        await run(serve("acts_refusing", flows=SOURCE), "action_refusing")
    assert caught.value.action == "action_refusing"


async def test_what_json_cannot_hold_is_an_error_here_as_over_http(serve, run) -> None:
    with pytest.raises(ActionError, match="JSON"):
        await run(serve("acts_json", flows=SOURCE), "action_no_json")


async def test_a_hanging_action_is_left_behind_and_its_result_dropped(serve, run) -> None:
    server = serve("acts_hanging", deadline=0.1, threads=1, flows=SOURCE)
    await server.start()
    with pytest.raises(ActionTimeout, match=r"action_hanging.*0\.1 s"):
        await run(server, "action_hanging")
    server.deadline = 10
    assert (await run(server, "action_waiting")).responses  # although the only thread still hangs
    sys.modules["acts_hanging.flows"].GO.set()


async def test_an_action_changes_nothing_but_by_its_events(serve, run, domain) -> None:
    values, metadata = ["a"], {"user": {"x": 1}}
    said = UserUttered(text="x", parse_data={"metadata": metadata}, metadata=metadata)
    await run(serve("acts_wild", flows=SOURCE), "action_wild", SlotSet("list", values), said)
    assert values == ["a"]
    assert metadata == {"user": {"x": 1}}
    assert domain.wire["slots"] == {}


async def test_two_projects_may_use_the_same_name(serve, tmp_path: Path) -> None:
    """One process may serve (or test) two projects, each with its own `actions`."""
    first, second = tmp_path / "one", tmp_path / "two"
    for folder, name in ((first, "action_one"), (second, "action_two")):
        (folder / "acts_same").mkdir(parents=True)
        source = SOURCE.replace("action_hello", name)
        (folder / "acts_same" / "__init__.py").write_text(source, "utf-8")
    servers = [LocalActionServer("acts_same", folder) for folder in (first, second)]
    assert "action_one" in await servers[0].names()
    found = await servers[1].names()
    assert "action_two" in found
    assert "action_one" not in found
    for server in servers:
        await server.close()


# A form with the SDK's own validation.


async def test_a_form_with_the_sdks_validation(build, serve, domain) -> None:
    from frontdesk.actions.forms import FormAction

    server = serve("acts_form", flows=SOURCE)
    tracker = build.said(build.tracker(domain), "begin", "start")

    async def step(tracker):
        tracker = tracker.extend(await ExtractSlots().run(build.turn(tracker, domain, server)))
        events = await FormAction("f").run(build.turn(tracker, domain, server))
        return list(events), tracker.extend([ActionExecuted("f"), *events])

    events, tracker = await step(tracker)
    assert events[:2] == [ActiveLoop("f"), SlotSet(REQUESTED_SLOT, "size")]
    events, tracker = await step(build.said(tracker, "banana"))
    assert events[0].text == "banana is no size"
    assert events[1:3] == [SlotSet("size", None), SlotSet(REQUESTED_SLOT, "size")]
    events, tracker = await step(build.said(tracker, "XXL"))  # now another slot is required, dynamically
    assert events[:2] == [SlotSet("size", "XXL"), SlotSet(REQUESTED_SLOT, "extra")]
    assert events[2].text == "And?"
    events, tracker = await step(build.said(tracker, "more"))
    assert tracker.slots["extra"] == "more"
    assert tracker.active_loop is None


# What cannot be imported.


async def test_a_missing_module(tmp_path: Path) -> None:
    server = LocalActionServer("acts_missing", tmp_path)
    with pytest.raises(ActionImportError, match=r"no module 'acts_missing'.*actions_module"):
        await server.start()
    await server.close()


@pytest.mark.parametrize(
    ("package", "source", "line", "words"),
    [
        (
            "acts_bad_import",
            "import os\nimport nothing_of_this_name\n",
            2,
            "ModuleNotFoundError.*nothing_of_this_name",
        ),
        ("acts_bad_syntax", "import os\n\ndef broken(:\n", 3, "SyntaxError"),
        ("acts_bad_name", "x = 1\ny = z\n", 2, "NameError"),
        ("acts_bad_exit", "import sys\nsys.exit(1)\n", 2, "SystemExit"),
        (
            "acts_bad_class",
            "from rasa_sdk import Action\n\nclass NoName(Action):\n    def run(self, d, t, domain): ...\n",
            3,
            "NoName.*NotImplementedError",
        ),
    ],
)
async def test_an_error_at_import_has_file_and_line(serve, package, source, line, words) -> None:
    server = serve(package, flows=source)
    with pytest.raises(ActionImportError, match=words) as caught:
        await server.start()
    assert caught.value.where is not None
    assert caught.value.where.endswith(f"flows.py:{line}")
    for name in [name for name in sys.modules if name.startswith(package)]:
        del sys.modules[name]


def test_the_sdk_is_not_imported_before_the_start() -> None:
    code = "import frontdesk.actions.servers, frontdesk.actions.catalog, sys; print('rasa_sdk' in sys.modules, 'httpx' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["False", "False"]


def test_starting_the_sdk_leaves_its_server_alone() -> None:
    code = "import rasa_sdk.executor, sys; print([m for m in ('grpc', 'opentelemetry', 'rasa_sdk.endpoint') if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_a_hanging_thread_does_not_hold_up_the_end_of_the_process(write_package) -> None:
    folder = write_package("acts_end", flows=SOURCE)
    code = f"""
import asyncio
from pathlib import Path
from frontdesk.actions.local import LocalActionServer
from frontdesk.core.domain import Domain
from frontdesk.core.ports import ActionCall
from frontdesk.core.tracker import Tracker
from frontdesk.errors import ActionTimeout

async def main():
    server = LocalActionServer("acts_end", Path({str(folder)!r}), deadline=0.1)
    await server.start()
    try:
        await server.run("action_hanging", Tracker("ann", {{}}), Domain(), ActionCall())
    except ActionTimeout:
        print("late")

asyncio.run(main())
"""
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True
    )
    assert run.stdout.strip() == "late"
    assert threading.active_count() < 100
