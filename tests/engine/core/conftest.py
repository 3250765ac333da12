"""Property tests are the same each time, and no clock decides whether they pass."""

from __future__ import annotations

import hypothesis

hypothesis.settings.register_profile("deterministic", derandomize=True, deadline=None, database=None)
hypothesis.settings.load_profile("deterministic")
