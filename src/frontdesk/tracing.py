"""What is measured, as spans of OpenTelemetry: a trace for each message, a span for each stop of its path.

A span has a name, a duration, whether an error ended it and, for an action, the action's name. Nothing in it comes from
a user. The trace of a caller (`traceparent`) goes on here, and from here to the action server. Nothing of OpenTelemetry
is imported unless endpoints.yml has a section `tracing`, or the environment OTEL_EXPORTER_OTLP_ENDPOINT.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from frontdesk import __version__
from frontdesk.errors import ConfigError, MissingExtra, suggestion
from frontdesk.formats.endpoints import Endpoint

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter

ADDRESSES = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
"""OpenTelemetry's own variables; one that is set switches tracing on."""
OPTIONS = ("type", "endpoint", "url", "insecure", "service_name", "root_certificates")
SERVICE = "frontdesk"


class Spans:
    """Hears of everything in `frontdesk.measures` and makes spans of it."""

    def __init__(self, provider: TracerProvider) -> None:
        from opentelemetry import context, trace
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self._trace, self._context = trace, context
        self._tracer = provider.get_tracer("frontdesk", __version__)
        self._carrier = TraceContextTextMapPropagator()

    def enter(self, stop: str, what: str) -> Any:
        """Begin a span within the one that is going on."""
        trace = self._trace
        if stop == "channel" and not trace.get_current_span().get_span_context().is_valid:
            return None  # before the message is known, there is only the caller's trace to belong to
        kind = trace.SpanKind.SERVER if stop == "message" else trace.SpanKind.INTERNAL
        span = self._tracer.start_span(
            stop, kind=kind, attributes={"frontdesk.action": what} if what else None
        )
        return span, self._context.attach(trace.set_span_in_context(span))

    def leave(self, stop: str, begun: Any, seconds: float, error: BaseException | None) -> None:
        """End it; of an error only its kind is told, since its words may be a user's."""
        if begun is None:
            return
        span, token = begun
        self._context.detach(token)
        if error is not None:
            span.set_status(self._trace.StatusCode.ERROR)
            span.set_attribute("error.type", type(error).__name__)
        span.end()

    def arrive(self, headers: Mapping[str, str]) -> None:
        """Go on with the trace of whoever sends a request, and with none where it names none."""
        given = {name: headers[name] for name in self._carrier.fields if name in headers}
        self._context.attach(self._carrier.extract(given, self._context.Context()))

    def carried(self) -> Mapping[str, str]:
        """Return the headers that tell another server to which trace a call belongs."""
        headers: dict[str, str] = {}
        self._carrier.inject(headers)
        return headers

    def count(self, name: str, value: str, amount: float) -> None:
        """Make nothing of it."""

    def set(self, name: str, amount: float) -> None:
        """Make nothing of it."""

    def refresh(self) -> None:
        """Make nothing of it."""


@contextmanager
def traced(section: Endpoint | None, environment: Mapping[str, str] | None = None) -> Iterator[Spans | None]:
    """Yield what makes spans and sends them away, or None where nothing says where to; sends the last at the end.

    Raises ConfigError for a section that cannot be meant, MissingExtra where OpenTelemetry is not installed.
    """
    given = os.environ if environment is None else environment
    if section is None and not any(given.get(name) for name in ADDRESSES):
        yield None
        return
    try:
        from opentelemetry.sdk.resources import SERVICE_NAME, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        sender = exporter(section)
    except ImportError as error:
        raise MissingExtra("Tracing", "otel") from error
    name = str((section.options.get("service_name") if section else None) or "")
    own = {SERVICE_NAME: name} if name or not given.get("OTEL_SERVICE_NAME") else {}
    provider = TracerProvider(resource=Resource.create({key: value or SERVICE for key, value in own.items()}))
    provider.add_span_processor(BatchSpanProcessor(sender))
    try:
        yield Spans(provider)
    finally:
        provider.shutdown()


def exporter(section: Endpoint | None) -> SpanExporter:
    """Return what sends spans to an OTLP collector: by HTTP to a URL, else by gRPC, as Rasa's section has it."""
    where = str(section.place) if section and section.place else None
    options = {**(section.options if section else {})}
    for key in options:
        if key not in OPTIONS:
            hint = suggestion(key, OPTIONS)
            raise ConfigError(f"'tracing' has no option '{key}'.", where=where, hint=hint)
    if section is not None and (section.type or "otlp") != "otlp":
        hint = "Use 'otlp': Jaeger, Tempo and others take it."
        raise ConfigError(f"Tracing of type '{section.type}' is not known.", where=where, hint=hint)
    address = str(options.get("endpoint") or (section.url if section else None) or "")
    certificates = str(options.get("root_certificates") or "") or None
    if section is not None and not address and not any(os.environ.get(name) for name in ADDRESSES):
        hint = "Write 'endpoint: http://localhost:4318' or 'endpoint: localhost:4317'."
        raise ConfigError("'tracing' does not say where to send spans.", where=where, hint=hint)
    if not address or "://" in address:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        full = address.rstrip("/") if address.rstrip("/").endswith("/v1/traces") or not address else (
            f"{address.rstrip('/')}/v1/traces"
        )  # fmt: skip
        return OTLPSpanExporter(endpoint=full or None, certificate_file=certificates)
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as ByGrpc

    credentials = None
    insecure = str(options.get("insecure", False)).lower() == "true"
    if certificates and not insecure:
        grpc = importlib.import_module("grpc")
        credentials = grpc.ssl_channel_credentials(Path(certificates).read_bytes())
    return ByGrpc(endpoint=address, insecure=insecure, credentials=credentials)
