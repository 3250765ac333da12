"""Checks requests and answers against an OpenAPI description, and keeps what was wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from openapi_schema_validator import OAS30ReadValidator, OAS30WriteValidator, oas30_format_checker
from openapi_spec_validator import validate
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4
from ruamel.yaml import YAML

from .serving import Asked, Told, served

FOLDER = Path(__file__).parent / "descriptions"
State = TypeVar("State", bound=Any)


@cache
def document(name: str) -> dict[str, Any]:
    """Read a description, which has to be a valid one."""
    read = YAML(typ="safe").load(FOLDER / f"{name}.yml")
    validate(with_descriptions(read))
    # Parts are judged by themselves; what they refer to is found in the whole.
    whole: dict[str, Any] = json.loads(json.dumps(read).replace('"$ref": "#', '"$ref": "urn:d#'))
    return whole


class Described:
    """A description, by which every exchange of a server is judged."""

    def __init__(self, name: str) -> None:
        self.document = document(name)
        self.registry = Registry().with_resource("urn:d", Resource.from_contents(self.document, DRAFT4))
        self.wrong: list[str] = []
        self.used: set[str] = set()
        self.paths = {
            re.compile(re.sub(r"\{[^}]+\}", "([^/.]+)", path) + r"(?:\.json)?"): path
            for path in self.document["paths"]
        }

    def operation(self, asked: Asked) -> tuple[dict[str, Any], tuple[str, ...]] | None:
        """Find what the description says about a request; None, and a complaint, if nothing."""
        for pattern, path in self.paths.items():
            if found := pattern.fullmatch(asked.path):
                operation = self.document["paths"][path].get(asked.method.lower())
                if operation is not None:
                    self.used.add(operation["operationId"])
                    return operation, found.groups()
        self.wrong.append(f"{asked.method} {asked.path} isn't described")
        return None

    def request(self, asked: Asked, operation: dict[str, Any], values: tuple[str, ...]) -> None:
        """Judge a request: its parameters and its body."""
        place = f"{asked.method} {asked.path}"
        known = {each["name"]: each for each in operation.get("parameters", ()) if each["in"] == "query"}
        for name, given in asked.query.items():
            if name not in known:
                self.wrong.append(f"{place}: the parameter '{name}' isn't described")
            elif len(given) > 1:
                self.wrong.append(f"{place}: the parameter '{name}' comes twice")
            else:
                self.parameter(place, known[name], given[0])
        in_path = [each for each in operation.get("parameters", ()) if each["in"] == "path"]
        for each, value in zip(in_path, values, strict=True):
            self.parameter(place, each, value)
        for each in operation.get("parameters", ()):
            given = asked.headers.get(each["name"].lower()) if each["in"] == "header" else None
            if given is not None:
                self.parameter(place, each, given)
            elif each["in"] == "header" and each.get("required"):
                self.wrong.append(f"{place}: the header '{each['name']}' is missing")
        body = operation.get("requestBody")
        if body is None:
            if asked.content not in (b"", b"null"):  # what requests sends for json=None
                self.wrong.append(f"{place}: a body isn't described")
            return
        (media, described), *_ = body["content"].items()
        if asked.headers.get("content-type", "").partition(";")[0] != media:
            self.wrong.append(f"{place}: the body isn't said to be {media}")
            return
        form = media == "application/x-www-form-urlencoded"
        content = dict(parse_qsl(asked.content.decode(), keep_blank_values=True)) if form else asked.body
        self.judge(f"{place}: request", OAS30WriteValidator, described["schema"], content)

    def answer(self, asked: Asked, operation: dict[str, Any], told: Told) -> None:
        """Judge an answer; errors aren't described by these documents."""
        if told.status >= 400 or told.fault:
            return
        place = f"{asked.method} {asked.path}: answer {told.status}"
        described = operation["responses"].get(str(told.status))
        if described is None:
            self.wrong.append(f"{place} isn't described")
            return
        for name in described.get("headers", {}):
            if name not in told.headers:
                self.wrong.append(f"{place}: the header '{name}' is missing")
        if "content" in described:
            media = told.headers.get("Content-Type", "application/json")
            if media not in described["content"]:
                self.wrong.append(f"{place} isn't described as {media}")
                return
            schema = described["content"][media]["schema"]
            self.judge(place, OAS30ReadValidator, schema, json.loads(told.content))

    def parameter(self, place: str, described: dict[str, Any], text: str) -> None:
        """Judge a parameter, whose value comes as a text."""
        value: Any = text
        if described["schema"].get("type") == "integer" and text.isdigit():
            value = int(text)
        self.judge(f"{place}: '{described['name']}'", OAS30WriteValidator, described["schema"], value)

    def judge(self, place: str, kind: Any, schema: dict[str, Any], value: Any) -> None:
        """Judge a value by a schema."""
        checker = kind(schema, registry=self.registry, format_checker=oas30_format_checker)
        for error in checker.iter_errors(value):
            where = "/".join(str(part) for part in error.absolute_path)
            self.wrong.append(f"{place}: {where}: {error.message}")


def with_descriptions(document: dict[str, Any]) -> dict[str, Any]:
    """Add the words that OpenAPI wants for each response, and that we leave out."""
    copy: dict[str, Any] = json.loads(json.dumps(document))
    for path in copy["paths"].values():
        for operation in path.values():
            for response in operation["responses"].values():
                response.setdefault("description", "")
    return copy


@contextmanager
def running(state: State) -> Iterator[State]:
    """Run a server; a test fails when anything was asked or answered that its description doesn't have."""
    with served(state) as local:
        state.url, state.local = local.url, local
        yield state
    assert state.described.wrong == []
