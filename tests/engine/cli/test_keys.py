"""`frontdesk keys`: a key is shown once; a server that runs knows what was made and taken back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from frontdesk.cli.main import main
from tests.conftest import Server


def run(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> tuple[str, str]:
    assert main(["keys", *arguments]) == code
    return capsys.readouterr()


def test_making_listing_and_taking_back(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    at = ("--project", str(tmp_path))
    assert "There are no keys" in run(capsys, "list", *at)[1]
    shown, note = run(capsys, "add", "support desk", "--role", "agent", *at)
    assert shown.startswith("fdk_")
    assert shown.count("\n") == 1
    assert "shown this once" in note
    run(capsys, "add", "her phone", "--role", "customer", "--conversation", "ann", "--days", "3", *at)
    desk, phone = run(capsys, "list", *at)[0].splitlines()
    assert "agent" in desk
    assert "support desk" in desk
    assert "good until" in phone
    assert "(conversation ann)" in phone
    assert shown.strip().rpartition("_")[2] not in desk
    assert "no longer good" in run(capsys, "revoke", desk.split()[0], *at)[1]
    assert "revoked" in run(capsys, "list", *at)[0].splitlines()[0]


def test_what_cannot_be(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    at = ("--project", str(tmp_path))
    assert "--conversation" in run(capsys, "add", "x", "--role", "customer", *at, code=1)[1]
    assert "no key 'abc'" in run(capsys, "revoke", "abc", *at, code=1)[1]
    for wrong in (
        ["add", "x", "--role", "root"],
        ["add", "x", "--role", "agent", "--days", "0"],
        ["add", "x"],
        [],
    ):
        with pytest.raises(SystemExit):
            main(["keys", *wrong])
    assert not (tmp_path / ".frontdesk").exists() or not list((tmp_path / ".frontdesk").glob("keys.json"))


def test_endpoints_say_where_they_are(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "endpoints.yml").write_text("auth:\n  keys: etc/keys.json\n")
    run(capsys, "add", "x", "--role", "admin", "--project", str(tmp_path))
    assert (tmp_path / "etc" / "keys.json").exists()


def test_a_server_that_runs(
    capsys: pytest.CaptureFixture[str], copy_of_starter: Path, serve: Callable[..., Server]
) -> None:
    at = ("--project", str(copy_of_starter))
    first = run(capsys, "add", "first", "--role", "agent", *at)[0].strip()
    url = serve(copy_of_starter, "--enable-api").url

    def status(key: str | None, path: str = "/status") -> int:
        return httpx.get(f"{url}{path}", headers={"X-API-Key": key} if key else {}).status_code

    assert (status(None), status(first), status("fdk_x")) == (401, 200, 401)
    assert httpx.delete(f"{url}/model", headers={"X-API-Key": first}).status_code == 403
    second = run(capsys, "add", "second", "--role", "admin", *at)[0].strip()
    assert status(second) == 200
    run(capsys, "revoke", first.split("_")[1], *at)
    assert (status(first), status(second)) == (401, 200)
    assert "key" in httpx.get(f"{url}/openapi.json").json()["components"]["securitySchemes"]
