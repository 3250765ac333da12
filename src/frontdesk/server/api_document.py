"""The OpenAPI 3.1 document of the HTTP API, and a page that shows it; both made from the one table."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence
from typing import Any

from frontdesk import __version__
from frontdesk.auth.access import Access
from frontdesk.server.api_schemas import SCHEMAS
from frontdesk.server.api_table import Operation

_REASONS = {
    400: "The request is not as it should be.",
    401: "No valid token was shown.",
    403: "The token does not allow this.",
    404: "There is no such thing.",
    406: "The answer cannot be given in this form.",
    409: "No model is loaded.",
    413: "The request is too large.",
    429: "Too many trainings are running.",
    500: "The work failed.",
    503: "The conversation could not be stored, or took too long; try again.",
}

STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h2 { margin-top: 2.5rem; } code, pre { font: .9em/1.4 ui-monospace, monospace; }
details { border: 1px solid #8886; border-radius: .4rem; margin: .5rem 0; padding: .4rem .8rem; }
summary { cursor: pointer; } summary code { font-weight: 600; } pre { overflow-x: auto; }
.method { display: inline-block; min-width: 4.2rem; } .old { text-decoration: line-through; }
table { border-collapse: collapse; } td, th { padding: .2rem .6rem; text-align: left; vertical-align: top; }
"""

_PAGE = """<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>HTTP API</title>
  <link rel="stylesheet" href="/docs.css">
</head>
<body>
<main>
<h1>HTTP API</h1>
<p>Frontdesk {version}. {intro} The same as a document for programs: <a href="/openapi.json">openapi.json</a>
(OpenAPI 3.1).</p>
{body}
<h2>Shapes</h2>
{shapes}
</main>
</body>
</html>
"""


def openapi(operations: Sequence[Operation], access: Access) -> dict[str, Any]:
    """Return the document; it asks for a token where `access` does."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, access)
    groups = list(dict.fromkeys(operation.group for operation in operations))
    components: dict[str, Any] = {"schemas": SCHEMAS}
    if access.needed:
        components["securitySchemes"] = _schemes(access)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Frontdesk HTTP API",
            "version": __version__,
            "description": "Rasa's HTTP API in the form in which Rasa's server speaks it.",
            "license": {"name": "Apache 2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": group} for group in groups],
        "paths": paths,
        "components": components,
    }


def _schemes(access: Access) -> dict[str, Any]:
    schemes: dict[str, Any] = {}
    if access.token is not None:
        schemes["token"] = {"type": "apiKey", "in": "query", "name": "token"}
        schemes["bearerToken"] = {"type": "http", "scheme": "bearer"}
    if access.keys is not None and access.keys.asked_for:
        schemes["key"] = {"type": "apiKey", "in": "header", "name": "X-API-Key"}
    if access.rules:
        schemes["jwt"] = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    return schemes


def _operation(operation: Operation, access: Access) -> dict[str, Any]:
    parameters: list[dict[str, Any]] = [
        {"name": p.name, "in": "query", "required": False, "description": p.says, "schema": dict(p.schema)}
        for p in operation.query
    ]
    if operation.on_conversation:
        schema = {"type": "string", "minLength": 1, "maxLength": 200}
        path = {"name": "conversation_id", "in": "path", "required": True, "schema": schema}
        parameters.insert(0, {**path, "description": "The id of the conversation (the sender)."})
    described: dict[str, Any] = {
        "operationId": operation.name,
        "tags": [operation.group],
        "summary": operation.title,
        "description": operation.says,
        "parameters": parameters,
        "responses": _responses(operation, access),
    }
    if operation.body:
        content = {kind: {"schema": dict(schema)} for kind, schema in operation.body.items()}
        if operation.example is not None:
            content["application/json"]["example"] = operation.example
        described["requestBody"] = {"required": True, "content": content}
    if operation.deprecated:
        described["deprecated"] = True
    if access.needed and not operation.open:
        described["security"] = [{name: []} for name in _schemes(access)]
    return described


def _responses(operation: Operation, access: Access) -> dict[str, Any]:
    answers: dict[str, Any] = {str(operation.status): {"description": "Done."}}
    if operation.answers:
        content = {kind: {"schema": dict(schema)} for kind, schema in operation.answers.items()}
        answers[str(operation.status)]["content"] = content
    if any(p.name == "callback_url" for p in operation.query):
        answers["204"] = {"description": "Begun; the answer goes to the callback."}
    for status in failures(operation, access):
        content = {"application/json": {"schema": {"$ref": "#/components/schemas/Failure"}}}
        answers[str(status)] = {"description": _REASONS[status], "content": content}
    return answers


def failures(operation: Operation, access: Access) -> list[int]:
    """Return the statuses with which an operation may fail."""
    found = set(operation.errors)
    if operation.query or operation.body or operation.on_conversation:
        found.add(400)
    if not operation.open:
        found.add(403)
        if access.needed:
            found.add(401)
    if operation.needs_model:
        found.add(409)
    return sorted(found)


def page(document: Mapping[str, Any]) -> str:
    """Return the document as a page that loads nothing from elsewhere; all text is escaped."""
    rows: dict[str, list[str]] = {tag["name"]: [] for tag in document["tags"]}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            rows[operation["tags"][0]].append(_section(path, method, operation))
    body = "\n".join(f"<h2>{html.escape(name)}</h2>\n" + "\n".join(found) for name, found in rows.items())
    shapes = "\n".join(
        f'<details id="{name}"><summary><code>{name}</code></summary>{_code(schema)}</details>'
        for name, schema in document["components"]["schemas"].items()
    )
    intro = document["info"]["description"]
    return _PAGE.format(version=html.escape(__version__), intro=html.escape(intro), body=body, shapes=shapes)


def _section(path: str, method: str, operation: Mapping[str, Any]) -> str:
    old = ' class="old"' if operation.get("deprecated") else ""
    head = f'<code><span class="method">{method.upper()}</span> <span{old}>{html.escape(path)}</span></code>'
    parts = [f"<summary>{head} {html.escape(operation['summary'])}</summary>"]
    parts.append(f"<p>{html.escape(operation['description'])}</p>")
    parameters = [
        f"<tr><td><code>{html.escape(p['name'])}</code></td><td>{p['in']}</td>"
        f"<td>{html.escape(p['description'])} {_choices(p['schema'])}</td></tr>"
        for p in operation["parameters"]
    ]
    if parameters:
        parts.append(f"<table><tr><th>parameter</th><th>in</th><th></th></tr>{''.join(parameters)}</table>")
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        parts.append(f"<p>Body, <code>{kind}</code>: {_shape(content['schema'])}</p>")
        if "example" in content:
            parts.append(_code(content["example"]))
    rows = [
        f"<tr><td>{status}</td><td>{html.escape(answer['description'])} "
        + ", ".join(f"<code>{k}</code> {_shape(c['schema'])}" for k, c in answer.get("content", {}).items())
        + "</td></tr>"
        for status, answer in sorted(operation["responses"].items())
    ]
    parts.append(f"<table><tr><th>answer</th><th></th></tr>{''.join(rows)}</table>")
    return f"<details>{''.join(parts)}</details>"


def _choices(schema: Mapping[str, Any]) -> str:
    words = [f"<code>{html.escape(str(value))}</code>" for value in schema.get("enum", ())]
    default = f" (<code>{html.escape(json.dumps(schema['default']))}</code>)" if "default" in schema else ""
    return ", ".join(words) + default


def _shape(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        name = html.escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#{name}">{name}</a>'
    if "oneOf" in schema:
        return " or ".join(_shape(inner) for inner in schema["oneOf"])
    if schema.get("type") == "array":
        return f"list of {_shape(schema['items'])}"
    return html.escape(str(schema.get("type", "anything")))


def _code(value: Any) -> str:
    return f"<pre>{html.escape(json.dumps(value, indent=2, ensure_ascii=False))}</pre>"
