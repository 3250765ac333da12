"""The embedded shop keeps what can be read in every shop."""

from __future__ import annotations

import pytest

from actions.commerce.model import Shop
from actions.commerce.port import Reading
from actions.services.container import Services

from .reading_contract import ReadingContract


class TestEmbeddedShop(ReadingContract):
    @pytest.fixture()
    def store(self, shop: Services) -> Reading:
        return shop.commerce

    @pytest.fixture()
    def whole(self, shop: Services) -> Shop:
        return shop.commerce.snapshot()
