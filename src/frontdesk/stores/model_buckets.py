"""Where models are kept: S3, Google Cloud Storage, Azure; found through Rasa's variables of the environment."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from frontdesk.errors import MissingExtra
from frontdesk.stores.model_storage import variable

DIGEST = "sha256"


class S3Bucket:
    """A bucket of S3, or of what speaks its protocol (`AWS_ENDPOINT_URL`): BUCKET_NAME, and boto3's own variables."""

    def __init__(self) -> None:
        self._name = variable("BUCKET_NAME", "aws")
        self.place = f"s3://{self._name}"
        try:
            import boto3
            from botocore.exceptions import ClientError
        except ImportError as error:
            raise MissingExtra("Keeping models in S3", "aws") from error
        self._failed: type[Exception] = ClientError
        self._client: Any = boto3.client("s3", endpoint_url=os.environ.get("AWS_ENDPOINT_URL"))

    def put(self, name: str, file: Path, digest: str) -> None:
        """Keep a file."""
        self._make()
        self._client.upload_file(str(file), self._name, name, ExtraArgs={"Metadata": {DIGEST: digest}})

    def _make(self) -> None:
        try:
            self._client.head_bucket(Bucket=self._name)
        except self._failed as error:
            if not _is_missing(error):
                raise
            region = self._client.meta.region_name
            # The oldest region is the one that must not be named.
            where = {} if region in (None, "us-east-1") else {"LocationConstraint": region}
            self._client.create_bucket(
                Bucket=self._name, **({"CreateBucketConfiguration": where} if where else {})
            )

    def get(self, name: str, target: Path) -> str | None:
        """Write what is kept to a file."""
        try:
            kept = self._client.get_object(Bucket=self._name, Key=name)
        except self._failed as error:
            if _is_missing(error):
                raise FileNotFoundError(name) from error
            raise
        with target.open("wb") as out:
            for chunk in kept["Body"].iter_chunks(1 << 20):
                out.write(chunk)
        found = kept["Metadata"].get(DIGEST)
        return str(found) if found else None

    def names(self) -> Sequence[tuple[float, str]]:
        """Return when each file was kept, and its name."""
        try:
            pages = list(self._client.get_paginator("list_objects_v2").paginate(Bucket=self._name))
        except self._failed as error:
            if _is_missing(error):
                return []
            raise
        return [
            (one["LastModified"].timestamp(), one["Key"])
            for page in pages
            for one in page.get("Contents", ())
        ]


def _is_missing(error: Exception) -> bool:
    code = getattr(error, "response", {}).get("Error", {}).get("Code")
    return code in ("404", "NoSuchKey", "NoSuchBucket")


class GcsBucket:
    """A bucket of Google Cloud Storage: BUCKET_NAME, and GOOGLE_APPLICATION_CREDENTIALS."""

    def __init__(self) -> None:
        self._name = variable("BUCKET_NAME", "gcs")
        self.place = f"gs://{self._name}"
        try:
            from google.api_core.exceptions import NotFound
            from google.cloud import storage
        except ImportError as error:
            raise MissingExtra("Keeping models in Google Cloud Storage", "gcs") from error
        self._missing: type[Exception] = NotFound
        # An emulator asks for no credentials, and has no project.
        emulated = os.environ.get("STORAGE_EMULATOR_HOST")
        self._client: Any = storage.Client.create_anonymous_client() if emulated else storage.Client()
        if emulated:
            self._client.project = self._client.project or "emulated"

    def put(self, name: str, file: Path, digest: str) -> None:
        """Keep a file."""
        bucket = self._client.lookup_bucket(self._name) or self._client.create_bucket(self._name)
        blob = bucket.blob(name)
        blob.metadata = {DIGEST: digest}
        blob.upload_from_filename(str(file))

    def get(self, name: str, target: Path) -> str | None:
        """Write what is kept to a file."""
        blob = self._client.bucket(self._name).blob(name)
        try:
            blob.reload()
            blob.download_to_filename(str(target))
        except self._missing as error:
            raise FileNotFoundError(name) from error
        found = (blob.metadata or {}).get(DIGEST)
        return str(found) if found else None

    def names(self) -> Sequence[tuple[float, str]]:
        """Return when each file was kept, and its name."""
        try:
            return [(blob.updated.timestamp(), blob.name) for blob in self._client.list_blobs(self._name)]
        except self._missing:
            return []


class AzureContainer:
    """A container of Azure: AZURE_CONTAINER, AZURE_ACCOUNT_NAME, AZURE_ACCOUNT_KEY; perhaps AZURE_ENDPOINT_URL."""

    def __init__(self) -> None:
        name = variable("AZURE_CONTAINER", "azure")
        account, key = variable("AZURE_ACCOUNT_NAME", "azure"), variable("AZURE_ACCOUNT_KEY", "azure")
        address = os.environ.get("AZURE_ENDPOINT_URL") or f"https://{account}.blob.core.windows.net"
        self.place = f"{address}/{name}"
        try:
            from azure.core.exceptions import ResourceNotFoundError
            from azure.storage.blob import BlobServiceClient
        except ImportError as error:
            raise MissingExtra("Keeping models in Azure", "azure") from error
        self._missing: type[Exception] = ResourceNotFoundError
        service = BlobServiceClient(
            address, credential={"account_name": account, "account_key": key}, retry_total=1
        )
        self._container: Any = service.get_container_client(name)

    def put(self, name: str, file: Path, digest: str) -> None:
        """Keep a file."""
        if not self._container.exists():
            self._container.create_container()
        with file.open("rb") as read:
            self._container.upload_blob(name, read, overwrite=True, metadata={DIGEST: digest})

    def get(self, name: str, target: Path) -> str | None:
        """Write what is kept to a file."""
        blob = self._container.get_blob_client(name)
        try:
            kept = blob.download_blob()
            with target.open("wb") as out:
                kept.readinto(out)
        except self._missing as error:
            raise FileNotFoundError(name) from error
        found = (kept.properties.metadata or {}).get(DIGEST)
        return str(found) if found else None

    def names(self) -> Sequence[tuple[float, str]]:
        """Return when each file was kept, and its name."""
        try:
            return [(blob.last_modified.timestamp(), blob.name) for blob in self._container.list_blobs()]
        except self._missing:
            return []
