"""What workers at one address agree on, and who answers whom."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sanic import Request, Sanic
from sanic.response import HTTPResponse
from sanic.response import json as json_response

from frontdesk.channels.http import Refusal
from frontdesk.runtime.idle import assemble_without_model
from frontdesk.server import api_workers
from frontdesk.server.api_context import Api, ApiOptions
from frontdesk.server.peers import Workers, choose
from frontdesk.settings import Settings


@pytest.fixture
def both() -> Iterator[tuple[Workers, Workers]]:
    with tempfile.TemporaryDirectory() as short:  # as the path of a socket has to be
        yield Workers(Path(short), 0, 2), Workers(Path(short), 1, 2)


def test_the_model_that_all_have(both: tuple[Workers, Workers]) -> None:
    one, two = both
    assert one.chosen() is None
    choose(one.folder, Path("/models/a.tar.gz"))
    assert one.chosen() == two.chosen() == Path("/models/a.tar.gz")
    two.choose(None)
    assert one.chosen() is None


def test_so_many_at_once_over_all(both: tuple[Workers, Workers]) -> None:
    one, two = both
    names = ("training-0", "training-1")
    taken = [one.take(*names), two.take(*names)]
    assert None not in taken
    assert one.take(*names) is None
    assert taken[1] is not None
    os.close(taken[1])
    again = one.take(*names)
    assert again is not None


@pytest.mark.parametrize("host", ["w/.worker/status?", "w/status#", "ann@w", "w?", "w\\x", "[::1]/x", "w x"])
@pytest.mark.parametrize("headers", [{}, {"Upgrade": "websocket"}])
async def test_a_host_names_no_path_at_another_worker(
    both: tuple[Workers, Workers], host: str, headers: dict[str, str]
) -> None:
    query = {"method": "GET", "path": "/socket.io/", "query_string": "sid=w1.x", "body": b""}
    asked: Any = SimpleNamespace(host=host, headers=headers, **query)
    with pytest.raises(Refusal) as refused:
        await both[0].forward(asked, both[1].mark)
    assert refused.value.status == 400


async def test_who_does_not_take_a_model_is_named(
    both: tuple[Workers, Workers], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = both
    app: Sanic = Sanic("peers_of_a_test", configure_logging=False)
    agent = assemble_without_model(one.folder, Settings())
    api = Api(app, agent, one.folder, ApiOptions(), workers=one)
    with monkeypatch.context() as hurried:
        hurried.setattr(api_workers, "LONGEST", 0.6)
        with pytest.raises(Refusal, match="1 of 2 workers answer with the model. Worker 1 does not answer."):
            await api_workers.tell_others(api, Path("/models/a.tar.gz"))
    assert two.chosen() == Path("/models/a.tar.gz"), "it takes it as soon as it is there"

    @app.put(api_workers.MODEL)
    async def broken(_: Request) -> HTTPResponse:
        return json_response({"status": "failure", "message": "No memory is left."}, status=400)

    await app._startup()
    await two.open(app)
    with pytest.raises(Refusal, match="1 of 2 workers let go of the model. Worker 1: No memory is left."):
        await api_workers.tell_others(api, None)
    assert await api_workers.statuses(api) == [
        {
            "worker": 0,
            "pid": os.getpid(),
            "ready": False,
            "model_id": "",
            "model_file": "",
            "num_active_training_jobs": 0,
        },
        {"worker": 1, "ready": False},
    ]
    await one.close()
    await two.close()
