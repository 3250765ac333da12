"""DucklingEntityExtractor: dates, amounts, numbers and the like, by a Duckling server or without one."""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from frontdesk.core.message import Entity, Message
from frontdesk.core.ports import LoadContext, TrainContext
from frontdesk.core.training import NluExamples
from frontdesk.errors import ConfigError, suggestion
from frontdesk.nlu.duckling_embedded import DIMENSIONS, extract, speaks
from frontdesk.nlu.options import LONGEST, merged, number
from frontdesk.nlu.overlap import resolve
from frontdesk.nlu.storage import read_json, write_json

NAME = "DucklingEntityExtractor"
VARIABLE = "RASA_DUCKLING_HTTP_URL"
DEFAULTS: Mapping[str, Any] = {
    "dimensions": None,
    "url": None,
    "locale": None,
    "timezone": None,
    "timeout": 3,
    "reference_time": None,
}
ZONE = "America/Los_Angeles"
"""Where "today" is if nothing says it: Duckling's own default, so that the same text means the same moment."""
AWAY = 60.0
"""A server that did not answer is asked again after so many seconds."""
_FILE = "duckling.json"
log = logging.getLogger(__name__)


class DucklingEntityExtractor:
    """Add dates, times, durations, numbers, amounts, e-mail addresses and phone numbers in Duckling's form.

    Where `url` (or the environment's RASA_DUCKLING_HTTP_URL) names a Duckling server that answers, it is asked;
    else the same is found here: in English by patterns of its own, dates in other languages with the extra
    `duckling`. `dimensions` restricts what is found, `locale` (en_GB) says in which order dates are written,
    `timezone` (Europe/Berlin) where "today" is (if not given, in Los Angeles, as for Duckling itself), and
    `reference_time` (ISO 8601) when "now" is, for tests.
    """

    def __init__(self, options: Mapping[str, Any] | None = None) -> None:
        self.options = merged(NAME, DEFAULTS, options)
        self._timeout = number(NAME, self.options, "timeout", 0, 600)
        self._dimensions = _dimensions(self.options["dimensions"])
        self._zone = _zone(self.options["timezone"])
        self._fixed = _moment(self.options["reference_time"], self._zone)
        self._language = "en"
        self._away_until = 0.0

    @property
    def locale(self) -> str:
        """The language, or language and country, that texts are read in."""
        return str(self.options["locale"] or self._language)

    def train(self, examples: NluExamples, context: TrainContext) -> None:
        """Take the language of the assistant; there is nothing to learn."""
        self._language = context.language or "en"
        if self._url() is None:
            where = "without a Duckling server" if self.options["url"] is None else "here"
            context.progress(f"{NAME}: finds dates, amounts and numbers {where}.")
        language = self.locale.replace("-", "_").partition("_")[0].lower()
        if not speaks(language) and (self._dimensions is None or "time" in self._dimensions):
            context.progress(
                f"{NAME}: dates in '{language}' need an optional part, or a Duckling server named by 'url'; "
                "install it: pip install 'frontdesk[duckling]'."
            )

    def process(self, messages: Sequence[Message]) -> list[Message]:
        """Add what is found in each message."""
        return [m if m.final or not m.text.strip() else self._extract(m) for m in messages]

    def _extract(self, message: Message) -> Message:
        text = message.text[:LONGEST]
        now = self._fixed or datetime.now(self._zone)
        answered = self._asked(text, now)
        if answered is None:
            answered = extract(text, now, self._dimensions, self.locale)
        found = [_entity(match) for match in answered if self._wanted(match)]
        return message.but(entities=resolve([*message.entities, *found])) if found else message

    def _wanted(self, match: Mapping[str, Any]) -> bool:
        return self._dimensions is None or match["dim"] in self._dimensions

    def _url(self) -> str | None:
        return os.environ.get(VARIABLE) or self.options["url"]

    def _asked(self, text: str, now: datetime) -> list[dict[str, Any]] | None:
        """Return what the server answers, or None where there is none or it does not answer."""
        url = self._url()
        if url is None or time.monotonic() < self._away_until:
            return None
        import httpx

        form = {
            "text": text,
            "locale": self.locale,
            "tz": self.options["timezone"],
            "dims": json.dumps(self._dimensions),
            "reftime": str(int(now.timestamp() * 1000)),
        }
        try:
            asked = {key: value for key, value in form.items() if value is not None}
            answer = httpx.post(f"{url.rstrip('/')}/parse", data=asked, timeout=self._timeout)
            answer.raise_for_status()
            found: list[dict[str, Any]] = answer.json()
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            self._away_until = time.monotonic() + AWAY
            log.warning(
                "The Duckling server at %s does not answer (%r); for %.0f s dates and numbers are found here.",
                url,
                error,
                AWAY,
            )
            return None
        return found

    def save(self, folder: Path) -> None:
        """Write the language."""
        write_json(folder / _FILE, {"language": self._language})

    def load(self, folder: Path, context: LoadContext) -> None:
        """Read the language."""
        self._language = str(read_json(folder / _FILE)["language"])


def _entity(match: Mapping[str, Any]) -> Entity:
    """Return a match in Rasa's form."""
    wire = match["value"]
    value: Any = wire.get("value")
    if wire.get("type") == "interval":
        value = {side: (wire.get(side) or {}).get("value") for side in ("to", "from")}
    extra = {"text": match.get("body") or match.get("text"), "additional_info": wire, "confidence": 1.0}
    return Entity(match["dim"], value, match["start"], match["end"], extractor=NAME, extra=extra)


def _dimensions(given: Any) -> list[str] | None:
    if given is None:
        return None
    names = [str(name) for name in (given if isinstance(given, list) else [given])]
    for name in names:
        if name not in DIMENSIONS:
            # a server may know more than we do
            log.warning(
                "%s: '%s' is found by a Duckling server only. %s", NAME, name, suggestion(name, DIMENSIONS)
            )
    return names


def _zone(name: Any) -> tzinfo:
    if name is None:
        try:
            return ZoneInfo(ZONE)
        except (ZoneInfoNotFoundError, OSError):  # a system without a database of time zones
            return UTC
    try:
        return ZoneInfo(str(name))
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ConfigError(
            f"{NAME}: no time zone is called '{name}'.", hint="Name one such as Europe/Berlin."
        ) from error


def _moment(given: Any, zone: tzinfo) -> datetime | None:
    if given is None:
        return None
    try:
        moment = datetime.fromisoformat(str(given))
    except ValueError as error:
        raise ConfigError(
            f"{NAME}: 'reference_time' is {given!r}.", hint="Write it as 2026-01-31T09:00:00+01:00."
        ) from error
    return moment.replace(tzinfo=zone) if moment.tzinfo is None else moment.astimezone(zone)
