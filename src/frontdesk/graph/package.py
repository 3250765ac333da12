"""A trained model as one archive: a manifest of hashes, then files of which none can run code.

`unpack` looks at every member before anything is written. Refused are: a path that leaves the folder, a link or
device, a file that is not listed, too many or too large files, a kind of file that could hold a pickle, a graph that
points to other files.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import shutil
import tarfile
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Any

from frontdesk.errors import PackageError
from frontdesk.graph.cache import discard, last_used
from frontdesk.graph.fingerprint import file_digest

FORMAT = 1
MANIFEST = "manifest.json"
SUFFIXES = frozenset({".json", ".npz", ".npy", ".onnx", ".txt", ".yml", ".md", ".safetensors"})
MOST_FILES = 2_000
MOST_BYTES = 4 * 1024**3
MOST_MANIFEST = 4 * 1024**2
KEPT = 5  # unpacked models, and all that were used within KEPT_SECONDS
KEPT_SECONDS = 24 * 3600
_CHUNK = 1024 * 1024
_EXTERNAL_TENSOR = (
    b"\n\x08location"  # how an ONNX file names data outside itself (StringStringEntryProto.key)
)


def pack(folder: Path, archive: Path, about: Mapping[str, Any]) -> Path:
    """Write all files of a folder into an archive, whole or not at all; `about` goes into the manifest."""
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    listed = {
        f.relative_to(folder).as_posix(): {"sha256": file_digest(f), "size": f.stat().st_size} for f in files
    }
    manifest = json.dumps({**about, "format": FORMAT, "files": listed}, indent=1, sort_keys=True).encode()
    archive.parent.mkdir(parents=True, exist_ok=True)
    descriptor, draft = tempfile.mkstemp(prefix=".draft-", dir=archive.parent)
    try:
        with os.fdopen(descriptor, "wb") as raw:
            # No name and no time in the header: the same files give the same archive.
            with (
                gzip.GzipFile(filename="", fileobj=raw, mode="wb", compresslevel=1, mtime=0) as packed,
                tarfile.open(fileobj=packed, mode="w|") as tar,
            ):
                _add(tar, MANIFEST, io.BytesIO(manifest), len(manifest))
                for file in files:
                    with file.open("rb") as source:
                        _add(tar, file.relative_to(folder).as_posix(), source, file.stat().st_size)
            raw.flush()
            os.fsync(raw.fileno())
        Path(draft).chmod(0o644)
        os.replace(draft, archive)
    finally:
        Path(draft).unlink(missing_ok=True)
    return archive


def _add(tar: tarfile.TarFile, name: str, source: Any, size: int) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o644
    tar.addfile(member, source)


def unpack(archive: Path, cache: Path) -> Path:
    """Return a folder with the archive's files, unpacked once into `cache` and named by the archive's digest.

    What was unpacked from other archives goes once it is old: the last few stay, and whatever was used within a day.
    Raises PackageError where the archive is missing, damaged, unsafe, or made by a newer version.
    """
    if not archive.is_file():
        raise PackageError("There is no such model.", where=str(archive), hint="Train one: frontdesk train.")
    target = cache / file_digest(archive)[:32]
    with suppress(FileNotFoundError):  # if another process just deleted it as old, it is unpacked again
        os.utime(target)
        return target
    _check(archive)
    cache.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix="draft-", dir=cache))
    try:
        with tarfile.open(archive, "r:gz") as tar:
            for member in tar:
                source = tar.extractfile(member)
                if source is None:
                    raise PackageError(f"'{member.name}' is not a file.", where=str(archive))
                file = draft / member.name
                file.parent.mkdir(parents=True, exist_ok=True)
                with file.open("wb") as out:
                    shutil.copyfileobj(source, out, _CHUNK)
        try:
            draft.rename(target)
        except OSError:
            if not target.is_dir():  # else another process unpacked it in the meantime
                raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    _forget_old(cache)
    return target


def _forget_old(cache: Path) -> None:
    """Delete unpacked models that nobody used for long."""
    by_use = sorted((folder for folder in cache.iterdir() if folder.is_dir()), key=last_used, reverse=True)
    limit = time.time_ns() - KEPT_SECONDS * 10**9
    for folder in by_use[KEPT:]:
        if last_used(folder) < limit:
            discard(folder)


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of an unpacked model."""
    found: dict[str, Any] = json.loads((folder / MANIFEST).read_text("utf-8"))
    return found


def _check(archive: Path) -> None:
    try:
        with tarfile.open(archive, "r:gz") as tar:
            first = tar.next()
            if first is None or first.name != MANIFEST or not first.isreg() or first.size > MOST_MANIFEST:
                raise _refused(archive, "it does not begin with a manifest; it is not a model of Frontdesk")
            listed = _listed(archive, tar, first)
            seen = {MANIFEST}
            while (member := tar.next()) is not None:
                _check_member(archive, member, listed, seen)
                _check_content(archive, tar, member, listed[member.name]["sha256"])
                seen.add(member.name)
    except (tarfile.TarError, EOFError, OSError, ValueError) as error:
        raise _refused(archive, f"it is damaged ({error})") from error
    missing = set(listed) - seen
    if missing:
        raise _refused(archive, f"'{min(missing)}' is missing from it")


def _listed(archive: Path, tar: tarfile.TarFile, member: tarfile.TarInfo) -> dict[str, dict[str, Any]]:
    source = tar.extractfile(member)
    manifest = json.loads(source.read() if source else b"{}")
    if not isinstance(manifest, dict) or not isinstance(manifest.get("files"), dict):
        raise _refused(archive, "its manifest lists no files")
    if manifest.get("format") != FORMAT:
        raise _refused(archive, f"its format is {manifest.get('format')!r}, and this version reads {FORMAT}")
    files: dict[str, dict[str, Any]] = manifest["files"]
    if not all(
        isinstance(v, dict) and isinstance(v.get("size"), int) and "sha256" in v for v in files.values()
    ):
        raise _refused(archive, "its manifest is damaged")
    if len(files) > MOST_FILES or sum(v["size"] for v in files.values()) > MOST_BYTES:
        raise _refused(archive, "it is too large")
    return files


def _check_member(archive: Path, member: tarfile.TarInfo, listed: Mapping[str, Any], seen: set[str]) -> None:
    path = PurePosixPath(member.name)
    if not member.isreg():
        raise _refused(archive, f"'{member.name}' is not a plain file")
    if path.is_absolute() or ".." in path.parts or "\\" in member.name or ":" in member.name:
        raise _refused(archive, f"'{member.name}' would be written outside the model's folder")
    if member.name not in listed or member.name in seen or member.size != listed[member.name]["size"]:
        raise _refused(archive, f"'{member.name}' is not as the manifest says")
    if path.suffix not in SUFFIXES:
        raise _refused(
            archive, f"'{member.name}' is of a kind that a model does not hold (it could run code)"
        )


def _check_content(archive: Path, tar: tarfile.TarFile, member: tarfile.TarInfo, expected: str) -> None:
    source = tar.extractfile(member)
    if source is None:
        raise _refused(archive, f"'{member.name}' is not a plain file")
    found = hashlib.sha256()
    tail = b""
    while chunk := source.read(_CHUNK):
        found.update(chunk)
        if member.name.endswith(".onnx") and _EXTERNAL_TENSOR in tail + chunk:
            raise _refused(archive, f"'{member.name}' points to data outside itself")
        tail = chunk[-len(_EXTERNAL_TENSOR) :]
    if found.hexdigest() != expected:
        raise _refused(archive, f"'{member.name}' was changed after training")


def _refused(archive: Path, why: str) -> PackageError:
    return PackageError(
        f"The model is refused: {why}.",
        where=str(archive),
        hint="Nothing was written. Train again: frontdesk train.",
    )


def newest(models: Path) -> Path | None:
    """Return the model that was trained last in a folder; a path to an archive is returned as it is."""
    if models.is_file():
        return models
    found = sorted(models.glob("*.tar.gz"), key=lambda p: (p.stat().st_mtime_ns, p.name))
    return found[-1] if found else None


def peek_manifest(archive: Path) -> dict[str, Any]:
    """Return the manifest of an archive without unpacking it; an unreadable archive has an empty one."""
    try:
        with tarfile.open(archive, "r:gz") as tar:
            first = tar.next()
            if first is None or first.name != MANIFEST or not first.isreg() or first.size > MOST_MANIFEST:
                return {}
            source = tar.extractfile(first)
            found = json.loads(source.read()) if source else {}
    except (tarfile.TarError, EOFError, OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
