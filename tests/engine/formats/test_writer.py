"""What is written is read again, by our reader and by others."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk.formats.writer import dump, edit
from frontdesk.formats.yaml import read_text

SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(),
    st.text(alphabet="ab \n-:#'\"[]{}|>&*!%@`,?${}\t\\"),
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(VALUES)
def test_any_value_is_read_again(value: object) -> None:
    # A merge key is the one key that YAML does not let stand for itself unquoted; we quote it.
    assert read_text(dump(value), "f") == value


def test_lines_become_a_block_and_words_of_yaml_1_1_get_quotes() -> None:
    value = {
        "version": "3.1",
        "examples": "- a\n- b\n",
        "answer": "no",
        "none": None,
        "list": [],
        "map": {},
        "f": 1.5,
    }
    assert dump(value) == (
        'version: "3.1"\nexamples: |\n  - a\n  - b\nanswer: "no"\nnone: null\nlist: []\nmap: {}\nf: 1.5\n'
    )


def test_lists_and_mappings_nest() -> None:
    assert dump({"a": [{"b": 1, "c": [{"d": "x"}]}, [1, 2]]}) == (
        "a:\n- b: 1\n  c:\n  - d: x\n- - 1\n  - 2\n"
    )


@pytest.mark.parametrize(
    "text", ["a: b", "a #b", "#a", "- a", "true", "12", "${X}", "a:", "", " a", "a\u2028b", "\x00"]
)
def test_what_would_be_misread_gets_quotes(text: str) -> None:
    assert dump({"k": text}).startswith('k: "')
    assert read_text(dump({"k": text}), "f", expand="plain", env={}) == {"k": text}


def test_editing_keeps_comments(tmp_path: Path) -> None:
    path = tmp_path / "f.yml"
    path.write_text("# top\na: 'one'  # why\nb:\n- x\n", encoding="utf-8")
    edit(path, lambda content: content["b"].append("y"))
    assert path.read_text(encoding="utf-8") == "# top\na: 'one'  # why\nb:\n- x\n- y\n"
