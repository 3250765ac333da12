"""Edit YAML files and keep what people wrote into them: comments, order, quotes, indentation."""

from __future__ import annotations

import re
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.representer import RoundTripRepresenter

_INDENTED = re.compile(r"^[\w-]+:[ \t]*\n(?:[ \t]*#.*\n|[ \t]*\n)*[ ]+- ", re.MULTILINE)


class _Representer(RoundTripRepresenter):
    """Writes `null` where nothing stands, as people do."""

    def null(self, _: None) -> Any:
        return self.represent_scalar("tag:yaml.org,2002:null", "null")


_Representer.add_representer(type(None), _Representer.null)


class EditedFile:
    """A YAML file: its `content` as mappings and lists that may be changed, and the `text` that it then has.

    The file must be valid YAML with a mapping in it (`formats.yaml.read` says what is wrong where it is not).
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        text = path.read_text("utf-8-sig")
        self._editor = YAML(typ="rt")
        self._editor.Representer = _Representer
        self._editor.preserve_quotes = True
        self._editor.width = 4096
        self._editor.brace_single_entry_mapping_in_flow_sequence = True
        if _INDENTED.search(text):
            self._editor.indent(mapping=2, sequence=4, offset=2)
        self.content: Any = self._editor.load(text)

    def text(self) -> str:
        """Return the file as it is to be written."""
        stream = StringIO()
        self._editor.dump(self.content, stream)
        return stream.getvalue()
