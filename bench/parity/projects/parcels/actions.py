from rasa_sdk import Action, ValidationAction
from rasa_sdk.events import SlotSet


class MakeLabel(Action):
    def name(self):
        return "action_make_label"

    def run(self, dispatcher, tracker, domain):
        entities = tracker.latest_message.get("entities", [])
        if not entities:
            return []
        return [
            SlotSet("label", "-".join(sorted({e["entity"] for e in entities}))),
            SlotSet("counted", len(entities)),
        ]


class ValidateMappings(ValidationAction):
    def validate_weight(self, value, dispatcher, tracker, domain):
        try:
            return {"weight": float(value)}
        except (TypeError, ValueError):
            dispatcher.utter_message(text="That is no weight.")
            return {"weight": None}

    def validate_code(self, value, dispatcher, tracker, domain):
        return {"code": str(value).upper(), "free": "code seen"}

    async def extract_free(self, dispatcher, tracker, domain):
        return {"free": "shouted"} if (tracker.latest_message.get("text") or "").isupper() else {}
