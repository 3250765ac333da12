"""What every storage of models does."""

# ruff: noqa: D102 (the name of a test says what it shows)

from __future__ import annotations

from pathlib import Path

import pytest

from frontdesk.errors import StoreError
from frontdesk.stores.model_storage import Bucket, ModelStorage, digest_of


class BucketContract:
    """Files come back as they were sent; the heir gives a fixture `bucket`: one that is not there yet."""

    @pytest.fixture
    def archive(self, tmp_path: Path) -> Path:
        """Make a file that stands for a model."""
        file = tmp_path / "20261130-120000.tar.gz"
        file.write_bytes(bytes(range(256)) * 4096 * 9)  # more than one piece of it
        return file

    def test_a_model_comes_back_byte_for_byte(self, bucket: Bucket, archive: Path, tmp_path: Path) -> None:
        storage = ModelStorage(bucket)
        assert storage.upload(archive) == f"{bucket.place}/{archive.name}"
        fetched = storage.fetch("20261130-120000", tmp_path / "models")
        assert fetched == tmp_path / "models" / archive.name
        assert digest_of(fetched) == digest_of(archive)
        assert list((tmp_path / "models").iterdir()) == [fetched]

    def test_the_one_that_was_sent_last(self, bucket: Bucket, archive: Path, tmp_path: Path) -> None:
        storage = ModelStorage(bucket)
        other = tmp_path / "a-name-before.tar.gz"
        other.write_bytes(b"other")
        note = tmp_path / "notes.txt"
        note.write_text("no model")
        with pytest.raises(StoreError, match="holds no model"):
            storage.fetch(None, tmp_path / "models")
        storage.upload(archive)
        wait_for_another_second()
        storage.upload(other)
        storage.upload(note)
        assert storage.fetch(None, tmp_path / "models").read_bytes() == b"other"

    def test_a_model_that_is_not_there(self, bucket: Bucket, archive: Path, tmp_path: Path) -> None:
        storage = ModelStorage(bucket)
        for _ in range(2):  # without a bucket, and in one
            with pytest.raises(StoreError, match=r"There is no model 'other\.tar\.gz'"):
                storage.fetch("other", tmp_path / "models")
            storage.upload(archive)
        assert list((tmp_path / "models").iterdir()) == []

    def test_a_name_that_is_sent_again_is_the_newer_one(
        self, bucket: Bucket, archive: Path, tmp_path: Path
    ) -> None:
        storage = ModelStorage(bucket)
        storage.upload(archive)
        archive.write_bytes(b"newer")
        storage.upload(archive)
        assert storage.fetch(archive.name, tmp_path / "models").read_bytes() == b"newer"

    def test_what_changed_on_the_way_is_refused(self, bucket: Bucket, archive: Path, tmp_path: Path) -> None:
        bucket.put(archive.name, archive, "of something else")
        pauses: list[float] = []
        with pytest.raises(StoreError, match="not what was sent"):
            ModelStorage(bucket, pause=pauses.append).fetch(archive.name, tmp_path / "models")
        assert len(pauses) == 4
        assert list((tmp_path / "models").iterdir()) == []


def wait_for_another_second() -> None:
    """Let the clock of a storage that knows only seconds go on."""
    import time

    time.sleep(1.1)
