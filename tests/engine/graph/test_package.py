"""A model package: what goes in comes out, and nothing unsafe is ever written."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import tarfile
from pathlib import Path
from typing import Any

import pytest

from frontdesk.errors import PackageError
from frontdesk.graph.package import KEPT, MANIFEST, newest, pack, peek_manifest, read_manifest, unpack


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "made"
    (made / "pipeline").mkdir(parents=True)
    (made / "pipeline" / "a.json").write_text('{"x": 1}')
    (made / "weights.npz").write_bytes(b"PK")
    return made


def test_round_trip(folder: Path, tmp_path: Path) -> None:
    archive = pack(folder, tmp_path / "models" / "m.tar.gz", {"model_id": "m"})
    out = unpack(archive, tmp_path / "cache")
    assert (out / "pipeline" / "a.json").read_text() == '{"x": 1}'
    assert read_manifest(out)["model_id"] == "m"
    assert peek_manifest(archive)["model_id"] == "m"
    assert unpack(archive, tmp_path / "cache") == out
    assert [p.name for p in (tmp_path / "models").iterdir()] == ["m.tar.gz"]


def test_what_nobody_used_for_long_is_forgotten(folder: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    archives = [pack(folder, tmp_path / f"{n}.tar.gz", {"model_id": str(n)}) for n in range(KEPT + 3)]
    unpacked = [unpack(archive, cache) for archive in archives[:-1]]
    assert all(out.is_dir() for out in unpacked), "what was used within a day stays"
    for age, out in enumerate(unpacked):
        os.utime(out, (0, 1_000_000_000 - age))
    assert unpack(archives[KEPT + 1], cache) == unpacked[-1], "used again, it is not old any more"
    last = unpack(archives[-1], cache)
    assert sorted(cache.iterdir()) == sorted([last, unpacked[-1], *unpacked[: KEPT - 2]])
    assert read_manifest(unpack(archives[KEPT], cache))["model_id"] == str(KEPT)


def test_the_same_files_give_the_same_archive(folder: Path, tmp_path: Path) -> None:
    one = pack(folder, tmp_path / "1.tar.gz", {}).read_bytes()
    assert pack(folder, tmp_path / "2.tar.gz", {}).read_bytes() == one


def test_a_failed_write_leaves_the_old_archive(folder: Path, tmp_path: Path, monkeypatch: Any) -> None:
    archive = pack(folder, tmp_path / "m.tar.gz", {"model_id": "old"})

    def broken(*_: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("os.fsync", broken)
    with pytest.raises(OSError, match="disk full"):
        pack(folder, archive, {"model_id": "new"})
    assert peek_manifest(archive)["model_id"] == "old"
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".draft")] == []


def test_newest(tmp_path: Path) -> None:
    assert newest(tmp_path) is None
    for age, name in ((20, "b"), (10, "a")):
        file = tmp_path / f"{name}.tar.gz"
        file.write_bytes(b"")
        os.utime(file, (1000 - age, 1000 - age))
    assert newest(tmp_path) == tmp_path / "a.tar.gz"
    assert newest(tmp_path / "b.tar.gz") == tmp_path / "b.tar.gz"


def member(name: str, content: bytes = b"{}", **changes: Any) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for key, value in changes.items():
        setattr(info, key, value)
    return info, content


def archive_of(
    path: Path, *members: tuple[tarfile.TarInfo, bytes], manifest: dict[str, Any] | None = None
) -> Path:
    listed = {i.name: {"sha256": hashlib.sha256(c).hexdigest(), "size": i.size} for i, c in members}
    head = json.dumps(manifest if manifest is not None else {"format": 1, "files": listed}).encode()
    with tarfile.open(path, "w:gz") as tar:
        for info, content in (member(MANIFEST, head), *members):
            tar.addfile(info, io.BytesIO(content))
    return path


ATTACKS = {
    "parent": [member("../escape.json")],
    "absolute": [member("/tmp/frontdesk-escape.json")],
    "inner parent": [member("a/../../escape.json")],
    "windows": [member("C:\\escape.json")],
    "symlink": [member("a.json", b"", type=tarfile.SYMTYPE, linkname="/etc/passwd")],
    "hard link": [member("a.json", b"", type=tarfile.LNKTYPE, linkname="/etc/passwd")],
    "device": [member("a.json", b"", type=tarfile.CHRTYPE)],
    "directory": [member("a.json", b"", type=tarfile.DIRTYPE)],
    "pickle": [member("model.pkl", b"\x80\x04N.")],
    "joblib": [member("model.joblib", b"\x80\x04N.")],
    "torch": [member("model.pt", b"\x80\x04N.")],
    "python": [member("evil.py", b"import os")],
    "twice": [member("a.json"), member("a.json")],
    "external tensor": [member("g.onnx", b"xx\n\x08location\x12\x0b/etc/passwd")],
}


@pytest.mark.parametrize("name", ATTACKS)
def test_attacks_are_refused_before_anything_is_written(name: str, tmp_path: Path) -> None:
    archive = archive_of(tmp_path / "evil.tar.gz", *ATTACKS[name])
    cache = tmp_path / "cache"
    with pytest.raises(PackageError, match="refused"):
        unpack(archive, cache)
    assert not cache.exists()
    assert not (tmp_path / "escape.json").exists()


def test_an_external_tensor_across_chunks_is_found(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("frontdesk.graph.package._CHUNK", 8)
    archive = archive_of(tmp_path / "m.tar.gz", member("g.onnx", b"12345\n\x08location-and-more"))
    with pytest.raises(PackageError, match="outside itself"):
        unpack(archive, tmp_path / "cache")


@pytest.mark.parametrize(
    ("manifest", "words"),
    [
        ({}, "lists no files"),
        ({"format": 2, "files": {}}, "format is 2"),
        ({"format": 1, "files": {"a.json": {"sha256": "0" * 64, "size": 2}}}, "changed after training"),
        ({"format": 1, "files": {"a.json": {"sha256": "0", "size": 3}}}, "not as the manifest says"),
        ({"format": 1, "files": {"a.json": "x"}}, "damaged"),
        ({"format": 1, "files": {"a.json": {"sha256": "0", "size": 10**13}}}, "too large"),
        ({"format": 1, "files": {}}, "not as the manifest says"),
    ],
)
def test_a_manifest_that_lies(manifest: dict[str, Any], words: str, tmp_path: Path) -> None:
    archive = archive_of(tmp_path / "m.tar.gz", member("a.json"), manifest=manifest)
    with pytest.raises(PackageError, match=words):
        unpack(archive, tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


def test_a_file_that_is_missing(tmp_path: Path) -> None:
    manifest = {"format": 1, "files": {"b.json": {"sha256": "0", "size": 1}}}
    with pytest.raises(PackageError, match=r"'b\.json' is missing"):
        unpack(archive_of(tmp_path / "m.tar.gz", manifest=manifest), tmp_path / "cache")


@pytest.mark.parametrize("content", [b"", b"no archive", gzip.compress(b"no tar", mtime=0)])
def test_damaged_archives(content: bytes, tmp_path: Path) -> None:
    archive = tmp_path / "m.tar.gz"
    archive.write_bytes(content)
    with pytest.raises(PackageError, match="refused"):
        unpack(archive, tmp_path / "cache")
    assert peek_manifest(archive) == {}


def test_a_truncated_archive(folder: Path, tmp_path: Path) -> None:
    archive = pack(folder, tmp_path / "m.tar.gz", {})
    archive.write_bytes(archive.read_bytes()[: archive.stat().st_size // 2])
    with pytest.raises(PackageError, match="refused"):
        unpack(archive, tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


def test_a_model_of_rasa_is_refused(tmp_path: Path) -> None:
    archive = tmp_path / "rasa.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        info, content = member("metadata.json", b'{"py/object": "os.system"}')
        tar.addfile(info, io.BytesIO(content))
    with pytest.raises(PackageError, match="not a model of Frontdesk"):
        unpack(archive, tmp_path / "cache")


def test_a_missing_archive(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match="frontdesk train"):
        unpack(tmp_path / "none.tar.gz", tmp_path)
