"""Import a project's custom actions for the official `rasa-sdk`, in this process.

Importing `rasa_sdk.executor` takes 0.05 s beside a server that has Sanic loaded already, and 0.25 s without:
the SDK imports Sanic for the type of a plug-in hook, and pydantic for its result. gRPC and OpenTelemetry
(another 0.16 s) belong to its own server (`rasa_sdk.endpoint`) and are not touched here. So it is imported
when the action server starts.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from frontdesk.errors import ActionImportError, place
from frontdesk.registry import look_in

if TYPE_CHECKING:
    from rasa_sdk.executor import ActionExecutor


def load_executor(module: str, folder: Path) -> ActionExecutor:
    """Return the SDK's executor with all actions of a module (and its submodules) found in `folder`.

    Raises ActionImportError with file and line, where the SDK would end the process.
    """
    from rasa_sdk.executor import ActionExecutor

    import_package(module, folder)
    executor = ActionExecutor()
    for action in action_classes():
        try:
            executor.register_action(action)
        except Exception as error:  # name() and __init__ are the project's code
            where = source_of(action) or error_place(error, folder)
            hint = "Every action class needs a name() and an __init__ without arguments."
            what = (
                f"The action class '{action.__qualname__}' cannot be used ({type(error).__name__}: {error})."
            )
            raise ActionImportError(what, where=where, hint=hint) from error
    return executor


def import_package(name: str, folder: Path) -> None:
    """Import a module of a project and everything below it."""
    look_in(folder)  # before other projects of this process
    importlib.invalidate_caches()
    _forget_other(name, folder.resolve())
    try:
        for _ in _import_all(name):
            pass
    except (Exception, SystemExit) as error:
        raise _import_error(name, folder, error) from error


def _import_all(name: str) -> Iterator[ModuleType]:
    module = importlib.import_module(name)
    yield module
    for found in pkgutil.iter_modules(getattr(module, "__path__", ()), prefix=f"{name}."):
        yield from _import_all(found.name)


def _forget_other(name: str, folder: Path) -> None:
    """Drop a module of the same name that an earlier project of this process left behind."""
    top = name.partition(".")[0]
    loaded = sys.modules.get(top)
    if loaded is None or not ((folder / top).is_dir() or (folder / f"{top}.py").is_file()):
        return
    origins = [*(getattr(loaded, "__path__", ()) or ()), getattr(loaded, "__file__", None) or ""]
    if any(Path(origin).is_relative_to(folder) for origin in origins if origin):
        return
    for known in [known for known in sys.modules if known == top or known.startswith(f"{top}.")]:
        del sys.modules[known]


def _import_error(name: str, folder: Path, error: BaseException) -> ActionImportError:
    if isinstance(error, ModuleNotFoundError) and error.name and f"{name}.".startswith(f"{error.name}."):
        hint = "Name the module in endpoints.yml as `action_endpoint: {actions_module: ...}`."
        return ActionImportError(
            f"There is no module '{name}' of custom actions.", where=str(folder), hint=hint
        )
    what = f"The custom actions cannot be imported ({type(error).__name__}: {error})."
    hint = "Correct the file, or install what it imports."
    return ActionImportError(what, where=error_place(error, folder), hint=hint)


def action_classes() -> list[Any]:
    """Return all action classes that are not the SDK's own, not abstract, and not left over from a reload."""
    from rasa_sdk.interfaces import Action

    return [
        cls
        for cls in _subclasses(Action)
        if _is_own(cls) and not inspect.isabstract(cls) and not _is_stale(cls)
    ]


def _subclasses(cls: type[Any]) -> Iterator[type[Any]]:
    found: type[Any]
    for found in cls.__subclasses__():
        yield found
        yield from _subclasses(found)


def _is_own(cls: type) -> bool:
    return not cls.__module__.startswith(("rasa_sdk.", "rasa."))


def _is_stale(cls: type) -> bool:
    module = sys.modules.get(cls.__module__)
    if module is None:
        return True
    known = getattr(module, cls.__qualname__, cls) if "." not in cls.__qualname__ else cls
    return known is not cls


def source_of(cls: type) -> str | None:
    """Return file:line of a class."""
    try:
        return place(inspect.getsourcefile(cls), inspect.getsourcelines(cls)[1])
    except (OSError, TypeError):
        return None


def error_place(error: BaseException, folder: Path) -> str | None:
    """Return file:line of the deepest place within the project that an error came through."""
    if isinstance(error, SyntaxError) and error.filename:
        return place(_relative(error.filename, folder), error.lineno)
    frames = [
        f
        for f in traceback.extract_tb(error.__traceback__)
        if Path(f.filename).is_relative_to(folder.resolve())
    ]
    own = [f for f in frames if "site-packages" not in f.filename] or frames
    return place(_relative(own[-1].filename, folder), own[-1].lineno) if own else None


def _relative(file: str, folder: Path) -> str:
    path = Path(file)
    return str(path.relative_to(folder.resolve())) if path.is_relative_to(folder.resolve()) else file
