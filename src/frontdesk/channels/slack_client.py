"""Speak with Slack by its own SDK: post messages, answer at response addresses, hold a socket open."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from frontdesk.channels.lines import NotTaken
from frontdesk.channels.vendor import BUSY, pause
from frontdesk.errors import ConfigError, FrontdeskError, MissingExtra

if TYPE_CHECKING:
    from aiohttp import ClientSession
    from slack_sdk.signature import SignatureVerifier
    from slack_sdk.web.async_client import AsyncWebClient

log = logging.getLogger("frontdesk.channels")
# The SDK writes requests and answers into its log at DEBUG, and they hold what people say.
sdk_log = logging.getLogger("frontdesk.channels.slack_sdk")
sdk_log.setLevel(logging.INFO)

Hear = Callable[[str, Mapping[str, Any]], Awaitable[Mapping[str, Any] | None]]

DEADLINE = 15  # seconds for each call
TOO_OFTEN = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})
PASSING = frozenset(
    {"internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org"}
)
"""What Slack answers where the same may go well a moment later."""
HOPELESS = frozenset(
    {"invalid_auth", "not_authed", "not_allowed_token_type", "account_inactive", "token_revoked"}
)


@dataclass(frozen=True, slots=True)
class Post:
    """A message on its way: `content` for chat.postMessage, or for `response_url`.

    `otherwise` goes where a response address takes nothing more: it is good for half an hour and five messages.
    """

    content: Mapping[str, Any]
    response_url: str | None = None
    otherwise: Post | None = None


def signatures(secret: str) -> SignatureVerifier:
    """Return what checks Slack's signatures. Raises MissingExtra, ConfigError."""
    try:
        from slack_sdk.signature import SignatureVerifier
    except ImportError as error:
        raise _missing() from error
    return SignatureVerifier(secret)


class SlackClient:
    """Posts messages with a bot's token.

    `hooks` is the only place (scheme, host and port) at which a response address may be; redirects are not followed.
    """

    def __init__(self, token: str, api: str, hooks: str, proxy: str | None) -> None:
        try:
            import aiohttp
            import slack_sdk
        except ImportError as error:
            raise _missing() from error
        del aiohttp, slack_sdk  # they are loaded when the first message is posted
        for name, address in (("slack_api_url", api), ("slack_hooks_url", hooks)):
            if not _origin(address):
                hint = "Write 'https://host/'."
                raise ConfigError(f"'{name}' of the slack channel is '{address}'.", hint=hint)
        self.token = token
        self.api = api
        self.hooks = _origin(hooks)
        self.proxy = proxy
        self._session: ClientSession | None = None
        self._web: AsyncWebClient | None = None

    def web(self) -> AsyncWebClient:
        """Return the SDK's client; its connections belong to the loop that runs."""
        if self._web is None:
            import aiohttp
            from slack_sdk.web.async_client import AsyncWebClient

            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=DEADLINE))
            self._web = AsyncWebClient(
                self.token,
                base_url=self.api,
                timeout=DEADLINE,
                proxy=self.proxy,
                session=self._session,
                logger=sdk_log,
                retry_handlers=[],  # lines try again, and wait without holding up others
            )
        return self._web

    async def check(self) -> None:
        """Log once where Slack refuses the token: else only what cannot be posted would tell."""
        from slack_sdk.errors import SlackApiError

        try:
            await self.web().auth_test()
        except SlackApiError as error:
            if _error(error.response) in HOPELESS:
                log.error("Slack refuses 'slack_token' (%s): nothing can be posted.", _error(error.response))
        except Exception as error:  # whatever the network does; it is seen again with the first message
            log.warning("Slack cannot be reached yet (%s).", type(error).__name__)

    def may_answer_at(self, address: str | None) -> bool:
        """Tell whether an address is one of Slack's for answers; whatever a request names, nothing else is called."""
        return bool(address) and _origin(str(address)) == self.hooks

    async def post(self, post: Post) -> None:
        """Post one message. Raises NotTaken."""
        import aiohttp
        from slack_sdk.errors import SlackApiError, SlackClientError

        try:
            if post.response_url is None:
                await self.web().api_call("chat.postMessage", json=dict(post.content))
            else:
                await self._answer(post)
        except SlackApiError as error:
            raise _refused(error.response) from error
        except (aiohttp.ClientError, TimeoutError, SlackClientError) as error:
            raise NotTaken(f"No answer ({type(error).__name__}).") from error

    async def _answer(self, post: Post) -> None:
        self.web()
        if self._session is None or not self.may_answer_at(post.response_url):
            raise NotTaken("The response address is not one of Slack's.", final=True)
        async with self._session.post(
            str(post.response_url), json=dict(post.content), allow_redirects=False, proxy=self.proxy
        ) as response:
            if response.status == 200:
                return
            after = pause(response.headers.get("Retry-After")) if response.status == BUSY else None
            final = response.status < 500 and response.status != BUSY
        if final and post.otherwise is not None:
            await self.post(post.otherwise)
            return
        raise NotTaken(
            f"The response address answered with status {response.status}.", final=final, after=after
        )

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            session, self._session, self._web = self._session, None, None
            await session.close()


class Socket:
    """Socket Mode: Slack's requests come over a WebSocket that is opened from here, and opened again when it ends.

    `hear` gets the kind and the payload of a request, and may return what is shown at once. Then the request is
    acknowledged; where it raises, Slack tells it again.
    """

    def __init__(self, client: SlackClient, app_token: str, hear: Hear) -> None:
        self.client = client
        self.app_token = app_token
        self.hear = hear
        self._socket: Any = None  # the SDK's client, most of which is not typed

    async def open(self) -> None:
        """Connect, however long that takes; an app token that Slack refuses is logged once."""
        from slack_sdk.errors import SlackApiError
        from slack_sdk.socket_mode.aiohttp import SocketModeClient

        self._socket = SocketModeClient(
            self.app_token, logger=sdk_log, web_client=self.client.web(), proxy=self.client.proxy
        )
        self._socket.socket_mode_request_listeners.append(self._listen)
        while True:
            try:
                self._socket.wss_uri = await self._socket.issue_new_wss_url()
                break
            except SlackApiError as error:
                if _error(error.response) in HOPELESS:
                    log.error(
                        "Slack refuses 'app_token' (%s): nothing is heard from it.", _error(error.response)
                    )
                    return
            except Exception as error:  # whatever the network does
                log.warning("Slack cannot be reached yet (%s).", type(error).__name__)
            await asyncio.sleep(self._socket.ping_interval)
        await self._socket.connect()

    async def _listen(self, socket: Any, request: Any) -> None:
        from slack_sdk.socket_mode.response import SocketModeResponse

        try:
            told = request.payload if isinstance(request.payload, dict) else {}
            answer = await self.hear(str(request.type), told)
        except FrontdeskError as error:
            log.error("What Slack told could not be taken; it tells it again: %s", error)
            return
        response = SocketModeResponse(request.envelope_id, dict(answer) if answer else None)
        await socket.send_socket_mode_response(response)

    async def close(self) -> None:
        """Hear nothing more."""
        if self._socket is not None:
            await self._socket.close()


def _missing() -> MissingExtra:
    return MissingExtra("The slack channel", "slack")


def _error(response: Any) -> str:
    """Return Slack's word for what went wrong; `response` is the SDK's, or aiohttp's where it holds no JSON."""
    content = getattr(response, "data", None)
    return str(content.get("error") or "") if isinstance(content, dict) else ""


def _refused(response: Any) -> NotTaken:
    """Return why Slack did not take a message."""
    status = int(getattr(response, "status_code", None) or getattr(response, "status", None) or 0)
    error = _error(response)
    why = f"Slack answered '{error}'." if error else f"Slack answered with status {status}."
    if status == BUSY or error in TOO_OFTEN:
        return NotTaken(why, after=pause(response.headers.get("Retry-After")))
    return NotTaken(why, final=status < 500 and error not in PASSING)


def _origin(address: str) -> tuple[str, str, int] | None:
    """Return scheme, host and port of an address; None where it is none, or hides them behind a user's name."""
    try:
        parts = urlsplit(address)
        port = parts.port or {"https": 443, "http": 80}.get(parts.scheme, 0)
    except ValueError:
        return None
    hidden = "@" in parts.netloc or "\\" in address or any(c.isspace() for c in address)
    if not (parts.scheme in ("https", "http") and parts.hostname and port) or hidden:
        return None
    return parts.scheme, parts.hostname, port
