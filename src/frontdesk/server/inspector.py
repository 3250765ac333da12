"""The inspector: a page that shows what went on in a conversation, corrects it, and saves what was learnt.

It is off unless asked for. `inspector_access` says who may open it; every operation under /inspector/api asks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sanic import Request, Sanic
from sanic.response import HTTPResponse, file
from sanic.response import json as json_response

from frontdesk.channels.http import LONGEST_ID, Refusal, body, text_field
from frontdesk.core.codec import entity_from_wire
from frontdesk.core.domain import DEFAULT_INTENTS
from frontdesk.core.message import Entity
from frontdesk.core.tracker import Tracker
from frontdesk.errors import ConfigError, PackageError
from frontdesk.formats.annotations import annotate, parse
from frontdesk.formats.project_layout import Layout
from frontdesk.runtime.agent import Agent
from frontdesk.runtime.trace import trace
from frontdesk.server import inspector_changes as changes
from frontdesk.server import inspector_saving as saving
from frontdesk.server import inspector_views as views
from frontdesk.server.api_conversations import visible
from frontdesk.server.inspector_access import PAGE, Entrance
from frontdesk.server.inspector_sources import Library

API = f"{PAGE}/api"
FILES = Path(__file__).parent / "inspector_page"
LISTED = 60
SEARCHED = 20_000
"""So many ids are looked through for one that is searched for."""


@dataclass(frozen=True)
class Inspector:
    """What the operations share."""

    agent: Agent
    layout: Layout
    entrance: Entrance
    library: Library

    # What is shown.

    async def about(self, _: Request) -> Any:
        """Return what a correction can choose from."""
        return {"model": self.agent.model_id, **views.names(self.agent.processor.domain)}

    async def conversations(self, request: Request) -> Any:
        """Return the conversations that went on last, or those whose id has a text in it."""
        wanted = (request.args.get("search") or "").strip().lower()
        ids = await self._search(wanted) if wanted else await self.agent.store.newest(LISTED)
        found = [views.preview(visible(await self._latest(name))) for name in ids]
        return {"conversations": [line for line in found if line["time"] is not None]}

    async def _search(self, wanted: str) -> list[str]:
        found: list[str] = []
        looked_at = 0
        async for name in self.agent.store.senders():
            looked_at += 1
            if wanted in name.lower():
                found.append(name)
            if len(found) == LISTED or looked_at == SEARCHED:
                break
        return found

    async def _latest(self, sender_id: str) -> Tracker:
        stored = await self.agent.store.load(sender_id)
        return Tracker.start(sender_id, self.agent.processor.domain.initial_slots, stored.events)

    async def conversation(self, request: Request) -> Any:
        """Return a conversation with a few lines for each turn."""
        sender_id = _id(request.args.get("id"))
        return await self._shown(sender_id, everything=request.args.get("all") == "1")

    async def _shown(self, sender_id: str, *, everything: bool = False) -> dict[str, Any]:
        return views.conversation(await self._tracker(sender_id), everything=everything)

    async def _tracker(self, sender_id: str) -> Tracker:
        if sender_id.startswith(views.OWN):  # a new one is empty
            return visible(await self.agent.tracker(sender_id))
        return await changes.existing(self.agent, sender_id)

    async def turn(self, request: Request) -> Any:
        """Return one turn in full. The policies are asked on a thread of their own, away from messages."""
        tracker = await self._tracker(_id(request.args.get("id")))
        events = tracker.events()
        part = changes.stretch(events, _number(request.args.get("turn"), "turn"))
        processor = self.agent.processor
        found = await asyncio.to_thread(trace, processor.loop, processor.domain, events, part)
        words = found.heard.text if found.heard else None
        passages = await processor.understanding.explain(words) if words else []
        return await asyncio.to_thread(
            views.turn, found, tracker.sender_id, processor.domain, self.library, passages
        )

    # What is changed.

    async def begin(self, _: Request) -> Any:
        """Return the id of a new conversation."""
        return {"id": changes.new_id()}

    async def message(self, request: Request) -> Any:
        """Let the assistant answer a message in an own conversation."""
        found = body(request)
        sender_id, text = _own(found), _text(found, "text")
        await self.agent.receive(changes.message_in(sender_id, text))
        return await self._shown(sender_id)

    async def fork(self, request: Request) -> Any:
        """Copy a conversation up to the end of a turn."""
        found = body(request)
        tracker = await changes.existing(self.agent, _id(found.get("id")))
        part = changes.stretch(tracker.events(), _number(found.get("turn"), "turn"))
        return await self._shown(await changes.fork(self.agent, tracker, part.end))

    async def undo(self, request: Request) -> Any:
        """Take back all turns after this one; with -1 all there are."""
        found = body(request)
        tracker = await self._tracker(_own(found))
        number = _number(found.get("turn"), "turn", least=-1)
        until = changes.stretch(tracker.events(), number).end if number >= 0 else 0
        await changes.go_back(self.agent, tracker, until)
        return await self._shown(tracker.sender_id)

    async def understanding(self, request: Request) -> Any:
        """Go on from a message as if it had been understood otherwise."""
        found = body(request)
        tracker = await self._tracker(_own(found))
        number, intent = _number(found.get("turn"), "turn"), _text(found, "intent")
        domain = self.agent.processor.domain
        if intent.split("/")[0] not in (*domain.intents, *DEFAULT_INTENTS):
            raise Refusal(
                400, "BadRequest", f"The intent '{intent}' is not in the domain. Save it as an example first."
            )
        stay = found.get("entities") is None and found.get("annotated") is None
        entities = None if stay else _entities(found)
        await changes.understand_as(self.agent, tracker, number, intent, entities)
        return await self._shown(tracker.sender_id)

    async def action(self, request: Request) -> Any:
        """Go on with another action from one decision."""
        found = body(request)
        tracker = await self._tracker(_own(found))
        number, at = _number(found.get("turn"), "turn"), _number(found.get("at"), "at")
        await changes.act_as(self.agent, tracker, number, at, _text(found, "action"))
        return await self._shown(tracker.sender_id)

    async def annotation(self, request: Request) -> Any:
        """Turn an annotated sentence into text and entities, or a text and entities into an annotated sentence."""
        found = body(request)
        annotated = text_field(found, "annotated")
        if annotated is None:
            text, entities = _text(found, "text"), _entities(found)
            annotated = annotate(text, entities)
        else:
            text, read = parse(annotated)
            entities = [*read]
        return {"annotated": annotated, "text": text, "entities": saving.bare(entities)}

    # What is saved.

    async def example(self, request: Request) -> Any:
        """Show what saving a sentence for an intent would change in the files, or do it."""
        found = body(request)
        plan = saving.Example(_text(found, "intent"), _text(found, "annotated"))
        return await self._save(plan, text_field(found, "digest"))

    async def story(self, request: Request) -> Any:
        """Show what saving a conversation as a story would change in the files, or do it."""
        found = body(request)
        tracker = await changes.existing(self.agent, _id(found.get("id")))
        events = tracker.events()
        if found.get("turn") is not None:
            events = events[: changes.stretch(events, _number(found.get("turn"), "turn")).end]
        plan = saving.StoryOf(_text(found, "name"), tuple(events), found.get("words") is True)
        return await self._save(plan, text_field(found, "digest"))

    async def _save(self, plan: saving.Plan, digest: str | None) -> Any:
        domain = self.agent.processor.domain
        return await asyncio.to_thread(saving.save, self.layout, domain, plan, digest)


def mount_inspector(app: Sanic[Any, Any], agent: Agent, layout: Layout, entrance: Entrance) -> None:
    """Add the page and its operations to the server."""
    inspector = Inspector(agent, layout, entrance, Library(layout))

    @app.get(PAGE, name="inspector")
    async def page(_: Request) -> HTTPResponse:
        return await file(FILES / "inspector.html", headers={"Cache-Control": "no-cache"})

    app.static(f"{PAGE}/static", FILES, name="inspector_files", directory_view=False)
    shown = (inspector.about, inspector.conversations, inspector.conversation, inspector.turn)
    done = (
        inspector.begin, inspector.message, inspector.fork, inspector.undo, inspector.understanding,
        inspector.action, inspector.annotation, inspector.example, inspector.story,
    )  # fmt: skip
    for method, operations in (("GET", shown), ("POST", done)):
        for run in operations:
            name = run.__name__
            app.add_route(
                _answering(entrance, run), f"{API}/{name}", methods=[method], name=f"inspector_{name}"
            )


def _answering(entrance: Entrance, run: Callable[[Request], Awaitable[Any]]) -> Callable[..., Any]:
    operation = f"inspector.{run.__name__}"

    async def answer(request: Request) -> HTTPResponse:
        entrance.admit(request, operation)
        if request.method == "POST" and not (request.content_type or "").startswith("application/json"):
            raise Refusal(415, "UnsupportedMediaType", "Send JSON, with 'Content-Type: application/json'.")
        try:
            return json_response(await run(request), headers={"Cache-Control": "no-store"}, default=str)
        except ConfigError as error:
            raise Refusal(400, "BadRequest", str(error)) from error
        except PackageError as error:
            raise Refusal(409, "Conflict", error.sentence) from error
        except TimeoutError as error:
            raise Refusal(503, "Timeout", "It took too long and was stopped. Please try again.") from error

    return answer


def _id(found: Any) -> str:
    if not isinstance(found, str) or not found or len(found) > LONGEST_ID or "\0" in found:
        raise Refusal(400, "BadRequest", "'id' must be the id of a conversation.")
    return found


def _own(found: Any) -> str:
    sender_id = _id(found.get("id"))
    if not sender_id.startswith(views.OWN):
        what = "This is a customer's conversation. Copy it first, then go on in the copy."
        raise Refusal(403, "NotAuthorized", what)
    return sender_id


def _text(found: Any, name: str) -> str:
    text = (text_field(found, name) or "").strip()
    if not text:
        raise Refusal(400, "BadRequest", f"'{name}' is missing.")
    return text


def _number(found: Any, name: str, *, least: int = 0) -> int:
    try:
        number = int(str(found))
    except ValueError:
        number = least - 1
    if isinstance(found, bool) or not least <= number < 10**9:
        raise Refusal(400, "BadRequest", f"'{name}' must be a number.")
    return number


def _entities(found: Any) -> list[Entity]:
    """Return the entities of a body: as a list, or those of its annotated sentence."""
    annotated = text_field(found, "annotated")
    if annotated is not None:
        return [*parse(annotated)[1]]
    listed = found.get("entities") or []
    if not isinstance(listed, list) or not all(_is_entity(entity) for entity in listed):
        raise Refusal(
            400, "BadRequest", "'entities' must be a list of entities with 'entity', 'start' and 'end'."
        )
    return [entity_from_wire(entity) for entity in listed]


def _is_entity(found: Any) -> bool:
    return (
        isinstance(found, dict)
        and isinstance(found.get("entity"), str)
        and isinstance(found.get("start"), int)
        and isinstance(found.get("end"), int)
        and isinstance(found.get("role"), str | None)
        and isinstance(found.get("group"), str | None)
    )
