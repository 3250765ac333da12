"""What this assistant does. Custom actions are written with rasa-sdk."""

import json
import time
from pathlib import Path

from rasa_sdk import Action
from rasa_sdk.events import SlotSet

KEPT = Path(".frontdesk/messages.jsonl")


class ActionKeepMessage(Action):
    """Write the message down."""

    def name(self):
        return "action_keep_message"

    def run(self, dispatcher, tracker, domain):
        message = {"email": tracker.get_slot("email"), "note": tracker.get_slot("note"), "time": time.time()}
        KEPT.parent.mkdir(exist_ok=True)
        with KEPT.open("a", encoding="utf-8") as out:
            out.write(json.dumps(message) + "\n")
        dispatcher.utter_message(
            text=f"Thank you. I have passed that on; the answer goes to {message['email']}."
        )
        return [SlotSet("note", None)]  # so that the next message is asked for anew
