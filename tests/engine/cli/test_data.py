from __future__ import annotations

from pathlib import Path

import pytest

from frontdesk.cli.main import main
from frontdesk.formats.project import read_training

CONFLICT = "stories:\n- story: s\n  steps:\n  - intent: greet\n  - action: utter_goodbye\n"

NO_RULES = "pipeline: [{name: WhitespaceTokenizer}]\npolicies: [{name: MemoizationPolicy}]\n"


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str]:
    code = main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return code, captured.out + captured.err


def test_without_a_task_there_is_help(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["data"], ["data", "split"], ["data", "convert"]):
        code, out = run(capsys, *words)
        assert code == 0
        assert "usage: frontdesk data" in out


def test_validate_a_sound_project(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out = run(capsys, "data", "validate", "--project", project, "--fail-on-warnings")
    assert code == 0, out
    assert "error" not in out
    assert "warning" not in out


def test_warnings_fail_only_where_they_are_to(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "config.yml").write_text(NO_RULES)
    (project / "data" / "more.yml").write_text(CONFLICT)
    for words in ([], ["stories"]):
        code, out = run(capsys, "data", "validate", *words, "--project", project)
        assert code == 0
        assert "warning" in out
        assert "data/more.yml:5" in out
        assert run(capsys, "data", "validate", *words, "--fail-on-warnings", "--project", project)[0] == 1


def test_errors_fail_always(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "config.yml").write_text(NO_RULES)
    (project / "data" / "more.yml").write_text(CONFLICT.replace("utter_goodbye", "action_none"))
    code, out = run(capsys, "data", "validate", "--project", project)
    assert code == 1
    assert "error    data/more.yml:5: The action 'action_none' is not in the domain." in out
    assert "1 error" in out.splitlines()[-1]


def test_files_that_cannot_be_read(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "domain.yml").write_text("intents: [")
    (project / "data" / "more.yml").write_text("stories: 1")
    code, out = run(capsys, "data", "validate", "--project", project)
    assert code == 1
    assert "error    data/more.yml:1" in out
    assert "error    domain.yml:1" in out
    assert "2 errors." in out


def test_other_paths(project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, to in (("domain.yml", "d.yml"), ("config.yml", "c.yml"), ("data", "training")):
        (project / name).rename(tmp_path / to)
    paths = ("-d", tmp_path / "d.yml", "-c", tmp_path / "c.yml", "--data", tmp_path / "training")
    code, out = run(capsys, "data", "validate", "--project", project, *paths)
    assert code == 0, out


@pytest.mark.parametrize(
    "arguments", [["validate", "--max-history", "0"], ["split", "nlu", "--training-fraction", "2"]]
)
def test_numbers_out_of_range(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["data", *arguments])
    assert caught.value.code == 2


def test_split_nlu(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out = run(capsys, "data", "split", "nlu", "--project", project, "--random-seed", "1")
    assert code == 0
    parts = [
        read_training(project / "train_test_split" / name).nlu
        for name in ("training_data.yml", "test_data.yml")
    ]
    whole = read_training(project / "data", strict=False).nlu
    assert sum(len(part.examples) for part in parts) == len(whole.examples)
    assert f"{len(parts[0].examples)} examples" in out


def test_split_stories(project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "data" / "more.yml").write_text(CONFLICT + CONFLICT.removeprefix("stories:\n"))
    code, out = run(capsys, "data", "split", "stories", "--project", project, "--out", tmp_path / "out")
    assert code == 0
    assert (tmp_path / "out" / "test_more.yml").is_file()
    assert "1 stories" in out


def test_convert_there_and_back(project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, two = tmp_path / "nlu.json", tmp_path / "back"
    assert run(capsys, "data", "convert", "nlu", "-f", "json", "--project", project, "--out", one)[0] == 0
    assert run(capsys, "data", "convert", "nlu", "--data", one, "--out", two)[0] == 0
    before, after = read_training(project / "data", strict=False).nlu, read_training(two / "nlu.yml").nlu
    assert sorted(e.text for e in after.examples) == sorted(e.text for e in before.examples)


def test_migrate(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "domain.yml").write_text("version: '2.0'\nintents: [greet]\nslots: {name: {type: text}}\n")
    (project / "own.py").write_text(
        "from rasa.core.channels.channel import InputChannel\nclass Mine(InputChannel): ...\n"
    )
    code, out = run(capsys, "data", "migrate", "--project", project)
    assert code == 0
    assert "type: custom" in (project / "domain.yml").read_text()
    assert (project / "original_domain.yml").is_file()
    assert "own.py:2: channel 'Mine'" in out
    code, out = run(capsys, "data", "migrate", "--project", project)
    assert "nothing was changed" in out
