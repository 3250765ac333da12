"""What the scripted customer says: templates of bench/tasks_wording.yml drawn at random, with the facts of a task."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

BANK = Path(__file__).parents[1] / "tasks_wording.yml"
COMMON = 0.8  # how often a usual piece is drawn rather than a rare one
PLURAL = re.compile(r"(?:[^s]s|shoes|boots|glasses)$")
FLOWS = {  # the wishes of the bank, by the flows of the tasks
    "cancel_order": "cancel",
    "return_items": "return",
    "exchange_items": "exchange",
    "modify_items": "modify_items",
    "change_payment": "modify_payment",
    "change_shipping_address": "modify_address",
    "change_user_address": "modify_user_address",
}


def read_bank(path: Path = BANK) -> Mapping[str, Any]:
    """Read the bank of wordings."""
    bank: Mapping[str, Any] = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    return bank


class Wording:
    """One customer's way of speaking, settled by a seed.

    >>> Wording(read_bank(), "1-task-000").say("confirm")
    """

    def __init__(self, bank: Mapping[str, Any], seed: str) -> None:
        self._bank = bank
        self._random = random.Random(seed)
        self._style: dict[
            str, str
        ] = {}  # the pieces that this customer uses, so that they sound like one person
        self._lower = self.chance(0.4)

    def chance(self, share: float) -> bool:
        """Decide something that happens with a probability."""
        return self._random.random() < share

    def choose(self, options: Sequence[str]) -> str:
        """Choose one of some options."""
        return self._random.choice(list(options))

    def say(self, *keys: str, **facts: str) -> str:
        """Draw a template by its keys and fill it."""
        entry: Any = self._bank
        for key in keys:
            entry = entry[key]
        return self._random.choice(entry).format_map(facts)

    def has(self, *keys: str) -> bool:
        """Tell whether the bank has these keys."""
        entry: Any = self._bank
        for key in keys:
            if not isinstance(entry, Mapping) or key not in entry:
                return False
            entry = entry[key]
        return True

    def order(self, number: str) -> str:
        """Write an order number; some leave out the sign before it."""
        return number.removeprefix("#") if self.chance(0.5) else number

    def item(self, item: Mapping[str, Any], *, among: Sequence[Mapping[str, Any]] = ()) -> str:
        """Name an item of an order; by its options, too, where another one has the same name."""
        same = [other for other in among if other["name"] == item["name"]]
        name = item["name"].lower() if self._lower else item["name"]
        one = "ones" if PLURAL.search(item["name"]) else "one"
        if len(same) > 1:
            telling = {
                option: value
                for option, value in item["options"].items()
                if any(other["options"].get(option) != value for other in same)
            }
            said = " ".join(self._value(option, value) for option, value in telling.items())
            return self._piece("item_with_options").format(name=name, options=said, one=one)
        if self.chance(0.25):
            options = list(item["options"].items())[:2]
            said = " ".join(self._value(option, value) for option, value in options)
            return self._piece("item_with_options").format(name=name, options=said, one=one)
        return self._piece("item_name").format(name=name)

    def items(self, items: Sequence[Mapping[str, Any]], among: Sequence[Mapping[str, Any]]) -> str:
        """Name several items, joined."""
        return _joined([self.item(item, among=among) for item in items], self.choose([" and ", ", "]))

    def options(self, options: Mapping[str, str]) -> str:
        """Say options, each with its name where the value alone says nothing."""
        return _joined(
            [self._option(option, value) for option, value in options.items()], self.choose([" and ", ", "])
        )

    def swaps(self, items: Sequence[Mapping[str, Any]], among: Sequence[Mapping[str, Any]]) -> str:
        """Say what items are to become."""
        return _joined(
            [
                self._piece("swap").format(
                    item=self.item(item, among=among), changes=self.options(item["change_to"])
                )
                for item in items
            ],
            " and ",
        )

    def address(self, address: Mapping[str, str], *keys: str) -> str:
        """Say an address in one line."""
        unit = "with_unit" if address.get("address2") else "without_unit"
        return self.say(*(keys or ("address_line",)), unit, **address)

    def _value(self, option: str, value: str) -> str:
        """Say an option before a name: the value alone, unless it says nothing by itself."""
        if value in ("yes", "no", "none"):
            return self._option(option, value)
        return value

    def _option(self, option: str, value: str) -> str:
        """Say one option."""
        key = {"yes": "option_yes", "no": "option_no", "none": "option_none"}.get(value, "option_said")
        return self._piece(key).format(option=option, value=value)

    def _piece(self, key: str) -> str:
        """Give this customer's way of saying a piece."""
        if key not in self._style:
            kind = "common" if self.chance(COMMON) else "rare"
            self._style[key] = self._random.choice(self._bank[key][kind])
        return self._style[key]


def _joined(parts: Sequence[str], last: str) -> str:
    """Join parts as in "a, b and c"."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])}{last}{parts[-1]}"
