"""`frontdesk doctor` on a real project: what it says, and what it says it with."""

from __future__ import annotations

import json
from pathlib import Path

from tests.conftest import Server, frontdesk

SECRET = "f8Zk2qLw9xT4vB7nM1cR6yH3jD5gS0aP"


def test_a_project_that_is_well(copy_of_starter: Path) -> None:
    done = frontdesk("doctor", "--port", "0", cwd=copy_of_starter, FRONTDESK_SECRET=SECRET)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert done.stdout.endswith("All is well.\n")
    for check in ("files", "model", "actions", "tracker store", "lock store", "secrets", "access", "disk"):
        assert f"ok       {check}: " in done.stdout.replace("note    ", "ok      "), check


def test_what_is_wrong_is_told_with_how_to_mend_it(copy_of_starter: Path) -> None:
    (copy_of_starter / "endpoints.yml").write_text("lock_store:\n  type: redis\n  port: 1\n")
    given = ("doctor", "-i", "0.0.0.0", "--port", "0", "--enable-api", "--cors", "*")
    done = frontdesk(*given, "--json", cwd=copy_of_starter, FRONTDESK_SECRET="a" * 40)
    assert done.returncode == 2, done.stderr
    told = json.loads(done.stdout)
    assert told["worst"] == 2
    by_check: dict[str, list[dict[str, str]]] = {}
    for finding in told["findings"]:
        by_check.setdefault(finding["check"], []).append(finding)
    for check, level in (
        ("actions", "error"), ("lock store", "error"), ("secrets", "error"), ("tracker store", "warning"),
    ):  # fmt: skip
        assert level in {finding["level"] for finding in by_check[check]}, check
        assert all(finding["mend"] for finding in by_check[check] if finding["level"] == level)
    assert {"error", "warning", "note"} <= {finding["level"] for finding in by_check["access"]}
    assert "a" * 40 not in done.stdout
    assert "Traceback" not in done.stderr


def test_as_many_workers_are_looked_at_as_run_would_start(copy_of_starter: Path) -> None:
    done = frontdesk("doctor", "--port", "0", "--json", cwd=copy_of_starter, SANIC_WORKERS="2")
    told = {finding["check"]: finding for finding in json.loads(done.stdout)["findings"]}
    assert told["lock store"]["what"].startswith("Several workers need")
    assert "'0' is not a number" in frontdesk("doctor", "--workers", "0", cwd=copy_of_starter).stderr


def test_files_that_cannot_be_read_are_all_that_is_told(copy_of_starter: Path) -> None:
    (copy_of_starter / "endpoints.yml").write_text("tracker_store: [\n")
    done = frontdesk("doctor", cwd=copy_of_starter)
    assert done.returncode == 2
    assert len(done.stdout.splitlines()) <= 4
    assert "endpoints.yml:" in done.stdout


def test_a_server_that_runs_is_asked_whether_it_is_ready(starter: Path, starter_server: Server) -> None:
    port = starter_server.url.rpartition(":")[2]
    done = frontdesk("doctor", "--port", port, cwd=starter, FRONTDESK_SECRET=SECRET)
    assert f"A server answers at http://localhost:{port}, and is ready." in done.stdout
