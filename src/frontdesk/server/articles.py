"""Show the articles that an answer cites, each at its own address."""

from __future__ import annotations

import html
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt

from frontdesk.knowledge.articles import Article, read_articles

_PAGE = """<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <title>{title}</title>
  <link rel="icon" href="/static/icon.svg" type="image/svg+xml">
  <link rel="stylesheet" href="/static/chat.css">
</head>
<body>
  <main class="article">
    <p><a class="back" href="/">Back to the chat</a></p>
    <h1>{title}</h1>
    {body}
  </main>
</body>
</html>
"""


def render_articles(folder: Path, facts: Mapping[str, Any]) -> dict[str, str]:
    """Return the page of every article that has an address on this site, by that address.

    HTML in an article is shown as text, never as HTML.
    """
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    found = read_articles(folder, facts).articles
    return {a.url: _page(a, markdown) for a in found if a.url and a.url.startswith("/")}


def _page(article: Article, markdown: MarkdownIt) -> str:
    parts = []
    for section in article.sections:
        if section.heading:
            parts.append(f"## {section.heading}")
        parts.append("\n".join(section.lines))
    return _PAGE.format(title=html.escape(article.title), body=markdown.render("\n\n".join(parts)))
