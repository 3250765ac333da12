"""Whatever is sent to the HTTP API, fitting its document or not: no server error, and answers as documented."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS

from frontdesk.auth.access import Access
from frontdesk.server.api_document import openapi
from frontdesk.server.api_table import OPERATIONS
from tests.conftest import Server, start_server

STARTS_PROCESSES = ("trainModel", "testModelIntent")
TAKES_THE_MODEL_AWAY = "unloadModel"

document = schemathesis.openapi.from_dict(openapi(OPERATIONS, Access()))
document.config.generation.update(modes=list(GenerationMode))
at_once = document.exclude(operation_id=[*STARTS_PROCESSES, TAKES_THE_MODEL_AWAY])
slow = document.include(operation_id=list(STARTS_PROCESSES))
unloading = document.include(operation_id=TAKES_THE_MODEL_AWAY)

CHECKED = CHECKS.get_by_names(
    [
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_headers_conformance",
        "response_schema_conformance",
        "allow_header_conformance",
        "unsupported_method",
    ]
)
GENERATED = settings(phases=(Phase.explicit, Phase.generate), suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def server(starter: Path) -> Iterator[Server]:
    running = start_server(starter, "--enable-api")
    yield running
    running.stop()


def send(case: schemathesis.Case, server: Server) -> None:
    case.validate_response(case.call(base_url=server.url), checks=CHECKED)


@at_once.parametrize()
@settings(GENERATED, max_examples=25)
def test_any_request(case: schemathesis.Case, server: Server) -> None:
    send(case, server)


@slow.parametrize()
@settings(GENERATED, max_examples=8)
def test_any_request_that_would_start_a_process(case: schemathesis.Case, server: Server) -> None:
    send(case, server)


@unloading.parametrize()
@settings(GENERATED, max_examples=3)
def test_unloading(case: schemathesis.Case, server: Server) -> None:
    send(case, server)


def test_every_operation_is_asked() -> None:
    groups = (at_once, slow, unloading)
    asked = [
        found.ok().definition.raw["operationId"] for group in groups for found in group.get_all_operations()
    ]
    assert sorted(asked) == sorted(operation.name for operation in OPERATIONS)
