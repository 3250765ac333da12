"""The terminal: what is typed is answered; Ctrl-C and the end of the input end it."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.conftest import frontdesk, until_it_waits

HELLO = "Bot:  Hello! I'm an automated assistant. I can take a message for the team."


def shell(folder: Path, *lines: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "frontdesk.cli.main", "shell"],
        input="".join(f"{line}\n" for line in lines),
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_a_conversation(copy_of_starter: Path) -> None:
    done = shell(copy_of_starter, "hello", "", "/leave_message", "ann@example.com")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert lines[0] == "Talk to the assistant; /stop ends it."
    assert lines[1:] == [
        HELLO,
        "      1: Leave a message  (/leave_message)",
        "      2: Type out your own message...",
        "Bot:  What is your e-mail address?",
        "Bot:  What would you like to tell the team?",
    ]
    assert done.stderr == ""


def test_a_button_is_chosen_by_its_number(copy_of_starter: Path) -> None:
    chosen = shell(copy_of_starter, "hello", "1")
    assert chosen.stdout.splitlines()[-1] == "Bot:  What is your e-mail address?"
    typed = shell(copy_of_starter, "hello", "2", "1", "/restart")
    assert "e-mail" not in typed.stdout, "after the last choice a number is a message like any other"
    assert typed.returncode == 0


def test_stop_ends_it(copy_of_starter: Path) -> None:
    done = shell(copy_of_starter, "/stop", "hello")
    assert (done.returncode, done.stdout.count("Bot:")) == (0, 0)


def test_a_message_that_is_refused_does_not_end_it(copy_of_starter: Path) -> None:
    done = shell(copy_of_starter, "x" * 200, "hello", FRONTDESK_MAX_MESSAGE="100")
    assert "at most 100" in done.stderr
    assert HELLO in done.stdout
    assert done.returncode == 0


def test_ctrl_c_ends_it_at_once_in_the_middle_of_a_line(copy_of_starter: Path) -> None:
    parent, child = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "frontdesk.cli.main", "shell"],
        cwd=copy_of_starter,
        stdin=child,
        stdout=child,
        stderr=child,
        start_new_session=True,
    )
    os.close(child)
    try:
        read_until(parent, b"You:")
        os.write(parent, b"hello\n")
        read_until(parent, b"Hello!", b"You:")
        os.write(parent, b"half a li")
        until_it_waits(process.pid)  # a signal just before it reads would wait for the next key
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
    finally:
        process.kill()
        process.wait()
        os.close(parent)


def read_until(terminal: int, *wanted: bytes) -> None:
    found = b""
    end = time.monotonic() + 60
    while not all(part in found for part in wanted):
        ready, _, _ = select.select([terminal], [], [], max(0.0, end - time.monotonic()))
        assert ready, f"The terminal shows only {found!r}"
        found += os.read(terminal, 4096)


def test_outside_a_project(tmp_path: Path) -> None:
    done = frontdesk("shell", cwd=tmp_path)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
