from __future__ import annotations

import pytest

from frontdesk.errors import ConfigError
from frontdesk.graph.recipe import Part
from frontdesk.registry import POLICIES

NAMES = sorted(name for name, path in POLICIES.items() if path.startswith("frontdesk.policies.gone:"))


@pytest.mark.parametrize("name", NAMES)
def test_each_says_what_it_was_and_what_to_use(name: str) -> None:
    with pytest.raises(ConfigError) as raised:
        Part("policy", name, {}, "config.yml:20").make()
    said = str(raised.value)
    assert said.startswith(f"config.yml:20: {name} ")
    assert "Rasa took it out in version 3. Use " in said
    assert len(NAMES) == 7
