"""Make the action server that endpoints.yml asks for."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

from frontdesk.actions.calls import MAX_EVENTS
from frontdesk.actions.context import VARIABLE, ContextSigner
from frontdesk.actions.local import THREADS, LocalActionServer
from frontdesk.core.domain import Domain
from frontdesk.core.ports import ActionCall, ActionResult, ActionServer
from frontdesk.core.slots import truthy
from frontdesk.core.tracker import Tracker
from frontdesk.endpoint import OPTIONS as ENDPOINT_OPTIONS
from frontdesk.endpoint import read_endpoint, seconds, whole
from frontdesk.errors import ActionError, ConfigError, suggestion

log = logging.getLogger("frontdesk.actions")

COMPRESS = "COMPRESS_ACTION_SERVER_REQUEST"
"""Rasa's environment variable that packs requests, where the option `compress` says nothing."""
_SECTION = "action_endpoint"
_SWITCHES = ("selective_domain", "compress")
_NUMBERS = ("deadline", "timeout", "max_events", "threads")
_REPEATABLE = "repeatable"
_OPTIONS = frozenset(("url", "actions_module", *ENDPOINT_OPTIONS, *_SWITCHES, *_NUMBERS, _REPEATABLE))


class NoActionServer:
    """Stands where endpoints.yml names no action server: every action fails with what to do."""

    async def run(self, name: str, tracker: Tracker, domain: Domain, call: ActionCall) -> ActionResult:
        """Raise ActionError."""
        hint = "Add `action_endpoint: {actions_module: actions}` or a `url` to endpoints.yml."
        raise ActionError(f"There is no action server to run '{name}'.", hint=hint)

    async def names(self) -> frozenset[str]:
        """Return none."""
        return frozenset()

    async def close(self) -> None:
        """Let go of nothing."""


def make_action_server(
    options: Mapping[str, Any] | None,
    folder: Path,
    *,
    deadline: float = 10.0,
    signer: ContextSigner | None = None,
    where: str | None = None,
) -> ActionServer:
    """Return the action server for the options under `action_endpoint`.

    With `url`, actions run on that server; with `actions_module`, in this process, imported from `folder`.
    `deadline` is the default in seconds. Raises ConfigError for options that cannot be meant.
    """
    if not options:
        return NoActionServer()
    for key in options:
        if key not in _OPTIONS:
            log.warning("An action endpoint has no option '%s'; ignored. %s", key, suggestion(key, _OPTIONS))
    options = {key: value for key, value in options.items() if value is not None}
    late = seconds(options, deadline, _SECTION, where)
    most = whole(options, "max_events", MAX_EVENTS, _SECTION, where)
    if options.get("url"):
        from frontdesk.actions.remote import RemoteActionServer

        if signer is None and not os.environ.get(VARIABLE):
            log.warning("%s is not set, so the action server cannot know for whom an action runs.", VARIABLE)
        packed = options.get("compress", os.environ.get(COMPRESS, False))
        endpoint = read_endpoint(options, _SECTION, where, compress=truthy(packed))
        selective = truthy(options.get("selective_domain", False))
        return RemoteActionServer(
            endpoint, deadline=late, max_events=most, selective_domain=selective, signer=signer
        )
    if options.get("actions_module"):
        module, threads = str(options["actions_module"]), whole(options, "threads", THREADS, _SECTION, where)
        return LocalActionServer(
            module, folder, deadline=late, threads=threads, max_events=most, signer=signer
        )
    hint = "Give `url` (an action server) or `actions_module` (a Python module)."
    raise ConfigError("The action endpoint does not say where actions are.", where=where, hint=hint)


def repeatable(options: Mapping[str, Any], where: str | None = None) -> Callable[[str], bool]:
    """Return what tells whether an action may run again without harm: `repeatable` lists names, also as `action_ask_*`.

    Raises ConfigError for what is no list of names.
    """
    patterns = options.get(_REPEATABLE) or ()
    if not isinstance(patterns, list | tuple) or not all(isinstance(each, str) for each in patterns):
        hint = "For example: `repeatable: [action_ask_*, action_show_hours]`."
        raise ConfigError(f"{_SECTION}: '{_REPEATABLE}' must be a list of names.", where=where, hint=hint)
    return cache(lambda name: any(fnmatchcase(name, pattern) for pattern in patterns))
