from rasa_sdk import Action
from rasa_sdk.events import SlotSet


class MarkGreeted(Action):
    def name(self):
        return "action_mark_greeted"

    def run(self, dispatcher, tracker, domain):
        return [SlotSet("greeted", True)]
