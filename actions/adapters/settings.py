"""adapters.yml as typed values: which systems outside are used, each with its address and its secrets."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from decimal import Decimal
from ipaddress import ip_address
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

from actions.adapters.carrier_settings import SECRET, CarriersSettings
from actions.adapters.errors import AdapterConfigError
from frontdesk.core.training import Place
from frontdesk.errors import YamlError
from frontdesk.formats import yaml
from frontdesk.formats.yaml import Block

VARIABLE = "FRONTDESK_ADAPTERS"  # another file than the project's
FILE = Path(__file__).parent.parent / "adapters.yml"
EMBEDDED = "embedded"
AMOUNT = re.compile(r"\d{1,6}(\.\d{1,4})?")
ENVIRONMENT = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")


@dataclass(frozen=True, kw_only=True)
class ZendeskSettings:
    """A Zendesk account, and how its tickets are made."""

    NAME: ClassVar = "zendesk"

    url: str  # https://SUBDOMAIN.zendesk.com
    email: str  # of the agent whose API token it is
    token: str = field(repr=False, metadata=SECRET)
    webhook_secret: str = field(default="", repr=False, metadata=SECRET)
    group_id: int | None = None
    brand_id: int | None = None
    ticket_form_id: int | None = None


@dataclass(frozen=True, kw_only=True)
class StripeSettings:
    """A Stripe account."""

    NAME: ClassVar = "stripe"

    api_key: str = field(repr=False, metadata=SECRET)
    webhook_secret: str = field(default="", repr=False, metadata=SECRET)
    url: str = "https://api.stripe.com"


@dataclass(frozen=True, kw_only=True)
class WooCommerceSettings:
    """A WooCommerce shop."""

    NAME: ClassVar = "woocommerce"

    url: str  # of the WordPress site
    consumer_key: str = field(repr=False, metadata=SECRET)
    consumer_secret: str = field(repr=False, metadata=SECRET)
    webhook_secret: str = field(default="", repr=False, metadata=SECRET)
    api_refund: bool = (
        False  # whether refunds go through the shop's payment gateway; else a person makes them
    )


@dataclass(frozen=True, kw_only=True)
class WarehouseSettings:
    """A warehouse that reports what it has unpacked."""

    NAME: ClassVar = "warehouse"

    webhook_secret: str = field(repr=False, metadata=SECRET)


@dataclass(frozen=True, kw_only=True)
class Adapters:
    """Which system does what; None means the shop's own database.

    >>> load_adapters().tickets.url
    """

    tickets: ZendeskSettings | None = None
    payments: StripeSettings | None = None
    commerce: WooCommerceSettings | None = None
    carriers: CarriersSettings | None = None
    warehouse: WarehouseSettings | None = None


# For each port the systems of which one is chosen, or the settings of several that are used side by side.
PORTS: dict[str, Any] = {
    "tickets": (ZendeskSettings,),
    "payments": (StripeSettings,),
    "commerce": (WooCommerceSettings,),
    "carriers": CarriersSettings,
    "warehouse": WarehouseSettings,
}


def load_adapters(path: Path | None = None) -> Adapters:
    """Read the file; without one, everything is embedded."""
    named = os.environ.get(VARIABLE)
    path = path or (Path(named) if named else FILE)
    if not path.exists():
        if named:
            raise AdapterConfigError(f"{path} (named by {VARIABLE}) doesn't exist.")
        return Adapters()
    content = _parsed(path)
    return Adapters(**{port: _chosen(content, port) for port in content if _known(content, port)})


def _parsed(path: Path) -> Block:
    """Parse the file into a map that knows its lines; an empty file is an empty map."""
    try:
        content = yaml.read(path, name=path.name)
    except YamlError as error:
        raise AdapterConfigError(str(error)) from error
    if content is None:
        return Block(Place(path.name))
    if not isinstance(content, Block):
        raise AdapterConfigError(f"{path.name} has to be a map; its keys are {', '.join(PORTS)}.")
    return content


def _known(content: Block, port: str) -> bool:
    """Complain of a key that isn't a port."""
    if port not in PORTS:
        raise AdapterConfigError(_unknown(content, port, PORTS))
    return True


def _chosen(content: Block, port: str) -> Any:
    """Read which system does one thing, or which ones do."""
    value = content[port]
    if value is None or value == EMBEDDED:
        return None
    if not isinstance(PORTS[port], tuple):
        return _settings(content, port, PORTS[port])
    known = {kind.NAME: kind for kind in PORTS[port]}
    if not isinstance(value, Block) or len(value) != 1:
        raise AdapterConfigError(
            f"{content.at(port)}: '{port}' has to be '{EMBEDDED}', or one of "
            f"{', '.join(known)} with its settings below it."
        )
    (name,) = value
    if name not in known:
        raise AdapterConfigError(_unknown(value, name, known))
    return _settings(value, name, known[name])


def _settings(content: Block, name: str, kind: Any) -> Any:
    """Read the settings that stand below a name."""
    settings, place = content[name], content.at(name)
    if not isinstance(settings, Block):
        raise AdapterConfigError(f"{place}: '{name}' has no settings.")
    known = {each.name: each for each in fields(kind)}
    for key in settings:
        if key not in known:
            raise AdapterConfigError(_unknown(settings, key, known))
    values = {}
    for key, each in known.items():
        if key not in settings:
            if each.default is MISSING:
                raise AdapterConfigError(f"{place}: the key '{key}' is missing.")
            continue
        nested = each.metadata.get("of")
        if nested is not None:
            values[key] = _settings(settings, key, nested)
        else:
            values[key] = _read(settings.at(key), key, settings[key], each)
    return kind(**values)


def _read(place: Place, name: str, value: object, each: Any) -> Any:
    """Read one value; a secret has to come from the environment."""
    if "int" in str(each.type):
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        raise AdapterConfigError(f"{place}: '{name}' has to be a whole number.")
    if "bool" in str(each.type):
        if isinstance(value, bool):
            return value
        raise AdapterConfigError(f"{place}: '{name}' has to be true or false.")
    if str(each.type) == "Decimal":
        if AMOUNT.fullmatch(str(value)):
            return Decimal(str(value))
        raise AdapterConfigError(f"{place}: '{name}' has to be a number such as 2.5.")
    if not isinstance(value, str) or not value.strip():
        quotes = " in quotes" if isinstance(value, int) else ""
        raise AdapterConfigError(f"{place}: '{name}' has to be a text{quotes}.")
    if each.metadata.get("secret") and not ENVIRONMENT.fullmatch(value.strip()):
        raise AdapterConfigError(
            f"{place}: '{name}' is a secret and must not stand in a file; write ${{NAME}} and set that variable."
        )
    text = ENVIRONMENT.sub(lambda found: _from_environment(place, name, found), value).strip()
    return _address(place, name, text) if name == "url" else text


def _from_environment(place: Place, name: str, found: re.Match[str]) -> str:
    """Put in the value of a variable."""
    value = os.environ.get(found[1]) or found[2]
    if not value:
        raise AdapterConfigError(
            f"{place}: '{name}' needs the environment variable {found[1]}, which isn't set."
        )
    return str(value)


def _address(place: Place, name: str, text: str) -> str:
    """Check an address: encrypted, unless it is on this machine; without a login in it."""
    parts = urlsplit(text)
    secure = parts.scheme == "https" or (parts.scheme == "http" and _local(parts.hostname or ""))
    if not secure or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise AdapterConfigError(f"{place}: '{name}' has to be an address such as https://acme.example.")
    return text.rstrip("/")


def _local(host: str) -> bool:
    """Tell whether a host is this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _unknown(content: Block, key: str, known: Mapping[str, object]) -> str:
    """Complain of a key that nobody reads."""
    close = difflib.get_close_matches(str(key), known, n=1)
    hint = f"was '{close[0]}' meant?" if close else f"known are {', '.join(known)}."
    return f"{content.at(key)}: the key '{key}' is unknown; {hint}"
