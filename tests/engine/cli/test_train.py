"""What did not change is not trained again; what is wrong is told at its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from frontdesk.graph.package import newest
from tests.conftest import frontdesk


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), "utf-8")


def test_dry_run_says_whether_training_is_needed(copy_of_starter: Path) -> None:
    assert frontdesk("train", "--dry-run", cwd=copy_of_starter).returncode == 0
    edit(copy_of_starter / "domain.yml", "Goodbye!", "See you!")
    assert frontdesk("train", "--dry-run", cwd=copy_of_starter).returncode == 1


def test_only_what_changed_is_trained_again(copy_of_starter: Path) -> None:
    edit(copy_of_starter / "domain.yml", "Goodbye!", "See you!")
    done = frontdesk("train", cwd=copy_of_starter)
    assert "0 parts trained, 12 reused" in done.stdout, done.stderr
    edit(copy_of_starter / "data" / "stories.yml", "a short visit", "a visit")
    assert "2 parts trained, 10 reused" in frontdesk("train", cwd=copy_of_starter).stdout
    edit(copy_of_starter / "config.yml", "threshold: 0.3", "threshold: 0.4")
    assert "1 parts trained, 11 reused" in frontdesk("train", cwd=copy_of_starter).stdout
    assert "12 parts trained, 0 reused" in frontdesk("train", "--force", cwd=copy_of_starter).stdout


def test_a_changed_response_is_what_is_said_then(copy_of_starter: Path) -> None:
    edit(copy_of_starter / "domain.yml", "I'm an automated assistant. I can", "I'm a machine. I can")
    assert frontdesk("train", "--quiet", cwd=copy_of_starter).returncode == 0
    done = frontdesk("test", cwd=copy_of_starter)
    assert done.returncode == 1
    assert "did not say 'automated assistant'" in done.stdout
    assert "1 passed, 1 failed" in done.stdout


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        (
            "config.yml",
            "name: RulePolicy",
            "name: RulesPolicy",
            ["config.yml:24", "Did you mean 'RulePolicy'?"],
        ),
        (
            "config.yml",
            "name: FallbackClassifier",
            "name: FallbakClassifier",
            ["config.yml:20", "Did you mean 'FallbackClassifier'?"],
        ),
        (
            "config.yml",
            "name: RegexFeaturizer",
            "name: my.module.Thing",
            ["config.yml:8", "cannot be imported"],
        ),
        ("domain.yml", "  utter_iamabot:", "  utter_i_am_a_bot:", ["data/rules.yml:17", "utter_iamabot"]),
        ("domain.yml", "intents:", "intents: [", ["domain.yml:"]),
        ("data/rules.yml", "  - action: utter_greet", "  - acton: utter_greet", ["data/rules.yml:7"]),
        ("data/nlu.yml", "- hello\n", "- [hello](\n", []),
    ],
)
def test_what_is_wrong_is_told_in_a_sentence(
    file: str, old: str, new: str, words: list[str], copy_of_starter: Path
) -> None:
    before = newest(copy_of_starter / "models")
    edit(copy_of_starter / file, old, new)
    done = frontdesk("train", cwd=copy_of_starter)
    assert "Traceback" not in done.stderr
    if words:
        assert done.returncode == 1
        for word in words:
            assert word in done.stderr
        assert newest(copy_of_starter / "models") == before


def test_what_rasa_only_warns_of_is_a_warning_unless_told(copy_of_starter: Path) -> None:
    edit(copy_of_starter / "domain.yml", "- goodbye", "- goodby")
    done = frontdesk("train", cwd=copy_of_starter)
    assert done.returncode == 0
    assert "Please check: data/" in done.stderr
    assert "Did you mean 'goodby'?" in done.stderr
    strict = frontdesk("train", "--fail-on-validation-warnings", cwd=copy_of_starter)
    assert strict.returncode == 1
    assert "Did you mean 'goodby'?" in strict.stderr


def test_a_domain_that_only_imported_projects_have(tmp_path: Path) -> None:
    """Without it, only the understanding would be trained."""
    files = {
        "config.yml": "language: en\npipeline: [{name: KeywordIntentClassifier}]\npolicies: [{name: RulePolicy}]\n"
        "importers: [{name: MultiProjectImporter}]\nimports: [greet]\n",
        "greet/domain.yml": "intents: [greet]\nresponses: {utter_greet: [{text: Hello}]}\n",
        "greet/nlu.yml": "nlu: [{intent: greet, examples: '- hello'}]\n",
        "greet/rules.yml": "rules: [{rule: greet, steps: [{intent: greet}, {action: utter_greet}]}]\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    done = frontdesk("train", "--quiet", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "There is no domain" not in done.stderr
    assert "2 parts trained" in done.stdout


def test_that_an_empty_folder_is_told_all_that_is_missing(tmp_path: Path) -> None:
    done = frontdesk("train", "--quiet", cwd=tmp_path)
    assert done.returncode == 1
    assert "There is no domain: only" not in done.stderr
    for missing in ("config.yml", "folder 'data'", "domain.yml"):
        assert missing in done.stderr
