from __future__ import annotations

import pytest

from frontdesk.actions.interpolation import fill, fill_payload, fill_text


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("Hello {name}!", "Hello Ann!"),
        ("{name}, {name}", "Ann, Ann"),
        ("{opening.first_hour} o'clock", "9 o'clock"),
        ("{empty}", "None"),
        ("{{name}} stays", "{name} stays"),
        ("{unknown} and {name}", "{unknown} and {name}"),
        ("{{name}} and {name}", "{{name}} and {name}"),
        ("{{a}} {{ }}", "{a} { }"),
        ("{name\n}", "{name\n}"),
        ("{}", "{}"),
        ("a lone { and a lone }", "a lone { and a lone }"),
        ("{with space}", "yes"),
        ("{brace}", "{name}"),
    ],
)
def test_text(text: str, filled: str) -> None:
    values = {"name": "Ann", "opening.first_hour": 9, "empty": None, "with space": "yes", "brace": "{name}"}
    assert fill_text(text, values) == filled


@pytest.mark.parametrize(
    "attack",
    [
        "{name.__class__}",
        "{name.__class__.__mro__}",
        "{name[0]}",
        "{name!r}",
        "{name:>1000000000}",
        "{0}",
        "{0[name]}",
        "{self}",
    ],
)
def test_a_placeholder_is_a_name_and_never_code(attack: str) -> None:
    assert fill_text(attack, {"name": "Ann"}) == attack


def test_the_value_of_a_slot_is_never_filled_again() -> None:
    assert fill_text("{a}", {"a": "{b} {a.__class__}", "b": "secret"}) == "{b} {a.__class__}"


def test_all_texts_at_any_depth() -> None:
    value = {"a": ["{x}", {"b": "{x}", "n": 3}], "c": None}
    assert fill(value, {"x": "1"}) == {"a": ["1", {"b": "1", "n": 3}], "c": None}
    assert value["a"][0] == "{x}"  # type: ignore[index]  # the original stays as it was


def test_a_payload_keeps_its_json() -> None:
    values = {"name": 'Ann", "verified": true, "x": "', "n": 3}
    payload = fill_payload('/inform{"name": "{name}"}', values)
    assert payload == '/inform{"name": "Ann\\", \\"verified\\": true, \\"x\\": \\""}'
    assert fill_payload('/inform{"count": {n}}', values) == '/inform{"count": 3}'
    assert fill_payload("say {n}", values) == "say 3"
    assert (
        fill_payload('/inform{{"count": "{n}", "x": "{y}"}}', values)
        == '/inform{{"count": "{n}", "x": "{y}"}}'
    )
    assert fill_payload('/inform{{"count": "{n}"}}', values) == '/inform{"count": "3"}'
    assert fill_payload('/inform{"name": "x"}', values) == '/inform{"name": "x"}'
