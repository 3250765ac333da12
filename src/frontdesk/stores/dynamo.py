"""Conversations kept in DynamoDB."""

from __future__ import annotations

import asyncio
import logging
import re
import threading
import time
import uuid
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from frontdesk.core.options import tell_unknown
from frontdesk.errors import ConfigError, MissingExtra, StoreError
from frontdesk.stores import dynamo_items as items
from frontdesk.stores.document_tracker import DocumentTrackerStore
from frontdesk.stores.documents import Item, Step
from frontdesk.stores.refusals import closed
from frontdesk.stores.sections import WHERE, days, positive

log = logging.getLogger("frontdesk.stores")

T = TypeVar("T")
KNOWN = frozenset({"type", "table_name", "region", "endpoint_url", "timeout", "inbox_retention_days"})
OURS = "frontdesk_{}"
"""The name of our table, from the name of Rasa's."""
THREADS = 16
AGAIN_AFTER = 0.1
PASSING = frozenset(
    ["ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded", "InternalServerError",
     "ServiceUnavailable", "TransactionInProgressException", "LimitExceededException"]
)  # fmt: skip
"""What DynamoDB says where the same may succeed a little later."""
BUSY = frozenset(["ConditionalCheckFailed", "TransactionConflict", "ConditionalCheckFailedException",
                  "TransactionConflictException"])  # fmt: skip
"""What it says where a document was not as it was seen, or somebody else is writing it."""


class DynamoTrackerStore(DocumentTrackerStore):
    """Keeps conversations in DynamoDB.

    >>> store = DynamoTrackerStore({"table_name": "states", "region": "eu-central-1"})

    Options as in Rasa's endpoints.yml: `table_name` (states), `region` (us-east-1); also `endpoint_url` (for what
    speaks DynamoDB's protocol elsewhere), `timeout` (seconds to wait for a DynamoDB that is away or busy, 4.5) and
    `inbox_retention_days` (7). Credentials are found as boto3 finds them. Ours is the table `frontdesk_` with Rasa's
    name behind it; a conversation that Rasa kept goes on, and what Rasa wrote stays as it is.
    """

    def __init__(
        self, options: Mapping[str, Any] | None = None, *, clock: Callable[[], float] = time.time
    ) -> None:
        self.options = dict(options or {})
        at = _read(self.options)
        table = DynamoTable(at)
        retention = days(self.options, "inbox_retention_days", 7)
        super().__init__(table, timeout=at.timeout, retention=retention, clock=clock)


@dataclass(frozen=True, slots=True)
class _Place:
    table: str
    region: str
    endpoint: str | None
    timeout: float


def _read(options: Mapping[str, Any]) -> _Place:
    tell_unknown(WHERE, sorted(options), KNOWN)
    name = str(options.get("table_name") or "states")
    if not re.fullmatch(r"[A-Za-z0-9_.-]{3,240}", name):
        hint = "DynamoDB takes 3 to 240 letters, digits, '_', '-' and '.' here."
        raise ConfigError(f"'table_name' is '{name}'.", where=WHERE, hint=hint)
    region = str(options.get("region") or "us-east-1")
    endpoint = options.get("endpoint_url")
    if endpoint and not str(endpoint).startswith(("http://", "https://")):
        hint = "Write it like http://localhost:8000."
        raise ConfigError("'endpoint_url' is not an address.", where=WHERE, hint=hint)
    timeout = positive(options, "timeout", 4.5)
    return _Place(name, region, str(endpoint) if endpoint else None, timeout)


class DynamoTable:
    """Our table in DynamoDB, made where it is not there, and what can be read of Rasa's. Every read is consistent."""

    def __init__(self, at: _Place) -> None:
        try:
            import boto3
            from botocore.exceptions import BotoCoreError, ClientError
        except ImportError as error:
            raise MissingExtra("A tracker store in DynamoDB", "aws") from error
        self._boto: Any = boto3
        self._said: Any = ClientError
        self._failures: Any = (BotoCoreError, ClientError, OSError)
        self._at = at
        self._table = OURS.format(at.table)
        self.place = f"DynamoDB, table {self._table} in {at.endpoint or at.region}"
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="frontdesk-dynamo")
        self._making = threading.Lock()
        self._client: Any = None
        self._made = False
        self._rasas: Sequence[str] = ()  # the names of the keys of Rasa's table, where it is there
        self._closed = False

    async def there(self) -> bool:
        """Tell whether our table is there, without making it."""
        return await self._do(lambda client: bool(self._keys(client, self._table)), make=False)

    async def get(self, of: str, key: str) -> Item | None:
        """Return a document."""
        found: Any = await self._do(
            lambda client: client.get_item(
                TableName=self._table, Key=items.key(of, key), ConsistentRead=True
            ).get("Item")
        )
        if found is None:
            return None
        if not items.further(found):
            return items.as_documents([found])[0]
        whole = await self.find(of, key, f"{key}{items.FURTHER}9999")
        return whole[0] if whole else None

    async def find(
        self, of: str, low: str, high: str, most: int | None = None, *, backwards: bool = False
    ) -> list[Item]:
        """Return the documents of a partition from one key to another, in the order of the keys."""
        asked = {
            "TableName": self._table,
            "ConsistentRead": True,
            "KeyConditionExpression": "#of = :of AND #key BETWEEN :low AND :high",
            "ExpressionAttributeNames": {"#of": "of", "#key": "key"},
            "ExpressionAttributeValues": {":of": {"S": of}, ":low": {"S": low}, ":high": {"S": high}},
            "ScanIndexForward": not backwards,
        }
        until = time.monotonic() + self._at.timeout
        while True:
            found = await self._do(partial(_pages, asked, most))
            # What stays torn is on its way out: its time to live is over, or an erasure was cut off.
            with suppress(items.TornRead):
                return items.as_documents(found, passing=time.monotonic() >= until)
            await asyncio.sleep(AGAIN_AFTER / 10)

    async def count(self, of: str) -> int:
        """Return how many documents a partition has."""
        asked = {
            "TableName": self._table,
            "ConsistentRead": True,
            "Select": "COUNT",
            "KeyConditionExpression": "#of = :of",
            "ExpressionAttributeNames": {"#of": "of"},
            "ExpressionAttributeValues": {":of": {"S": of}},
        }

        def counted(client: Any) -> int:
            return sum(page["Count"] for page in client.get_paginator("query").paginate(**asked))

        return await self._do(counted)

    async def write(self, steps: Sequence[Step]) -> bool:
        """Do all or nothing; False where a document was not as it was `seen`, or somebody else is writing it."""
        actions = items.as_actions(steps, self._table)
        if len(actions) == 1:
            ((kind, one),) = actions[0].items()
            return await self._do(lambda client: _done(client, kind, one), busy=False)
        token = uuid.uuid4().hex  # with it, one whose answer got lost is not done again
        return await self._do(
            lambda client: bool(client.transact_write_items(TransactItems=actions, ClientRequestToken=token)),
            busy=False,
        )

    async def clear(self, of: str, but: str) -> bool:
        """Take away all documents of a partition but one; False where there is none."""
        asked = {
            "TableName": self._table,
            "ConsistentRead": True,
            "KeyConditionExpression": "#of = :of",
            "ExpressionAttributeNames": {"#of": "of", "#key": "key"},
            "ExpressionAttributeValues": {":of": {"S": of}},
            "ProjectionExpression": "#of, #key",  # also of further items
        }
        found = await self._do(partial(_pages, asked, None))
        keys = [key for key in found if key["key"]["S"] != but]
        await self._do(partial(_delete, self._table, keys))
        return bool(keys)

    async def kept(self, sender_id: str) -> Sequence[Any] | None:
        """Return the events that Rasa kept of a conversation, in wire form; None where there is none.

        An old Rasa kept a conversation several times, at each `session_date` whole: then the last one counts.
        """
        from boto3.dynamodb.types import TypeDeserializer

        found = await self._of_rasa(sender_id, 1)
        if not found:
            return None
        events = found[0].get("events")
        read = items.plain(TypeDeserializer().deserialize(events)) if events else []
        if not isinstance(read, list):
            raise ValueError("its events are no list")
        return read

    async def forget(self, sender_id: str) -> bool:
        """Take away what Rasa kept of a conversation; False where there is nothing."""
        found = await self._of_rasa(sender_id, None)
        keys = [{name: item[name] for name in self._rasas} for item in found]
        await self._do(partial(_delete, self._at.table, keys))
        return bool(keys)

    async def _of_rasa(self, sender_id: str, most: int | None) -> list[Any]:
        asked = {
            "TableName": self._at.table,
            "ConsistentRead": True,
            "KeyConditionExpression": "sender_id = :id",
            "ExpressionAttributeValues": {":id": {"S": sender_id}},
            "ScanIndexForward": False,
        }
        known = await self._do(lambda _: bool(self._rasas))
        return await self._do(partial(_pages, asked, most)) if known and sender_id else []

    async def names(self) -> AsyncIterator[str]:
        """Yield the ids of the conversations that Rasa kept."""
        more: Mapping[str, Any] = {}
        while await self._do(lambda _: bool(self._rasas)):
            asked = {"TableName": self._at.table, "ProjectionExpression": "sender_id", **more}
            page: Any = await self._do(partial(_scan, asked))
            for item in page["Items"]:
                yield item["sender_id"]["S"]
            if "LastEvaluatedKey" not in page:
                return
            more = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    async def close(self) -> None:
        """Let go of connections."""
        self._closed = True
        await asyncio.to_thread(self._threads.shutdown)
        if self._client is not None:
            self._client.close()

    async def _do(self, work: Callable[[Any], T], busy: T | None = None, *, make: bool = True) -> T:
        """Do something in a thread, again where DynamoDB is away for a short time; `busy` where it says so."""
        until = time.monotonic() + self._at.timeout
        loop = asyncio.get_running_loop()
        while True:
            if self._closed:
                raise closed()
            try:
                return await loop.run_in_executor(self._threads, lambda: work(self._opened(make)))
            except self._failures as error:
                codes = _codes(error)
                if busy is not None and codes and codes <= BUSY:
                    return busy
                if time.monotonic() >= until or not _passes(error, codes):
                    raise self._as_store_error(error) from error
            await asyncio.sleep(AGAIN_AFTER)

    def _opened(self, make: bool) -> Any:
        with self._making:
            if self._client is None:
                self._client = self._connected()
            if make and not self._made:
                self._make(self._client)
                self._rasas = self._keys(self._client, self._at.table)
                self._made = True
            return self._client

    def _connected(self) -> Any:
        from botocore.config import Config

        config = Config(
            max_pool_connections=THREADS,
            connect_timeout=3,
            read_timeout=max(1.0, self._at.timeout),
            retries={"total_max_attempts": 1},  # who calls knows what may be repeated, and for how long
        )
        return self._boto.session.Session().client(  # a session of our own: the shared one is not for threads
            "dynamodb", region_name=self._at.region, endpoint_url=self._at.endpoint, config=config
        )

    def _keys(self, client: Any, table: str) -> list[str]:
        """Return the names of a table's keys; none where it is not there."""
        try:
            schema = client.describe_table(TableName=table)["Table"]["KeySchema"]
        except self._said as error:
            if "ResourceNotFoundException" not in _codes(error):
                raise
            return []
        return [one["AttributeName"] for one in schema]

    def _make(self, client: Any) -> None:
        if self._keys(client, self._table):
            return
        keys = [("of", "HASH"), ("key", "RANGE")]
        try:
            client.create_table(
                TableName=self._table,
                KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys],
                AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name, _ in keys],
                BillingMode="PAY_PER_REQUEST",
            )
        except self._said as error:
            if "ResourceInUseException" not in _codes(error):
                raise  # another server makes it at the same time
        client.get_waiter("table_exists").wait(
            TableName=self._table, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
        )
        try:
            client.update_time_to_live(
                TableName=self._table, TimeToLiveSpecification={"Enabled": True, "AttributeName": "until"}
            )
        except self._said as error:
            log.warning("%s: answered messages stay for ever (%s).", self.place, ", ".join(_codes(error)))

    def _as_store_error(self, error: Exception) -> StoreError:
        said = (getattr(error, "response", None) or {}).get("Error", {})
        reason = str(said.get("Message") or error).strip().partition("\n")[0] or type(error).__name__
        code = f" ({said['Code']})" if said.get("Code") else ""
        hint = "Check the credentials of AWS and their rights, `region` and `endpoint_url` of tracker_store."
        return StoreError(
            f"The database of conversations failed: {reason}{code}", where=self.place, hint=hint
        )


def _pages(asked: Mapping[str, Any], most: int | None, client: Any) -> list[Any]:
    found: list[Any] = []
    more: dict[str, Any] = {}
    while True:
        if most is not None:
            more["Limit"] = most - len(found)
        page = client.query(**asked, **more)
        found += page["Items"]
        if "LastEvaluatedKey" not in page or (most is not None and len(found) >= most):
            return found
        more["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def _delete(table: str, keys: Sequence[Any], client: Any) -> None:
    for at in range(0, len(keys), 25):  # so many does it take
        left = {table: [{"DeleteRequest": {"Key": key}} for key in keys[at : at + 25]]}
        while left:
            left = client.batch_write_item(RequestItems=left).get("UnprocessedItems", {})


def _scan(asked: Mapping[str, Any], client: Any) -> Any:
    return client.scan(**asked)


def _done(client: Any, kind: str, action: Mapping[str, Any]) -> bool:
    (client.put_item if kind == "Put" else client.delete_item)(**action)
    return True


def _codes(error: Exception) -> frozenset[str]:
    """Return what DynamoDB said is in the way: of a transaction, for each of its parts."""
    response = getattr(error, "response", None) or {}  # of a time limit botocore keeps that it has none
    reasons = {one.get("Code") for one in response.get("CancellationReasons", ())} - {"None", None}
    return frozenset(reasons or {response.get("Error", {}).get("Code")}) - {None}


def _passes(error: Exception, codes: frozenset[str]) -> bool:
    from botocore.exceptions import ConnectionError as Away
    from botocore.exceptions import HTTPClientError

    status = (getattr(error, "response", None) or {}).get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    throttled = codes <= PASSING | {"ThrottlingError", "ProvisionedThroughputExceeded"} | BUSY
    return isinstance(error, Away | HTTPClientError | OSError) or (bool(codes) and throttled) or status >= 500
