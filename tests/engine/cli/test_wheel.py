"""The wheel, installed into an empty environment: a starter project is made, trained, tested and served."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from frontdesk.testing.servers import free_port
from tests.conftest import ROOT

# What the code needs beside itself; everything else in these folders is checked to be in the wheel, too.
NEEDED = (
    "frontdesk/server/pages/chat.html",
    "frontdesk/server/pages/chat.js",
    "frontdesk/server/pages/theme.css",
    "frontdesk/server/inspector_page/inspector.html",
    "frontdesk/server/inspector_page/inspector.js",
    "frontdesk/cli/starter/domain.yml",
    "frontdesk/cli/starter/actions.py",
    "frontdesk/cli/starter/gitignore",
    "frontdesk/cli/starter/tests/test_stories.yml",
    "frontdesk/knowledge/prompt.txt",
    "frontdesk/knowledge/offtopic.txt",
    "frontdesk/py.typed",
)


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {
        key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "VIRTUAL_ENV")
    }
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built without a network."""
    out = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, ROOT, cwd=out)
    [made] = out.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The scripts of an environment that has the wheel, and of this one only the other packages."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, symlinks=True, with_pip=False)
    [packages] = folder.glob("lib/python*/site-packages")
    # A path in a .pth file brings the packages there, but not their own .pth files: the editable install stays out.
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    pip = (sys.executable, "-m", "pip", "--python", folder / "bin" / "python", "--disable-pip-version-check")
    run(*pip, "install", "--quiet", "--no-deps", "--no-index", wheel, cwd=folder)
    yield folder / "bin"


def test_everything_that_is_no_code_is_in_the_wheel(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for name in NEEDED:
        assert name in names
    source = ROOT / "src"
    files = {p.relative_to(source).as_posix() for p in (source / "frontdesk").rglob("*") if p.is_file()}
    assert {name for name in files if "__pycache__" not in name} <= names
    assert not [name for name in names if not name.startswith(("frontdesk/", "frontdesk-"))]


def test_init_train_test_run(installed: Path, tmp_path: Path) -> None:
    where = run(
        installed / "python", "-c", "import frontdesk; print(frontdesk.__file__)", cwd=tmp_path
    ).stdout
    assert Path(where.strip()).is_relative_to(installed.parent)
    frontdesk = installed / "frontdesk"
    assert "frontdesk train" in run(frontdesk, "init", cwd=tmp_path).stdout
    assert "Your model is in" in run(frontdesk, "train", cwd=tmp_path).stdout
    assert "2 passed, 0 failed" in run(frontdesk, "test", cwd=tmp_path).stdout
    port = free_port()
    server = subprocess.Popen(
        [str(frontdesk), "run", "--port", str(port)], cwd=tmp_path, stderr=subprocess.PIPE, text=True
    )
    try:
        assert server.stderr is not None
        assert any("Stop with Ctrl-C" in line for line in server.stderr), "the server starts"
        url = f"http://127.0.0.1:{port}"
        assert "<title>" in httpx.get(f"{url}/").text
        assert "javascript" in httpx.get(f"{url}/static/chat.js").headers["content-type"]
        body = {"sender": "ann", "message": "I want to leave a message"}
        for text in ("I want to leave a message", "ann@example.com", "Hello team"):
            reply = httpx.post(
                f"{url}/webhooks/rest/webhook", json=body | {"message": text}, timeout=60
            ).json()
        assert "passed that on" in reply[-1]["text"]
    finally:
        server.terminate()
        server.communicate(timeout=60)
    assert server.returncode == 0
