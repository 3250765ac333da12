"""`frontdesk test`: what is measured, and what its exit code says."""

from __future__ import annotations

import json
from pathlib import Path

from tests.conftest import frontdesk


def test_conversations_and_stories(copy_of_starter: Path) -> None:
    done = frontdesk("test", cwd=copy_of_starter)
    assert done.returncode == 0, done.stderr
    assert "2 passed, 0 failed" in done.stdout
    assert (copy_of_starter / "results" / "index.html").is_file()


def test_only_some(copy_of_starter: Path) -> None:
    done = frontdesk("test", "-k", "LEAVE", "--out", "there", cwd=copy_of_starter)
    assert "1 passed, 0 failed" in done.stdout
    assert (copy_of_starter / "there" / "conversation_report.json").is_file()


def test_a_name_that_no_test_has_is_no_success(copy_of_starter: Path) -> None:
    done = frontdesk("test", "-k", "no such test", cwd=copy_of_starter)
    assert done.returncode == 1
    assert "No test has 'no such test' in its name." in done.stderr


def test_a_story_that_fails(copy_of_starter: Path) -> None:
    (copy_of_starter / "tests" / "test_more.yml").write_text(
        'version: "3.1"\n'
        "stories:\n"
        "- story: wrong\n"
        "  steps:\n"
        "  - user: |\n"
        "      hello\n"
        "    intent: greet\n"
        "  - action: utter_goodbye\n"
    )
    done = frontdesk("test", "core", "--fail-on-prediction-errors", cwd=copy_of_starter)
    assert done.returncode == 1
    assert "predicted 'utter_greet' by RulePolicy, expected 'utter_goodbye'" in done.stdout
    assert "1 failed" in done.stdout


def test_the_nlu_on_its_own_examples(copy_of_starter: Path) -> None:
    done = frontdesk("test", "nlu", cwd=copy_of_starter)
    assert done.returncode == 0, done.stderr
    assert "NLU, on the examples that it learnt from: 36 examples" in done.stdout
    assert json.loads((copy_of_starter / "results" / "intent_report.json").read_text())["accuracy"] > 0.9


def test_cross_validation(copy_of_starter: Path) -> None:
    done = frontdesk("test", "nlu", "--cross-validation", "--folds", "2", cwd=copy_of_starter)
    assert done.returncode == 0, done.stderr
    assert "Cross-validation: " in done.stdout
    bad = frontdesk("test", "nlu", "--cross-validation", "--folds", "1", cwd=copy_of_starter)
    assert bad.returncode == 1
    assert "cannot be divided into 1 folds" in bad.stderr
