"""A model that is loaded over HTTP, over several workers: all of them answer with it, also those that are started later."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tests.conftest import Server, frontdesk, until
from tests.faults.probe import SharedDesk, post
from tests.faults.test_workers import listeners, workers


@pytest.fixture
def desk(shared_desk: SharedDesk) -> Iterator[SharedDesk]:
    """Two workers with the API and the inspector open, and a second model that greets in another way."""
    folder = shared_desk.folder
    [first] = (folder / "models").glob("*.tar.gz")
    domain = folder / "domain.yml"
    text = domain.read_text()
    domain.write_text(text.replace("Hello!", "Good morning!"))
    done = frontdesk("train", "--quiet", "--fixed-model-name", "second", cwd=folder)
    assert done.returncode == 0, done.stderr
    domain.write_text(text)
    shutil.copy(first, folder / "models" / "newest.tar.gz")
    shared_desk.start("--workers", "2", "--enable-api", "--inspector")
    both_listen(shared_desk)
    yield shared_desk
    shared_desk.server.stop()
    assert "Traceback" not in shared_desk.log()


def both_listen(desk: SharedDesk, but: frozenset[int] = frozenset()) -> None:
    until(lambda: len(listeners(desk) - but) == 2, "both workers listen", desk.log)


def asked(ask: Callable[[], httpx.Response]) -> list[httpx.Response]:
    """Answers on so many connections that both workers gave some."""
    return [ask() for _ in range(16)]


def greetings(desk: SharedDesk) -> set[str]:
    return {post(desk.server, "hello", f"visitor-{n}").text for n in range(16)}


def statuses(server: Server) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = httpx.get(f"{server.url}/status").json()["workers"]
    return found


def end_both(desk: SharedDesk) -> None:
    before = frozenset(listeners(desk))
    for process in workers(desk.server):
        os.kill(process, signal.SIGKILL)
    both_listen(desk, before)


def test_all_workers_take_a_model_and_keep_it(desk: SharedDesk) -> None:
    server = desk.server
    a_bad_model_changes_none(desk)
    the_inspector_is_one(server)
    assert all("Hello!" in said for said in greetings(desk))
    taken = httpx.put(f"{server.url}/model", json={"model_file": "models/second.tar.gz"})
    assert taken.status_code == 204, taken.text
    assert all("Good morning!" in said for said in greetings(desk))
    found = statuses(server)
    assert [worker["worker"] for worker in found] == [0, 1]
    assert {worker["pid"] for worker in found} == set(workers(server))
    assert {(worker["model_file"], worker["ready"]) for worker in found} == {("second.tar.gz", True)}
    assert len({worker["model_id"] for worker in found}) == 1

    end_both(desk)
    assert all("Good morning!" in said for said in greetings(desk)), "not the newest one in the folder"

    let_go = httpx.delete(f"{server.url}/model")
    assert let_go.status_code == 204
    refused = asked(lambda: post(server, "hello"))
    assert {answer.status_code for answer in refused} == {503}
    assert all(answer.headers["Retry-After"] for answer in refused)
    end_both(desk)
    assert {answer.status_code for answer in asked(lambda: post(server, "hello"))} == {503}
    assert httpx.put(f"{server.url}/model", json={}).status_code == 204, "the newest one"
    assert all("Hello!" in said for said in greetings(desk))


def a_bad_model_changes_none(desk: SharedDesk) -> None:
    (desk.folder / "models" / "bad.tar.gz").write_bytes(b"no model")
    refused = httpx.put(f"{desk.server.url}/model", json={"model_file": "bad.tar.gz"})
    assert refused.status_code == 400
    assert all("Hello!" in said for said in greetings(desk))
    (desk.folder / "models" / "bad.tar.gz").unlink()


def the_inspector_is_one(server: Server) -> None:
    key = server.log.read_text().partition("/inspector#key=")[2].split()[0]
    headers = {"Authorization": f"Bearer {key}", "Host": "localhost"}
    pages = asked(lambda: httpx.get(f"{server.url}/inspector/api/about", headers=headers))
    assert {page.status_code for page in pages} == {200}
    for call in (
        httpx.get(f"{server.url}/.worker/status"),
        httpx.put(f"{server.url}/.worker/model", json={}),
    ):
        assert call.status_code == 404, "only the other workers may ask"
