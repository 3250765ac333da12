from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from frontdesk.auth.secret import read_secret
from frontdesk.errors import ConfigError


@pytest.fixture(autouse=True)
def no_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FRONTDESK_SECRET", raising=False)


def test_it_is_made_once_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    secret = read_secret(tmp_path / "state")
    assert read_secret(tmp_path / "state") == secret
    assert stat.S_IMODE((tmp_path / "state" / "secret").stat().st_mode) == 0o600
    assert [p.name for p in (tmp_path / "state").iterdir()] == ["secret"]


def test_many_that_start_at_once_read_the_same(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(lambda _: read_secret(tmp_path), range(16)))) == 1


def test_the_variable_goes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRONTDESK_SECRET", "z" * 32)
    assert read_secret(tmp_path) == "z" * 32
    assert list(tmp_path.iterdir()) == []


def test_a_short_one_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRONTDESK_SECRET", "short")
    with pytest.raises(ConfigError, match="at least 32"):
        read_secret(tmp_path)
    monkeypatch.delenv("FRONTDESK_SECRET")
    (tmp_path / "secret").write_text("short")
    with pytest.raises(ConfigError, match="too short"):
        read_secret(tmp_path)
