"""Models in clouds: the contract against servers that speak as they do, failures, and what a project names."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from frontdesk.errors import ConfigError, StoreError, UnknownName
from frontdesk.stores.model_buckets import AzureContainer, GcsBucket, S3Bucket
from frontdesk.stores.model_storage import ModelStorage
from frontdesk.testing import cloud_servers
from frontdesk.testing.contracts.bucket import BucketContract
from frontdesk.testing.servers import Server, free_port

ACCOUNT = {
    "AZURE_ACCOUNT_NAME": "devstoreaccount1",
    "AZURE_ACCOUNT_KEY": base64.b64encode(b"a key for tests").decode(),
}
AMAZON = {"AWS_ACCESS_KEY_ID": "me", "AWS_SECRET_ACCESS_KEY": "word", "AWS_DEFAULT_REGION": "eu-central-1"}


@pytest.fixture(scope="module")
def moto() -> Iterator[Server]:
    with cloud_servers.moto() as server:
        yield server


@pytest.fixture(scope="module")
def google() -> Iterator[Server]:
    with cloud_servers.google_storage() as server:
        yield server


@pytest.fixture(scope="module")
def azurite() -> Iterator[Server]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("AZURITE_ACCOUNTS", ":".join(ACCOUNT.values()))
        with cloud_servers.azurite() as server:
            yield server


def name(server: Server) -> str:
    return f"models-{next(server._numbers)}"


@pytest.fixture
def s3(moto: Server, monkeypatch: pytest.MonkeyPatch) -> S3Bucket:
    for variable, value in AMAZON.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{moto.port}")
    monkeypatch.setenv("BUCKET_NAME", name(moto))
    return S3Bucket()


class TestS3(BucketContract):
    @pytest.fixture
    def bucket(self, s3: S3Bucket) -> S3Bucket:
        return s3


# Said by Google's library, which works without it.
@pytest.mark.filterwarnings("ignore:Please install grpcio-status:ImportWarning")
class TestGoogle(BucketContract):
    @pytest.fixture
    def bucket(self, google: Server, monkeypatch: pytest.MonkeyPatch) -> GcsBucket:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"http://127.0.0.1:{google.port}")
        monkeypatch.setenv("BUCKET_NAME", name(google))
        return GcsBucket()


class TestAzure(BucketContract):
    @pytest.fixture
    def bucket(self, azurite: Server, monkeypatch: pytest.MonkeyPatch) -> AzureContainer:
        for variable, value in ACCOUNT.items():
            monkeypatch.setenv(variable, value)
        monkeypatch.setenv("AZURE_ENDPOINT_URL", f"http://127.0.0.1:{azurite.port}/devstoreaccount1")
        monkeypatch.setenv("AZURE_CONTAINER", name(azurite))
        return AzureContainer()


class Shaky:
    """A bucket that fails some times before it does what it should."""

    place = "shaky://models"

    def __init__(self, failures: int, kept: bytes = b"a model", digest: str | None = None) -> None:
        self.failures, self.kept, self.digest = failures, kept, digest

    def _fail(self) -> None:
        self.failures -= 1
        if self.failures >= 0:
            raise ConnectionResetError("cut off")

    def put(self, name: str, file: Path, digest: str) -> None:
        self._fail()
        self.kept, self.digest = file.read_bytes(), digest

    def get(self, name: str, target: Path) -> str | None:
        target.write_bytes(self.kept[:3])
        self._fail()
        target.write_bytes(self.kept)
        return self.digest

    def names(self) -> list[tuple[float, str]]:
        self._fail()
        return [(1.0, "one.tar.gz")]


@pytest.mark.parametrize("failures", [0, 4])
def test_a_network_that_fails_for_a_while(tmp_path: Path, failures: int) -> None:
    pauses: list[float] = []
    found = ModelStorage(Shaky(failures), pause=pauses.append).fetch("one", tmp_path)
    assert found.read_bytes() == b"a model"
    assert len(pauses) == failures
    archive = tmp_path / "two.tar.gz"
    archive.write_bytes(b"two")
    bucket = Shaky(failures)
    ModelStorage(bucket, pause=pauses.append).upload(archive)
    assert bucket.kept == b"two"


def test_a_network_that_stays_away_leaves_the_model_that_was_there(tmp_path: Path) -> None:
    (tmp_path / "one.tar.gz").write_bytes(b"before")
    with pytest.raises(StoreError, match="cut off") as caught:
        ModelStorage(Shaky(99), pause=lambda _: None).fetch("one", tmp_path)
    assert caught.value.where == "shaky://models"
    assert [file.read_bytes() for file in tmp_path.iterdir()] == [b"before"]


def test_a_server_that_is_away(tmp_path: Path, s3: S3Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(StoreError, match="EndpointConnectionError"):
        ModelStorage(S3Bucket(), pause=lambda _: None).fetch("one", tmp_path)


@pytest.mark.parametrize(
    ("kind", "variable"), [("aws", "BUCKET_NAME"), ("gcs", "BUCKET_NAME"), ("azure", "AZURE_CONTAINER")]
)
def test_a_variable_that_is_missing(kind: str, variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(variable, raising=False)
    with pytest.raises(ConfigError, match=variable):
        ModelStorage.named(kind)


def test_names_of_storages(s3: S3Bucket) -> None:
    assert isinstance(ModelStorage.named("aws").bucket, S3Bucket)
    assert isinstance(ModelStorage.named("frontdesk.stores.model_buckets.S3Bucket").bucket, S3Bucket)
    with pytest.raises(UnknownName):
        ModelStorage.named("dropbox")
