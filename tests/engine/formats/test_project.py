"""A whole project: found, merged, checked; all complaints at once."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from frontdesk.core.training import Lookup, Place
from frontdesk.formats.complaints import ProjectError
from frontdesk.formats.project import read_domain, read_project, read_tests, read_training

FILES = {
    "config.yml": "recipe: default.v1\npipeline:\n- name: WhitespaceTokenizer\npolicies:\n- name: RulePolicy\n",
    "domain.yml": """
        version: "3.1"
        intents: [greet, faq]
        entities: [name]
        slots:
          name: {type: text, mappings: [{type: from_entity, entity: name}]}
        responses:
          utter_greet: [{text: Hi}]
        """,
    "endpoints.yml": "action_endpoint: {actions_module: actions}\n",
    "credentials.yml": "rest:\n",
    "data/nlu/greet.yml": """
        nlu:
        - intent: greet
          examples: |
            - hi [Ann](name)
        - lookup: name
          examples: ../lookups/names.txt
        """,
    "data/lookups/names.txt": "Ann\nBob\n",
    "data/mixed.yaml": """
        version: "3.1"
        nlu:
        - intent: faq/hours
          examples: |
            - when are you open
        responses:
          utter_faq/hours: [{text: Always}]
        rules:
        - rule: greet
          steps:
          - intent: greet
          - action: utter_greet
        stories:
        - story: ask
          steps:
          - intent: faq
          - action: utter_faq
          - bot: Anything else?
        sentiment:
        - label: positive
          examples: |
            - great
        """,
    "tests/test_stories.yml": """
        conversations:
        - name: hello
          steps:
          - user: hi
            bot: Hi
        stories:
        - story: greet
          steps:
          - user: hi
            intent: greet
          - action: utter_greet
        """,
    "tests/evals/nlu.yml": "nlu: []\n",
}


def test_a_project_is_read(write: Any) -> None:
    folder = write(FILES)
    project = read_project(folder)
    assert project.folder == folder
    assert [part.name for part in project.config.pipeline] == ["WhitespaceTokenizer"]
    assert set(project.domain.responses) == {"utter_greet", "utter_faq/hours"}
    assert project.domain.actions == ("utter_faq",)
    assert project.domain.e2e_action_texts == ("Anything else?",)
    assert [(e.text, e.intent) for e in project.training.nlu.examples] == [
        ("when are you open", "faq/hours"),
        ("hi Ann", "greet"),
    ]
    assert project.training.nlu.examples[1].place == Place("data/nlu/greet.yml", 4)
    assert project.training.nlu.lookups == (Lookup("name", ("Ann", "Bob")),)
    assert [s.label for s in project.training.nlu.sentiment] == ["positive"]
    assert [r.name for r in project.training.rules] == ["greet"]
    assert [s.name for s in project.training.stories] == ["ask"]
    assert list(project.credentials.channels) == ["rest"]
    assert project.endpoints.action_endpoint is not None
    assert project.notices == ()
    assert project.doubts == ()
    assert [file.path for file in project.files] == [
        "config.yml",
        "credentials.yml",
        "data/lookups/names.txt",
        "data/mixed.yaml",
        "data/nlu/greet.yml",
        "domain.yml",
        "endpoints.yml",
    ]
    digests = {file.path: file.digest for file in project.files}
    assert digests["data/lookups/names.txt"] == hashlib.sha256(b"Ann\nBob\n").hexdigest()


def test_tests_are_read_when_asked_for(write: Any) -> None:
    suite = read_project(write(FILES)).tests
    assert [c.name for c in suite.conversations] == ["hello"]
    assert [s.name for s in suite.stories] == ["greet"]
    assert suite.conversations[0].place == Place("tests/test_stories.yml", 2)


def test_a_project_without_tests_has_none(write: Any) -> None:
    project = read_project(write({k: v for k, v in FILES.items() if not k.startswith("tests")}))
    assert project.tests.conversations == ()


def test_wrong_tests_are_complained_of_when_read(write: Any) -> None:
    bad = "stories:\n- story: a\n  steps:\n  - user: hi\n    intent: gret\n"
    project = read_project(write({**FILES, "tests/test_bad.yml": bad}))
    with pytest.raises(ProjectError, match=r"tests/test_bad.yml:4: The intent 'gret' is not in the domain"):
        _ = project.tests
    assert len(read_project(project.folder, strict=False).tests.stories) == 2


def test_all_complaints_come_at_once(write: Any) -> None:
    wrong = {
        "config.yml": "pipline: []\n",
        "data/broken.yml": "nlu: [\n",
        "data/list.yml": "- a\n",
        "data/typo.yml": "nul:\n- intent: greet\n",
        "data/place.yml": "intents: [greet]\n",
        "data/story.yml": "stories:\n- story: s\n  steps:\n  - action: utter_gret\n",
        "endpoints.yml": "action_endpoint: {url: ${NOWHERE}/x}\n",
        "credentials.yml": "slack:\n  token: ${NO_TOKEN}\n",
    }
    with pytest.raises(ProjectError) as caught:
        read_project(write({**FILES, **wrong}), env={})
    sentences = [c.sentence for c in caught.value.complaints]
    starts = [
        "config.yml:1: config.yml has no key 'pipline'. Did you mean 'pipeline'?",
        (
            "credentials.yml:2: The environment variable 'NO_TOKEN' is not set. Set it, or give a default: "
            "${NO_TOKEN:-default}."
        ),
        "data/broken.yml:2: This is not valid YAML",
        "data/list.yml:1: The content of the file must be a mapping ('key: value'), not a list.",
        "data/place.yml:1: 'intents' is not read here. Move it to domain.yml.",
        "data/story.yml:4: The action 'utter_gret' is not in the domain. Did you mean 'utter_greet'?",
        "data/typo.yml:1: A training file has no key 'nul'. Did you mean 'nlu'?",
        "endpoints.yml:1: ",
    ]
    assert len(sentences) == len(starts)
    for sentence, start in zip(sentences, starts, strict=True):
        assert sentence.startswith(start)


def test_secrets_that_are_not_set_keep_nobody_from_training(write: Any) -> None:
    settings = {
        "endpoints.yml": "tracker_store:\n  url: ${DB}\nknowledge:\n  articles: ${KB:-articles}\n",
        "credentials.yml": "slack:\n  slack_token: ${NO_TOKEN}\n",
    }
    project = read_project(write({**FILES, **settings}), env={}, strict=False)
    assert [doubt.partition(" Set it")[0] for doubt in project.doubts] == [
        "endpoints.yml:2: The environment variable 'DB' is not set.",
        "credentials.yml:2: The environment variable 'NO_TOKEN' is not set.",
    ]
    assert project.endpoints.knowledge is not None
    assert project.endpoints.knowledge.articles == "articles"
    assert project.credentials.channels["slack"].options == {"slack_token": "${NO_TOKEN}"}


def test_training_needs_no_secrets(write: Any) -> None:
    folder = write({**FILES, "credentials.yml": "slack:\n  token: ${NO_TOKEN}\n"})
    assert read_project(folder, settings=False, env={}).credentials.channels == {}
    with pytest.raises(ProjectError, match="NO_TOKEN"):
        read_project(folder, env={})


def test_what_rasa_only_warns_of_may_be_kept_as_doubts(write: Any) -> None:
    extra = {"data/more.yml": "nlu:\n- intent: nope\n  examples: |\n    - x\n"}
    with pytest.raises(ProjectError, match="nope"):
        read_project(write({**FILES, **extra}))
    project = read_project(write({**FILES, **extra}), strict=False)
    assert project.doubts == (
        "data/more.yml:4: The intent 'nope' is not in the domain. Add it to the domain.",
    )


def test_old_versions_are_noticed_once(write: Any) -> None:
    extra = {"data/a.yml": 'version: "2.0"\nnlu: []\n', "data/b.yml": "version: 2.0\nnlu: []\n"}
    extra["data/c.yml"] = 'version: "3.0"\nnlu: []\n'
    assert read_project(write({**FILES, **extra})).notices == (
        "data/a.yml:1: The file says version 2.0 (and 1 more file); it is read as 3.1. Write 'version: \"3.1\"'.",
    )


@pytest.mark.parametrize(
    ("version", "message"),
    [
        ('"3.9"', "data/a.yml:1: The version 3.9 is newer than 3.1."),
        ("new", "data/a.yml:1: The version 'new' is none."),
    ],
)
def test_odd_versions_are_doubted(write: Any, version: str, message: str) -> None:
    with pytest.raises(ProjectError, match=message):
        read_project(write({**FILES, "data/a.yml": f"version: {version}\n"}))


def test_a_domain_may_be_a_folder(write: Any) -> None:
    files = {k: v for k, v in FILES.items() if k != "domain.yml"}
    files["domain/a/one.yml"] = FILES["domain.yml"]
    files["domain/two.yaml"] = "intents: [faq, more]\nresponses:\n  utter_more: [{text: a}]\n"
    files["domain/other.yml"] = "something: else\n"
    project = read_project(write(files))
    assert {"greet", "faq", "more"} <= set(project.domain.intents)
    assert project.notices[0] == (
        "domain/two.yaml:1: 'faq' stands in 'intents' of domain/a/one.yml:2 as well; that one counts. Remove one."
    )


def test_a_domain_folder_beside_a_file_is_noticed(write: Any) -> None:
    project = read_project(write({**FILES, "domain/x.yml": "intents: [x]\n"}))
    assert project.notices == (
        "domain.yml: The folder 'domain' is not read, for there is a domain file. Remove one of them.",
    )


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProjectError) as caught:
        read_project(tmp_path)
    assert str(caught.value) == (
        "There are 3 problems in the project:\n"
        f"  There is no config.yml in '{tmp_path}'. Run this in the project's folder, or make a project: frontdesk init.\n"
        "  There is no folder 'data' with training files. Make one.\n"
        "  There is no domain.yml and no folder 'domain'. Make one of them."
    )


def test_without_a_readable_domain_no_name_is_doubted(write: Any) -> None:
    with pytest.raises(ProjectError) as caught:
        read_project(write({**FILES, "domain.yml": "intents: [\n"}))
    assert [c.where for c in caught.value.complaints] == ["domain.yml:2"]


def test_a_slot_of_an_action_is_expanded_in_the_domain_only_where_rasa_does(write: Any) -> None:
    files = {**FILES, "domain.yml": FILES["domain.yml"].replace("text: Hi", "text: 'It is ${price}'")}
    assert read_project(write(files)).domain.responses["utter_greet"][0].text == "It is ${price}"


def test_parts_can_be_read_by_themselves(write: Any) -> None:
    folder = write(FILES)
    assert "greet" in read_domain(folder / "domain.yml").intents
    assert len(read_training(folder / "data/mixed.yaml").nlu.examples) == 1
    assert len(read_training(folder / "data").nlu.examples) == 2
    assert len(read_tests(folder / "tests/test_stories.yml").stories) == 1
    with pytest.raises(ProjectError, match="There is no domain"):
        read_domain(folder / "nothing.yml")
