"""What those who run a server see of it: ready or not, an end that loses nothing, numbers, and nothing of a user."""

from __future__ import annotations

import contextlib
import itertools
import json
import re
import signal
import socket
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import httpx
import pytest

from frontdesk.testing import servers
from frontdesk.testing.servers import free_port
from tests.conftest import Server, frontdesk, until
from tests.engine.test_metrics import scraped
from tests.engine.test_tracing import TRACE, ExportTraceServiceRequest, collector
from tests.faults.probe import APOLOGY, Desk, SharedDesk, post, texts
from tests.faults.test_queue import QueueDesk

__all__ = ["collector"]  # a fixture

PASSED = {"channel", "inbox", "wait", "load", "understand", "slots", "predict", "choose", "act", "commit"}
"""The stops of every message that an action answers."""
PRIVATE = {
    "name": "Anna Bennett",
    "order": "L204817",
    "e-mail": "anna.bennett@mail.example.com",
    "phone": "+15551234567",
    "card": "4242 4242 4242 4242",
}


def ready(server: Server) -> tuple[int, dict[str, str]]:
    """Return the status of /ready, and the state of each dependency."""
    answer = httpx.get(f"{server.url}/ready")
    told = answer.json()
    assert (answer.status_code == 200) == (told["status"] == "ready")
    return answer.status_code, {
        "status": told["status"],
        **{k: v["state"] for k, v in told["dependencies"].items()},
    }


def test_each_dependency_that_is_down_is_told(brittle_desk: SharedDesk) -> None:
    desk = brittle_desk
    port = free_port()
    text = (desk.folder / "endpoints.yml").read_text()
    text = text.replace("actions_module: actions", f"url: http://127.0.0.1:{port}/webhook")
    (desk.folder / "endpoints.yml").write_text(text)
    server = desk.start(FRONTDESK_ACTIONS_SECRET="x" * 40)
    status, told = until(lambda: ready(server)[0] == 200 and ready(server), "all is well")
    assert (status, told["tracker_store"], told["lock_store"]) == (200, "ok", "ok")
    assert told["action_server"] == "failing", "nobody listens there"
    assert told["event_broker"] == told["knowledge"] == told["language_model"] == "off"
    for part, down in (("lock_store", desk.redis), ("tracker_store", desk.database)):
        down.stop()
        until(lambda part=part: ready(server)[1][part] == "failing", f"{part} fails")
        assert ready(server)[0] == 503
        assert httpx.get(f"{server.url}/health").json() == {"status": "ok"}, "it is alive all the same"
        answer = httpx.get(f"{server.url}/ready").text
        assert str(down.port) not in answer and "postgres" not in answer
        down.start()
        until(lambda: ready(server)[0] == 200, "all is well again")
    assert "Traceback" not in desk.log()


def test_an_event_broker_that_is_away_takes_no_server_out(desk: Desk) -> None:
    port, endpoints = free_port(), desk.folder / "endpoints.yml"
    options = "type: pika\n  url: 127.0.0.1:1\n  timeout: 1"
    endpoints.write_text(f"{endpoints.read_text()}\nevent_broker:\n  {options}\n")
    server = desk.start("--metrics-port", str(port))
    assert desk.say("hello") == ["Hello!"]
    until(lambda: ready(server)[1]["event_broker"] == "failing", "it is told")
    assert ready(server)[0] == 200
    until(lambda: scraped(port)[1]["frontdesk_outbox_depth", ""] == 1, "what waits is told")
    assert scraped(port)[1]["frontdesk_retries_total", "broker"] >= 1


def test_a_server_that_is_to_end_says_so_and_answers_until_then(desk: Desk) -> None:
    server = desk.start(FRONTDESK_DRAIN="8")
    request = desk.send_to_gate("/gate_first", message_id="m1")
    server.process.send_signal(signal.SIGTERM)
    until(lambda: ready(server) == (503, {**ready(server)[1], "status": "draining"}), "it drains")
    assert desk.say("hello", "bob") == ["Hello!"], "who has not heard of it is answered"
    until(lambda: not listens(server), "it listens no more")
    desk.open_gate()
    assert texts(request.result(60)) == ["Done under 1."], "the turn under way was waited for"
    assert server.process.wait(60) == 0
    assert desk.inbox()[0] == ("m1", True)
    assert "Traceback" not in desk.log()


def listens(server: Server) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", int(server.url.rpartition(":")[2]))) == 0


def test_a_rolling_restart_fails_nobody(steady_desk: SharedDesk) -> None:
    desk, sent = steady_desk, itertools.count()
    both = [desk.start(FRONTDESK_DRAIN="4"), desk.start(FRONTDESK_DRAIN="4")]
    balanced, over = Balancer([server.url for server in both]), threading.Event()
    answers: list[httpx.Response] = []

    def talk(user: int) -> None:
        while not over.is_set():
            answers.append(balanced.post("/note", f"u{user}", f"m{next(sent)}"))

    with balanced, ThreadPoolExecutor(8) as pool:
        users = [pool.submit(talk, user) for user in range(8)]
        for number, server in enumerate(both):
            until(lambda: len(answers) > 40, "there is load")
            server.process.send_signal(signal.SIGTERM)
            assert server.process.wait(60) == 0
            port = server.url.rpartition(":")[2]
            both[number] = desk.start("--port", port, FRONTDESK_DRAIN="4")
            until(lambda url=server.url: url in balanced.ready, "the balancer has it again")
        over.set()
        for user in users:
            user.result(60)
    assert {answer.status_code for answer in answers} == {200}
    assert sorted(desk.effects()) == sorted(f"m{n}" for n in range(len(answers)))
    assert len(desk.tries()) == len(answers)


class Balancer:
    """Shares out requests among those servers that say that they are ready, as it asks them again and again."""

    def __init__(self, urls: Sequence[str]) -> None:
        self.urls, self.ready = urls, list(urls)
        self._turns, self._over = itertools.count(), threading.Event()
        self._thread = threading.Thread(target=self._look)

    def post(self, text: str, sender: str, message_id: str) -> httpx.Response:
        """Send a message to the one whose turn it is; where that one listens no more, to the next."""
        while True:
            ready = self.ready or self.urls
            try:
                url = ready[next(self._turns) % len(ready)]
                return post(cast(Server, SimpleNamespace(url=url)), text, sender, message_id)
            except httpx.ConnectError:  # nothing was sent
                continue

    def _look(self) -> None:
        while not self._over.wait(0.1):
            self.ready = [url for url in self.urls if self._asks(url)]

    def _asks(self, url: str) -> bool:
        try:
            return httpx.get(f"{url}/ready").status_code == 200
        except httpx.TransportError:
            return False

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()


def test_workers_are_one_number(steady_desk: SharedDesk) -> None:
    desk, port = steady_desk, free_port()
    server = desk.start("--workers", "2", "--metrics-port", str(port))
    for n in range(20):
        post(server, "/note", f"u{n % 5}", f"m{n}")
        post(server, "/note", f"u{n % 5}", f"m{n}")
    until(lambda: scraped(port)[1]["frontdesk_ready", ""] == 2, "both are ready")
    _, numbers = scraped(port)
    assert numbers["csr_messages_processed_total", "success"] == 20
    assert (numbers["frontdesk_deliveries_total", ""], numbers["frontdesk_repeats_total", ""]) == (20, 20)
    assert numbers["csr_message_latency_seconds_count", ""] == 20
    for stop in PASSED:
        assert numbers["frontdesk_stop_seconds_count", stop] >= 20, stop
    assert httpx.get(f"{server.url}/metrics").status_code == 404, "not where everybody can read it"


def test_nothing_of_a_user_is_in_logs_numbers_or_spans(
    desk: Desk, collector: tuple[str, list[ExportTraceServiceRequest]]
) -> None:
    url, spans = collector
    port = free_port()
    arguments = ("--log-format", "json", "--debug", "--metrics-port", str(port))
    server = desk.start(*arguments, OTEL_EXPORTER_OTLP_ENDPOINT=url)
    sender = "anna.bennett-15551234567"
    said = f"I am {PRIVATE['name']}, order {PRIVATE['order']}, {PRIVATE['e-mail']}, {PRIVATE['phone']}, {PRIVATE['card']}"
    headers = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
    body = {"sender": sender, "message": said, "input_channel": "anna-bennett"}
    httpx.post(f"{server.url}/webhooks/rest/webhook", json=body, headers=headers)
    assert desk.say(f'/raise{{"kind": "{said}"}}', sender) == [APOLOGY], "the error repeats what was said"
    assert desk.say("/garbage", sender) == [APOLOGY], "a later one has it from a slot"
    desk.say(f'/greet{{"kind": "{said}" broken', sender)
    numbers = httpx.get(f"http://127.0.0.1:{port}/metrics").text
    server.stop()
    lines = [json.loads(line) for line in desk.log().splitlines() if line.startswith("{")]
    assert {"timestamp", "level", "logger", "message"} <= set(lines[0])
    failed = [
        line for line in lines if "action_raise" in line["message"] or "action_garbage" in line["message"]
    ]
    assert len({line["conversation"] for line in failed}) == 1
    assert all(len(line["trace_id"]) == 32 for line in failed)
    sent = "".join(str(request) for request in spans)
    names = set(re.findall(r'\bname: "(\w+)"', sent))
    assert names >= PASSED
    for kind, private in PRIVATE.items():
        # Four digits are in any time or id by chance, words aren't.
        words = [word for word in private.split() if word.isalpha()]
        for part in (private, *words, private.replace(" ", "")):
            for where, text in (("logs", desk.log()), ("metrics", numbers), ("spans", sent)):
                assert part.lower() not in text.lower(), (kind, where)


def test_bad_ports_are_told(project: Path) -> None:
    done = frontdesk("run", "--metrics-port", "70000", cwd=project)
    assert done.returncode == 1
    assert "--metrics-port: '70000' is no port." in done.stderr


def test_front_servers_and_workers_are_watched_alike(
    project: Path,
    serve: Callable[..., Server],
    postgresql: servers.Server,
    redis: servers.Server,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    front, worker = free_port(), free_port()
    with contextlib.closing(QueueDesk(project, serve, postgresql, redis)) as desk:
        server = desk.start("--queue", "--metrics-port", str(front))
        assert ready(server) == (200, {"status": "ready", "tracker_store": "ok", "queue": "ok"})
        waiting = desk.send("/note", message_id="m1")
        until(lambda: scraped(front)[1]["frontdesk_queue_depth", ""] == 1, "it waits for a worker")
        monkeypatch.setenv("FRONTDESK_METRICS_PORT", str(worker))
        process = desk.work()
        assert texts(waiting.result(60)) == ["Noted under 1."]
        until(lambda: scraped(worker)[1]["frontdesk_ready", ""] == 1, "the worker is ready")
        assert scraped(worker)[1]["csr_messages_processed_total", "success"] == 1
        numbers = scraped(front)[1]
        assert numbers["frontdesk_deliveries_total", ""] == 1
        assert numbers["csr_message_latency_seconds_count", ""] == 1
        process.terminate()
        assert process.wait(60) == 0
