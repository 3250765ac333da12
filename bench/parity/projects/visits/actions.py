from rasa_sdk import Action
from rasa_sdk.events import ActionExecuted, SessionStarted, SlotSet


class Begin(Action):
    def name(self):
        return "action_session_start"

    async def run(self, dispatcher, tracker, domain):
        visits = (tracker.get_slot("visits") or 0) + 1
        events = [SessionStarted(), SlotSet("visits", visits)]
        if tracker.get_slot("name"):
            events.append(SlotSet("name", tracker.get_slot("name")))
        metadata = tracker.get_slot("session_started_metadata")
        if metadata:
            events.append(SlotSet("source", metadata.get("source")))
        dispatcher.utter_message(response="utter_welcome", visits=visits)
        return [*events, ActionExecuted("action_listen")]
