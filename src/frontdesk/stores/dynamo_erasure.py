"""Find and delete items of DynamoDB, whatever their keys are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def erase(client: Any, table: str, name: str, value: str) -> bool:
    """Delete all items whose partition key `name` has a value, also parts of long ones; False where there was none."""
    keys = [key["AttributeName"] for key in client.describe_table(TableName=table)["Table"]["KeySchema"]]
    asked = {
        "TableName": table,
        "ConsistentRead": True,
        "KeyConditionExpression": "#of = :of",
        "ExpressionAttributeNames": {"#of": name},
        "ExpressionAttributeValues": {":of": {"S": value}},
    }
    gone = False
    for item in _items(client, "query", asked):
        client.delete_item(TableName=table, Key={key: item[key] for key in keys})
        gone = True
    return gone


def mentioning(client: Any, table: str, key: str, words: str) -> list[str]:
    """Return the partitions in which the document of a key holds some words; the whole table is read for that."""
    asked = {
        "TableName": table,
        "ConsistentRead": True,
        "FilterExpression": "#key = :key AND contains(#text, :words)",
        "ExpressionAttributeNames": {"#key": "key", "#text": "text"},
        "ExpressionAttributeValues": {":key": {"S": key}, ":words": {"S": words}},
    }
    return [item["of"]["S"] for item in _items(client, "scan", asked)]


def _items(client: Any, how: str, asked: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for page in client.get_paginator(how).paginate(**asked):
        yield from page["Items"]
