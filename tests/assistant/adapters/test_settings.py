"""adapters.yml: what is chosen, and what is complained of, with the line."""

from __future__ import annotations

from pathlib import Path

import pytest

from actions.adapters.errors import AdapterConfigError
from actions.adapters.settings import FILE, Adapters, StripeSettings, ZendeskSettings, load_adapters

ZENDESK = """\
# a comment
tickets:
  zendesk:
    url: https://acme.zendesk.com/
    email: bot@acme.example
    token: ${TEST_TOKEN}
    group_id: 12
payments:
  stripe:
    api_key: ${TEST_TOKEN}
    url: http://127.0.0.1:${TEST_PORT:-8420}
"""


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_TOKEN", "hush")
    monkeypatch.delenv("FRONTDESK_ADAPTERS", raising=False)


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "adapters.yml"
    path.write_text(text)
    return path


def test_the_projects_own_file_embeds_everything() -> None:
    assert FILE.exists()
    assert load_adapters() == Adapters()


def test_settings_are_read(tmp_path: Path) -> None:
    adapters = load_adapters(written(tmp_path, ZENDESK))
    assert adapters.tickets == ZendeskSettings(
        url="https://acme.zendesk.com", email="bot@acme.example", token="hush", group_id=12
    )
    assert adapters.payments == StripeSettings(api_key="hush", url="http://127.0.0.1:8420")
    assert adapters.commerce is None
    assert "hush" not in repr(adapters)


@pytest.mark.parametrize("text", ["", "# nothing\n", "tickets: embedded\n", "tickets:\n"])
def test_nothing_said_is_embedded(tmp_path: Path, text: str) -> None:
    assert load_adapters(written(tmp_path, text)) == Adapters()


def test_a_missing_file_is_embedded_unless_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert load_adapters(tmp_path / "adapters.yml") == Adapters()
    monkeypatch.setenv("FRONTDESK_ADAPTERS", str(tmp_path / "other.yml"))
    with pytest.raises(AdapterConfigError, match="other.yml .* doesn't exist"):
        load_adapters()
    written(tmp_path, ZENDESK).rename(tmp_path / "other.yml")
    assert load_adapters().tickets is not None


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("tickets:", "ticket:", "adapters.yml:2: the key 'ticket' is unknown; was 'tickets' meant?"),
        (
            "tickets:",
            "mail:",
            "adapters.yml:2: the key 'mail' is unknown; known are tickets, payments, commerce.",
        ),
        ("zendesk:", "zendsk:", "adapters.yml:3: the key 'zendsk' is unknown; was 'zendesk' meant?"),
        ("email:", "mail:", "adapters.yml:5: the key 'mail' is unknown; was 'email' meant?"),
        ("    email: bot@acme.example\n", "", "adapters.yml:3: the key 'email' is missing."),
        (
            "${TEST_TOKEN}\n    group",
            "abc123\n    group",
            "adapters.yml:6: 'token' is a secret and must not stand",
        ),
        (
            "${TEST_TOKEN}\n    group",
            "${TEST_NONE}\n    group",
            "adapters.yml:6: .* TEST_NONE, which isn't set",
        ),
        ("group_id: 12", "group_id: twelve", "adapters.yml:7: 'group_id' has to be a whole number."),
        ("bot@acme.example", "[a]", "adapters.yml:5: 'email' has to be a text."),
        (
            "https://acme.zendesk.com/",
            "http://acme.zendesk.com",
            "adapters.yml:4: 'url' has to be an address",
        ),
        ("https://acme", "https://ann:pw@acme", "adapters.yml:4: 'url' has to be an address"),
        ("https://acme.zendesk.com/", "acme.zendesk.com", "adapters.yml:4: 'url' has to be an address"),
        ("https://acme.zendesk.com/", "file:///etc", "adapters.yml:4: 'url' has to be an address"),
        ("127.0.0.1", "10.0.0.1", "adapters.yml:11: 'url' has to be an address"),
    ],
)
def test_mistakes_are_told_with_their_line(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    assert old in ZENDESK
    with pytest.raises(AdapterConfigError, match=complaint) as caught:
        load_adapters(written(tmp_path, ZENDESK.replace(old, new, 1)))
    assert "abc123" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("tickets: zendesk\n", "adapters.yml:1: 'tickets' has to be 'embedded', or one of zendesk"),
        ("tickets:\n  zendesk:\n", "adapters.yml:2: 'zendesk' has no settings"),
        ("tickets: {zendesk: {}, stripe: {}}\n", "adapters.yml:1: 'tickets' has to be"),
        ("- tickets\n", "has to be a map"),
        ("tickets: [\n", "adapters.yml:2: This is not valid YAML"),
    ],
)
def test_what_is_no_choice_is_told(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(AdapterConfigError, match=complaint):
        load_adapters(written(tmp_path, text))
