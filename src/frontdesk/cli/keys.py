"""Make API keys, list them, and take them back; only their hashes are kept."""

from __future__ import annotations

import argparse
import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from frontdesk.auth.principal import ROLES
from frontdesk.cli.options import add_files, add_project, layout_of

if TYPE_CHECKING:
    from frontdesk.auth.api_keys import ApiKey, KeyFile

DAY = 24 * 3600.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's options."""
    kinds = parser.add_subparsers(dest="what", metavar="add | list | revoke", required=True)
    add = kinds.add_parser("add", help="make a key, and show it this once")
    add.add_argument("name", metavar="NAME", help="what it is for")
    add.add_argument("--role", required=True, choices=ROLES, help="what it may do (docs/http-api.md)")
    text = "the conversation that a customer's key opens"
    add.add_argument("--conversation", default=None, metavar="ID", help=text)
    add.add_argument("--days", type=_days, default=None, metavar="N", help="how long it is good (for ever)")
    shown = kinds.add_parser("list", help="list the keys, without what they are")
    taken = kinds.add_parser("revoke", help="take a key back; servers that run refuse it at once")
    taken.add_argument("id", metavar="ID", help="its id, as in the list")
    for kind in (add, shown, taken):
        add_project(kind)
        add_files(kind, "endpoints")


def execute(options: argparse.Namespace) -> int:
    """Do what was asked; a key is the only thing on standard output, so that it can be stored right away."""
    keys = _file(options)
    if options.what == "list":
        _show(keys)
    elif options.what == "revoke":
        key = keys.revoke(options.id)
        print(f"The key {key.id} ({key.name}) is no longer good.", file=sys.stderr)
    else:
        lifetime = None if options.days is None else options.days * DAY
        shown, key = keys.add(options.name, options.role, subject=options.conversation, lifetime=lifetime)
        note = f"The key {key.id} for the role {key.role}. It is shown this once; {keys.path} holds its hash."
        print(note, file=sys.stderr)
        print(shown)
    return 0


def _file(options: argparse.Namespace) -> KeyFile:
    from frontdesk.auth.section import key_file
    from frontdesk.formats.settings_files import read_endpoints

    layout = layout_of(options)
    section = read_endpoints(layout.folder, layout.endpoints).auth
    return key_file(section.options if section is not None else {}, layout.folder)


def _show(keys: KeyFile) -> None:
    found = keys.list()
    if not found:
        print("There are no keys.", file=sys.stderr)
    for key in found:
        about = f"{key.id}  {key.role:<10}  {_state(key):<20}  made {_day(key.made)}  {key.name}"
        print(about if key.subject == key.name else f"{about}  (conversation {key.subject})")


def _state(key: ApiKey) -> str:
    if key.revoked is not None:
        return f"revoked {_day(key.revoked)}"
    if key.expires is None:
        return "good"
    return f"{'good until' if key.is_good(time.time()) else 'expired'} {_day(key.expires)}"


def _day(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).date().isoformat()


def _days(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number <= 36_500:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of days")
    return number
