from rasa_sdk import Action, FormValidationAction
from rasa_sdk.events import SlotSet

KNOWN = ("thai", "greek", "italian")


class ValidateTable(FormValidationAction):
    def name(self):
        return "validate_table_form"

    async def required_slots(self, domain_slots, dispatcher, tracker, domain):
        wanted = list(domain_slots)
        if tracker.get_slot("outdoor") is True:
            wanted.insert(3, "terrace")
        if tracker.get_slot("cuisine") == "greek":
            wanted.append("day")
        return wanted

    def validate_cuisine(self, value, dispatcher, tracker, domain):
        if str(value).lower() in KNOWN:
            return {"cuisine": str(value).lower()}
        dispatcher.utter_message(response="utter_wrong_cuisine", cuisine=value)
        return {"cuisine": None}

    def validate_people(self, value, dispatcher, tracker, domain):
        text = str(value)
        if text.isdigit() and int(text) > 0:
            # A large party sits inside: two slots at once.
            return {"people": int(text), "outdoor": False} if int(text) > 8 else {"people": int(text)}
        dispatcher.utter_message(text="How many is that?")
        return {"people": None}

    def validate_wishes(self, value, dispatcher, tracker, domain):
        if value == "start over":
            return {"wishes": None, "cuisine": None, "requested_slot": "cuisine"}
        if value == "leave it":
            return {"requested_slot": None}
        return {"wishes": value}


class AskPeople(Action):
    def name(self):
        return "action_ask_people"

    def run(self, dispatcher, tracker, domain):
        dispatcher.utter_message(text=f"How many for {tracker.get_slot('cuisine')}?")
        return []


class AskStars(Action):
    def name(self):
        return "action_ask_feedback_form_stars"

    def run(self, dispatcher, tracker, domain):
        dispatcher.utter_message(
            text="How many stars?", buttons=[{"title": "5", "payload": '/inform{"number": 5}'}]
        )
        return [SlotSet("day", "asked")]


class Clear(Action):
    def name(self):
        return "action_clear"

    def run(self, dispatcher, tracker, domain):
        return [SlotSet(name, None) for name in ("cuisine", "people", "outdoor", "wishes", "terrace")]
