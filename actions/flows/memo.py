"""Look at the shop once within one call of an action, not at every step of a form."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

T = TypeVar("T")

_seen: ContextVar[dict[Hashable, Any] | None] = ContextVar("seen", default=None)


@contextmanager
def one_look() -> Iterator[None]:
    """Keep what is looked up within this block; whoever changes something in it says so with `look_again`."""
    token = _seen.set({})
    try:
        yield
    finally:
        _seen.reset(token)


def look_again() -> None:
    """Forget what was looked up so far in this block: something of it may have changed."""
    seen = _seen.get()
    if seen is not None:
        seen.clear()


def seen_before(key: Hashable) -> Any:
    """Return what was looked up within this block under a key; None where nothing was."""
    return (_seen.get() or {}).get(key)


def looked_up(key: Hashable, look: Callable[[], T]) -> T:
    """Return what `look` gives: the first time within a block, and every time outside of one."""
    seen = _seen.get()
    if seen is None:
        return look()
    if key not in seen:
        seen[key] = look()
    found: T = seen[key]
    return found
