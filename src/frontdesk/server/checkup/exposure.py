"""What others can reach, and what they have to show: the port, encryption, pages of other sites, keys and secrets."""

from __future__ import annotations

import stat
from collections.abc import Iterable

import httpx

from frontdesk.auth.access import Access
from frontdesk.auth.secret import SHORTEST, VARIABLE
from frontdesk.errors import ConfigError
from frontdesk.runtime.assembly import STATE
from frontdesk.server.checkup.deployment import Deployment, Finding, Level

PORT, ACCESS, SECRETS = "port", "access", "secrets"
MAKE_ONE = 'Make one: python -c "import secrets; print(secrets.token_urlsafe(48))".'
LEAST_VARIETY = 10
"""Different characters that a secret made by chance has at least."""


async def check_port(deployment: Deployment) -> list[Finding]:
    """Tell whether the server can listen, or which server does."""
    at = deployment.at
    try:
        at.check()
    except ConfigError as error:
        return [await _who_listens(deployment, error)]
    return [Finding(PORT, Level.OK, f"The server can listen on {at.interface}, port {at.port}.")]


async def _who_listens(deployment: Deployment, error: ConfigError) -> Finding:
    where = deployment.at.url.rstrip("/")
    try:
        async with httpx.AsyncClient(timeout=3, verify=False, trust_env=False) as client:  # noqa: S501  # our own
            answer = await client.get(f"{where}/ready")
            told = answer.json()
            status = str(told["status"])
            failing = [name for name, part in told["dependencies"].items() if part["state"] == "failing"]
    except (httpx.HTTPError, ValueError, KeyError, TypeError, AttributeError):
        return Finding(PORT, Level.ERROR, error.what, error.hint or "")
    if status == "ready" and not failing:
        return Finding(PORT, Level.OK, f"A server answers at {where}, and is ready.")
    level = Level.WARNING if status == "ready" else Level.ERROR
    what = f"The server at {where} is {status}; failing: {', '.join(failing) or 'nothing'}."
    return Finding(PORT, level, what, "See its log.")


async def check_access(deployment: Deployment) -> list[Finding]:
    """Tell what is open to whom."""
    return list(access_findings(deployment, deployment.protection().access)) or [
        Finding(ACCESS, Level.OK, "Nothing is open that should not be.")
    ]


def access_findings(deployment: Deployment, access: Access) -> Iterable[Finding]:
    """Judge what the options open."""
    public, at = deployment.public, deployment.at
    if deployment.api and not access.needed:
        what = "The HTTP API asks nobody who they are."
        mend = "Make API keys, or give --auth-token or --jwt-secret (docs/http-api.md)."
        yield Finding(ACCESS, Level.ERROR if public else Level.NOTE, what, mend)
    for sentence in access.weak:
        yield Finding(ACCESS, Level.WARNING, sentence, MAKE_ONE)
    if "*" in at.origins:
        what = "Pages of every site may use the server (--cors '*')."
        yield Finding(ACCESS, Level.WARNING, what, "Name the sites: --cors https://www.example.com.")
    if public and at.encryption is None:
        what = "The server speaks plain HTTP to other machines."
        mend = "Give --ssl-certificate and --ssl-keyfile, or let a proxy in front of it speak TLS."
        yield Finding(ACCESS, Level.NOTE, what, mend)
    for entry in deployment.credentials.channels.values():
        if entry.trusted and public:
            what = f"Whoever reaches the port may speak as any user of '{entry.name}' (trusted: true)."
            yield Finding(
                ACCESS, Level.ERROR, what, "Write 'trusted_token: ${FRONTDESK_REST_TOKEN}' instead."
            )
    if not deployment.settings.rate_limits:
        what = "Nobody is held to any rate (FRONTDESK_RATE_LIMITS=false)."
        yield Finding(ACCESS, Level.WARNING if public else Level.NOTE, what, "Switch the limits on again.")
    if deployment.settings.log_conversations == "plain":
        what = "Logs name conversations by the ids of their users (FRONTDESK_LOG_CONVERSATIONS=plain)."
        yield Finding(ACCESS, Level.NOTE, what, "Leave it at 'hashed' where ids are phone numbers or names.")
    if deployment.settings.log_level == "DEBUG":
        yield Finding(
            ACCESS, Level.NOTE, "Everything is logged (LOG_LEVEL=DEBUG).", "Use INFO in production."
        )


async def check_secrets(deployment: Deployment) -> list[Finding]:
    """Judge the secret that tokens of conversations are signed with."""
    given = deployment.environment.get(VARIABLE)
    if given is not None:
        return [secret_finding(given)]
    file = deployment.layout.folder / STATE / "secret"
    if deployment.several:
        what = f"{VARIABLE} is not set, and servers share conversations: each makes a secret of its own."
        return [Finding(SECRETS, Level.WARNING, what, f"Set the same one on all of them. {MAKE_ONE}")]
    if file.exists() and stat.S_IMODE(file.stat().st_mode) & 0o077:
        what = f"{file}: others on this machine may read the secret."
        return [Finding(SECRETS, Level.ERROR, what, f"chmod 600 {file}")]
    return [Finding(SECRETS, Level.OK, "This server has a secret of its own, in a file for its owner alone.")]


def secret_finding(secret: str) -> Finding:
    """Judge a secret; it is never told."""
    if len(secret) < SHORTEST:
        what = f"{VARIABLE} has fewer than {SHORTEST} characters: the server does not start."
        return Finding(SECRETS, Level.ERROR, what, MAKE_ONE)
    if len(set(secret)) < LEAST_VARIETY:
        what = f"{VARIABLE} has only {len(set(secret))} different characters: it can be guessed."
        return Finding(SECRETS, Level.ERROR, what, MAKE_ONE)
    return Finding(SECRETS, Level.OK, f"{VARIABLE} is long enough.")
