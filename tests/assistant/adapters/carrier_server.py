"""What the local servers of the carriers share: tokens that run out, parcels, and labels that were bought."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from .described import Described
from .serving import Asked, Local, Told

CLIENT_ID, CLIENT_SECRET = "shop-client", "carrier-secret"
ACCOUNT = "A1B2C3"
PDF = b"%PDF-1.4 a label"
PICKED_UP = datetime(2026, 11, 16, 18, 30, tzinfo=UTC)
SORTED = datetime(2026, 11, 17, 7, 5, tzinfo=UTC)
ARRIVED = datetime(2026, 11, 18, 14, 20, tzinfo=UTC)
EXPECTED = date(2026, 11, 20)


@dataclass(frozen=True)
class Story:
    """A parcel as a test wants it; each server tells it in its own words."""

    number: str
    status: str
    signed_by: str = ""


@dataclass
class Sold:
    """A label that was bought."""

    number: str
    reference: str
    body: Any
    voided: bool = False


class CarrierServer:
    """The state; a subclass answers as its carrier does."""

    name: str
    token_path: str
    token_seconds = 3600

    def __init__(self) -> None:
        self.described = Described(self.name)
        self.url = ""
        self.local: Local
        self.stories: dict[str, Story] = {}
        self.sold: list[Sold] = []
        self.tokens: list[str] = []  # that were given out
        self.refused: set[str] = set()  # that aren't taken any more

    def __call__(self, asked: Asked) -> Told:
        before, ours = len(self.described.wrong), asked.headers.get("user-agent") == "frontdesk"
        found = self.described.operation(asked)
        if found is not None:
            self.described.request(asked, *found)
        if len(self.described.wrong) > before and not ours:
            del self.described.wrong[
                before:
            ]  # known clients use more of the description than is written down
        if found is None:
            return self.error(404, "NOT.FOUND.ERROR")
        if len(self.described.wrong) > before:
            return self.error(400, "INVALID.INPUT")
        operation, values = found
        if asked.path == self.token_path:
            told = self.token(asked)
        elif self.bearer(asked) not in self.tokens or self.bearer(asked) in self.refused:
            return self.error(401, "NOT.AUTHORIZED.ERROR")
        else:
            told = getattr(self, f"answer_{operation['operationId']}")(asked, *values)
        self.described.answer(asked, operation, told)
        return told

    def bearer(self, asked: Asked) -> str:
        return asked.headers.get("authorization", "").removeprefix("Bearer ")

    def issue(self) -> str:
        self.tokens.append(f"token-{len(self.tokens) + 1}-of-{self.name}")
        return self.tokens[-1]

    def token(self, asked: Asked) -> Told:
        raise NotImplementedError

    def error(self, status: int, code: str) -> Told:
        raise NotImplementedError

    def tell(self, story: Story) -> None:
        self.stories[story.number] = story

    def called(self, path: str, local: Any) -> int:
        """Count the requests for a path."""
        return sum(each.path.startswith(path) for each in local.asked)

    def sale(self, number: str) -> Sold | None:
        return next((each for each in self.sold if each.number == number and not each.voided), None)


def scans(story: Story) -> list[tuple[datetime, str]]:
    """When a parcel was scanned, and as what it was; newest first."""
    before = [(SORTED, "in_transit"), (PICKED_UP, "in_transit")]
    if story.status == "label_created":
        return [(PICKED_UP, "label_created")]
    return before if story.status == "in_transit" else [(ARRIVED, story.status), *before]
