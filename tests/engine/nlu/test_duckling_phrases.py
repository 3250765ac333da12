"""Phrases of our own and what Duckling's documentation and examples let one expect of it, seen from its reference time."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from frontdesk.nlu.duckling_embedded import extract

NOW = datetime(2013, 2, 12, 4, 30, tzinfo=timezone(timedelta(hours=-2)))
"""A Tuesday, early in the morning: the moment that Duckling's own examples are seen from."""

# locale | dimension | text | words that are found | value and grain or unit; from..to for an interval
PHRASES = """
en | time | can you call me tomorrow | tomorrow | 2013-02-13 day
en | time | I ordered it yesterday | yesterday | 2013-02-11 day
en | time | is it open today? | today | 2013-02-12 day
en | time | book a table for tonight | tonight | 2013-02-12T18:00..2013-02-13 hour
en | time | see you on monday | on monday | 2013-02-18 day
en | time | the meeting is next tuesday | next tuesday | 2013-02-19 day
en | time | it broke last friday | last friday | 2013-02-08 day
en | time | pick it up on saturday morning | on saturday morning | 2013-02-16..2013-02-16T12:00 hour
en | time | deliver by friday | by friday | 2013-02-12T04:30..2013-02-15 second
en | time | I need it before march 3 | before march 3 | ..2013-03-03 day
en | time | after 6pm please | after 6pm | 2013-02-12T18:00.. hour
en | time | between 2 and 4pm | between 2 and 4pm | 2013-02-12T14:00..2013-02-12T17:00 hour
en | time | from 9am to 5pm | from 9am to 5pm | 2013-02-12T09:00..2013-02-12T18:00 hour
en | time | tomorrow at noon | tomorrow at noon | 2013-02-13T12:00 hour
en | time | at half past eight | at half past eight | 2013-02-12T08:30 minute
en | time | a quarter to nine tonight | a quarter to nine tonight | 2013-02-12T20:45 minute
en | time | at 15:45 | at 15:45 | 2013-02-12T15:45 minute
en | time | at 3.30pm | at 3.30pm | 2013-02-12T15:30 minute
en | time | around 10am | around 10am | 2013-02-12T10:00 hour
en | time | in 20 minutes | in 20 minutes | 2013-02-12T04:50 second
en | time | in two hours | in two hours | 2013-02-12T06:30 minute
en | time | in half an hour | in half an hour | 2013-02-12T05:00 second
en | time | in a week | in a week | 2013-02-19 day
en | time | in 3 months | in 3 months | 2013-05-12 day
en | time | two weeks ago | two weeks ago | 2013-01-29 day
en | time | an hour ago | an hour ago | 2013-02-12T03:30 minute
en | time | 5 years ago | 5 years ago | 2008-02-01 month
en | time | three days from now | three days from now | 2013-02-15T04:00 hour
en | time | next week | next week | 2013-02-18 week
en | time | last month | last month | 2013-01-01 month
en | time | this year | this year | 2013-01-01 year
en | time | next weekend | next weekend | 2013-02-22T18:00..2013-02-25 hour
en | time | the last 7 days | the last 7 days | 2013-02-05..2013-02-12 day
en | time | the next two weeks | the next two weeks | 2013-02-18..2013-03-04 week
en | time | on the 21st | on the 21st | 2013-02-21 day
en | time | on March 3rd | on March 3rd | 2013-03-03 day
en | time | the 5th of april | the 5th of april | 2013-04-05 day
en | time | july 4 2014 | july 4 2014 | 2014-07-04 day
en | time | 12 december 2013 | 12 december 2013 | 2013-12-12 day
en | time | 2013-05-17 | 2013-05-17 | 2013-05-17 day
en | time | 5/17/2013 | 5/17/2013 | 2013-05-17 day
en_GB | time | 5/7/2013 | 5/7/2013 | 2013-07-05 day
en | time | in june | in june | 2013-06-01 month
en | time | in 2015 | in 2015 | 2015-01-01 year
en | time | first monday of march | first monday of march | 2013-03-04 day
en | time | last day of this month | last day of this month | 2013-02-28 day
en | time | end of the month | end of the month | 2013-02-21..2013-03-01 day
en | time | beginning of next week | beginning of next week | 2013-02-18..2013-02-21 day
en | time | by the end of the year | by the end of the year | 2013-02-12T04:30..2014-01-01 second
en | time | third quarter | third quarter | 2013-07-01 quarter
en | time | on christmas eve | on christmas eve | 2013-12-24 day
en | time | over easter | easter | 2013-03-31 day
en | time | thanksgiving | thanksgiving | 2013-11-28 day
en | time | black friday 2014 | black friday 2014 | 2014-11-28 day
en | time | right now | right now | 2013-02-12T04:30 second
en | time | as soon as possible | as soon as possible | 2013-02-12T04:30.. second
en | time | this morning | this morning | 2013-02-12..2013-02-12T12:00 hour
en | time | tomorrow evening at 7 | tomorrow evening at 7 | 2013-02-13T19:00 hour
en | time | 8 tomorrow morning | 8 tomorrow morning | 2013-02-13T08:00 hour
en | time | last night | last night | 2013-02-11T18:00..2013-02-12 hour
en | time | the day after tomorrow | the day after tomorrow | 2013-02-14 day
en | time | friday the 15th at 10:30 | friday the 15th at 10:30 | 2013-02-15T10:30 minute
en | time | from july 13 to july 15 | from july 13 to july 15 | 2013-07-13..2013-07-16 day
en | time | june 1-5 | june 1-5 | 2013-06-01..2013-06-06 day
en | time | monday to wednesday | monday to wednesday | 2013-02-18..2013-02-21 day
en | time | wednesday of next week | wednesday of next week | 2013-02-20 day
en | time | 4pm on thursday | 4pm on thursday | 2013-02-14T16:00 hour
en | time | Thursday at 8 GMT | Thursday at 8 GMT | 2013-02-14T06:00 minute
en | duration | it took 3 days | 3 days | 3 day
en | duration | a week | a week | 1 week
en | duration | two and a half hours | two and a half hours | 150 minute
en | duration | 90 minutes | 90 minutes | 90 minute
en | duration | half an hour | half an hour | 30 minute
en | duration | 1 hour and 20 minutes | 1 hour and 20 minutes | 80 minute
en | duration | six months | six months | 6 month
en | duration | about ten seconds | about ten seconds | 10 second
en | duration | a year and a half | a year and a half | 18 month
en | duration | a couple of weeks | a couple of weeks | 2 week
en | duration | 1.5 days | 1.5 days | 36 hour
en | duration | a fortnight | a fortnight | 14 day
en | number | I want two of them | two | 2
en | number | fifteen | fifteen | 15
en | number | 1,250 | 1,250 | 1250
en | number | 3.75 | 3.75 | 3.75
en | number | two hundred and six | two hundred and six | 206
en | number | minus seven | minus seven | -7
en | number | 5 million | 5 million | 5000000
en | number | 1/2 | 1/2 | 0.5
en | number | a dozen | a dozen | 12
en | number | forty-two | forty-two | 42
en | number | 10k | 10k | 10000
en | number | one point five | one point five | 1.5
en | ordinal | the third one | third | 3
en | ordinal | 21st | 21st | 21
en | ordinal | the fifteenth | fifteenth | 15
en | amount-of-money | it costs $20 | $20 | 20 $
en | amount-of-money | 20 dollars | 20 dollars | 20 $
en | amount-of-money | fifty euros | fifty euros | 50 EUR
en | amount-of-money | €19.99 | €19.99 | 19.99 EUR
en | amount-of-money | £5 | £5 | 5 £
en | amount-of-money | five bucks | five bucks | 5 unknown
en | amount-of-money | 10 cents | 10 cents | 10 cent
en | amount-of-money | USD 250 | USD 250 | 250 USD
en | amount-of-money | 3 million dollars | 3 million dollars | 3000000 $
en | amount-of-money | $5 and 20 cents | $5 and 20 cents | 5.2 $
en | amount-of-money | between 10 and 15 euros | between 10 and 15 euros | 10..15 EUR
en | amount-of-money | $10-$20 | $10-$20 | 10..20 $
en | amount-of-money | under 30 dollars | under 30 dollars | ..30 $
en | amount-of-money | more than $100 | more than $100 | 100.. $
en | amount-of-money | about 40 pounds | about 40 pounds | 40 £
en | amount-of-money | 1,000 yen | 1,000 yen | 1000 JPY
en | amount-of-money | 500 rupees | 500 rupees | 500 INR
en | distance | 5 km | 5 km | 5 kilometre
en | distance | ten miles | ten miles | 10 mile
en | distance | 6 feet 2 inches | 6 feet 2 inches | 74 inch
en | distance | less than 3 miles | less than 3 miles | ..3 mile
en | distance | 10-15 km | 10-15 km | 10..15 kilometre
en | temperature | 30 degrees | 30 degrees | 30 degree
en | temperature | -5 degrees celsius | -5 degrees celsius | -5 celsius
en | temperature | 70°F | 70°F | 70 fahrenheit
en | temperature | between 20 and 25 celsius | between 20 and 25 celsius | 20..25 celsius
en | volume | two litres | two litres | 2 litre
en | volume | 250 ml | 250 ml | 250 millilitre
en | volume | half a gallon | half a gallon | 0.5 gallon
en | quantity | 2 kg | 2 kg | 2000 gram
en | quantity | 500 grams of flour | 500 grams of flour | 500 gram
en | quantity | three cups of sugar | three cups of sugar | 3 cup
en | quantity | a pound | a pound | 1 pound
en | email | write to a.b@example.com | a.b@example.com | a.b@example.com
en | email | jane dot doe at example dot org | jane dot doe at example dot org | jane.doe@example.org
en | phone-number | call 650-701-8887 | 650-701-8887 | 6507018887
en | phone-number | +49 170 1234567 | +49 170 1234567 | (+49) 1701234567
en | phone-number | (415) 555-0132 ext 22 | (415) 555-0132 ext 22 | 4155550132 ext 22
en | url | see https://example.com/a?b=1 | https://example.com/a?b=1 | https://example.com/a?b=1
en | url | go to example.org/help | example.org/help | example.org/help
es | number | 12 | 12 | 12
es | email | escribe a ana@ejemplo.es | ana@ejemplo.es | ana@ejemplo.es
es | amount-of-money | 20 euros | 20 euros | 20 EUR
es | amount-of-money | 15 € | 15 € | 15 EUR
es | phone-number | +34 600 123 456 | +34 600 123 456 | (+34) 600123456
de | number | 42 | 42 | 42
de | email | schreib an max@beispiel.de | max@beispiel.de | max@beispiel.de
de | amount-of-money | 20 € | 20 € | 20 EUR
de | url | siehe www.beispiel.de | www.beispiel.de | www.beispiel.de
de | distance | 5 km | 5 km | 5 kilometre
de | phone-number | +49 30 1234567 | +49 30 1234567 | (+49) 301234567
"""
FOREIGN = """
es | time | mañana | mañana | 2013-02-13 day
es | time | el 5 de marzo de 2014 | 5 de marzo de 2014 | 2014-03-05 day
es | time | hoy | hoy | 2013-02-12 day
es | time | ayer | ayer | 2013-02-11 day
es | time | el 12/05/2013 | 12/05/2013 | 2013-05-12 day
de | time | morgen | morgen | 2013-02-13 day
de | time | gestern | gestern | 2013-02-11 day
de | time | am 3. März 2014 | am 3. März 2014 | 2014-03-03 day
de | time | am 12.05.2013 | 12.05.2013 | 2013-05-12 day
de | time | heute | heute | 2013-02-12 day
"""


def rows(table: str) -> list[tuple[str, ...]]:
    return [tuple(cell.strip() for cell in line.split(" | ")) for line in table.strip().splitlines()]


def short(wire: dict[str, Any]) -> str:
    if wire.get("type") == "interval":
        ends = [wire.get(side, {}) for side in ("from", "to")]
        kind = next(end.get("grain") or end["unit"] for end in ends if end)
        return f"{moment(ends[0].get('value'))}..{moment(ends[1].get('value'))} {kind}"
    return f"{moment(wire['value'])} {wire.get('grain') or wire.get('unit') or ''}".strip()


def moment(value: Any) -> str:
    """Leave out the seconds, and a midnight, and the offset, which is that of NOW."""
    if value is None:
        return ""
    if isinstance(value, str) and value.endswith("-02:00"):
        return value[:10] if value[11:19] == "00:00:00" else value[:16]
    return str(value)


def check(locale: str, dim: str, text: str, words: str, value: str) -> None:
    found = [(match["body"], short(match["value"])) for match in extract(text, NOW, [dim], locale)]
    assert found == [(words, value)]


@pytest.mark.parametrize(("locale", "dim", "text", "words", "value"), rows(PHRASES))
def test_phrases(locale: str, dim: str, text: str, words: str, value: str) -> None:
    check(locale, dim, text, words, value)


@pytest.mark.parametrize(("locale", "dim", "text", "words", "value"), rows(FOREIGN))
def test_dates_in_other_languages(locale: str, dim: str, text: str, words: str, value: str) -> None:
    pytest.importorskip("dateparser")
    check(locale, dim, text, words, value)
