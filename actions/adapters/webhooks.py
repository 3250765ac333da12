"""Webhooks: whether what comes in was sent by whom it says, and not long ago."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from actions.adapters.errors import BadNotice, BadSignature

WINDOW = timedelta(minutes=5)  # older ones, or ones from the future, may be replayed
SHORTEST_SECRET = 8
ZENDESK_SIGNATURE = "x-zendesk-webhook-signature"
ZENDESK_TIME = "x-zendesk-webhook-signature-timestamp"
STRIPE_SIGNATURE = "stripe-signature"
STRIPE_PAIR = re.compile(r"([a-z0-9]+)=([^,]*)")
WOOCOMMERCE_SIGNATURE = "x-wc-webhook-signature"
WOOCOMMERCE_TOPIC = "x-wc-webhook-topic"
STANDARD = "whsec_"  # begins a secret that is written in base64, as the Standard Webhooks have it
WEBHOOK_ID, WEBHOOK_TIME, WEBHOOK_SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
STAMP = re.compile(r"\d{1,11}")
ARRIVED = "return.arrived"  # the kind of notice that names references
LONGEST_REFERENCE = 40
SHAPE = """Write {"type": "return.arrived", "data": {"references": ["R-10042"]}}; nothing was booked."""
COMPARE = "Compare webhook_secret in adapters.yml with the one that it shows."


@dataclass(frozen=True, kw_only=True)
class Notice:
    """Something that happened in a system outside."""

    system: str
    id: str  # the same for a notice that is sent again
    kind: str
    at: datetime
    content: Mapping[str, Any]


def zendesk_notice(secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> Notice:
    """Check a webhook of Zendesk and read it, or raise BadSignature.

    The signature is the base64 of HMAC-SHA256 over the timestamp's header and the body, as they came in.
    """
    lower = {name.lower(): value for name, value in headers.items()}
    stamp, given = lower.get(ZENDESK_TIME, ""), lower.get(ZENDESK_SIGNATURE, "")
    _known_secret("Zendesk", secret)
    digest = hmac.new(secret.encode(), stamp.encode() + body, hashlib.sha256).digest()
    if not hmac.compare_digest(base64.b64encode(digest), given.encode()):
        raise BadSignature("Zendesk", "a webhook isn't signed with our secret.", COMPARE)
    sent = _moment("Zendesk", stamp)
    if abs(now - sent) > WINDOW:
        raise BadSignature("Zendesk", "a webhook is too old or from the future.", "Is the clock right?")
    return _notice("Zendesk", _content("Zendesk", body), sent)


def stripe_notice(secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> Notice:
    """Check a webhook of Stripe and read it, or raise BadSignature.

    Stripe's own library compares the signature; the time in it is held to our window, on both sides.
    """
    import stripe

    _known_secret("Stripe", secret)
    given = {name.lower(): value for name, value in headers.items()}.get(STRIPE_SIGNATURE, "")
    try:
        stripe.WebhookSignature.verify_header(body, given, secret)
        sent = datetime.fromtimestamp(int(dict(STRIPE_PAIR.findall(given))["t"]), UTC)
    except (stripe.SignatureVerificationError, UnicodeDecodeError, KeyError, ValueError, OverflowError):
        raise BadSignature("Stripe", "a webhook isn't signed with our secret.", COMPARE) from None
    if abs(now - sent) > WINDOW:
        raise BadSignature("Stripe", "a webhook is too old or from the future.", "Is the clock right?")
    return _notice("Stripe", _content("Stripe", body), sent)


def woocommerce_notice(secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> Notice:
    """Check a webhook of WooCommerce and read it, or raise BadSignature.

    The signature is the base64 of HMAC-SHA256 over the body. No time is signed, so that nothing can be too old;
    the same body about the same topic counts once.
    """
    lower = {name.lower(): value for name, value in headers.items()}
    _known_secret("WooCommerce", secret)
    digest = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest())
    if not hmac.compare_digest(digest, lower.get(WOOCOMMERCE_SIGNATURE, "").encode()):
        raise BadSignature("WooCommerce", "a webhook isn't signed with our secret.", COMPARE)
    content = _content("WooCommerce", body)
    topic = lower.get(WOOCOMMERCE_TOPIC, "")[:200]  # not signed: for the record only
    identity = hashlib.sha256(topic.encode() + b"\n" + body).hexdigest()  # a deletion says no more than an id
    return Notice(system="WooCommerce", id=identity, kind=topic, at=now, content=content)


def warehouse_notice(secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> Notice:
    """Check a webhook of the warehouse and read it, or raise BadSignature.

    It is signed as the Standard Webhooks are: the base64 of HMAC-SHA256 over id, time and body; of several signatures
    one has to fit, so that the secret can be changed.
    """
    lower = {name.lower(): value for name, value in headers.items()}
    identity, stamp = lower.get(WEBHOOK_ID, ""), lower.get(WEBHOOK_TIME, "")
    _known_secret("The warehouse", secret)
    digest = hmac.new(_key(secret), f"{identity}.{stamp}.".encode() + body, hashlib.sha256).digest()
    wanted = b"v1," + base64.b64encode(digest)
    given = lower.get(WEBHOOK_SIGNATURE, "").encode().split(b" ")
    if not any(hmac.compare_digest(wanted, each) for each in given):
        raise BadSignature("The warehouse", "a webhook isn't signed with our secret.", COMPARE)
    sent = datetime.fromtimestamp(int(stamp), UTC) if STAMP.fullmatch(stamp) else None
    if sent is None or abs(now - sent) > WINDOW:
        raise BadSignature("The warehouse", "a webhook is too old or from the future.", "Is the clock right?")
    content = _content("The warehouse", body)
    return _notice("The warehouse", {**content, "id": identity}, sent)


def _key(secret: str) -> bytes:
    """Read a secret, in base64 where it says so."""
    if not secret.startswith(STANDARD):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(STANDARD), validate=True)
    except ValueError:
        raise BadSignature("The warehouse", "the secret for webhooks isn't base64.", COMPARE) from None


def arrived_references(notice: Notice) -> list[str]:
    """List the returns and exchanges that a notice of the warehouse says are here; none for another subject.

    Raises BadNotice where it says that goods are here, and not plainly which: nothing of it is to be booked.
    """
    if notice.kind != ARRIVED:
        return []
    data = notice.content.get("data")
    named = data.get("references") if isinstance(data, Mapping) else None
    if not isinstance(named, list) or not named:
        raise BadNotice(notice.system, "data.references of a return.arrived is no list of references.", SHAPE)
    for position, each in enumerate(named):
        if not isinstance(each, str) or not 0 < len(each.strip()) <= LONGEST_REFERENCE:
            what = f"data.references[{position}] of a return.arrived is no reference."
            raise BadNotice(notice.system, what, SHAPE)
    return [each.strip() for each in named]


def woocommerce_change(notice: Notice) -> tuple[str, str] | None:
    """Tell what a notice is about: order, product or customer, and its number or id; None for anything else.

    The kind isn't signed. It only says what is asked for anew, and nothing of what the notice says is believed.
    """
    kind, _, event = notice.kind.partition(".")
    if kind not in ("order", "product", "customer") or not event:
        return None
    content = notice.content
    known = content.get("number") if kind == "order" and content.get("number") else content.get("id")
    return (kind, str(known)) if isinstance(known, str | int) and str(known) else None


def zendesk_ticket_change(notice: Notice) -> tuple[str, str, str | None] | None:
    """Tell a ticket's number, our status and our priority after a notice; None for another subject."""
    from actions.adapters.zendesk import STATUSES
    from actions.helpdesk.port import PRIORITIES

    detail = notice.content.get("detail")
    if not notice.kind.startswith("zen:event-type:ticket.") or not isinstance(detail, Mapping):
        return None
    number, status = str(detail.get("id") or ""), str(detail.get("status") or "").lower()
    priority = str(detail.get("priority") or "").lower()
    if not number.isdigit() or status not in STATUSES:
        return None
    return number, STATUSES[status], priority if priority in PRIORITIES else None


def _known_secret(system: str, secret: str) -> None:
    """Believe nobody where no secret is set: everybody can sign with nothing."""
    if len(secret) < SHORTEST_SECRET:
        raise BadSignature(
            system, "the secret for webhooks is missing or too short.", "Set webhook_secret in adapters.yml."
        )


def _notice(system: str, content: Mapping[str, Any], sent: datetime) -> Notice:
    """Make a notice of what was signed."""
    identity, kind = content.get("id"), content.get("type")
    if not isinstance(identity, str) or not isinstance(kind, str) or not identity:
        raise BadSignature(system, "a webhook has no id or type.", "Subscribe the webhook to events.")
    return Notice(system=system, id=identity[:200], kind=kind[:200], at=sent, content=content)


def _moment(system: str, text: str) -> datetime:
    """Read a signed time."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise BadSignature(system, "a webhook has no readable time.", "")
    return moment


def _content(system: str, body: bytes) -> Mapping[str, Any]:
    """Read a signed body."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, Mapping):
        raise BadSignature(system, "a webhook's body isn't a JSON object.", "")
    return content
