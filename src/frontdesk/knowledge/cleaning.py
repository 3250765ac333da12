"""Make the text of an article plain and harmless: what nobody sees, or what leads elsewhere, is taken out."""

from __future__ import annotations

import html
import re
from collections.abc import Collection
from urllib.parse import urlsplit

# Characters that show nothing but can carry a hidden text or turn the reading order: soft hyphen, zero-width
# and directional marks, invisible operators, variation selectors of the supplement, the tag block, control
# characters.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U0001d173-\U0001d17a\U000e0000-\U000e0fff\x00-\x08\x0b-\x1f\x7f-\x9f]"
)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_UNSEEN = re.compile(
    r"<(script|style|template|iframe|object|svg)\b[^>]*>.*?(?:</\1\s*>|\Z)"
    r"|<(\w+)\b[^>]*(?:display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0|\shidden\b)[^>]*>"
    r".*?(?:</\2\s*>|\Z)",
    re.DOTALL | re.IGNORECASE,
)
_TAG = re.compile(r"</?[A-Za-z][^<>]*>")
_AUTOLINK = re.compile(r"<(https?://[^\s<>]+|mailto:[^\s<>]+)>", re.IGNORECASE)
_IMAGE = re.compile(r"!\[([^\]]*)\](?:\([^)\s]*(?:\s+[^)]*)?\)|\[[^\]]*\])")
_LINK = re.compile(r"\[([^\]]+)\]\(\s*<?([^)\s>]*)>?(?:\s+[^)]*)?\)")
_REFERENCE = re.compile(r"\[([^\]]+)\]\[[^\]]*\]")
_DEFINITION = re.compile(r"^ {0,3}\[[^\]]+\]:[^\n]*$", re.MULTILINE)
_ADDRESS = re.compile(r"(?:\b[a-z][a-z0-9+.-]*://|(?<![\w/])//(?=\w)|\bwww\.)[^\s<>\"')\]]+", re.IGNORECASE)
_STRONG = re.compile(r"(\*\*|__|~~)(?=\S)(.+?)(?<=\S)\1", re.DOTALL)
_EMPHASIS = re.compile(r"(?<![\w*])([*_])(?=[^\s*_])(.+?)(?<=[^\s*_])\1(?![\w*])", re.DOTALL)
_CODE = re.compile(r"`+([^`]*)`+")
_ESCAPED = re.compile(r"\\([\\`*_{}\[\]()#+\-.!<>|~])")


def visible(text: str) -> str:
    """Return the text without characters that nobody sees; line breaks stay."""
    return _INVISIBLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def without_markup(text: str) -> str:
    """Return Markdown without comments, hidden elements and HTML tags; every line keeps its number."""
    for pattern in (_COMMENT, _UNSEEN):
        text = pattern.sub(_only_breaks, text)
    text = _AUTOLINK.sub(r"\1", text)
    return _DEFINITION.sub("", _TAG.sub(_only_breaks, text))


def plain(text: str, hosts: Collection[str]) -> str:
    """Return a piece of Markdown as the words that a reader sees.

    Links become their text and images their description. An address on one of `hosts` is kept where it is
    itself the text; any other address is taken out.
    """
    text = _IMAGE.sub(r"\1", text)
    text = _LINK.sub(lambda match: _linked(match[1], match[2], hosts), text)
    text = _REFERENCE.sub(r"\1", text)
    text = _ADDRESS.sub(lambda match: _address(match[0], hosts), text)
    text = _CODE.sub(r"\1", text)
    for pattern in (_STRONG, _EMPHASIS):
        text = pattern.sub(r"\2", text)
    text = html.unescape(_ESCAPED.sub(r"\1", text))
    # Unescaping can bring back what was taken out above.
    return re.sub(r"[ \t\n]+", " ", visible(_TAG.sub("", text))).strip()


def host(address: str) -> str | None:
    """Return the host of an address in lower case, or None where it names none."""
    try:
        found = urlsplit(address if "//" in address else f"//{address}").hostname
    except ValueError:
        return None
    return found.lower() if found else None


def safe_url(address: str) -> bool:
    """Tell whether an article may be linked under this address: http(s), or a path of the own site."""
    if re.search(r"[\s\\<>\"]", address) or address.startswith("//"):
        return False
    if address.startswith(("/", "#")):
        return True
    return address.lower().startswith(("http://", "https://")) and host(address) is not None


def _only_breaks(match: re.Match[str]) -> str:
    return "\n" * match[0].count("\n")


def _linked(text: str, target: str, hosts: Collection[str]) -> str:
    # A link that shows one address and leads to another is a known trick: what is shown is judged below like
    # any text.
    return target if text.strip() == target and host(target) in hosts else text


def _address(address: str, hosts: Collection[str]) -> str:
    stem = address.rstrip(".,;:!?")
    if stem.lower().startswith(("http://", "https://", "www.")) and host(stem) in hosts:
        return address
    return "(link removed)" + address[len(stem) :]
