"""One set of services per process and database, made on first use, however many ask at once."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from actions.services import close_services, services
from actions.services.container import Services


def test_the_same_services_for_the_same_database(scratch_shop: Services) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert {id(made) for made in pool.map(lambda _: services(), range(16))} == {id(scratch_shop)}


def test_another_database_gets_its_own(
    scratch_shop: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRONTDESK_SHOP_DB", f"sqlite:///{tmp_path}/other.db")
    other = services()
    assert other is not scratch_shop
    assert len(other.commerce.products()) >= 45
    assert other.today() == scratch_shop.today()


def test_the_default_is_a_file_of_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FRONTDESK_SHOP_DB", raising=False)
    monkeypatch.setenv("FRONTDESK_OUTBOX", "manual")
    assert services().commerce.order("L204817") is not None
    assert (tmp_path / ".frontdesk" / "shop.db").exists()
    close_services()


def test_e_mails_are_delivered_in_the_background(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scratch_shop: Services
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FRONTDESK_OUTBOX")
    monkeypatch.setenv("FRONTDESK_SHOP_DB", f"sqlite:///{tmp_path}/other.db")
    made = services()
    assert made.database.engine
    close_services()  # stops the courier
    assert services() is not made


def test_importing_the_services_is_light() -> None:
    code = "import sys, actions.services; print(sorted({'sqlalchemy', 'ruamel', 'jwt', 'frontdesk'} & set(sys.modules)))"
    script = f"import sys; sys.modules['actions'] = type(sys)('actions'); sys.modules['actions'].__path__ = ['actions']; {code}"
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
