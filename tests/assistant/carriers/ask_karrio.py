"""Asks a carrier's server by karrio, and prints what it read; in a process of its own, since karrio leaves much behind.

python -m tests.assistant.carriers.ask_karrio '{"carrier": "ups", "url": ..., "settings": {...}, "numbers": [...]}'
"""

from __future__ import annotations

import json
import sys
from typing import Any

import karrio.sdk as karrio
from karrio.core.models import RateRequest, TrackingRequest


def main(asked: dict[str, Any]) -> dict[str, Any]:
    """Track the numbers, and rate the parcel if there is one."""
    gateway = karrio.gateway[asked["carrier"]].create(asked["settings"])
    type(gateway.settings).server_url = asked["url"]
    told: dict[str, Any] = {"parcels": [], "rates": [], "messages": []}
    for number in asked["numbers"]:
        read, messages = (
            karrio.Tracking.fetch(TrackingRequest(tracking_numbers=[number])).from_(gateway).parse()
        )
        told["messages"] += [message.message for message in messages]
        for each in read:
            words = [event.description for event in each.events]
            found = {"number": each.tracking_number, "status": each.status, "delivered": each.delivered}
            told["parcels"].append(found | {"words": words})
    if "parcel" in asked:
        wanted = RateRequest(shipper=asked["from"], recipient=asked["to"], parcels=[asked["parcel"]])
        rates, messages = karrio.Rating.fetch(wanted).from_(gateway).parse()
        told["messages"] += [message.message for message in messages]
        told["rates"] = [str(rate.total_charge) for rate in rates]
    return told


if __name__ == "__main__":
    sys.stdout.write(f"\n{json.dumps(main(json.loads(sys.argv[1])))}\n")
