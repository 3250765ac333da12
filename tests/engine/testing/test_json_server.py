from __future__ import annotations

import zlib

import httpx
import pytest

from frontdesk.testing.json_server import JsonServer, Reply


def test_it_answers_and_remembers() -> None:
    with JsonServer(lambda asked: {"twice": asked.body["n"] * 2}) as server:
        packed = zlib.compress(b'{"n": 4}')
        answer = httpx.post(
            f"{server.url}/a?b=c", content=packed, headers={"Content-Encoding": "deflate", "X-Y": "z"}
        )
        assert answer.json() == {"twice": 8}
        (asked,) = server.asked
    assert (asked.path, asked.params, asked.headers["x-y"], asked.body) == ("/a", {"b": "c"}, "z", {"n": 4})


def test_other_answers_and_the_end() -> None:
    with JsonServer(lambda _: Reply(b"no json", 503, {"X-Why": "tired"})) as server, httpx.Client() as client:
        answer = client.get(server.url)
        assert (answer.status_code, answer.text, answer.headers["x-why"]) == (503, "no json", "tired")
        url = server.url
    with pytest.raises(httpx.HTTPError):
        httpx.get(url)
