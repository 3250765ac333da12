from rasa_sdk import Action
from rasa_sdk.events import SlotSet


class Kind(Action):
    def name(self):
        return "action_kind"

    def run(self, dispatcher, tracker, domain):
        try:
            age = float(tracker.get_slot("age"))
        except (TypeError, ValueError):
            return [SlotSet("kind", None), SlotSet("basket", {"tickets": 0})]
        kind = "child" if age < 18 else "adult" if age < 65 else "senior"
        return [SlotSet("kind", kind), SlotSet("basket", {"tickets": 1, "kind": kind})]


class Visit(Action):
    def name(self):
        return "action_visit"

    def run(self, dispatcher, tracker, domain):
        seen = list(tracker.get_slot("seen") or [])
        return [
            SlotSet("seen", [*seen, "room"] if len(seen) < 2 else []),
            SlotSet("mood", "glad" if seen else None),
        ]
