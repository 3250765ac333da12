"""Vendors of channels, as far as the tests need them: servers that speak their APIs, and clients on the other side."""

import pytest

pytest.register_assert_rewrite("tests.vendors.vendor")
