"""One settings file at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from frontdesk.errors import ConfigError
from frontdesk.formats.complaints import ProjectError
from frontdesk.formats.credentials import Credentials
from frontdesk.formats.endpoints import Endpoints
from frontdesk.formats.settings_files import read_config, read_credentials, read_endpoints


def test_each_file_is_read_by_itself(write: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_MODEL_OF_THIS_TEST", "small")
    folder = write(
        {
            "config.yml": "language: de\n",
            "endpoints.yml": "llm: {model: '${A_MODEL_OF_THIS_TEST}'}\n",
            "credentials.yaml": "rest:\n",
        }
    )
    assert read_config(folder).language == "de"
    found = read_endpoints(folder).llm
    assert found is not None
    assert found.model == "small"
    assert list(read_credentials(folder).channels) == ["rest"]


def test_keys_of_config_that_rasa_ignores_are_ignored(write: Any) -> None:
    assert read_config(write({"config.yml": "language: de\nsession_config: {}\n"})).language == "de"


def test_who_needs_no_secrets_reads_the_rest(write: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOT_SET_IN_THIS_TEST", raising=False)
    lines = 'tracker_store: {url: "${NOT_SET_IN_THIS_TEST}"}\nknowledge: {articles: texts}\n'
    folder = write({"endpoints.yml": lines})
    found = read_endpoints(folder, secrets=False).knowledge
    assert found is not None
    assert found.articles == "texts"
    with pytest.raises(ConfigError, match=r"endpoints.yml:1: .*NOT_SET_IN_THIS_TEST.* is not set"):
        read_endpoints(folder)


def test_a_missing_file_says_nothing(tmp_path: Path) -> None:
    assert read_endpoints(tmp_path) == Endpoints()
    assert read_credentials(tmp_path) == Credentials()


def test_complaints_are_raised(write: Any) -> None:
    with pytest.raises(ProjectError, match="endpoints.yml:1: The content of the file must be a mapping"):
        read_endpoints(write({"endpoints.yml": "- a\n"}))
