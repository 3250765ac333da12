"""Webhooks: only what was signed with our secret, a moment ago, is read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
import stripe

from actions.adapters.errors import BadNotice, BadSignature
from actions.adapters.webhooks import (
    Notice,
    arrived_references,
    stripe_notice,
    warehouse_notice,
    woocommerce_notice,
    zendesk_notice,
    zendesk_ticket_change,
)

from .zendesk_server import webhook

NOW = datetime(2026, 11, 18, 15, 0, tzinfo=UTC)
SECRET = "dGhpc19zZWNyZXRfaXNfZm9yX3Rlc3RpbmdfPT0="
SOLVED: dict[str, Any] = {
    "account_id": 22129848,
    "detail": {"id": "35436", "priority": "HIGH", "status": "SOLVED", "subject": "Lamp flickers"},
    "event": {"current": "SOLVED", "previous": "OPEN"},
    "id": "2b24ef10-19b5-4740-93cf-5f98ec4776c0",
    "subject": "zen:ticket:35436",
    "time": "2026-11-18T14:59:58Z",
    "type": "zen:event-type:ticket.status_changed",
    "zendesk_event_version": "2022-06-20",
}


def test_a_signature_that_another_program_made() -> None:
    # HMAC-SHA256 over timestamp and body, in base64, worked out with openssl
    headers = {
        "x-zendesk-webhook-signature": "9qZzElM/gByCDnf9T/0QO4FxFJlj5izZny+w3sxdLAE=",
        "x-zendesk-webhook-signature-timestamp": "2026-11-18T15:00:00Z",
    }
    body = b'{"id":"a","type":"zen:event-type:ticket.created","detail":{}}'
    assert zendesk_notice(SECRET, headers, body, NOW).id == "a"


def test_a_notice_is_read() -> None:
    headers, body = webhook(SECRET, NOW - timedelta(seconds=30), **SOLVED)
    notice = zendesk_notice(SECRET, headers, body, NOW)
    assert (notice.system, notice.id, notice.at) == ("Zendesk", SOLVED["id"], NOW - timedelta(seconds=30))
    assert zendesk_ticket_change(notice) == ("35436", "solved", "high")


@pytest.mark.parametrize("seconds", [-301, 301, 86_400])
def test_an_old_or_early_one_is_refused(seconds: int) -> None:
    headers, body = webhook(SECRET, NOW + timedelta(seconds=seconds), **SOLVED)
    with pytest.raises(BadSignature, match="too old or from the future"):
        zendesk_notice(SECRET, headers, body, NOW)


def test_a_changed_body_time_or_secret_is_refused() -> None:
    headers, body = webhook(SECRET, NOW, **SOLVED)
    later = (NOW + timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    changed = [
        (SECRET, headers, body.replace(b"SOLVED", b"CLOSED")),
        (SECRET, headers | {"X-Zendesk-Webhook-Signature-Timestamp": later}, body),
        ("another-secret", headers, body),
        (SECRET, headers | {"X-Zendesk-Webhook-Signature": ""}, body),
        (SECRET, headers | {"X-Zendesk-Webhook-Signature": "é"}, body),
        (SECRET, {}, body),
    ]
    for secret, shown, sent in changed:
        with pytest.raises(BadSignature, match="isn't signed with our secret") as caught:
            zendesk_notice(secret, shown, sent, NOW)
        assert SECRET not in str(caught.value)


def test_without_a_secret_nothing_is_believed() -> None:
    headers, body = webhook("", NOW, **SOLVED)
    with pytest.raises(BadSignature, match="Set webhook_secret"):
        zendesk_notice("", headers, body, NOW)


@pytest.mark.parametrize("left_out", ["id", "type"])
def test_a_signed_one_without_id_or_type_is_refused(left_out: str) -> None:
    headers, body = webhook(SECRET, NOW, **{key: value for key, value in SOLVED.items() if key != left_out})
    with pytest.raises(BadSignature, match="no id or type"):
        zendesk_notice(SECRET, headers, body, NOW)


def test_times_of_other_zones_and_unreadable_ones() -> None:
    headers, body = webhook(SECRET, NOW.astimezone(timezone(timedelta(hours=9))), **SOLVED)
    assert zendesk_notice(SECRET, headers, body, NOW).at == NOW


@pytest.mark.parametrize(
    "change",
    [
        {"type": "zen:event-type:user.created"},
        {"detail": None},
        {"detail": {"id": "x", "status": "OPEN"}},
        {"detail": {"id": "1", "status": "SLEEPING"}},
    ],
)
def test_what_is_not_about_a_ticket_changes_none(change: dict[str, Any]) -> None:
    headers, body = webhook(SECRET, NOW, **(SOLVED | change))
    assert zendesk_ticket_change(zendesk_notice(SECRET, headers, body, NOW)) is None


def signed(body: bytes, at: datetime, secret: str = SECRET) -> dict[str, str]:
    """The header that Stripe's own library makes."""
    stamp = int(at.timestamp())
    return {
        "Stripe-Signature": stripe.WebhookSignature.generate_signature_header(body.decode(), secret, stamp)
    }


DISPUTED = b'{"id": "evt_1", "type": "charge.dispute.created", "data": {"object": {"id": "dp_1"}}}'


def test_a_notice_of_stripe_is_read() -> None:
    notice = stripe_notice(SECRET, signed(DISPUTED, NOW - timedelta(minutes=4)), DISPUTED, NOW)
    assert (notice.system, notice.id, notice.kind) == ("Stripe", "evt_1", "charge.dispute.created")
    assert notice.at == NOW - timedelta(minutes=4)


@pytest.mark.parametrize("seconds", [-301, 301])
def test_an_old_or_early_one_of_stripe_is_refused(seconds: int) -> None:
    headers = signed(DISPUTED, NOW + timedelta(seconds=seconds))
    with pytest.raises(BadSignature, match="too old or from the future"):
        stripe_notice(SECRET, headers, DISPUTED, NOW)


def test_a_forged_one_of_stripe_is_refused() -> None:
    headers = signed(DISPUTED, NOW)
    stamp = headers["Stripe-Signature"].partition(",")[0]
    for secret, shown, body in (
        (SECRET, headers, DISPUTED + b" "),
        ("another-secret", headers, DISPUTED),
        (SECRET, {}, DISPUTED),
        (SECRET, {"Stripe-Signature": stamp}, DISPUTED),
        (SECRET, {"Stripe-Signature": f"{stamp},v1="}, DISPUTED),
        (SECRET, {"Stripe-Signature": "t=x,v1=y"}, DISPUTED),
        (SECRET, headers, b"\xff\xfe"),
    ):
        with pytest.raises(BadSignature, match="isn't signed with our secret"):
            stripe_notice(secret, shown, body, NOW)
    with pytest.raises(BadSignature, match="Set webhook_secret"):
        stripe_notice("", signed(DISPUTED, NOW, ""), DISPUTED, NOW)


ORDER = b'{"id":727,"status":"completed"}'


def test_a_notice_of_woocommerce_is_read() -> None:
    # HMAC-SHA256 over the body, in base64, worked out with openssl
    headers = {
        "X-WC-Webhook-Signature": "BNrEMCe1+tgy600l3ylf5msfC+Ife/nIrmUQVG7ajcY=",
        "X-WC-Webhook-Topic": "order.updated",
    }
    notice = woocommerce_notice(SECRET, headers, ORDER, NOW)
    assert (notice.system, notice.kind, notice.content["id"]) == ("WooCommerce", "order.updated", 727)
    assert woocommerce_notice(SECRET, headers, ORDER, NOW + timedelta(days=1)).id == notice.id
    for secret, shown, body in (
        (SECRET, headers, ORDER + b" "),
        ("another-secret", headers, ORDER),
        (SECRET, {}, ORDER),
    ):
        with pytest.raises(BadSignature, match="isn't signed with our secret"):
            woocommerce_notice(secret, shown, body, NOW)
    with pytest.raises(BadSignature, match="Set webhook_secret"):
        woocommerce_notice("", headers, ORDER, NOW)


ARRIVED = b'{"type":"return.arrived","data":{"references":["R-10042"]}}'
WAREHOUSE = "whsec_plJ3nmyCDGBKInavdOK15jsl"
# HMAC-SHA256 over id, time and body, in base64, worked out with openssl
SIGNED = {
    "webhook-id": "msg_1",
    "webhook-timestamp": str(int(NOW.timestamp())),
    "webhook-signature": "v1,yKCeCNvgD2r6qK9a/R9MJWAJKWHUlf3ijz42gdETU0E=",
}


def test_what_the_warehouse_signs_as_standard_webhooks_do_is_read() -> None:
    notice = warehouse_notice(WAREHOUSE, SIGNED, ARRIVED, NOW)
    assert (notice.id, notice.kind, notice.at) == ("msg_1", "return.arrived", NOW)
    assert arrived_references(notice) == ["R-10042"]
    changing = SIGNED | {"webhook-signature": f"v1,b3RoZXI= v1a,xyz {SIGNED['webhook-signature']}"}
    assert warehouse_notice(WAREHOUSE, changing, ARRIVED, NOW).id == "msg_1"


@pytest.mark.parametrize(
    ("secret", "headers", "body", "seconds", "said"),
    [
        (WAREHOUSE, {}, ARRIVED + b" ", 0, "isn't signed"),
        (WAREHOUSE, {"webhook-id": "msg_2"}, ARRIVED, 0, "isn't signed"),
        (WAREHOUSE, {"webhook-timestamp": "1795014001"}, ARRIVED, 0, "isn't signed"),
        (WAREHOUSE, {"webhook-signature": "v1,\u00e9"}, ARRIVED, 0, "isn't signed"),
        (WAREHOUSE, {}, ARRIVED, 301, "too old or from the future"),
        ("whsec_not base64", {}, ARRIVED, 0, "isn't base64"),
        ("another-secret", {}, ARRIVED, 0, "isn't signed"),
        ("short", {}, ARRIVED, 0, "too short"),
    ],
)
def test_anything_else_from_a_warehouse_is_refused(
    secret: str, headers: dict[str, str], body: bytes, seconds: int, said: str
) -> None:
    with pytest.raises(BadSignature, match=said):
        warehouse_notice(secret, SIGNED | headers, body, NOW + timedelta(seconds=seconds))


def arrived(content: dict[str, Any]) -> Notice:
    known = {"type": "return.arrived", "data": {}} | content
    return Notice(system="The warehouse", id="1", kind=str(known["type"]), at=NOW, content=known)


def test_what_is_about_something_else_names_no_arrival() -> None:
    assert arrived_references(arrived({"type": "return.sent", "data": {"references": "R-1"}})) == []


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ([], "data.references of"),
        ({}, "data.references of"),
        ({"references": "R-1"}, "data.references of"),
        ({"references": []}, "data.references of"),
        ({"references": ["R-1", 1]}, r"data.references\[1\]"),
        ({"references": [" "]}, r"data.references\[0\]"),
        ({"references": ["R" * 41]}, r"data.references\[0\]"),
    ],
)
def test_an_arrival_that_does_not_say_of_what_is_refused(data: object, said: str) -> None:
    with pytest.raises(BadNotice, match=said) as refused:
        arrived_references(arrived({"data": data}))
    assert '"references": ["R-10042"]' in str(refused.value), "says how it is written"
