"""Changing or exchanging: the order's state says which of the two it is, by name, level of identity and reading."""

from __future__ import annotations

import dataclasses

import pytest

from actions.flows.swap_form import ValidateSwapForm
from actions.services.container import Services
from tests.assistant.conftest import MARCUS, verified, who
from tests.assistant.flows.talking import Talk

ARRIVED = "L204393"


def changing(text: str) -> Talk:
    return Talk().within("swap_form").hear(text, "change_order").set(wish="change_order", wish_words=text)


def test_that_a_change_of_what_arrived_becomes_an_exchange(scratch_shop: Services) -> None:
    verified(scratch_shop, who(), MARCUS)
    talk = changing(f"change something in {ARRIVED}")
    talk.run(ValidateSwapForm())
    assert talk.responses()[0] == "utter_swap_rather_exchange"
    assert (talk.slots["swap_order"], talk.slots["wish"]) == (ARRIVED, "exchange_item")


def test_that_an_exchange_needs_its_own_level_of_identity(
    scratch_shop: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = dataclasses.replace(
        scratch_shop.policies.identity,
        levels={"low": ("email",), "high": ("email_order",)},
        needs={"anything": "low", "exchange_item": "high"},
    )
    monkeypatch.setattr(scratch_shop.identity, "_policy", policy)
    assert scratch_shop.identity.verify(who(), MARCUS[0], action="change_order").status == "verified"
    talk = changing("change the color of the kettle")
    talk.run(ValidateSwapForm())
    assert (talk.slots["wish"], talk.slots["requested_slot"]) == ("exchange_item", "identity_proof")
    talk.hear(ARRIVED, "inform", order_number=ARRIVED).run(ValidateSwapForm())
    assert talk.slots["identity_proof"] == ARRIVED
    assert talk.slots["requested_slot"] in ("swap_items", "swap_to")


def test_that_one_message_reads_an_order_and_its_products_once(
    scratch_shop: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified(scratch_shop, who(), MARCUS)
    talk = Talk().within("swap_form", "swap_items").set(wish="exchange_item", swap_order=ARRIVED)
    read: list[str] = []
    found, catalogue = scratch_shop.orders.find, scratch_shop.swaps.catalogue
    monkeypatch.setattr(scratch_shop.orders, "find", lambda *a: read.append("order") or found(*a))
    monkeypatch.setattr(scratch_shop.swaps, "catalogue", lambda *a: read.append("products") or catalogue(*a))
    talk.hear("the kettle in black", "inform").run(ValidateSwapForm())
    assert read.count("order") == 1
    assert read.count("products") <= 4  # the others are decisions, each of which looks anew


@pytest.mark.parametrize(("text", "pieces"), [("no 4", 4), ("sorry, three please", 3), ("5", 5), ("no", 2)])
def test_that_another_number_at_the_summary_is_how_many(
    scratch_shop: Services, text: str, pieces: int
) -> None:
    verified(scratch_shop, who(), ("owen.clarke@example.com", "L204997", "97301"))
    item = "L204997-1"
    known = {
        "swap_changes": {item: {"variant": "KI-205-OAT", "quantity": 2}},
        "swap_items": [item],
        "swap_to": "known",
    }
    talk = (
        Talk().within("swap_form", "swap_confirmed").set(wish="change_order", swap_order="L204997", **known)
    )
    talk.hear(text, "deny").run(ValidateSwapForm(), swap_confirmed=False)
    assert talk.slots["swap_changes"][item] == {"variant": "KI-205-OAT", "quantity": pieces}
    assert talk.slots["swap_confirmed"] is (False if text == "no" else None)
