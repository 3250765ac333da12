from __future__ import annotations

from pathlib import Path

from frontdesk.training.python_files import PythonFile, python_files


def test_files_in_order_without_environments(tmp_path: Path) -> None:
    for name in ("b.py", "a/c.py", "env2/x.py", "__pycache__/y.py", ".hidden/z.py", "a/notes.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x = 1")
    (tmp_path / "env2" / "pyvenv.cfg").write_text("")
    assert [file.name for file in python_files(tmp_path)] == ["b.py", "a/c.py"]


def test_a_tree_or_none() -> None:
    assert PythonFile("x.py", "x = 1").tree() is not None
    assert PythonFile("x.py", "x = = 1").tree() is None
    assert PythonFile("x.py", "\0").tree() is None
