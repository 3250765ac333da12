"""Let a server be watched: numbers for Prometheus, spans for OpenTelemetry."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from frontdesk import measures
from frontdesk.cli.options import layout_of
from frontdesk.errors import ConfigError
from frontdesk.formats.settings_files import read_endpoints


@contextmanager
def observed(options: argparse.Namespace, *, alone: bool, shared: bool) -> Iterator[None]:
    """Measure whatever is done within, where the options or endpoints.yml ask for it.

    `alone` says that this process was started by a person, and not by one that looks after it; `shared` that it only
    looks after others, whose numbers it sums up.
    """
    layout = layout_of(options)
    with ExitStack() as stack:
        listeners: list[measures.Listener] = []
        if options.metrics_port is not None:
            if not 0 < options.metrics_port < 65536:
                what = f"'{options.metrics_port}' is no port."
                raise ConfigError(what, where="--metrics-port", hint="It is a number from 1 to 65535.")
            listeners += _counted(options, stack, alone=alone, shared=shared)
        if not (alone and shared):
            # Imported only where it is asked for; the section is read either way.
            from frontdesk.tracing import traced

            spans = stack.enter_context(traced(read_endpoints(layout.folder, layout.endpoints).tracing))
            listeners += [spans] if spans is not None else []
        measures.listen(*listeners)
        stack.callback(measures.listen)
        yield


def _counted(
    options: argparse.Namespace, stack: ExitStack, *, alone: bool, shared: bool
) -> list[measures.Listener]:
    from frontdesk.metrics import FOLDER, Metrics, exposed, shared_numbers

    if alone and shared:
        registry = stack.enter_context(shared_numbers())
        stack.enter_context(exposed(registry, options.metrics_port, options.metrics_interface))
        return []
    metrics = Metrics()
    if alone or FOLDER not in os.environ:
        stack.enter_context(exposed(metrics.registry, options.metrics_port, options.metrics_interface))
    return [metrics]
