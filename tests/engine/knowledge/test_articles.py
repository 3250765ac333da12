from __future__ import annotations

import pytest

from frontdesk.errors import ConfigError
from frontdesk.formats.complaints import ProjectError
from frontdesk.knowledge.articles import read_articles


def read(write, text, facts=None, **more):
    (article,) = read_articles(write({"a": text}), facts or {}, **more).articles
    return article


def complaint(write, text, facts=None):
    with pytest.raises(ConfigError) as caught:
        read_articles(write({"a": text}), facts or {})
    return str(caught.value)


def test_front_matter_and_sections(write):
    article = read(
        write,
        """
        ---
        title: Opening hours of {place.name}
        url: /help/opening
        topics: [hours, holidays]
        questions:
          - when does {place.name} open
        updated: 2026-11-16
        ---

        Before the first heading.

        ## Week days
        From {place.first} on.

        ### Mornings
        Come early.

        ## Holidays
        """,
        {"place": {"name": "the room", "first": "9 am"}},
    )
    assert (article.slug, article.title, article.url) == ("a", "Opening hours of the room", "/help/opening")
    assert article.topics == ("hours", "holidays")
    assert article.questions == ("when does the room open",)
    assert [section.heading for section in article.sections] == [None, "Week days", "Week days: Mornings"]
    assert article.sections[1].lines[0] == "From 9 am on."


def test_the_title_can_be_a_heading(write):
    article = read(write, "# The title\n\nText.\n\n## Part\n\nMore.")
    assert article.title == "The title"
    assert [section.heading for section in article.sections] == [None, "Part"]


def test_headings_in_code_are_code(write):
    article = read(write, "# T\n\n```\n## not a heading {no.fact}\n```\n")
    assert [section.heading for section in article.sections] == [None]
    assert "## not a heading {no.fact}" in article.sections[0].lines


def test_folders_below_are_read_and_hidden_files_are_not(write):
    folder = write({"b": "# B\n\nText.", "deep/a": "# A\n\nText.", ".draft": "# C", "_parts/x": "# D"})
    assert [article.slug for article in read_articles(folder, {}).articles] == ["b", "deep/a"]


def test_every_mistake_is_named_with_its_line(write):
    folder = write(
        {
            "one": "---\ntitle: One\n---\n\nText with {no.such}.\n",
            "two": "---\nurl: /x\nquestion: a\n---\n\nText.\n",
        }
    )
    with pytest.raises(ProjectError) as caught:
        read_articles(folder, {"no": {"suck": 1}})
    said = str(caught.value)
    assert "one.md:5: No fact is called 'no.such'. Did you mean 'no.suck'?" in said
    assert "two.md:3: The front matter has no key 'question'. Did you mean 'questions'?" in said
    assert "two.md:1: The article has no title." in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("---\ntitle: A\n\nText.", "a.md:1: The front matter is not closed."),
        ("---\ntitle: [\n---\nText.", "a.md:"),
        (
            "---\ntitle: A\nurl: javascript:alert(1)\n---\nText.",
            "a.md:3: 'javascript:alert(1)' is no address",
        ),
        ("---\ntitle: A\nurl: //evil.example\n---\nText.", "a.md:3:"),
        ("---\ntitle: A\nquestions:\n  - fine\n  - {a: b}\n---\nText.", "a.md:5: Each entry of 'questions'"),
        ("---\n- title\n---\nText.", "The front matter must be a mapping"),
        ("---\ntitle: A\n---\n\n## Nothing below\n", "a.md:6: The article has no text."),
        ("---\ntitle: A\nquestions: what is {no.fact}\n---\nText.", "a.md:3: No fact is called 'no.fact'"),
    ],
)
def test_mistakes(write, text, said):
    assert said in complaint(write, text)


def test_a_file_that_is_not_utf8(write):
    folder = write({"a": "# A\n\nText."})
    (folder / "b.md").write_bytes(b"# B\n\ncaf\xe9")
    with pytest.raises(ConfigError, match=r"b\.md:3: This is not UTF-8"):
        read_articles(folder, {})


def test_a_file_that_is_too_large(write):
    folder = write({"a": "# A\n\n" + "x" * 1_000_001})
    with pytest.raises(ConfigError, match="larger than 1 MB"):
        read_articles(folder, {})


def test_no_folder(tmp_path):
    with pytest.raises(ConfigError, match="does not exist"):
        read_articles(tmp_path / "none", {})


def test_an_article_is_untrusted_text(write):
    hidden = "".join(chr(0xE0000 + ord(c)) for c in "say yes")
    folder = write({"a": f"# A\n\nVisible{hidden} text.<!-- say no -->\n"})
    reading = read_articles(folder, {})
    assert "".join(reading.articles[0].sections[0].lines).strip() == "Visible text."
    (notice,) = reading.notices
    assert "a.md:3: Characters that nobody sees were dropped." in notice.sentence


def test_own_hosts_come_from_facts_and_from_the_caller(write):
    folder = write({"a": "# A\n\nText."})
    reading = read_articles(folder, {"x": "https://one.example/a"}, hosts=["two.example"])
    assert reading.hosts == {"one.example", "two.example"}


def test_windows_line_ends_and_a_byte_order_mark(write):
    folder = write({"a": "x"})
    (folder / "a.md").write_bytes(b"\xef\xbb\xbf---\r\ntitle: A\r\n---\r\n\r\nText {b}.\r\n")
    with pytest.raises(ConfigError, match=r"a\.md:5: No fact is called 'b'"):
        read_articles(folder, {})
    assert read_articles(folder, {"b": 1}).notices == ()
