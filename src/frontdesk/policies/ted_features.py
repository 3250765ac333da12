"""What TEDPolicy sees of the last moments of a conversation, as names of features that hold."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from frontdesk.core.states import View
from frontdesk.core.tracker import LISTEN

_WORD = re.compile(r"\w+")


def describe(views: Sequence[View]) -> list[str]:
    """Return the features of the moments given, newest first; each name occurs once.

    They say what was understood and is known now, what was done since the user spoke, what was said and done in the
    turns before, and some of these together: a linear model cannot join them itself.
    """
    if not views:
        return []
    now = views[0]
    turns = _turns(views)
    done = ">".join(turns[0][1])
    before = turns[1] if len(turns) > 1 else ("", ())
    heard = now.intent or ""
    names = [f"a={_action(now)}", f"i={heard}", f"l={now.loop}", f"t={done}"]
    names += [f"t={done} i={heard}", f"t={done} i={heard} l={now.loop}", f"a={_action(now)} l={now.loop}"]
    names += [f"p={before[0]}", f"p={before[0]} i={heard} t={done}", f"q={'>'.join(before[1])}"]
    names += [f"q={'>'.join(before[1])} i={heard} t={done}"]
    for entity in now.entities:
        names += [f"e={entity}", f"e={entity} i={heard} t={done}"]
    for name, value in now.slots:
        slot = f"s={name}:{_value(value)}"
        names += [slot, f"{slot} a={_action(now)}", f"{slot} i={heard} t={done}"]
    if now.text and not now.intent:
        names += [f"w={word} t={done}" for word in words(now.text)]
    names += _past(views, turns)
    return list(dict.fromkeys(names))


def words(text: str) -> list[str]:
    """Return the words of a text in lower case."""
    return [word.lower() for word in _WORD.findall(text)]


def _past(views: Sequence[View], turns: Sequence[tuple[str, Sequence[str]]]) -> Iterator[str]:
    for lag, view in enumerate(views[1:], 1):
        yield f"{lag}a={_action(view)}"
        yield f"*a={_action(view)}"
    for lag, (intent, done) in enumerate(turns[1:], 1):
        yield f"{lag}i={intent}"
        yield f"*i={intent}"
        yield f"{lag}t={intent}>{'>'.join(done)}"


def _turns(views: Sequence[View]) -> list[tuple[str, tuple[str, ...]]]:
    """Return what was heard and then done in each turn, newest first; what is done is in order."""
    found: list[tuple[str, tuple[str, ...]]] = []
    done: list[str] = []
    for view in views:
        if view.action == LISTEN:
            found.append((_heard(view), tuple(reversed(done))))
            done = []
        elif _action(view):
            done.append(_action(view))
    if done or not found:
        found.append(("", tuple(reversed(done))))
    return found


def _heard(view: View) -> str:
    return view.intent or (f'"{view.text}"' if view.text else "")


def _action(view: View) -> str:
    return view.action or view.action_text or ""


def _value(value: tuple[float, ...] | str) -> str:
    return value if isinstance(value, str) else ",".join(f"{number:.2g}" for number in value)
