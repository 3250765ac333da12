from __future__ import annotations

import re
from pathlib import Path

import pytest

from frontdesk import __version__
from frontdesk.cli.main import COMMANDS, main
from tests.conftest import frontdesk


def test_version(tmp_path: Path) -> None:
    assert frontdesk("--version", cwd=tmp_path).stdout == f"frontdesk {__version__}\n"


def test_help_names_every_command(tmp_path: Path) -> None:
    done = frontdesk("--help", cwd=tmp_path)
    assert done.returncode == 0
    for name, text in COMMANDS.items():
        assert re.search(rf"^\s+{name}\s", done.stdout, re.MULTILINE)
        assert text.split()[0] in done.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_each_command(name: str, tmp_path: Path) -> None:
    done = frontdesk(name, "--help", cwd=tmp_path)
    assert done.returncode == 0
    assert "usage: frontdesk" in done.stdout


def test_without_a_command_there_is_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert "COMMAND" in capsys.readouterr().out


def test_an_unknown_command(tmp_path: Path) -> None:
    done = frontdesk("trian", cwd=tmp_path)
    assert done.returncode == 2
    assert "invalid choice: 'trian'" in done.stderr


@pytest.mark.parametrize("command", ["train", "run", "test", "shell"])
def test_outside_a_project_there_is_one_clear_sentence(command: str, tmp_path: Path) -> None:
    done = frontdesk(command, cwd=tmp_path)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "frontdesk: " in done.stderr
