"""Speak to any endpoint that understands OpenAI's chat completions."""

from __future__ import annotations

import asyncio
import importlib
import os
import time
from collections.abc import Mapping, Sequence
from typing import Any

from frontdesk.errors import ConfigError, LLMError, suggestion
from frontdesk.formats.endpoints import LanguageModel
from frontdesk.llm.breaker import CircuitBreaker
from frontdesk.measures import count

MODEL = "FRONTDESK_LLM_MODEL"
KEY = "OPENAI_API_KEY"
BASE_URL = "OPENAI_BASE_URL"
NO_MODEL = "none"
TIMEOUT = 5.0
OPTIONS = ("api_key_env", "temperature", "max_retries", "failures", "pause")
_ADAPTABLE = ("max_tokens", "max_completion_tokens", "temperature")


class OpenAIChat:
    """Complete chats at OpenAI or a compatible server (vLLM, Ollama, llama.cpp, LiteLLM and others).

        llm = OpenAIChat("some-model", base_url="http://localhost:8000/v1")
        text = await llm.complete([{"role": "user", "content": "Say hello."}], max_tokens=20)

    `timeout` in seconds is for the whole call, retries included. After `failures` failures in a row calls
    fail at once for `pause` seconds. `temperature` None leaves it to the server.
    """

    def __init__(
        self,
        model: str,
        *,
        api_key: str | None = None,
        base_url: str | None = None,
        timeout: float = TIMEOUT,
        temperature: float | None = 0.0,
        max_retries: int = 1,
        failures: int = 3,
        pause: float = 30.0,
    ) -> None:
        self.model = model
        self.base_url = base_url
        self.timeout = timeout
        self.max_retries = max_retries
        self.breaker = CircuitBreaker(failures, pause)
        self._key = api_key
        self._client: Any = None
        # OpenAI's own models want the newer name, most compatible servers the older one; a refusal switches.
        self._limit = "max_completion_tokens" if base_url is None else "max_tokens"
        self._temperature = temperature

    @classmethod
    def from_endpoints(
        cls, configured: LanguageModel | None, environment: Mapping[str, str] | None = None
    ) -> OpenAIChat | None:
        """Return the model that endpoints.yml and the environment name, or None where they name none.

        The file comes before FRONTDESK_LLM_MODEL, OPENAI_BASE_URL and OPENAI_API_KEY (or the variable that
        `api_key_env` names). There is no default model: a key without a model is a ConfigError, and so is a
        model with neither key nor address. FRONTDESK_LLM_MODEL=none runs without one whatever else is set.
        """
        env = os.environ if environment is None else environment
        asked = configured or LanguageModel()
        where = str(asked.place) if asked.place else None
        options = _options(asked.options, where)
        key_variable = str(options.pop("api_key_env", KEY))
        model = asked.model or env.get(MODEL, "").strip()
        key = asked.api_key or env.get(key_variable, "").strip()
        base_url = asked.api_base or env.get(BASE_URL, "").strip()
        if env.get(MODEL, "").strip().lower() == NO_MODEL or model.lower() == NO_MODEL:
            return None
        if not model:
            if not key and not asked.api_base:
                return None
            what = f"{key_variable} is set" if key else "An address of a language model is given"
            hint = f"Set {MODEL} to the name of a model, or to '{NO_MODEL}' to run without one."
            raise ConfigError(f"{what}, but no model is named.", where=where, hint=hint)
        if not key and not base_url:
            hint = f"Set {key_variable}, or {BASE_URL} for a server that needs no key."
            raise ConfigError(
                f"The language model '{model}' has neither a key nor an address.", where=where, hint=hint
            )
        return cls(model, api_key=key or None, base_url=base_url or None, timeout=asked.timeout, **options)

    async def complete(self, messages: Sequence[Mapping[str, str]], *, max_tokens: int = 300) -> str:
        """Return the model's text for chat messages ({role, content}). Raises LLMError."""
        if not self.breaker.enter():
            seconds = self.breaker.remaining
            raise LLMError(f"The language model failed several times and is left alone for {seconds:.0f} s.")
        began = time.monotonic()
        try:
            await self._open()
            began = time.monotonic()
            async with asyncio.timeout(self.timeout):
                text = await self._adapting(messages, max_tokens)
        except TimeoutError as error:
            self.breaker.failed()
            raise LLMError(f"The language model did not answer within {self.timeout:g} s.") from error
        except LLMError:
            self.breaker.failed()
            raise
        except asyncio.CancelledError:
            # Somebody else's deadline: it tells something about the model only if there was time to answer.
            if time.monotonic() - began >= 0.8 * self.timeout:
                self.breaker.failed()
            raise
        else:
            self.breaker.succeeded()
            return text
        finally:
            self.breaker.abandoned()

    async def close(self) -> None:
        """Let go of connections."""
        if self._client is not None:
            await self._client.close()
            self._client = None

    async def _adapting(self, messages: Sequence[Mapping[str, str]], max_tokens: int) -> str:
        """Ask; where the server refuses a parameter that it does not know, ask again without it."""
        for _ in _ADAPTABLE:
            try:
                return await self._ask(messages, max_tokens)
            except _Refused as refusal:
                if not self._drop(refusal.parameter):
                    raise
        return await self._ask(messages, max_tokens)

    def _drop(self, parameter: str | None) -> bool:
        if parameter == "temperature" and self._temperature is not None:
            self._temperature = None
            return True
        if parameter == self._limit:
            self._limit = "max_completion_tokens" if self._limit == "max_tokens" else "max_tokens"
            return True
        return False

    async def _ask(self, messages: Sequence[Mapping[str, str]], max_tokens: int) -> str:
        import openai

        parameters: dict[str, Any] = {self._limit: max_tokens}
        if self._temperature is not None:
            parameters["temperature"] = self._temperature
        try:
            reply = await self._client.chat.completions.create(
                model=self.model, messages=[dict(message) for message in messages], **parameters
            )
        except openai.APITimeoutError as error:
            raise TimeoutError from error
        except openai.APIConnectionError as error:
            raise LLMError("The language model cannot be reached.", where=self.base_url) from error
        except openai.APIStatusError as error:
            raise self._status(error) from error
        except (openai.OpenAIError, ValueError, TypeError, AttributeError) as error:
            what = f"The language model's reply cannot be read ({type(error).__name__})."
            raise LLMError(what, where=self.base_url) from error
        _count_tokens(getattr(reply, "usage", None))
        return _text(reply)

    def _status(self, error: Any) -> LLMError:
        """Say what the server refused; its own words stay out, for they may repeat a part of the key."""
        status = int(error.status_code)
        if status == 400:
            said = f"{getattr(error, 'param', '')} {error}"
            refused = next((name for name in (self._limit, "temperature") if name in said), None)
            if refused:
                return _Refused(refused)
        hints = {
            401: "Check the key.",
            403: "Check what the key may do.",
            404: f"Check the model's name ('{self.model}') and the address.",
            429: "Too many calls, or no credit left.",
        }
        return LLMError(
            f"The language model's server answered with status {status}.",
            where=self.base_url,
            hint=hints.get(status),
        )

    async def _open(self) -> None:
        if self._client is not None:
            return
        # Importing the client takes half a second: not while the event loop waits, nor out of the model's time.
        module = await asyncio.to_thread(importlib.import_module, "openai")
        if self._client is None:
            self._client = module.AsyncOpenAI(
                # Servers without keys accept any; the client insists on one.
                api_key=self._key or "not-needed",
                base_url=self.base_url,
                timeout=self.timeout,
                max_retries=self.max_retries,
            )


class _Refused(LLMError):
    """The server does not take one of the parameters."""

    def __init__(self, parameter: str) -> None:
        super().__init__(f"The language model's server does not take '{parameter}'.")
        self.parameter = parameter


def _count_tokens(usage: Any) -> None:
    for kind, name in (("input", "prompt_tokens"), ("output", "completion_tokens")):
        tokens = getattr(usage, name, None)
        if isinstance(tokens, int) and tokens > 0:
            count("csr_llm_tokens_used", kind, tokens)


def _text(reply: Any) -> str:
    choices = getattr(reply, "choices", None)
    message = getattr(choices[0], "message", None) if choices else None
    content = getattr(message, "content", None)
    if not isinstance(content, str) or not content.strip():
        raise LLMError("The language model gave no text.")
    if getattr(choices[0] if choices else None, "finish_reason", None) == "length":
        raise LLMError("The language model's text was cut off.", hint="Allow more tokens.")
    return content.strip()


def _options(given: Mapping[str, Any], where: str | None) -> dict[str, Any]:
    """Return the options that this client knows; another is a mistake."""
    options = dict(given)
    for name in options:
        if name not in OPTIONS:
            raise ConfigError(f"'llm' has no option '{name}'.", where=where, hint=suggestion(name, OPTIONS))
    for name in ("temperature", "max_retries", "failures", "pause"):
        if name in options and (
            isinstance(options[name], bool) or not isinstance(options[name], int | float)
        ):
            raise ConfigError(f"'{name}' of 'llm' must be a number, not '{options[name]}'.", where=where)
    for name in ("max_retries", "failures"):
        if name in options:
            options[name] = int(options[name])
    return options
