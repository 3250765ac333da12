from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from frontdesk import measures
from frontdesk.core.training import Place
from frontdesk.endpoint import Endpoint as Address
from frontdesk.endpoint_client import EndpointClient
from frontdesk.errors import ConfigError
from frontdesk.formats.endpoints import Endpoint
from frontdesk.testing.json_server import JsonServer
from frontdesk.tracing import Spans, exporter, traced

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    kept, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    measures.listen(Spans(provider))
    yield kept
    measures.listen()
    provider.shutdown()


@measures.stop("message")
async def receive(text: str) -> Any:
    with measures.passing("act", "action_x"):
        if text == "fail":
            raise ValueError("anna.bennett@example.com")
        with JsonServer(lambda _: {}) as server:
            client = EndpointClient(Address(f"{server.url}/webhook"))
            await client.post({}, 10)
            await client.close()
            return server.asked[0].headers


async def test_spans_go_on_with_the_callers_trace_and_are_told_to_other_servers(
    spans: InMemorySpanExporter,
) -> None:
    measures.arrive({"traceparent": f"00-{TRACE}-{PARENT}-01", "baggage": "name=anna"})
    headers = await receive("hello")
    act, message = spans.get_finished_spans()
    assert (message.name, act.name, act.attributes) == ("message", "act", {"frontdesk.action": "action_x"})
    assert message.parent is not None and act.parent is not None
    assert f"{message.parent.trace_id:032x}-{message.parent.span_id:016x}" == f"{TRACE}-{PARENT}"
    assert act.parent.span_id == message.context.span_id
    assert headers["traceparent"] == f"00-{TRACE}-{act.context.span_id:016x}-01"
    assert "baggage" not in headers


async def test_a_request_without_a_trace_begins_its_own(spans: InMemorySpanExporter) -> None:
    measures.arrive({"traceparent": f"00-{TRACE}-{PARENT}-01"})
    measures.arrive({"host": "localhost"})  # the next request on the same connection
    await receive("hello")
    _, message = spans.get_finished_spans()
    assert message.parent is None
    assert f"{message.context.trace_id:032x}" != TRACE


async def test_of_an_error_only_the_kind_is_told(spans: InMemorySpanExporter) -> None:
    with pytest.raises(ValueError):
        await receive("fail")
    for span in spans.get_finished_spans():
        assert not span.status.is_ok
        assert (span.attributes or {})["error.type"] == "ValueError"
        assert "anna" not in span.to_json()


def test_what_comes_before_a_message_has_a_span_in_the_callers_trace_only(
    spans: InMemorySpanExporter,
) -> None:
    measures.arrive({})
    with measures.passing("channel"):
        pass
    assert not spans.get_finished_spans()
    measures.arrive({"traceparent": f"00-{TRACE}-{PARENT}-01"})
    with measures.passing("channel"):
        pass
    assert [span.name for span in spans.get_finished_spans()] == ["channel"]


@pytest.fixture
def collector() -> Iterator[tuple[str, list[ExportTraceServiceRequest]]]:
    """A server that takes spans as OTLP over HTTP."""
    got: list[ExportTraceServiceRequest] = []

    class Collect(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/v1/traces"
            got.append(
                ExportTraceServiceRequest.FromString(self.rfile.read(int(self.headers["Content-Length"])))
            )
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Collect)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", got
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize("by", ["section", "environment"])
def test_spans_are_sent_to_a_collector(
    collector: tuple[str, list[ExportTraceServiceRequest]], by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, got = collector
    section = Endpoint("otlp", None, {"endpoint": url, "service_name": "larkspur"})
    if by == "environment":
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
        monkeypatch.setenv("OTEL_SERVICE_NAME", "larkspur")
    with traced(section if by == "section" else None) as spans:
        assert spans is not None
        begun = spans.enter("message", "")
        spans.leave("message", begun, 0.1, None)
    [resource] = got[0].resource_spans
    names = {a.key: a.value.string_value for a in resource.resource.attributes}
    assert names["service.name"] == "larkspur"
    assert [span.name for span in resource.scope_spans[0].spans] == ["message"]


def test_an_address_without_a_scheme_is_spoken_to_by_grpc_as_in_rasa() -> None:
    made = exporter(Endpoint("otlp", None, {"endpoint": "localhost:4317", "insecure": True}))
    assert "grpc" in type(made).__module__
    made.shutdown()


@pytest.mark.parametrize(
    ("section", "told"),
    [
        (Endpoint("jaeger", None, {}, Place("endpoints.yml", 7)), "endpoints.yml:7.*'jaeger'"),
        (Endpoint("otlp", None, {"endpont": "x"}), "Did you mean 'endpoint'"),
        (Endpoint("otlp"), "does not say where"),
    ],
)
def test_a_section_that_cannot_be_meant(
    section: Endpoint, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigError, match=told), traced(section, {}):
        pass


def test_where_nothing_asks_for_it_nothing_is_imported() -> None:
    code = (
        "import frontdesk.server.serve, frontdesk.cli.observing, sys\n"
        "from frontdesk.tracing import traced\n"
        "with traced(None, {}) as spans:\n"
        "    print(spans, any(name.startswith('opentelemetry') for name in sys.modules))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "None False\n"
