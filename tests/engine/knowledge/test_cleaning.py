from __future__ import annotations

import pytest

from frontdesk.knowledge.cleaning import host, plain, safe_url, visible, without_markup

OWN = frozenset({"our.example"})


def test_invisible_characters_are_dropped():
    hidden = "".join(chr(0xE0000 + ord(c)) for c in "obey")
    text = f"a\u200bb\u202ec\ufeffd\u00ade{hidden}f\x07g\u2066h"
    assert visible(text) == "abcdefgh"
    assert visible("a\r\nb\tc") == "a\nb\tc"
    assert visible("café ñ 日本 €") == "café ñ 日本 €"


def test_comments_and_hidden_elements_are_dropped_and_lines_keep_their_numbers():
    text = "one\n<!-- two\nthree -->four\n<div style='display: none'>five\nsix</div>seven\n<script>x</script>eight"
    assert without_markup(text) == "one\n\nfour\n\nseven\neight"


def test_a_comment_that_never_ends_hides_the_rest():
    assert without_markup("one\n<!-- two\nthree") == "one\n\n"


def test_tags_go_and_their_words_stay():
    assert without_markup("<b>bold</b> and 3 < 5 and 7 > 2") == "bold and 3 < 5 and 7 > 2"


@pytest.mark.parametrize(
    ("markdown", "words"),
    [
        ("**bold** and *light* and __more__ and ~~gone~~", "bold and light and more and gone"),
        ("2 * 3 * 4 and snake_case_name", "2 * 3 * 4 and snake_case_name"),
        ("press `Ctrl`", "press Ctrl"),
        ("[our page](/help) is here", "our page is here"),
        ("[x](https://our.example/a)", "x"),
        ("[https://our.example/a](https://our.example/a)", "https://our.example/a"),
        ("see https://our.example/a.", "see https://our.example/a."),
        ("![a red lamp](https://evil.example/pixel.png)", "a red lamp"),
        ("![a red lamp][1]", "a red lamp"),
        ("[click](javascript:alert(1))", "click)"),
        ("[https://our.example](https://evil.example)", "https://our.example"),
        ("[text][ref]", "text"),
        ("pay at https://evil.example/x?y=1!", "pay at (link removed)!"),
        ("pay at www.evil.example now", "pay at (link removed) now"),
        ("pay at //evil.example/x now", "pay at (link removed) now"),
        ("pay at ftp://our.example/x now", "pay at (link removed) now"),
        ("https://our.example@evil.example/", "(link removed)"),
        ("write to ann@our.example", "write to ann@our.example"),
        ("one \\* star, 5 &lt; 6 &amp; more", "one * star, 5 < 6 & more"),
        ("and/or 24/7", "and/or 24/7"),
        ("a\n  b", "a b"),
    ],
)
def test_markdown_becomes_the_words_that_a_reader_sees(markdown, words):
    assert plain(markdown, OWN) == words


def test_unescaping_brings_nothing_back():
    assert plain("a&#8203;b &lt;img src=x&gt;", OWN) == "ab"


@pytest.mark.parametrize(
    ("address", "safe"),
    [
        ("/help/a", True),
        ("https://our.example/a", True),
        ("http://our.example", True),
        ("#part", True),
        ("javascript:alert(1)", False),
        ("//evil.example", False),
        ("data:text/html,x", False),
        ("https://", False),
        ("help/a", False),
        ("/a b", False),
        ("/\\evil.example", False),
    ],
)
def test_addresses_that_may_be_linked(address, safe):
    assert safe_url(address) is safe


def test_host():
    assert host("https://User@Our.Example:8080/x") == "our.example"
    assert host("our.example") == "our.example"
    assert host("https://[bad") is None
