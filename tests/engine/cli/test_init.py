"""The starter project: made in an empty folder, trains, passes its own tests, answers."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import frontdesk


def test_init_train_test(starter: Path) -> None:
    done = frontdesk("test", cwd=starter)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed, 0 failed" in done.stdout
    assert (starter / "results" / "index.html").is_file()


def test_init_overwrites_nothing(tmp_path: Path) -> None:
    (tmp_path / "config.yml").write_text("mine")
    done = frontdesk("init", cwd=tmp_path)
    assert done.returncode == 1
    assert "not empty" in done.stderr
    assert (tmp_path / "config.yml").read_text() == "mine"


def test_init_makes_the_folder_that_is_named(tmp_path: Path) -> None:
    assert frontdesk("init", "new", cwd=tmp_path).returncode == 0
    assert (tmp_path / "new" / "domain.yml").is_file()
    assert (tmp_path / "new" / ".gitignore").read_text().startswith(".frontdesk/")
    assert not (tmp_path / "new" / "gitignore").exists()


def test_shell(copy_of_starter: Path) -> None:
    import subprocess
    import sys

    talk = "hello\n\n/stop\nnever read\n"
    command = [sys.executable, "-m", "frontdesk.cli.main", "shell"]
    done = subprocess.run(
        command, cwd=copy_of_starter, input=talk, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("automated assistant") == 1
    assert "1: Leave a message" in done.stdout


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("mine")
    done = frontdesk("init", "taken", cwd=tmp_path)
    assert done.returncode == 1
    assert "This is a file, not a folder." in done.stderr
    assert "Traceback" not in done.stderr
