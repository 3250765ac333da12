"""What the words around an address say: whose it is, whether it is the one on file, and what they leave as it is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from rasa_sdk.interfaces import Tracker

from actions.commerce.model import Address
from actions.flows import phrases
from actions.flows.turn import Said
from actions.services.address_reading import around_address, corrected, read_address
from actions.services.us_addresses import Parts, parts_of

TABLE = Path(__file__).with_name("address_words.yml")
ORDER, PROFILE, BOTH = "order", "profile", "both"
TARGETS = frozenset({ORDER, PROFILE, BOTH})
NOT_ONLY = re.compile(r"\b(?:not|(?:is|are)n.?t) (?:only|just)\b", re.IGNORECASE)
FIELDS = ("line1", "line2", "city", "state", "postcode")


speaks = partial(phrases.speaks, TABLE)


def target_of(heard: Said, *, open_order: bool) -> str | None:
    """Return whose address the words speak of: an order's, the account's, or both."""
    named = heard.entity("address_target")
    if named in TARGETS:
        return named
    words = around_address(heard.text)
    if _only("order", heard):
        return ORDER
    if _only("profile", heard):
        return PROFILE
    order, profile = speaks("order", words) or bool(heard.number), speaks("profile", words)
    own = goes_to_own(words) and not (heard.payload or speaks("last", words))
    if speaks("both", words) or (order and profile and not own):
        return BOTH
    if profile and not own:
        return PROFILE
    if order:
        return ORDER
    delivery = speaks("delivery", words) or own
    return (ORDER if open_order else PROFILE) if delivery else None


def names_one_target(heard: Said) -> bool:
    """Tell whether the words leave one of the two out: "not my account", "only the order"."""
    return not heard.payload and (_only("order", heard) or _only("profile", heard))


def _only(target: str, heard: Said) -> bool:
    """Tell whether only one target is meant: the words as they stand count, too ("only for order L204991")."""
    spoken = (NOT_ONLY.sub(" ", text) for text in (around_address(heard.text), heard.text))
    return any(speaks(f"only_{target}", words) for words in spoken)


def takes_own(heard: Said, *, asked: bool = False) -> bool:
    """Tell whether the address on the account is to be taken; as an answer, naming it is enough."""
    if heard.entity("address_source") == PROFILE:
        return True
    if heard.payload or read_address(heard.text).line1 or speaks("last", heard.text):
        return False
    return speaks("own", heard.text) if asked else goes_to_own(heard.text)


def goes_to_own(text: str) -> bool:
    """Tell whether something is to go to the address on the account, rather than that address to be changed."""
    words = phrases.plain(text)
    own = phrases.pattern(TABLE, "own").search(words)
    return own is not None and speaks("towards", words[: own.start()])


def takes_last(heard: Said) -> bool:
    """Tell whether the address that was spoken of a moment ago is to be taken."""
    return not heard.payload and not read_address(heard.text).line1 and speaks("last", heard.text)


def order_words(heard: Said) -> Said:
    """Return the words that may describe an order: neither an address nor whose home it is."""
    around = around_address(heard.text)
    own = phrases.pattern(TABLE, "own")
    return replace(heard, text=own.sub(" ", around.lower()) if speaks("own", around) else around)


def opening_parts(text: str, base: Address) -> Parts:
    """Read the address with which a wish begins: a new one, or what is wrong with the present one."""
    found, present = read_address(text), parts_of(base)
    if found.line1:
        same_street = found.line1.split()[1:] == base.line1.split()[1:] and not (found.city or found.postcode)
        return found.over(present) if same_street else found
    whole = found.line2 or found.no_unit
    if whole or speaks("corrects", text):
        return corrected(present, text) or found
    return replace(found, postcode="", state="") if not found.city else found


def answered_parts(text: str, so_far: Parts, base: Address) -> Parts:
    """Add to what is known of an address what the answer to the question for a part says."""
    asked = next(iter(so_far.missing), "")
    found = read_address(text, asked)
    if not found.some and so_far.line1 and asked != "line1" and speaks("same_place", text):
        return replace(so_far, city=base.city, state=base.state, postcode=base.postcode)
    if found.some:
        return found.over(so_far)
    return so_far


def names_address(heard: Said, asked: str | None) -> bool:
    """Tell whether the words hold an address, so that a ZIP code in them says where, and not who."""
    if heard.payload or not heard.text:
        return False
    found = read_address(heard.text)
    if found.line1 or found.line2:
        return True
    return bool(found.postcode) and (
        asked in ("address_new", "address_confirmed") or speaks("corrects", heard.text)
    )


def postcode_of(heard: Said) -> str:
    """Return the ZIP code of the address in the words; a mark that nothing begins with where there is none."""
    return read_address(heard.text).postcode or "-"


def without_postcode(heard: Said) -> Said:
    """Return the words without the ZIP code of the address in them."""
    postcode = read_address(heard.text).postcode
    if not postcode:
        return heard
    before, _, after = heard.text.rpartition(postcode)
    kept = [
        e
        for e in heard.entities
        if not (e.get("entity") == "postcode" and str(e.get("value")).startswith(postcode))
    ]
    return replace(heard, text=f"{before}{after}" if before or after else heard.text, entities=tuple(kept))


def draft_of(tracker: Tracker) -> Parts:
    """Return what is known of the new address so far."""
    return parts_from(tracker.get_slot("address_draft"))


def draft(parts: Parts) -> dict[str, Any] | None:
    """Write parts as a slot keeps them; None where there are none."""
    row = {name: getattr(parts, name) for name in (*FIELDS, "abroad") if getattr(parts, name)}
    return row or None


def new_address(tracker: Tracker) -> Address | None:
    """Return the new address, once it is whole."""
    parts = parts_from(tracker.get_slot("address_new"))
    return None if parts.missing else parts.address()


def parts_from(kept: Any) -> Parts:
    """Read parts from a slot."""
    if not isinstance(kept, Mapping):
        return Parts()
    line1, line2, city, state, postcode = (str(kept.get(name) or "") for name in FIELDS)
    return Parts(line1, line2, city, state, postcode, abroad=str(kept.get("abroad") or ""))
