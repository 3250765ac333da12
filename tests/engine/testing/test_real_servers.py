"""Real servers for tests, and what happens where there are none."""

from __future__ import annotations

from pathlib import Path

import pytest

from frontdesk.testing import servers


def test_postgresql_runs_with_new_databases_and_leaves_nothing() -> None:
    with servers.postgresql() as server:
        one, two = server.new_database(), server.new_database()
        assert one != two
        database = one.rpartition("/")[2]
        servers.run_sql(server.port, "CREATE TABLE t (n integer)", database)
        assert servers.run_sql(server.port, "SELECT count(*) FROM t", database) == [(0,)]
        server.stop()
        server.stop()
        server.start()
        assert servers.run_sql(server.port, "SELECT count(*) FROM t", database) == [(0,)]
        folder, process = server.folder, server.process
    assert process is not None
    assert process.poll() is not None
    assert not folder.exists()


def test_redis_runs_and_leaves_nothing() -> None:
    with servers.redis() as server:
        assert server.new_database() != server.new_database()
        assert server.ready(server)
        folder = server.folder
    assert not folder.exists()
    assert not server.ready(server)


@pytest.fixture
def nothing_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(servers, "find_binary", lambda name: None)
    monkeypatch.setattr(servers, "missed", type(servers.missed)())
    monkeypatch.delenv(servers.REQUIRE, raising=False)


class Terminal:
    """What the report needs of pytest's terminal."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def section(self, title: str, sep: str) -> None:
        self.lines.append(title)

    def line(self, text: str) -> None:
        self.lines.append(text)


@pytest.mark.usefixtures("nothing_installed")
def test_without_a_server_a_test_is_skipped_with_the_reason_and_listed() -> None:
    terminal = Terminal()
    servers.report_missing_servers(terminal)
    assert terminal.lines == []
    for _ in range(2):
        with pytest.raises(
            pytest.skip.Exception, match="postgresql is not installed .apt-get install postgresql"
        ):
            servers.require_server("postgresql")
    with pytest.raises(pytest.skip.Exception, match="chromium"):
        servers.require_found("chromium", None)
    servers.require_found("chromium", "/usr/bin/chromium")
    servers.report_missing_servers(terminal)
    assert terminal.lines[0] == "skipped for a missing server"
    assert [line.partition(" is not")[0] for line in terminal.lines[1:]] == [
        "1 skipped: chromium",
        "2 skipped: postgresql",
    ]


@pytest.mark.usefixtures("nothing_installed")
def test_a_required_server_fails_the_test(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(servers.REQUIRE, "1")
    with pytest.raises(pytest.fail.Exception, match="redis is not installed"), servers.redis():
        pass
    assert servers.missing_servers() == []


def test_a_server_that_does_not_come_up_says_why(tmp_path: Path) -> None:
    command = ["/bin/sh", "-c", "echo no memory left; exit 3"]
    server = servers.Server("redis", servers.free_port(), tmp_path, command, lambda _: False)
    with pytest.raises(RuntimeError, match="no memory left"):
        server.start()
    assert server.process is None
