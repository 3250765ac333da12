"""`frontdesk`: train, run, talk to and test an assistant."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence

from frontdesk import __version__

COMMANDS = {
    "init": "make a small starter project in an empty folder",
    "train": "train a model from the project's files",
    "run": "serve the assistant (or, with 'actions', only its custom actions)",
    "worker": "answer what `run --queue` wrote down",
    "queue": "look at the queue, and let dead letters be answered again",
    "shell": "talk to the assistant in the terminal",
    "interactive": "teach the assistant while talking to it",
    "test": "run the project's test conversations and measure its NLU",
    "data": "check, split, convert and migrate training files",
    "visualize": "draw the stories and rules as a graph, in one HTML page",
    "keys": "make, list and take back API keys",
    "export": "send the stored conversations to the event broker, or write them as JSON lines",
    "erase": "erase stored conversations, with all that was kept of them",
    "evaluate": "find and count points of stored conversations (markers)",
    "doctor": "check a deployment, and say what to mend",
    "telemetry": "say what is sent to anybody about your use: nothing",
    "x": "say what stands in for Rasa X",
}


def make_parser(names: Sequence[str] = tuple(COMMANDS)) -> argparse.ArgumentParser:
    """Return the parser; only the commands in `names` are imported and get their options."""
    parser = argparse.ArgumentParser(
        prog="frontdesk",
        description="A self-hosted customer-service assistant. Reads Rasa 3 projects.",
        epilog="Help on a command: frontdesk COMMAND --help",
    )
    parser.add_argument("--version", action="version", version=f"frontdesk {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    for name, text in COMMANDS.items():
        if name in names:
            module = importlib.import_module(f"frontdesk.cli.{name}")
            command = commands.add_parser(name, help=text, description=module.__doc__)
            module.add_arguments(command)
            command.set_defaults(execute=module.execute)
        else:
            commands.add_parser(name, help=text)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code. An error of the project is one readable sentence, never a traceback."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    wanted = next((word for word in given if word in COMMANDS), None)
    parser = make_parser([wanted] if wanted else [])
    options = parser.parse_args(given)
    if options.command is None:
        parser.print_help()
        return 0
    from frontdesk.errors import FrontdeskError
    from frontdesk.registry import look_in

    if arguments is None and hasattr(options, "project"):
        # Run as a program: what the project's files name by dotted path is found from its folder.
        look_in(options.project)
    try:
        code: int = options.execute(options)
    except FrontdeskError as error:
        print(f"frontdesk: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return 141
    except OSError as error:  # a file or folder that cannot be read or written
        print(f"frontdesk: {error}", file=sys.stderr)
        return 1
    return code


if __name__ == "__main__":
    sys.exit(main())
