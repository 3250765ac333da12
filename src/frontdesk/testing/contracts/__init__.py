"""Contract suites: what every implementation of a port must do, as tests to inherit from.

>>> from frontdesk.testing.contracts.tracker_store import TrackerStoreContract
>>> class TestMyStore(TrackerStoreContract):
...     @pytest.fixture
...     async def store(self):
...         store = MyStore()
...         yield store
...         await store.close()
"""

import pytest

# So that a failing assertion of a contract shows its values, as in anybody's own tests.
pytest.register_assert_rewrite(
    *(
        f"{__name__}.{name}"
        for name in ("tracker_store", "inbox", "lock_store", "reminders", "outbox", "event_broker", "bucket")
    )
)
