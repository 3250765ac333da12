"""Actions that misbehave on command, and effects that can be counted.

An effect is a row under its idempotency key, as a shop or a help desk would keep it. `at-gate` says that an action
waits at the gate, which opens when the file `gate-open` is there.
"""

import asyncio
import os
import signal
import sqlite3
import time
from datetime import datetime, timedelta
from pathlib import Path

import jwt
from rasa_sdk import Action
from rasa_sdk.events import ReminderCancelled, ReminderScheduled, SlotSet

EFFECTS = Path("effects.db")
AT_GATE, OPEN = Path("at-gate"), Path("gate-open")


def context(tracker):
    """The signed context of this call."""
    token = tracker.latest_message["metadata"]["frontdesk"]
    secret = os.environ["FRONTDESK_ACTIONS_SECRET"]
    return jwt.decode(token, secret, algorithms=["HS256"], audience="actions")


def effect(tracker):
    """Do something exactly once for each key, and count how often it was tried; return its number."""
    claims = context(tracker)
    with sqlite3.connect(EFFECTS, timeout=30) as ledger:
        ledger.execute("CREATE TABLE IF NOT EXISTS tries (key TEXT, message TEXT)")
        ledger.execute(
            "CREATE TABLE IF NOT EXISTS effects (number INTEGER PRIMARY KEY, key TEXT UNIQUE, message TEXT)"
        )
        row = (claims["idem"], claims["mid"])
        ledger.execute("INSERT INTO tries VALUES (?, ?)", row)
        ledger.execute("INSERT OR IGNORE INTO effects (key, message) VALUES (?, ?)", row)
        return ledger.execute("SELECT number FROM effects WHERE key = ?", row[:1]).fetchone()[0]


def pass_gate():
    AT_GATE.touch()
    while not OPEN.exists():
        time.sleep(0.01)


class ActionNote(Action):
    def name(self):
        return "action_note"

    def run(self, dispatcher, tracker, domain):
        number = effect(tracker)
        dispatcher.utter_message(text=f"Noted under {number}.")
        return [SlotSet("noted", number)]


class ActionGateFirst(Action):
    def name(self):
        return "action_gate_first"

    def run(self, dispatcher, tracker, domain):
        pass_gate()
        number = effect(tracker)
        dispatcher.utter_message(text=f"Done under {number}.")
        return [SlotSet("noted", number)]


class ActionGateLast(Action):
    def name(self):
        return "action_gate_last"

    def run(self, dispatcher, tracker, domain):
        number = effect(tracker)
        pass_gate()
        dispatcher.utter_message(text=f"Done under {number}.")
        return [SlotSet("noted", number)]


class ActionRemind(Action):
    """Schedules a reminder in so many seconds, as Rasa's own example does."""

    def name(self):
        return "action_remind"

    def run(self, dispatcher, tracker, domain):
        seconds = float(tracker.get_slot("kind"))
        reminder = ReminderScheduled(
            "EXTERNAL_remind",
            trigger_date_time=datetime.now() + timedelta(seconds=seconds),
            entities=[{"entity": "kind", "value": "reminded"}],
            name="my_reminder",
            kill_on_user_message=False,
        )
        dispatcher.utter_message(text=f"In {seconds:g} seconds.")
        return [reminder]


class ActionForget(Action):
    def name(self):
        return "action_forget"

    def run(self, dispatcher, tracker, domain):
        dispatcher.utter_message(text="Forgotten.")
        return [ReminderCancelled()]


class ActionRaise(Action):
    def name(self):
        return "action_raise"

    def run(self, dispatcher, tracker, domain):
        dispatcher.utter_message(text="Half a sentence")
        raise ValueError(f"cannot use {tracker.latest_message['text']}")


class ActionLeave(Action):
    def name(self):
        return "action_leave"

    def run(self, dispatcher, tracker, domain):
        raise SystemExit(3)


class ActionDie(Action):
    """Ends the server as a fault in a native library would, until the file `cured` is there."""

    def name(self):
        return "action_die"

    def run(self, dispatcher, tracker, domain):
        number = effect(tracker)
        if not Path("cured").exists():
            os.kill(os.getpid(), signal.SIGKILL)
        dispatcher.utter_message(text=f"Survived under {number}.")
        return []


class ActionBlock(Action):
    """Blocks its thread until the gate opens, and has its effect only then."""

    def name(self):
        return "action_block"

    def run(self, dispatcher, tracker, domain):
        pass_gate()
        dispatcher.utter_message(text=f"Late under {effect(tracker)}.")
        return []


class ActionWait(Action):
    def name(self):
        return "action_wait"

    async def run(self, dispatcher, tracker, domain):
        await asyncio.sleep(3600)
        return []


class ActionGarbage(Action):
    def name(self):
        return "action_garbage"

    def run(self, dispatcher, tracker, domain):
        kinds = {
            "number": 42,
            "text": "text",
            "numbers": [1, 2],
            "nameless": [{"name": "noted", "value": 1}],
            "object": [SlotSet("noted", object())],
            "incomplete": [{"event": "slot"}],
            "wrong": [{"event": "bot", "text": 5, "data": "no"}],
            "set": [{"event": "slot", "name": "noted", "value": {1, 2}}],
            "deep": [SlotSet("noted", nested(5000))],
            "surrogate": [SlotSet("noted", "\ud800")],
        }
        return kinds[tracker.get_slot("kind")]


def nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value
