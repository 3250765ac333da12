"""The events of a YAML text: from libyaml where it reads as ruamel.yaml does, in a tenth of the time."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import yaml
from ruamel.yaml import YAML
from ruamel.yaml import events as theirs

T = TypeVar("T")

DOCUMENT_START = (theirs.DocumentStartEvent, yaml.DocumentStartEvent)
SCALAR = (theirs.ScalarEvent, yaml.ScalarEvent)
ALIAS = (theirs.AliasEvent, yaml.AliasEvent)
SEQUENCE_START = (theirs.SequenceStartEvent, yaml.SequenceStartEvent)
SEQUENCE_END = (theirs.SequenceEndEvent, yaml.SequenceEndEvent)
MAPPING_END = (theirs.MappingEndEvent, yaml.MappingEndEvent)

# Where YAML 1.1, which libyaml reads, and 1.2 part, or where libyaml takes what is no YAML: tabs, line ends of other
# systems, directives, tags, anchors and aliases (one of 1.2 may end in a colon), a comment behind `|`, spaces on an
# empty line below it.
_PARTING = re.compile(
    r"[\t\x85\u2028\u2029\ufeff]|\r(?!\n)|^%|(?:^|[\s\[{,:-])[&*!]\S|[|>][-+0-9]*\s*(?:#|\n +\r?\n)", re.M
)
_LIBYAML = getattr(yaml, "CSafeLoader", None)  # PyYAML can be built without


def parsed(text: str, use: Callable[[Iterator[Any]], T]) -> T:
    """Return what `use` makes of a text's events; it may be called twice.

    Raises ruamel's YAMLError for what is no YAML.
    """
    if _LIBYAML is not None and not _PARTING.search(text):
        try:
            return use(yaml.parse(text, Loader=_LIBYAML))
        except yaml.YAMLError:
            pass  # read again by the parser whose complaints are told
    return use(YAML(typ="safe", pure=True).parse(text))
