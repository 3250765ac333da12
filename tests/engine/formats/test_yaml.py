"""YAML 1.2 with line numbers, limits and environment variables."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from frontdesk.core.training import Place
from frontdesk.errors import YamlError
from frontdesk.formats import yaml
from frontdesk.formats.yaml import Block, Items, plain, read_text


def test_words_of_yaml_1_1_are_text() -> None:
    found = read_text("[no, yes, on, off, y, 12:30, 2024-01-31, 0x1F, 0o17, 010, 1_000]", "f.yml")
    assert found == ["no", "yes", "on", "off", "y", "12:30", "2024-01-31", 31, 15, 10, "1_000"]


def test_plain_scalars_mean_what_yaml_1_2_says() -> None:
    found = read_text(
        "[true, FALSE, null, ~, 1, -2, +3, 1.5, .5, 1e3, .inf, -.inf, '1', \"true\", -, +a]", "f"
    )
    expected = [
        True,
        False,
        None,
        None,
        1,
        -2,
        3,
        1.5,
        0.5,
        1000.0,
        math.inf,
        -math.inf,
        "1",
        "true",
        "-",
        "+a",
    ]
    assert found == expected
    assert math.isnan(read_text(".nan", "f"))
    assert read_text("9" * 5000, "f") == "9" * 5000


def test_every_value_knows_its_line() -> None:
    text = "a: 1\n\nb:\n  - x\n\n  - y: |\n      one\n      two\nc: text\n"
    root = read_text(text, "dir/f.yml")
    assert isinstance(root, Block)
    assert root.place == Place("dir/f.yml", 1)
    assert str(root.at("b")) == "dir/f.yml:3"
    items = root["b"]
    assert isinstance(items, Items)
    assert [str(place) for _, place in items.placed()] == ["dir/f.yml:4", "dir/f.yml:6"]
    assert items[1].at("y").line == 6
    assert items[1].text_at("y").line == 7, "the text of a block begins below its key"
    assert root.text_at("c").line == 9
    assert root.at("missing") == root.place


def test_keys_are_text_as_written() -> None:
    assert read_text("1: a\ntrue: b\nnull: c\n", "f") == {"1": "a", "true": "b", "null": "c"}


def test_merge_keys_fill_what_is_missing() -> None:
    root = read_text("base: &b {x: 1, y: 2}\nmore: &m {z: 3}\nall:\n  <<: [*b, *m]\n  x: 9\n", "f")
    assert root["all"] == {"x": 9, "y": 2, "z": 3}
    assert root["all"].at("y").line == 1


def test_an_empty_file_is_nothing(tmp_path: Path) -> None:
    path = tmp_path / "f.yml"
    path.write_bytes(b"\xef\xbb\xbf# only a comment\n")
    assert yaml.read(path) is None


def test_plain_takes_the_lines_away() -> None:
    found = plain(read_text("a: [{b: 1}]", "f"))
    assert type(found) is dict
    assert type(found["a"]) is list
    assert type(found["a"][0]) is dict


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", "f.yml:3: The key 'a' stands twice, in line 1 and in line 3."),
        ("a: 1\n\tb: 2\n", "f.yml:2: This is not valid YAML"),
        ("a: b: c\n", "f.yml:1: This is not valid YAML: mapping values are not allowed"),
        ("a: 'open\n", "f.yml:2: This is not valid YAML"),
        ("a: [1, 2\nb: 3\n", "f.yml:2: This is not valid YAML"),
        (
            "a: 1\n<<<<<<< HEAD\nb: 2\n=======\nb: 3\n>>>>>>> other\n",
            "f.yml:2: This is not valid YAML: '<<<<<<<' is left over from a merge",
        ),
        (
            "a: !!python/object/apply:os.system [ls]\n",
            "f.yml:1: The tag '!!python/object/apply:os.system' is not",
        ),
        ("a: !secret x\n", "f.yml:1: The tag '!secret' is not allowed. Remove it"),
        ("a: !!timestamp 2024-01-01\n", "f.yml:1: The tag '!!timestamp' is not allowed."),
        ("a: !!int x\n", "f.yml:1: 'x' is not of the kind that '!!int' says."),
        ("a: *nobody\n", "f.yml:1:"),
        ("a: &x [*x]\n", "f.yml:1: '*x' stands inside of what it refers to."),
        ("{a: 1}: b\n", "f.yml:1: A key must be a word or a text."),
        ("[a]: b\n", "f.yml:1: A key must be a word or a text."),
        ("a: 1\n---\nb: 2\n", "f.yml:2: A second document begins here."),
        ("<<: 3\n", "f.yml:1: '<<' must be followed by a mapping."),
        ("a: \x07\n", "f.yml:1: The YAML cannot be read"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_line(text: str, message: str) -> None:
    with pytest.raises(YamlError) as caught:
        read_text(text, "f.yml")
    assert caught.value.sentence.startswith(message)


def test_core_tags_are_allowed() -> None:
    assert read_text("[!!str 1, !!int '2', !!float 3, !!bool true, !!null '', ! 5]", "f") == [
        "1",
        2,
        3.0,
        True,
        None,
        "5",
    ]


def test_aliases_cannot_multiply_without_bound() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    for n in range(1, 10):
        lines.append(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]")
    with pytest.raises(YamlError, match="Aliases multiply to more than") as caught:
        read_text("\n".join(lines), "f.yml")
    assert caught.value.where == "f.yml:6"


def test_deep_nesting_is_refused() -> None:
    assert read_text("[" * 30 + "]" * 30, "f")
    with pytest.raises(YamlError, match="nested deeper than 40"):
        read_text("[" * 5000 + "]" * 5000, "f")


def test_too_large_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(YamlError, match="larger than 10 MB"):
        yaml.read_bytes(b"#" * (yaml.MAX_BYTES + 1), "f")


def test_other_encodings_are_refused_with_the_line(tmp_path: Path) -> None:
    path = tmp_path / "f.yml"
    path.write_bytes(b"a: 1\nb: caf\xe9\n")
    with pytest.raises(YamlError, match="not UTF-8") as caught:
        yaml.read(path)
    assert caught.value.where == f"{path}:2"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(YamlError, match="cannot be read"):
        yaml.read(tmp_path / "none.yml", name="none.yml")


ENV = {"NAME": "x", "EMPTY": "", "ON": "true", "DIGITS": "0123"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${NAME}", "x"),
        ("'a-${NAME}-${NAME}'", "a-x-x"),
        ("${NONE:-other}", "other"),
        ("'${NONE:-}'", ""),
        ("${EMPTY:-other}", "other"),
        ("'${EMPTY}'", ""),
        ("${DIGITS}", "0123"),
        ("${NONE:-5432}", "5432"),
        ("${ON}", True),
        ("${NONE:-false}", False),
        ("'${ON}'", "true"),
        ("'$${NAME} $NAME'", "${NAME} $NAME"),
        ("|\n  ${NAME}\n", "x\n"),
    ],
)
def test_variables_are_replaced_in_settings(text: str, value: object) -> None:
    assert read_text(f"a: {text}", "f", expand="all", env=ENV) == {"a": value}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "${NONE}",
            "f.yml:2: The environment variable 'NONE' is not set. Set it, or give a default: ${NONE:-default}.",
        ),
        ("${NAME:x}", "f.yml:2: '${NAME:x}' names no environment variable."),
        ("'${}'", "f.yml:2: '${}' names no environment variable."),
    ],
)
def test_a_missing_variable_is_named_with_its_line(text: str, message: str) -> None:
    with pytest.raises(YamlError) as caught:
        read_text(f"x: 1\na: {text}", "f.yml", expand="all", env=ENV)
    assert caught.value.sentence.startswith(message)


def test_in_a_domain_only_unquoted_upper_case_names_are_variables() -> None:
    text = "- ${NAME} a\n- '${NAME}'\n- '${price}'\n- ${price} b\n"
    assert read_text(text, "f", expand="plain", env=ENV) == ["x a", "${NAME}", "${price}", "${price} b"]
    assert read_text("a: ${NAME}", "f", env=ENV) == {"a": "${NAME}"}


def test_the_environment_is_the_process_s_own_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_NAME_OF_THIS_TEST", "here")
    assert read_text("a: ${A_NAME_OF_THIS_TEST}", "f", expand="all") == {"a": "here"}
