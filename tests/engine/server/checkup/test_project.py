from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from frontdesk.errors import ConfigError
from frontdesk.server.checkup.deployment import Deployment, Level
from frontdesk.server.checkup.machine import room_finding
from frontdesk.server.checkup.project import check_files, check_model, secrets_in

Make = Callable[..., Deployment]

FILE = """
rest:
  trusted_token: ${TOKEN}
slack:
  slack_token: "xoxb-1234567"   # copied
  slack_signing_secret: '${SIGNING}'
chat:
  token_hours: 12
  token_name: token
  password:
"""


def test_secrets_that_stand_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "credentials.yml"
    file.write_text(FILE)
    [finding] = secrets_in(file)
    assert finding.what == "credentials.yml:5: 'slack_token' stands in the file itself."
    assert "xoxb" not in finding.what + finding.mend


async def test_files(deployment: Make, tmp_path: Path) -> None:
    made = deployment()
    assert [finding.level for finding in await check_files(made)] == [Level.OK, Level.WARNING], (
        "no channel is open"
    )
    (tmp_path / "credentials.yml").write_text("rest:\n")
    assert [finding.level for finding in await check_files(made)] == [Level.OK]
    (tmp_path / "credentials.yml").write_text("rset:\n")
    with pytest.raises(ConfigError, match="Did you mean 'rest'"):
        await check_files(made)


async def test_no_model(deployment: Make) -> None:
    [finding] = await check_model(deployment())
    assert (finding.level, finding.mend) == (Level.ERROR, "Train one: frontdesk train.")


@pytest.mark.parametrize(
    ("free", "level"), [(5_000_000_000, Level.OK), (500_000_000, Level.WARNING), (1_000_000, Level.ERROR)]
)
def test_room(tmp_path: Path, free: int, level: Level) -> None:
    assert room_finding(tmp_path, free).level is level
