"""Documents as DynamoDB's items: one that is too long for an item goes on in further ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from frontdesk.errors import StoreError
from frontdesk.stores.documents import Item, Step

PART = 390_000
"""Characters in one item: DynamoDB takes 400 KB, names and keys included."""
MOST_ITEMS, MOST_BYTES = 100, 4_000_000
"""In one transaction of DynamoDB (it takes 4 MB)."""
FURTHER = "~"
"""Stands in the keys of further items, behind the key of the first: they come right after it, before any other."""

Wire = Mapping[str, Mapping[str, str]]


class TornRead(Exception):
    """The parts of a document are not of the same time: it was written between two of them."""


def key(of: str, name: str) -> dict[str, dict[str, str]]:
    """Return a key as DynamoDB takes it."""
    return {"of": {"S": of}, "key": {"S": name}}


def as_actions(steps: Sequence[Step], table: str) -> list[dict[str, Any]]:
    """Return what a transaction is to do. Raises StoreError where it is more than DynamoDB takes."""
    actions = [action for step in steps for action in _actions(step, table)]
    size = sum(len(step.text or "") + len(step.of.encode()) + 200 for step in steps)
    if len(actions) > MOST_ITEMS or size > MOST_BYTES:
        what = f"One step of a conversation takes {len(actions)} items and {size:,} bytes."
        hint = (
            f"DynamoDB takes {MOST_ITEMS} items and {MOST_BYTES:,} bytes at once: let an action return less."
        )
        raise StoreError(what, hint=hint)
    return actions


def _actions(step: Step, table: str) -> list[dict[str, Any]]:
    expected: dict[str, Any] = {}
    if step.seen == 0:
        expected = {"ConditionExpression": "attribute_not_exists(rev)"}
    elif step.seen is not None:
        values = {":seen": {"N": str(step.seen)}}
        expected = {"ConditionExpression": "rev = :seen", "ExpressionAttributeValues": values}
    if step.text is None:
        return [{"Delete": {"TableName": table, "Key": key(step.of, step.key), **expected}}]
    parts = [step.text[at : at + PART] for at in range(0, len(step.text), PART)] or [""]
    common: dict[str, Any] = {"rev": {"N": str((step.seen or 0) + 1)}}
    if step.until is not None:
        common["until"] = {"N": str(step.until)}
    found = []
    for number, part in enumerate(parts):
        name = f"{step.key}{FURTHER}{number:04d}" if number else step.key
        item = {**key(step.of, name), "text": {"S": part}, **common}
        if not number and len(parts) > 1:
            item["further"] = {"N": str(len(parts) - 1)}
        found.append({"Put": {"TableName": table, "Item": item, **({} if number else expected)}})
    return found


def as_documents(found: Sequence[Wire], *, passing: bool = False) -> list[Item]:
    """Return the documents of items, which are in the order of their keys; `passing` leaves out what is not whole.

    Raises TornRead.
    """
    documents: list[Item] = []
    lacking = 0

    def torn() -> None:
        nonlocal lacking
        if not passing:
            raise TornRead
        documents.pop()
        lacking = 0

    for wire in found:
        name, rev, text = wire["key"]["S"], int(wire["rev"]["N"]), wire["text"]["S"]
        if FURTHER not in name:
            if lacking:
                torn()
            documents.append(Item(wire["of"]["S"], name, text, rev))
            lacking = further(wire)
        elif lacking:  # without it: what is left of a time when the document was longer
            before = documents[-1]
            if rev != before.rev:
                torn()
                continue
            documents[-1] = Item(before.of, before.key, before.text + text, rev)
            lacking -= 1
    if lacking:
        torn()
    return documents


def further(wire: Wire) -> int:
    """Return how many further items a document has."""
    return int(wire["further"]["N"]) if "further" in wire else 0


def plain(value: Any) -> Any:
    """Return what boto3 read without its decimals: Rasa keeps every number as one."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, Mapping):
        return {name: plain(one) for name, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, list | set) else value
