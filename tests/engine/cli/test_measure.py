"""Reports that Rasa users look for in `results/`, and comparisons."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.conftest import frontdesk

STORIES = """version: "3.1"
stories:
- story: right
  steps:
  - user: |
      hello
    intent: greet
  - action: utter_greet
- story: wrong
  steps:
  - user: |
      hello
    intent: greet
  - action: utter_goodbye
"""


@pytest.fixture
def with_stories(copy_of_starter: Path) -> Path:
    """The starter with one test story that passes and one that fails."""
    (copy_of_starter / "tests" / "test_more.yml").write_text(STORIES)
    return copy_of_starter


def test_the_files_of_a_test(with_stories: Path) -> None:
    done = frontdesk("test", "--successes", "--out", "here", cwd=with_stories)
    assert done.returncode == 0, done.stderr
    assert "3 passed, 1 failed" in done.stdout
    assert "exit code 0 (--fail-on-prediction-errors: 1)" in done.stdout
    results = with_stories / "here"
    names = {path.name for path in results.iterdir()}
    assert names >= {
        "index.html", "conversation_report.json", "story_report.json", "failed_test_stories.yml",
        "successful_test_stories.yml", "stories_with_warnings.yml", "story_confusion_matrix.png",
        "intent_report.json", "intent_successes.json", "intent_confusion_matrix.png", "intent_histogram.png",
    }  # fmt: skip
    failed = (results / "failed_test_stories.yml").read_text()
    assert "- action: utter_goodbye  # predicted: utter_greet" in failed
    assert "right" not in failed
    assert (results / "successful_test_stories.yml").read_text().count("- story:") == 2
    report = json.loads((results / "story_report.json").read_text())
    assert report["conversation_accuracy"] == {
        "accuracy": 2 / 3,
        "correct": 2,
        "with_warnings": 0,
        "total": 3,
    }
    page = (results / "index.html").read_text()
    assert "<svg" in page
    assert "utter_goodbye" in page


def test_the_exit_code_that_scripts_ask_for(with_stories: Path) -> None:
    line = ("test", "core", "--fail-on-prediction-errors", "--no-plot", "--no-errors", "--out", "here")
    done = frontdesk(*line, cwd=with_stories)
    assert done.returncode == 1
    names = {path.name for path in (with_stories / "here").iterdir()}
    assert "failed_test_stories.yml" not in names
    assert not [name for name in names if name.endswith(".png")]
    few = frontdesk("test", "core", "-s", "tests/test_more.yml", "--max-stories", "1", cwd=with_stories)
    assert "1 passed, 0 failed" in few.stdout


def test_a_failing_conversation_always_says_so(copy_of_starter: Path) -> None:
    text = (
        'version: "3.1"\nconversations:\n- name: wrong\n  steps:\n  - user: "hello"\n    bot: ["goodbye"]\n'
    )
    (copy_of_starter / "tests" / "test_talk.yml").write_text(text)
    assert frontdesk("test", "core", cwd=copy_of_starter).returncode == 1


def test_training_stories_can_be_tested(copy_of_starter: Path) -> None:
    done = frontdesk("test", "core", "--stories", "data", "--no-plot", cwd=copy_of_starter)
    assert done.returncode == 0, done.stderr
    assert "1 passed, 0 failed" in done.stdout


def test_configs_of_the_nlu_side_by_side(copy_of_starter: Path) -> None:
    config = (copy_of_starter / "config.yml").read_text()
    other = config.replace("LogisticRegressionClassifier", "KeywordIntentClassifier")
    (copy_of_starter / "other.yml").write_text(other)
    line = ("test", "nlu", "-c", "config.yml", "other.yml", "--runs", "2", "--percentages", "0", "50")
    done = frontdesk(*line, cwd=copy_of_starter)
    assert done.returncode == 0, done.stderr
    out = copy_of_starter / "results"
    scores = json.loads((out / "results.json").read_text())
    assert set(scores) == {"config", "other"}
    assert [len(run) for run in scores["config"]] == [2, 2]
    assert scores["config"][0][0] > scores["other"][0][0]
    assert (out / "run_2" / "50%_exclusion" / "other_report" / "intent_report.json").is_file()
    assert (out / "run_1" / "test.yml").is_file()
    assert (out / "nlu_model_comparison_graph.pdf").is_file()


def test_models_of_the_dialogue_side_by_side(with_stories: Path) -> None:
    shutil.copy(with_stories / "config.yml", with_stories / "other.yml")
    domain = with_stories / "domain.yml"
    domain.write_text(domain.read_text().replace("intents:\n", "intents:\n- wonder\n", 1))
    story = "- story: no rule says so\n  steps:\n  - intent: wonder\n  - action: utter_goodbye\n"
    (with_stories / "data" / "more.yml").write_text(f'version: "3.1"\nstories:\n{story}')
    line = ("train", "core", "-c", "config.yml", "other.yml", "--runs", "1", "--percentages", "0", "100")
    done = frontdesk(*line, "--out", "models/compared", "--quiet", cwd=with_stories)
    assert done.returncode == 0, done.stderr
    folder = with_stories / "models" / "compared"
    assert json.loads((folder / "num_stories.json").read_text()) == [2, 0]
    line = ("test", "core", "--evaluate-model-directory", "-m", "models/compared", "-s", "data")
    done = frontdesk(*line, "--quiet", cwd=with_stories)
    assert done.returncode == 0, done.stderr
    results = json.loads((with_stories / "results" / "results.json").read_text())
    assert set(results) == {"config", "other"}
    assert results["config"] == [[2, 1]], "without the stories only that of the rules is followed"
    one, two = sorted(str(p) for p in (folder / "run_1").glob("config*"))
    done = frontdesk("test", "core", "-m", f"{one},{two}", "-s", "data", cwd=with_stories)
    assert json.loads((with_stories / "results" / "results.json").read_text()) == {
        "config__percentage__0.tar.gz": [2],
        "config__percentage__100.tar.gz": [1],
    }
    assert (
        frontdesk("test", "core", "--evaluate-model-directory", "-m", "data", cwd=with_stories).returncode
        == 1
    )


def test_without_tests(copy_of_starter: Path) -> None:
    shutil.rmtree(copy_of_starter / "tests")
    done = frontdesk("test", "--no-plot", cwd=copy_of_starter)
    assert done.returncode == 0
    assert "There are no tests in 'tests'." in done.stderr
    none = frontdesk("test", "core", "-m", "models", "models", cwd=copy_of_starter)
    assert none.returncode == 1
    assert "no test stories to compare models by" in none.stderr


def test_without_examples(copy_of_starter: Path) -> None:
    (copy_of_starter / "none.yml").write_text('version: "3.1"\n')
    done = frontdesk("test", "nlu", "-u", "none.yml", cwd=copy_of_starter)
    assert done.returncode == 1
    assert "There are no examples." in done.stderr
