from __future__ import annotations

import http.server
import json
import logging
import threading
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from frontdesk.core.codec import entity_to_wire
from frontdesk.core.message import Entity, Message
from frontdesk.core.ports import TrainContext
from frontdesk.core.training import NluExamples
from frontdesk.errors import ConfigError
from frontdesk.nlu.duckling import VARIABLE, DucklingEntityExtractor
from tests.engine.nlu.conftest import reloaded

FIXED = {"reference_time": "2026-11-18T09:30:00", "timezone": "Europe/Berlin"}


def one(extractor: Any, text: str) -> list[dict[str, Any]]:
    [message] = extractor.process([Message(text)])
    return [entity_to_wire(entity) for entity in message.entities]


class Duckling(http.server.BaseHTTPRequestHandler):
    asked: list[dict[str, str]] = []
    answer: tuple[int, Any] = (200, [])

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.asked.append({"path": self.path, **dict(urllib.parse.parse_qsl(body))})
        status, found = self.answer
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(found).encode())

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.delenv(VARIABLE, raising=False)
    Duckling.asked = []
    running = http.server.HTTPServer(("127.0.0.1", 0), Duckling)
    threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{running.server_port}"
    running.shutdown()
    running.server_close()


def test_without_a_time_zone_it_is_ducklings_own() -> None:
    [found] = one(DucklingEntityExtractor({"dimensions": ["time"]}), "what did I earn in January 2019")
    assert found["value"] == "2019-01-01T00:00:00.000-08:00"


def test_entities_have_rasas_form() -> None:
    [found] = one(DucklingEntityExtractor(FIXED), "come tomorrow at 5pm")
    assert found["additional_info"].pop("values")[0]["type"] == "value"
    assert found == {
        "entity": "time",
        "start": 5,
        "end": 20,
        "value": "2026-11-19T17:00:00.000+01:00",
        "text": "tomorrow at 5pm",
        "confidence": 1.0,
        "extractor": "DucklingEntityExtractor",
        "additional_info": {"type": "value", "value": "2026-11-19T17:00:00.000+01:00", "grain": "hour"},
    }


def test_intervals_have_two_ends() -> None:
    options = {**FIXED, "dimensions": ["time"]}
    [found] = one(DucklingEntityExtractor(options), "from 2pm to 4pm for 3")
    assert found["value"] == {"to": "2026-11-18T17:00:00.000+01:00", "from": "2026-11-18T14:00:00.000+01:00"}
    [found] = one(DucklingEntityExtractor(options), "after 6pm")
    assert found["value"] == {"to": None, "from": "2026-11-18T18:00:00.000+01:00"}


def test_without_options_now_is_now_and_here() -> None:
    [found] = one(DucklingEntityExtractor(), "tomorrow")
    assert found["additional_info"]["grain"] == "day"


def test_payloads_are_left_alone_and_others_keep_what_they_had() -> None:
    final = Message("/book tomorrow", final=True)
    before = Message("two at 5pm", entities=(Entity("size", "two", 0, 3, confidence=0.5),))
    kept, found = DucklingEntityExtractor(FIXED).process([final, before])
    assert kept == final
    assert [e.entity for e in found.entities] == ["number", "time"]


def test_the_server_is_asked_where_there_is_one(server: str) -> None:
    wire = {"body": "drei", "start": 0, "end": 4, "dim": "number", "value": {"value": 3, "type": "value"}}
    Duckling.answer = (200, [wire, {**wire, "dim": "time"}])
    options = {**FIXED, "url": f"{server}/", "locale": "de_DE", "dimensions": ["number"]}
    [found] = one(DucklingEntityExtractor(options), "drei")
    assert found["value"] == 3
    assert Duckling.asked == [
        {
            "path": "/parse",
            "text": "drei",
            "locale": "de_DE",
            "tz": "Europe/Berlin",
            "dims": '["number"]',
            "reftime": "1794990600000",
        }
    ]


def test_the_environment_names_the_server_first(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    Duckling.answer = (200, [])
    monkeypatch.setenv(VARIABLE, server)
    assert one(DucklingEntityExtractor({"url": "http://127.0.0.1:9"}), "two") == []
    assert len(Duckling.asked) == 1


def test_a_server_that_fails_is_stood_in_for(server: str, caplog: pytest.LogCaptureFixture) -> None:
    Duckling.answer = (500, {})
    extractor = DucklingEntityExtractor({"url": server})
    with caplog.at_level(logging.WARNING):
        assert [found["value"] for found in one(extractor, "two")] == [2]
        assert [found["value"] for found in one(extractor, "three")] == [3]
    assert len(Duckling.asked) == 1
    assert len([r for r in caplog.records if "does not answer" in r.message]) == 1


def test_it_takes_the_language_of_the_assistant(tmp_path: Path) -> None:
    said: list[str] = []
    extractor = DucklingEntityExtractor()
    extractor.train(NluExamples(), TrainContext(language="fr", progress=said.append))
    assert reloaded(extractor, tmp_path).locale == "fr"
    assert said[0] == "DucklingEntityExtractor: finds dates, amounts and numbers without a Duckling server."


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"timezone": "Mars/Olympus"}, "no time zone is called 'Mars/Olympus'"),
        ({"reference_time": "soon"}, "'reference_time' is 'soon'"),
        ({"timeout": "long"}, "'timeout' is 'long'"),
    ],
)
def test_options_that_cannot_be_meant(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        DucklingEntityExtractor(options)


def test_a_dimension_that_only_a_server_finds_is_told(caplog: pytest.LogCaptureFixture) -> None:
    DucklingEntityExtractor({"dimensions": ["tme"]})
    assert "Did you mean 'time'?" in caplog.text
