"""The house rules that a machine can check: sizes, words, light imports, the public face."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted([*(ROOT / "src").rglob("*.py"), *(ROOT / "actions").rglob("*.py")])
ENGINE = [p for p in SOURCES if "src" in p.relative_to(ROOT).parts]

LONGEST_FILE = 400
LONGEST_CLASS = 250
LONGEST_FUNCTION = 60
EXCEPTIONS: dict[str, str] = {}
"""path, or path:name, and the reason why it may be longer."""

BUSINESS = r"refunds?|shipments?|shipping|invoices?|e-?commerce|webshop|storefront|purchases?|checkout|warrant(?:y|ies)|larkspur"
NAMES_NOT_USED = r"(?:manager|helpers?|utils?|interpreter)"


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_the_checks_see_the_project() -> None:
    assert len(ENGINE) > 50
    assert len(SOURCES) > len(ENGINE)


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_sizes(path: Path) -> None:
    text = path.read_text("utf-8")
    if relative(path) not in EXCEPTIONS:
        assert len(text.splitlines()) <= LONGEST_FILE, f"{relative(path)} is over {LONGEST_FILE} lines"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            limit = LONGEST_CLASS if isinstance(node, ast.ClassDef) else LONGEST_FUNCTION
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if f"{relative(path)}:{node.name}" not in EXCEPTIONS:
                assert length <= limit, (
                    f"{relative(path)}:{node.lineno} {node.name} has {length} lines, over {limit}"
                )


def test_exceptions_are_still_needed() -> None:
    for name, reason in EXCEPTIONS.items():
        assert (ROOT / name.split(":")[0]).exists()
        assert len(reason) > 20


@pytest.mark.parametrize("path", ENGINE, ids=relative)
def test_the_engine_knows_no_business(path: Path) -> None:
    found = re.findall(rf"\b(?:{BUSINESS})\b", path.read_text("utf-8"), re.IGNORECASE)
    assert not found, f"{relative(path)} speaks of {set(found)}"


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_names(path: Path) -> None:
    assert not re.fullmatch(NAMES_NOT_USED, path.stem)
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ClassDef):
            assert not re.search(r"(Manager|Helper|Utils?|Interpreter|Data|Info)$", node.name), node.name


def loaded_after(statement: str) -> set[str]:
    code = f"{statement}; import sys; print(' '.join({{m.partition('.')[0] for m in sys.modules}}))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(run.stdout.split())


def test_importing_frontdesk_is_light() -> None:
    assert not loaded_after("import frontdesk") & {
        "numpy",
        "torch",
        "onnxruntime",
        "sklearn",
        "faiss",
        "sanic",
        "sqlalchemy",
    }


def test_help_loads_no_engine() -> None:
    statement = "from frontdesk.cli.main import make_parser; make_parser([]).format_help()"
    assert not loaded_after(statement) & {"numpy", "sanic", "sqlalchemy", "ruamel", "onnxruntime", "rasa_sdk"}


def test_serving_loads_no_training_library() -> None:
    loaded = loaded_after("import frontdesk.server.serve, frontdesk.runtime.assembly, frontdesk.nlu.pipeline")
    assert not loaded & {"torch", "tensorflow", "sklearn", "scipy", "pycrfsuite", "onnx", "pandas"}


def test_the_public_face() -> None:
    import frontdesk

    assert set(frontdesk.__all__) == {"Agent", "FrontdeskError", "UserMessage", "__version__", "load_agent"}
    for name in frontdesk.__all__:
        assert getattr(frontdesk, name)
    with pytest.raises(AttributeError):
        frontdesk.nothing  # noqa: B018


def test_every_registered_name_can_be_resolved() -> None:
    from frontdesk.registry import TABLES, resolve

    for kind, table in TABLES.items():
        for name in table:
            assert isinstance(resolve(kind, name), type)


def test_every_error_has_the_one_root() -> None:
    from frontdesk import errors

    classes = [v for v in vars(errors).values() if isinstance(v, type) and issubclass(v, Exception)]
    assert len(classes) > 10
    tree = errors.__doc__ or ""
    for cls in classes:
        assert issubclass(cls, errors.FrontdeskError)
        assert cls.__name__ in tree, f"{cls.__name__} is not in the tree at the top of errors.py"
