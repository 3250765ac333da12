from __future__ import annotations

import pytest

from frontdesk.redaction import PatternRedactor, one_line

redact = PatternRedactor().redact


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("write to ann.b+c@mail.example.co.uk, please", "write to [email], please"),
        ("ann@example.com,bob@example.com", "[email],[email]"),
        ("card 4111 1111 1111 1111.", "card [card]."),
        ("378282246310005", "[card]"),
        ("4111-1111-1111-1111", "[card]"),
        ("4242 4242 4242 4242 22 Oak Street", "[card] 22 Oak Street"),
        ("order 4778 4242 4242 4242 4242", "order 4778 [card]"),
        ("12 3782 822463 10005 4111 1111 1111 1111 7", "12 [card] [card] 7"),
        ("DE89 3704 0044 0532 0130 00", "[iban]"),
        ("GB33BUKB20201555555555", "[iban]"),
        ("call +44 20 7946 0958 now", "call [phone] now"),
        ("call +49 (0)30 1234567", "call [phone]"),
        ("+15551234567", "[phone]"),
        ("call 555-123-4567", "call [phone]"),
        ("call (555) 123-4567", "call [phone]"),
        ("1.555.123.4567", "[phone]"),
        ("0151 23456789", "[phone]"),
        ("020 7946 0958", "[phone]"),
        (f"key fdk_0123456789ab_{'aB3-_' * 8}xyz end", "key [token] end"),
        ("token eyJhbGciOiJI.eyJzdWIiOiJh.c2lnbmF0dXJl end", "token [token] end"),
        ("key sk_live_abcdefghijklmnop1234 meta", "key [token] meta"),
        ("sk-proj-abcd1234-efgh5678_ijkl", "[token]"),
        ("whsec_abcdefghijklmnop1234", "[token]"),
        ("ghp_abcdefghijklmnopqrstuvwxyz0123456789", "[token]"),
        ("xoxb-123456789012-abcdefghijkl, xapp-1-A0123456789-abc", "[token], [token]"),
        ("id AKIAABCDEFGHIJKLMNOP end", "id [token] end"),
        ("{'Authorization': 'Bearer abcDEF123.456~789+/x=='}", "{'Authorization': '[token]'}"),
    ],
)
def test_what_is_taken_out(text: str, expected: str) -> None:
    assert redact(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "order 12345678",
        "1234 5678 9012 3456 24 Oak Street",
        "1234567890123456",  # no card: its check digit is wrong
        "on 2026-01-02 at 10:11:12",
        "2026-01-02T10:11:12+00:00",
        "192.168.100.200",
        "size 3.5 x 100 cm",
        "a@b",
        "1Z999AA10123456784",
        "file.py:123",
        "00112233445566778899aabbccddeeff",
        "a risk-averse-bearer-of-bad-news, desk_number_0123456789",
        "the bearer is Ann",
    ],
)
def test_what_stays(text: str) -> None:
    assert redact(text) == text


def test_a_long_text_is_read_in_one_go() -> None:
    assert redact("a." * 50_000) == "a." * 50_000
    assert redact("1 " * 50_000)
    assert redact("a@" * 20_000)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\nb", "a\\nb"),
        ("a\r\n12:00:00 error forged: x", "a\\r\\n12:00:00 error forged: x"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\u2028b\x85c", "a\\u2028b\\x85c"),
        ("é ü 日本", "é ü 日本"),
    ],
)
def test_nobody_forges_a_line_of_a_log(text: str, expected: str) -> None:
    assert one_line(text) == expected
