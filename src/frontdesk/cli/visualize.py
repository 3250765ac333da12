"""Draw the stories and rules as a graph, in one HTML page."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from frontdesk.cli.options import add_files, add_project, layout_of, named


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's options."""
    add_project(parser)
    parser.add_argument(
        "--out", type=Path, default=None, metavar="FILE", help="the page to write (graph.html)"
    )
    text = "how many user messages must be the same for two steps to be drawn as one (2; 0: all before them)"
    parser.add_argument("--max-history", type=int, default=2, metavar="N", help=text)
    add_files(parser, "domain", "config")
    text = "other files or folders with stories and rules (data)"
    parser.add_argument("-s", "--stories", type=Path, nargs="+", default=[], metavar="PATH", help=text)
    text = "examples of the user's messages, shown where one points at them (those of the project)"
    parser.add_argument("-u", "--nlu", type=Path, default=None, metavar="PATH", help=text)


def execute(options: argparse.Namespace) -> int:
    """Write the page."""
    from frontdesk.errors import TrainingError
    from frontdesk.formats.project import read_laid_out, read_training
    from frontdesk.policies.paths import unroll
    from frontdesk.training.story_graph import make_graph
    from frontdesk.training.story_page import write_page

    options.data, options.stories = options.stories, None
    layout = layout_of(options)
    folder = layout.folder
    project = read_laid_out(layout, settings=False, names=False)
    given = named(options, "nlu")
    nlu = read_training(given, strict=False).nlu if given else project.training.nlu
    examples: dict[str, list[str]] = {}
    for example in nlu.examples:
        examples.setdefault(example.intent.split("/")[0], []).append(example.text)
    paths = unroll(project.training, project.domain, lambda text: print(text, file=sys.stderr))
    if not paths:
        raise TrainingError("There are no stories or rules to draw.", hint="Name them: --stories PATH.")
    graph = make_graph(paths, options.max_history or None)
    out = options.out or folder / "graph.html"
    out.write_text(write_page(graph, examples, folder.name), "utf-8")
    print(f"{out}: {len(graph.stories)} stories and rules, {len(graph.nodes)} steps")
    return 0
