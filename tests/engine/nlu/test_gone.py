from __future__ import annotations

import pytest

from frontdesk.errors import ConfigError
from frontdesk.graph.recipe import Part
from frontdesk.nlu import gone
from frontdesk.registry import COMPONENTS, STAND_INS

NAMES = sorted(name for name, path in COMPONENTS.items() if path.startswith("frontdesk.nlu.gone:"))


@pytest.mark.parametrize("name", NAMES)
def test_each_says_in_one_sentence_what_it_was_and_what_to_use(name: str) -> None:
    with pytest.raises(ConfigError) as raised:
        Part("component", name, {}, "config.yml:7").make()
    said = str(raised.value)
    assert said.startswith(f"config.yml:7: {name} ")
    assert "Use " in said
    assert said.endswith("'frontdesk train --lenient' goes on without it.")


def test_all_of_them_are_registered_and_stand_ins_exist() -> None:
    written = {
        name for name, value in vars(gone).items() if isinstance(value, type) and getattr(value, "was", "")
    }
    assert written == set(NAMES)
    assert set(STAND_INS.values()) <= set(COMPONENTS)
    assert set(STAND_INS) <= set(COMPONENTS)
