"""The scripted customer: has goals, answers what is asked, reads a summary before the yes, gives up at a no."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.retail.outcome import method_words, money
from bench.retail.wording import FLOWS, Wording

ORDER_SLOTS = frozenset(
    {"cancel_number", "return_order", "swap_order", "address_order", "payment_order", "status_order"}
)
ITEM_SLOTS = frozenset({"return_items", "swap_items"})
CHANGE_SLOTS = frozenset({"swap_to"})
METHOD_SLOTS = frozenset({"return_method", "swap_method", "payment_method"})
REASONS = {
    "no longer needed": "no longer needed",
    "ordered by mistake": "by mistake",
}  # as a summary says them
ORDER = re.compile(r"\b[A-Z]\d{7}\b")
CONFIRMS = re.compile(r"_confirmed$")
DONE = {
    "cancel_order": ("utter_cancel_done",),
    "return_items": ("utter_return_started",),
    "exchange_items": ("utter_swap_done_exchange_",),
    "modify_items": ("utter_swap_done_change_",),
    "change_payment": ("utter_payment_done",),
    "change_shipping_address": ("utter_address_done_order", "utter_address_done_both"),
    "change_user_address": ("utter_address_done_profile", "utter_address_done_both"),
}
OFFERS = (
    "utter_swap_sold_out",
    "utter_swap_not_made",
    "utter_swap_nothing_else",
    "utter_order_not_found",
)  # no, or something else than was wished
PATIENCE = 3  # times that the same is asked before the customer gives up
QUESTIONS = 0.15  # how often a customer asks something in the middle
SOFTENED = 0.2  # how often one begins with a greeting


@dataclass
class View:
    """What the customer sees after a message, and what the tracker says was asked."""

    texts: list[str]
    actions: list[str]  # the names of the responses
    requested: str | None
    active: str | None
    verified: bool
    slots: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Utterance:
    """What the customer says next; `confirms` marks a yes to a summary."""

    text: str
    confirms: bool = False


class Customer:
    """Drives one task to its end.

    >>> customer = Customer(task, shop, Wording(bank, "1-task-000"))
    >>> customer.open(); customer.answer(view)     # None: finished, and `failure` says why it didn't work out
    """

    def __init__(self, task: Mapping[str, Any], shop: Mapping[str, Any], wording: Wording) -> None:
        self.task = task
        self.shop = shop
        self.words = wording
        self.refused_wanted = not (task["expected_changes"]["orders"] or task["expected_changes"]["users"])
        self.at = 0
        self.failure = ""
        self.told: list[list[str]] = [[] for _ in task["goals"]]  # texts since each goal was begun
        self.done: list[bool] = [False for _ in task["goals"]]
        self._asked: dict[str, int] = {}
        self._insisted = False
        self._leaving = False
        self._refused_email = False
        self._questions = 0
        self._pending: list[str] = []

    @property
    def goal(self) -> Mapping[str, Any]:
        """The goal at hand."""
        goal: Mapping[str, Any] = self.task["goals"][self.at]
        return goal

    def open(self) -> Utterance:
        """Say the first message: a greeting, or the first wish, now and then with who it is."""
        if self.words.chance(SOFTENED):
            self._pending.append("wish")
            return Utterance(self.words.say("greeting"))
        return Utterance(self._wish("open"))

    def answer(self, view: View) -> Utterance | None:
        """Answer what was asked; None when there is nothing more to say."""
        self.told[self.at] += view.texts
        if self._pending:
            self._pending.pop()
            return Utterance(self._wish("open"))
        if self._leaving:
            return None
        if any(name.startswith(DONE[self.goal["flow"]]) for name in view.actions):
            return self._next()
        if view.requested is None or view.active is None:
            return self._unasked(view)
        asked = self._asked[view.requested] = self._asked.get(view.requested, 0) + 1
        if asked > PATIENCE + len(self.goal.get("items", ())):
            self.failure = f"asked again and again for {view.requested}"
            return None
        return self._reply(view, view.requested)

    def _next(self) -> Utterance | None:
        """Go on to the next goal, or say goodbye."""
        self.done[self.at] = True
        self._asked = {}
        if self.at + 1 == len(self.task["goals"]):
            self._leaving = True
            return Utterance(self.words.say("thanks_bye"))
        self.at += 1
        return Utterance(self._wish("next_wish"))

    def _wish(self, key: str, kind: str = "") -> str:
        """Say a wish: bare, with the order, or all in one message."""
        goal, words = self.goal, self.words
        name = f"{key}_{FLOWS[goal['flow']]}"
        if kind:
            return words.say(name, kind, **self._facts())
        kinds = ["bare", "with_order", "with_order", "full", "full"]
        if goal["flow"] in ("exchange_items", "modify_items"):
            kinds += ["everything", "everything"]
        kinds = [kind for kind in kinds if words.has(name, kind)]
        return words.say(name, words.choose(kinds), **self._facts())

    def _facts(self) -> dict[str, str]:
        """Say what a goal has, in this customer's words."""
        goal, words = self.goal, self.words
        facts = {}
        if "order_id" in goal:
            facts["order"] = words.order(goal["order_id"])
        if "reason" in goal:
            facts["reason"] = words.say(f"reason_{goal['reason'].replace(' ', '_')}")
        if "items" in goal:
            facts["items"] = words.items(goal["items"], self._in_order())
            if "change_to" in goal["items"][0]:
                facts["swaps"] = words.swaps(goal["items"], self._in_order())
        if "payment" in goal:
            facts["payment"] = goal["payment"]["say"]
        if "address" in goal:
            facts["address"] = words.address(goal["address"])
        return facts

    def _in_order(self) -> Sequence[Mapping[str, Any]]:
        """Give the items of the goal's order."""
        order = self.shop["orders"].get(self.goal.get("order_id", ""), {})
        items: Sequence[Mapping[str, Any]] = order.get("items", ())
        return items

    def _unasked(self, view: View) -> Utterance | None:
        """React where nothing is asked: push back once against a refusal, else say the wish again."""
        if self.refused_wanted:
            if not self._insisted:
                self._insisted = True
                return Utterance(self.words.say("insist"))
            self._leaving = True
            return Utterance(self.words.say("accept_refusal"))
        again = self._asked["wish"] = self._asked.get("wish", 0) + 1
        if again >= PATIENCE:
            self.failure = f"{self.goal['flow']} wasn't done: {' '.join(view.texts)[:160]!r}"
            return None
        return Utterance(self._wish("open"))

    def _reply(self, view: View, asked: str) -> Utterance | None:
        """Answer a question by the name of what it asks for."""
        if asked in ("email", "identity_proof"):
            return Utterance(self._identity(asked, view))
        told_no = any(name.startswith(OFFERS) for name in view.actions)
        if self.refused_wanted and (told_no or (self._asked[asked] > 1 and asked in ORDER_SLOTS)):
            self._leaving = True
            return Utterance(self.words.say("accept_refusal"))
        if self._about_another(view):
            return Utterance(
                f"no, {self.words.say('give_order', order=self.words.order(self.goal['order_id']))}"
            )
        if CONFIRMS.search(asked) or asked.endswith("_part"):
            return self._to_summary(view, asked)
        if self._questions < 1 and self.words.chance(QUESTIONS):
            self._questions += 1
            return Utterance(self.words.say("wait_question", "any"))
        if asked in ORDER_SLOTS:
            return Utterance(self.words.say("give_order", order=self.words.order(self.goal["order_id"])))
        if not self._fits(asked) and self.refused_wanted and self._asked[asked] > 1:
            self._leaving = True
            return Utterance(self.words.say("accept_refusal"))
        if not self._fits(asked):
            return Utterance(self._wish("open", "full"))
        if asked in ITEM_SLOTS:
            return Utterance(self.words.say("give_items", items=self._facts()["items"]))
        if asked in CHANGE_SLOTS and "change_to" in self.goal["items"][0]:
            return Utterance(self._change(view))
        if asked in METHOD_SLOTS and "payment" in self.goal:
            return Utterance(self.words.say("give_payment", payment=self.goal["payment"]["say"]))
        if asked == "cancel_reason" and "reason" in self.goal:
            key = f"give_reason_{self.goal['reason'].replace(' ', '_')}"
            return Utterance(self.words.say(key))
        if asked == "address_new":
            return Utterance(self.words.address(self.goal["address"], "give_address"))
        if asked == "address_target":
            order = self.goal["flow"] == "change_shipping_address"
            return Utterance("for the order" if order else "for my account")
        if asked == "reply_to" and self.refused_wanted:
            self._leaving = True
            return Utterance(self.words.say("accept_refusal"))
        if asked in METHOD_SLOTS:
            return Utterance(self.words.say("dont_know"))
        return Utterance(self._wish("open", "full"))  # a question that belongs to something else

    def _fits(self, asked: str) -> bool:
        """Tell whether a question belongs to what the customer wants, rather than to another wish."""
        needs = {
            "reason": "cancel_reason",
            "items": "return_items swap_items swap_to",
            "address": "address_new address_target",
        }
        if asked.startswith(("case_", "account_", "promo_", "quote_")) or asked == "ticket_text":
            return False
        belongs = [name for name, slots in needs.items() if asked in slots.split()]
        swaps = not asked.startswith("swap_") or self.goal["flow"] in ("exchange_items", "modify_items")
        return swaps and all(name in self.goal for name in belongs)

    def _about_another(self, view: View) -> bool:
        """Tell whether the assistant speaks of another order than the customer does."""
        numbers = {f"#{found}" for found in ORDER.findall(" ".join(view.texts))}
        own = self.goal.get("order_id")
        return own is not None and bool(numbers) and own not in numbers

    def _identity(self, asked: str, view: View) -> str:
        """Say who it is, by e-mail address or by name and ZIP code."""
        who, words = self.task["identity"], self.words
        facts = {
            "first": who["first_name"],
            "last": who["last_name"],
            "zip": who["zip"],
            "email": who["email"],
        }
        if who["via"] == "email":
            return words.say("give_email" if asked == "email" else "give_zip", **facts)
        if asked == "identity_proof" and view.slots.get("person_name"):
            return words.say("give_zip", **facts)
        if asked == "email" and not self._refused_email and words.chance(0.3):
            self._refused_email = True
            return words.say("refuse_email")
        if asked == "email" and words.chance(0.25):
            return words.say("give_name", **facts)
        return words.say("give_name_zip", **facts)

    def _change(self, view: View) -> str:
        """Say what the item that the question names is to become; else all of them."""
        items = self.goal["items"]
        text = " ".join(view.texts).lower()
        named = [item for item in items if _label(item).lower() in text]
        named = named or [item for item in items if item["name"].lower() in text]
        item = named[0] if named else items[0]
        if "utter_swap_several" in view.actions:  # by name, so that "medium" leaves no doubt about the option
            new = {**item["options"], **item["change_to"]}
            said = ", ".join(f"{option} {value}" for option, value in new.items())
            return self.words.say("change_item", "answer_all_options", options=said)
        if len(items) == 1 or len(named) == 1:
            return self.words.say("change_item", "answer", changes=self.words.options(item["change_to"]))
        said = self.words.item(item, among=self._in_order())
        return self.words.say(
            "change_item", "changes", item=said, changes=self.words.options(item["change_to"])
        )

    def _to_summary(self, view: View, asked: str) -> Utterance | None:
        """Say yes to a summary that is right; correct a wrong one."""
        if self.refused_wanted:
            self.failure = (
                f"was asked to confirm what should have been refused: {' '.join(view.texts)[:160]!r}"
            )
            return None
        wrong = self.wrong_in_summary(" ".join(self.told[self.at]), view)
        if not wrong:
            return Utterance(self.words.say("confirm"), confirms=True)
        if self._asked[asked] > 2:
            self.failure = f"the summary stayed wrong ({wrong}): {' '.join(view.texts)[-240:]!r}"
            return None
        no = self.words.say("decline").rstrip()
        return Utterance(f"{no}{'' if no[-1] in '.!?' else '.'} {self._correction(wrong)}")

    def _correction(self, wrong: str) -> str:
        """Say again what the summary has wrong."""
        facts, words = self._facts(), self.words
        if wrong == "order":
            return words.say("give_order", order=facts["order"])
        if wrong == "payment":
            return words.say("give_payment", payment=facts["payment"])
        if wrong == "reason":
            return words.say(f"give_reason_{self.goal['reason'].replace(' ', '_')}")
        if wrong == "target":
            return f"only for order {facts['order']}"
        if wrong == "changes":
            return f"{words.choose(['change', 'exchange'])} {facts['swaps']}"
        if wrong == "address":
            return words.address(self.goal["address"], "give_address")
        return words.say("give_items", items=facts["items"])

    def wrong_in_summary(self, text: str, view: View) -> str:
        """Tell what a summary has wrong; nothing where it is as it should be."""
        goal, last = self.goal, " ".join(view.texts)
        number = goal.get("order_id", "").removeprefix("#")
        if number and number not in text:
            return "order"
        if "address" in goal and goal["address"]["zip"] not in text:
            return "address"
        both = any(
            name.startswith(("utter_address_summary_both", "utter_address_summary_profile"))
            for name in view.actions
        )
        if goal["flow"] == "change_shipping_address" and both:
            return "target"
        if goal["flow"] == "return_items":
            wanted = {item["item_id"] for item in goal["items"]}
            for item in self._in_order():
                if (item["item_id"] in wanted) != (_label(item) in last):
                    return "items"
            prices = {item["item_id"]: item["price"] for item in self._in_order()}
            if money(sum(prices[item_id] for item_id in wanted)) not in last:
                return "items"
        if "change_to" in (goal.get("items") or [{}])[0]:
            named = {item["name"] for item in goal["items"]}
            if any(f"{item['name']}: " in last for item in self._in_order() if item["name"] not in named):
                return "changes"
            for item in goal["items"]:
                if not all(str(value).lower() in last.lower() for value in item["change_to"].values()):
                    return "changes"
        if "reason" in goal and "Reason: " in last and REASONS[goal["reason"]] not in last:
            return "reason"
        if "payment" in goal:
            method = self.shop["users"][self.task["user_id"]]["payment_methods"][goal["payment"]["id"]]
            if not any(words in last for words in method_words(method)):
                return "payment"
        return ""


def _label(item: Mapping[str, Any]) -> str:
    """Name an item as the assistant does: with its options."""
    return f"{item['name']} ({', '.join(map(str, item['options'].values()))})"
