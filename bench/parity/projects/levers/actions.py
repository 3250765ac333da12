import datetime

from rasa_sdk import Action
from rasa_sdk.events import (
    ActionExecuted,
    ActiveLoop,
    AllSlotsReset,
    BotUttered,
    ConversationPaused,
    ConversationResumed,
    FollowupAction,
    ReminderCancelled,
    ReminderScheduled,
    Restarted,
    SlotSet,
    UserUtteranceReverted,
    UserUttered,
)
from rasa_sdk.interfaces import ActionExecutionRejection

SOON = datetime.datetime.fromisoformat("2040-01-01T00:00:00")
SAID = {
    "text": "/say_size",
    "intent": {"name": "say_size", "confidence": 1.0},
    "entities": [{"entity": "size", "value": "XL"}],
}
LEVERS = {
    "again": lambda t: [FollowupAction("action_pull")],
    "follow": lambda t: [FollowupAction("utter_followed")],
    "follow_form": lambda t: [FollowupAction("size_form")],
    "follow_listen": lambda t: [FollowupAction("action_listen")],
    "follow_unknown": lambda t: [FollowupAction("action_nobody_knows")],
    "follow_refuse": lambda t: [FollowupAction("action_refuse")],
    "pause": lambda t: [ConversationPaused()],
    "resume": lambda t: [ConversationResumed()],
    "both": lambda t: [ConversationPaused(), ConversationResumed()],
    "reset": lambda t: [AllSlotsReset()],
    "undo": lambda t: [UserUtteranceReverted()],
    "restart": lambda t: [Restarted()],
    "slots": lambda t: [
        SlotSet("count", 3),
        SlotSet("parts", "wheel"),
        SlotSet("nowhere", 1),
        SlotSet("count", 4),
    ],
    "list": lambda t: [SlotSet("parts", ["a", "b"]), SlotSet("size", None)],
    "loop": lambda t: [ActiveLoop("size_form"), SlotSet("requested_slot", "size")],
    "unloop": lambda t: [ActiveLoop(None)],
    "remind": lambda t: [ReminderScheduled("EXTERNAL_bell", SOON, name="bell", kill_on_user_message=False)],
    "forget": lambda t: [ReminderCancelled("bell")],
    "say": lambda t: [BotUttered("said by an event", {"buttons": [{"title": "a", "payload": "/ask"}]})],
    "heard": lambda t: [
        UserUtteranceReverted(),
        ActionExecuted("action_listen"),
        UserUttered("/say_size", SAID),
    ],
    "did": lambda t: [ActionExecuted("utter_greet"), SlotSet("count", 9)],
}


class Pull(Action):
    def name(self):
        return "action_pull"

    def run(self, dispatcher, tracker, domain):
        lever = tracker.get_slot("lever")
        if lever not in LEVERS:
            raise ActionExecutionRejection(self.name(), "no such lever")
        dispatcher.utter_message(response="utter_pulled")
        return LEVERS[lever](tracker)


class Twice(Action):
    def name(self):
        return "action_twice"

    def run(self, dispatcher, tracker, domain):
        dispatcher.utter_message(text="One")
        dispatcher.utter_message(text="Two")
        return [SlotSet("count", (tracker.get_slot("count") or 0) + 2)]


class Refuse(Action):
    def name(self):
        return "action_refuse"

    def run(self, dispatcher, tracker, domain):
        raise ActionExecutionRejection(self.name())


class Count(Action):
    def name(self):
        return "action_count"

    def run(self, dispatcher, tracker, domain):
        said = [e for e in tracker.events if e["event"] == "user"]
        done = [e.get("name") for e in tracker.events if e["event"] == "action"]
        applied = [e["event"] for e in tracker.applied_events() if e["event"] == "user"]
        numbers = f"{len(said)} {done[-1]} {len(applied)}"
        dispatcher.utter_message(text=f"{numbers} {tracker.latest_action_name} {tracker.followup_action}")
        loop, intent = tracker.active_loop.get("name"), tracker.get_intent_of_latest_message()
        dispatcher.utter_message(text=f"{loop} {tracker.is_paused()} {intent}")
        return []


class Loud(Action):
    def name(self):
        return "action_loud"

    def run(self, dispatcher, tracker, domain):
        dispatcher.utter_message(
            text="Loud",
            buttons=[{"title": "x", "payload": "/ask"}],
            image="https://example.com/a.png",
            json_message={"level": 11},
            attachment="file.txt",
        )
        dispatcher.utter_message(response="utter_asked", count="many")
        dispatcher.utter_message(json_message={"only": "custom"})
        dispatcher.utter_message(image="https://example.com/b.png")
        dispatcher.utter_message(response="utter_unheard_of", text="instead")
        return []
