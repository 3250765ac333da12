"""Twilio: SMS, MMS and WhatsApp messages, told as signed forms, sent over its REST API."""

from __future__ import annotations

import base64
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from sanic import Request
from sanic.response import HTTPResponse, empty

from frontdesk.channels.http import form
from frontdesk.channels.reading import address_in, needed, same, unsigned, word
from frontdesk.channels.texts import Limit, as_utf16
from frontdesk.channels.vendor import Post, Vendor, address
from frontdesk.channels.webhook import Heard, WebhookChannel
from frontdesk.errors import ConfigError

MOST_FIELDS = 200  # of a form
MOST_MEDIA = 10
_HOST = re.compile(r"(https?)(://[^/?#]*?)(:\d{1,5})?(?=[/?#]|$)")
_CHANGED = re.compile(r"(?<=\w)¡(?=\w)")
_CONSOLE = "Twilio's Console"


class TwilioChannel(WebhookChannel):
    """Takes messages at /webhooks/twilio/webhook, and answers over the REST API.

    Choices are a list with numbers, since a text message has no buttons. Rasa's options: `account_sid`, `auth_token`,
    `twilio_number` (the sender, such as `whatsapp:+14155238886`). Ours: `messaging_service_sid` (instead of a number),
    `webhook_url` (as Twilio knows it, where a proxy changes what is asked for), `api_url`, `proxy`.
    """

    name = "twilio"
    vendor = "Twilio"
    known = frozenset({
        "account_sid", "auth_token", "twilio_number", "messaging_service_sid", "webhook_url", "api_url", "proxy",
    })  # fmt: skip
    conversations = re.compile(r"(\+\d{1,20}|[a-z]{2,20}:\+?[A-Za-z0-9._@-]{1,64})")
    """Numbers, as in Rasa; not a short code or a name: an SMS may show any as its sender, also what is a person's id on
    another channel."""
    limit = Limit(1_600, as_utf16)

    def api(self) -> Vendor:
        """Return the client of the API."""
        options = self.options
        self.account = needed(options, "account_sid", self.name, _CONSOLE)
        self.token = needed(options, "auth_token", self.name, _CONSOLE)
        service, number = (str(options.get(key) or "") for key in ("messaging_service_sid", "twilio_number"))
        if not (service or number):
            hint = "Write the number that messages come from ('whatsapp:+...' for WhatsApp)."
            raise ConfigError("The twilio channel has no 'twilio_number'.", hint=hint)
        self.sender = {"MessagingServiceSid": service} if service else {"From": number}
        self.webhook_url = (
            address(options, "webhook_url", "", self.name) if options.get("webhook_url") else ""
        )
        url = address(options, "api_url", "https://api.twilio.com", self.name)
        return Vendor(url, auth=(self.account, self.token), proxy=options.get("proxy") or None)

    async def check(self, request: Request) -> None:
        """Refuse what Twilio did not sign for this address. Raises Refusal."""
        shown, fields = request.headers.get("X-Twilio-Signature"), form(request, MOST_FIELDS)
        for url in self._addresses(request):
            if any(same(shown, signature(self.token, one, fields)) for one in _spelled(url)):
                return
        raise unsigned(self.vendor)

    def _addresses(self, request: Request) -> list[str]:
        """Return the addresses that may have been signed: ours by its option, else as the request names it.

        Whoever makes up a host still has no token to sign with.
        """
        if self.webhook_url:
            return [self.webhook_url]
        query = f"?{request.query_string}" if request.query_string else ""
        host = request.headers.get("Host", "")
        return [f"{scheme}://{host}{request.path}{query}" for scheme in ("https", "http")]

    def read(self, request: Request) -> Mapping[str, Any]:
        """Return the fields of the form."""
        return dict(form(request, MOST_FIELDS))

    async def hear(self, told: Mapping[str, Any]) -> Sequence[Heard]:
        """Return the message; receipts (`MessageStatus` without a body) are none."""
        who, message_id = word(told, "From"), word(told, "MessageSid") or word(told, "SmsMessageSid")
        media = [
            {"url": told[f"MediaUrl{n}"], "type": word(told, f"MediaContentType{n}")}
            for n in range(MOST_MEDIA)
            if word(told, f"MediaUrl{n}")
        ]
        payload = word(told, "ButtonPayload") or word(told, "ListId")
        if word(told, "MessageStatus") in (
            "queued",
            "sending",
            "sent",
            "delivered",
            "undelivered",
            "failed",
            "read",
        ):
            return ()
        text = payload or _text(told, media)
        if not (who and message_id and text.strip() and self.home(who)):
            return ()
        about: dict[str, Any] = {"attachments": media} if media else {}
        about |= {"profile_name": told["ProfileName"]} if told.get("ProfileName") else {}
        title = word(told, "ButtonText") or word(told, "ListTitle") or payload
        return (Heard(text, who, message_id, who, about, title=title if payload else None),)

    def acknowledged(self) -> HTTPResponse:
        """Return no content: an answer here would be said."""
        return empty(status=204)

    def text(self, text: str, place: str) -> Post:
        """Return a text."""
        return self._post({"To": place, "Body": text})

    def picture(self, address: str, place: str) -> Post:
        """Return a picture, which Twilio fetches."""
        return self._post({"To": place, "MediaUrl": address})

    def file(self, attached: Mapping[str, Any], place: str) -> Post:
        """Return a file, which Twilio fetches."""
        return self.picture(address_in(attached), place)

    def custom(self, custom: Mapping[str, Any], place: str) -> Post:
        """Return parameters of a message, in Twilio's names or, as in Rasa, those of its SDK (`media_url`)."""
        named = {_parameter(str(key)): _value(value) for key, value in custom.items()}
        sender = {} if {"From", "MessagingServiceSid"} & set(named) else self.sender
        return Post(self._path(), {"To": place, **sender, **named}, form=True)

    def _post(self, content: Mapping[str, Any]) -> Post:
        return Post(self._path(), {**content, **self.sender}, form=True)

    def _path(self) -> str:
        return f"/2010-04-01/Accounts/{quote(self.account, safe='')}/Messages.json"


def _spelled(url: str) -> list[str]:
    """Return an address without its port and with it: Twilio signs now this, now that, as its own SDK knows."""
    found = _HOST.match(url)
    if found is None:
        return [url]
    scheme, host, port = found.groups()
    usual = ":443" if scheme == "https" else ":80"
    return [f"{scheme}{host}{one}{url[found.end() :]}" for one in ("", port or usual)]


def signature(token: str, url: str, fields: Sequence[tuple[str, str]]) -> str:
    """Return how Twilio signs a form: its address, and each field's name and value, by name."""
    signed = url + "".join(name + value for name, value in sorted(set(fields)))
    return base64.b64encode(hmac.digest(token.encode(), signed.encode(errors="replace"), "sha1")).decode()


def _text(told: Mapping[str, Any], media: Sequence[Mapping[str, Any]]) -> str:
    """Return what a message says: its words, else where somebody is, else where its files are."""
    latitude, longitude = word(told, "Latitude"), word(told, "Longitude")
    if latitude and longitude:
        return f"/locationData{json.dumps({'Latitude': latitude, 'Longitude': longitude})}"
    # Some carriers change the sign inside addresses, as Rasa knows.
    return _CHANGED.sub("@", word(told, "Body")) or " ".join(str(one["url"]) for one in media)


def _parameter(name: str) -> str:
    """Return Twilio's name of a parameter of its SDK: `media_url` and `from_` are MediaUrl and From."""
    if name[:1].isupper():
        return name
    return "".join(piece[:1].upper() + piece[1:] for piece in name.split("_"))


def _value(value: Any) -> Any:
    """Return a value as a form holds it: a list of texts as several fields, an object as JSON."""
    if isinstance(value, str) or (isinstance(value, list) and all(isinstance(one, str) for one in value)):
        return value
    return json.dumps(value)
