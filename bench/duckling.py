"""Measure the embedded extractor of dates, amounts and numbers on the examples of a checkout of facebook/duckling.

    python -m bench.duckling FOLDER [--language en] [--misses time]

Each example is a text and the value that Duckling gives it, seen from 2013-02-12T04:30:00-02:00. It passes where the
whole text, and not less, is found with that value (for a time: the first value, its grain, its holiday). The examples
are read from the `Corpus.hs` files of the checkout and are not kept here.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from frontdesk.nlu.duckling_embedded import extract

ZONE = timezone(timedelta(hours=-2))
NOW = datetime(2013, 2, 12, 4, 30, tzinfo=ZONE)
DIMENSIONS = {
    "time": "Time",
    "duration": "Duration",
    "number": "Numeral",
    "ordinal": "Ordinal",
    "amount-of-money": "AmountOfMoney",
    "distance": "Distance",
    "temperature": "Temperature",
    "volume": "Volume",
    "quantity": "Quantity",
    "email": "Email",
    "phone-number": "PhoneNumber",
    "url": "Url",
}
UNITS = {"Dollar": "$", "Cent": "cent", "Pound": "£", "Unnamed": "unknown"}
_EXAMPLES = re.compile(
    r"examples\s*\((?P<value>.*?)\)\s*\n?\s*\[(?P<texts>\s*\"(?:[^\"\\]|\\.)*\"(?:\s*,?\s*\"(?:[^\"\\]|\\.)*\")*)\s*\]",
    re.S,
)
_TEXT = re.compile(r"\"((?:[^\"\\]|\\.)*)\"")
_MOMENT = re.compile(r"\(\s*(-?\d+),\s*(\d+),\s*(\d+),\s*(\d+),\s*(\d+),\s*([\d.]+)\s*\)")
_LEFT_OUT = ("negativeCorpus", "latentCorpus", "diffCorpus")


def examples(file: Path) -> Iterator[tuple[str, str]]:
    """Yield (value as written in Haskell, text)."""
    source = file.read_text("utf-8")
    for part in re.split(r"\n(?=[a-z]\w* ::)", source):
        if part.lstrip().startswith(_LEFT_OUT):
            continue
        for match in _EXAMPLES.finditer(part):
            for text in _TEXT.findall(match["texts"]):
                yield " ".join(match["value"].split()), _unescaped(text)


def _unescaped(text: str) -> str:
    return re.sub(r"\\(x?)([0-9a-fA-F]+|.)\\?&?", _character, text)


def _character(match: re.Match[str]) -> str:
    digits = match[2]
    if match[1]:
        return chr(int(digits, 16))
    return chr(int(digits)) if digits.isdigit() else digits


def expected(dim: str, value: str) -> dict[str, Any] | None:
    """Return what the JSON must hold, or None for a value of a kind that is not read here."""
    if dim == "time":
        return _expected_time(value)
    words = re.findall(r"\"[^\"]*\"|[-\w.]+", value)
    if dim in ("email", "phone-number", "url"):
        quoted = [word.strip('"') for word in words if word.startswith('"')]
        return {"value": quoted[0]} if quoted else None
    if dim in ("number", "ordinal"):
        return {"value": float(words[-1])}
    if dim == "duration":
        return {"value": float(words[1]), "unit": words[2].lower()}
    return _expected_measure(dim, words)


def _expected_time(value: str) -> dict[str, Any] | None:
    moments = [_moment(match) for match in _MOMENT.finditer(value)]
    grain = re.search(r"\)\s*(Second|Minute|Hour|Day|Week|Month|Quarter|Year)", value)
    holiday = re.search(r"\"([^\"]*)\"", value)
    if not moments or grain is None or None in moments:
        return None
    unit, name = grain[1].lower(), {"holiday": holiday[1]} if holiday else {}
    point = {"value": moments[0], "grain": unit}
    if value.startswith("datetimeInterval"):
        last = {"value": moments[1], "grain": unit}
        return {"type": "interval", "from": point, "to": last, **name}
    if value.startswith("datetimeOpenInterval"):
        return {"type": "interval", "from" if "After" in value else "to": point}
    return {"type": "value", **point, **name}


def _moment(match: re.Match[str]) -> str | None:
    year, month, day, hour, minute, second = (int(float(group)) for group in match.groups())
    try:
        moment = datetime(year, month, day, hour, minute, second, tzinfo=ZONE)
        return moment.isoformat(timespec="milliseconds")
    except ValueError:  # before the year 1, or a day that there is not
        return None


def _expected_measure(dim: str, words: list[str]) -> dict[str, Any] | None:
    kind, unit, *numbers = words
    figures = [float(number) for number in numbers if re.fullmatch(r"-?[\d.]+(?:e\d+)?", number)]
    named = UNITS.get(unit, unit if unit.isupper() and len(unit) == 3 else unit.lower())
    if dim == "quantity" and unit == "Pound":
        named = "pound"
    if kind == "simple" and figures:
        return {"value": figures[0], **({"unit": named} if named else {})}
    if kind == "between" and len(figures) == 2:
        return {
            "type": "interval",
            "from": {"value": figures[0], "unit": named},
            "to": {"value": figures[1], "unit": named},
        }
    if kind in ("under", "above") and figures:
        return {"type": "interval", "to" if kind == "under" else "from": {"value": figures[0], "unit": named}}
    return None


def passes(text: str, dim: str, wanted: dict[str, Any], locale: str) -> bool:
    for match in extract(text, NOW, [dim], locale):
        whole = match["start"] == 0 and match["end"] == len(text) and match["dim"] == dim
        if whole and _same(wanted, match["value"]):
            return True
    return False


def _same(wanted: dict[str, Any], found: Any) -> bool:
    if wanted.get("type") == "interval" and found.get("type") == "interval":
        return all(
            (side in found) == (side in wanted) and _same(wanted.get(side, {}), found.get(side, {}))
            for side in ("from", "to")
        )
    return all(found.get(key) == value for key, value in wanted.items() if key != "type") and (
        wanted.get("type") != "interval"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--language", default="en")
    parser.add_argument("--misses", help="a dimension whose misses are listed")
    given = parser.parse_args()
    code = given.language.upper()
    locale = "en_US" if given.language == "en" else given.language
    total: Counter[str] = Counter()
    print("| dimension | examples | pass |\n|---|---|---|")
    for dim, folder in DIMENSIONS.items():
        places = [given.folder / "Duckling" / folder / part / "Corpus.hs" for part in (code, ".")]
        if given.language != "en":
            places = places[:1]
        if dim == "email":  # the common ones and the language's own
            files = [place for place in places if place.is_file()]
        else:
            files = [place for place in places if place.is_file()][:1]
        right = count = 0
        for value, text in (pair for file in files for pair in examples(file)):
            wanted = expected(dim, value)
            if wanted is None:
                continue
            count += 1
            ok = passes(text, dim, wanted, locale)
            right += ok
            if not ok and given.misses == dim:
                found = [
                    (m["body"], m["value"].get("value") or m["value"])
                    for m in extract(text, NOW, [dim], locale)
                ]
                print(f"{text!r}: {value}: {found}")
        if count:
            print(f"| {dim} | {count} | {100 * right / count:.0f} % |")
            total.update(count=count, right=right)
    print(f"| all | {total['count']} | {100 * total['right'] / total['count']:.0f} % |")


if __name__ == "__main__":
    main()
