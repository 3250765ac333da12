"""MariaDB goes away under two servers: clients are told, what was written down is answered when it is back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from frontdesk.testing import servers
from tests.conftest import Server
from tests.faults.probe import SharedDesk, post
from tests.faults.test_servers import talk, users_and_answers


def test_restarted_in_the_middle_of_a_turn(
    project: Path, serve: Callable[..., Server], redis: servers.Server
) -> None:
    with servers.mysql() as database:
        desk = SharedDesk(project, serve, database, redis, timeout=1.5)
        both = [desk.start(), desk.start()]
        request = desk.send_to_gate("/gate_last", message_id="m1", to=both[0])
        waiting = desk.send("/note", message_id="m2", to=both[1])
        database.stop()
        desk.open_gate()
        response = request.result(60)
        assert response.status_code == 503
        assert "Retry-After" in response.headers
        assert post(both[1], "hello", "bob").status_code == 503
        database.start()
        desk.until_answered("m1", "m2")
        assert waiting.result(60).status_code in (200, 503)
        assert desk.effects() == ["m1", "m2"]
        assert desk.say("/gate_last", message_id="m1", to=both[1]) == ["Done under 1."]
        assert users_and_answers(desk) == ["user: /gate_last", "bot: Done under 1.", *talk(2, 2)]
        assert "Traceback" not in desk.log()
        for server in both:
            server.stop()
