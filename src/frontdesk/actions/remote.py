"""Custom actions on an action server over HTTP, as Rasa calls it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial

from frontdesk.actions.calls import MAX_EVENTS, read_result, request
from frontdesk.actions.context import ContextSigner
from frontdesk.core.domain import Domain
from frontdesk.core.ports import ActionCall, ActionResult
from frontdesk.core.tracker import Tracker
from frontdesk.endpoint import Endpoint
from frontdesk.endpoint_client import EndpointClient
from frontdesk.errors import ActionError, ActionRejected, ActionTimeout, EndpointError, EndpointTimeout

UNKNOWN_DOMAIN = 449
"""What an action server of rasa-sdk 3.8 or later answers to a call without a domain that it has not seen yet."""


class RemoteActionServer:
    """Runs actions on another server: `python -m rasa_sdk`, or anything that speaks its protocol.

    >>> server = RemoteActionServer(Endpoint("http://localhost:5055/webhook"))

    `deadline` is in seconds and holds for the whole call. Where a kept connection turns out to be dead, the call is
    made once more on a new one (with the same idempotency key). With `selective_domain`, only actions with
    `send_domain: true` get the domain; a newer server that keeps domains by their digest is sent each one once.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        deadline: float = 10.0,
        max_events: int = MAX_EVENTS,
        selective_domain: bool = False,
        signer: ContextSigner | None = None,
    ) -> None:
        self.endpoint = endpoint
        self.deadline = deadline
        self.max_events = max_events
        self.selective_domain = selective_domain
        self.signer = signer or ContextSigner()
        self._client = EndpointClient(endpoint)

    async def run(self, name: str, tracker: Tracker, domain: Domain, call: ActionCall) -> ActionResult:
        """Run one action. Raises ActionRejected, ActionTimeout, ActionError."""
        body = partial(request, name, tracker, call, self.signer, self.max_events)
        digest, whole = {"domain_digest": json.dumps(domain.wire_digest)}, {"domain": domain.wire_json}
        sends_domain = not self.selective_domain or name in domain.send_domain_actions
        try:
            first = body(**digest, **(whole if sends_domain else {}))
            status, content = await self._client.post(first, self.deadline)
            if status == UNKNOWN_DOMAIN and not sends_domain:
                status, content = await self._client.post(body(**digest, **whole), self.deadline)
        except EndpointTimeout as error:
            what = f"The action '{name}' took longer than {self.deadline:g} s."
            raise ActionTimeout(what, where=error.where) from error
        except EndpointError as error:
            hint = "Is the action server running? Start it with `frontdesk run actions`."
            what = f"The action server did not run '{name}'. {error.what}"
            raise ActionError(what, where=error.where, hint=hint) from error
        return self._read(name, status, content)

    def _read(self, name: str, status: int, content: bytes) -> ActionResult:
        place = self.endpoint.place
        try:
            wire = json.loads(content)
        except (ValueError, RecursionError) as error:
            what = f"The action server answered '{name}' with status {status} and no JSON."
            raise ActionError(what, where=place) from error
        said = wire if isinstance(wire, Mapping) else {}
        if status == 400 and "action_name" in said:
            raise ActionRejected(str(said["action_name"]), str(said.get("error") or ""))
        if status == 404 and "action_name" in said:
            hint = "Is the module of that action part of the server's `--actions`?"
            raise ActionError(f"The action server has no action '{name}'.", where=place, hint=hint)
        if status != 200:
            hint = "See the log of the action server."
            raise ActionError(f"The action '{name}' failed: status {status}.", where=place, hint=hint)
        return read_result(name, wire)

    async def probe(self) -> None:
        """Return where the server answers, whatever it says. Raises EndpointError."""
        path = self.endpoint.path.rpartition("/")[0] + "/health"
        await self._client.get(path, self.deadline)

    async def names(self) -> frozenset[str]:
        """Return what the server's `/actions` lists; empty where it cannot be asked."""
        try:
            listed = await self._client.get_json(
                self.endpoint.path.rpartition("/")[0] + "/actions", self.deadline
            )
            return frozenset(str(item["name"]) for item in listed)
        except (EndpointError, TypeError, KeyError):
            return frozenset()

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()
