"""Where a test of a flow asks for no shop, its actions find one of this test run, never the one in .frontdesk."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from actions.services import close_services


@pytest.fixture(scope="session")
def shop_of_nobody(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a shop that is made up when the first action asks for it."""
    yield f"sqlite:///{tmp_path_factory.mktemp('shop-of-nobody') / 'shop.db'}"
    close_services()


@pytest.fixture(autouse=True)
def _not_the_project_s_own_shop(shop_of_nobody: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Name it for one test at a time: servers that other tests start have shops of their own."""
    monkeypatch.setenv("FRONTDESK_SHOP_DB", shop_of_nobody)
    monkeypatch.setenv("FRONTDESK_OUTBOX", "manual")
