"""Make what words the responses, as `nlg:` in endpoints.yml asks for it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from frontdesk.actions.calls import MAX_EVENTS
from frontdesk.actions.responses import DomainResponses
from frontdesk.core.domain import Domain
from frontdesk.core.ports import ResponseGenerator
from frontdesk.endpoint import OPTIONS as ENDPOINT_OPTIONS
from frontdesk.endpoint import read_endpoint, seconds, whole
from frontdesk.errors import suggestion
from frontdesk.registry import resolve

log = logging.getLogger("frontdesk.actions")

_SECTION = "nlg"
_OPTIONS = frozenset(("type", "url", *ENDPOINT_OPTIONS, "deadline", "timeout", "max_events"))


def make_response_generator(
    options: Mapping[str, Any] | None,
    domain: Domain,
    facts: Mapping[str, Any] | None = None,
    *,
    deadline: float = 10.0,
    where: str | None = None,
) -> ResponseGenerator:
    """Return what words the responses of a domain.

    `type: response` (or no options at all) is the domain itself; `type: callback`, which is meant where only a `url` is
    given, is another server; a dotted path is a class that is made with its options and the domain. Raises
    UnknownName, ConfigError.
    """
    own = DomainResponses(domain, facts)
    kind = str((options or {}).get("type") or "callback")
    if not options or kind.lower() == "response":
        return own
    if kind.lower() != "callback":
        made: ResponseGenerator = resolve("response generator", kind, where=where)(
            {key: value for key, value in options.items() if key != "type"}, domain
        )
        return made
    from frontdesk.actions.callback import CallbackResponses

    for key in options:
        if key not in _OPTIONS:
            log.warning("'nlg' has no option '%s'; ignored. %s", key, suggestion(key, _OPTIONS))
    endpoint = read_endpoint(options, _SECTION, where)
    late = seconds(options, deadline, _SECTION, where)
    most = whole(options, "max_events", MAX_EVENTS, _SECTION, where)
    return CallbackResponses(endpoint, own, deadline=late, max_events=most)
