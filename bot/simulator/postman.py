"""Posts a signed webhook to the product, and tries again when Twilio would."""

import asyncio
import logging
import uuid
from dataclasses import dataclass

import aiohttp
from twilio.request_validator import RequestValidator
from yarl import URL

from bot.simulator.webhook_url import Overrides, split_overrides

_RETRY_PAUSE_SECONDS = 0.1
_MEDIA_SECONDS = 15
_MEDIA_BYTES_MAX = 5 * 1024 * 1024
_PICTURES = ("image/png", "image/jpeg")
_log = logging.getLogger("curatorbot.simulator")


@dataclass(frozen=True, slots=True)
class Posted:
    """How a webhook ended: the HTTP status, or None and why there was no answer."""

    status: int | None
    problem: str = ""
    cause: str = ""
    """`ct` or `rt` when there was no answer."""

    @property
    def taken(self) -> bool:
        """Whether the product accepted it."""
        return self.status is not None and 200 <= self.status < 300


class Postman:
    """Signs with the account's auth token and posts forms, as Twilio does."""

    def __init__(self, auth_token: str) -> None:
        self._validator = RequestValidator(auth_token)
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Make the client session; needs a running loop."""
        no_cookies = aiohttp.DummyCookieJar()
        self._session = aiohttp.ClientSession(headers={"User-Agent": "TwilioProxy/1.1"}, cookie_jar=no_cookies)

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    def signature(self, url: str, form: dict[str, str]) -> str:
        """X-Twilio-Signature: base64 of HMAC-SHA1 over the address and the sorted form."""
        return str(self._validator.compute_signature(url, form))

    async def post(self, url: str, form: dict[str, str]) -> Posted:
        """Post a form until it is taken, the retries are used up, or the total time is over."""
        bare, overrides = split_overrides(url)
        headers = {"X-Twilio-Signature": self.signature(bare, form), "I-Twilio-Idempotency-Token": str(uuid.uuid4())}
        result = Posted(None, "no attempt was made")
        try:
            async with asyncio.timeout(overrides.total_seconds):
                for attempt in range(overrides.retries + 1):
                    if attempt:
                        await asyncio.sleep(_RETRY_PAUSE_SECONDS)
                    result = await self._attempt(bare, form, headers, overrides)
                    if not _retried(result, overrides):
                        break
        except TimeoutError:
            result = Posted(None, "no answer in time", "rt")
        if not result.taken:
            _log.warning("webhook not taken: %s %s", bare.partition("?")[0], result.problem or result.status)
        return result

    async def fetch(self, url: str) -> tuple[str, bytes] | None:
        """What a media address holds: content type and bytes; None when it is no picture that WhatsApp takes."""
        assert self._session is not None, "the postman is not open"
        timeout = aiohttp.ClientTimeout(total=_MEDIA_SECONDS)
        try:
            async with self._session.get(URL(url, encoded=True), timeout=timeout) as answer:
                content = await answer.content.read(_MEDIA_BYTES_MAX + 1)
                good = answer.status == 200 and answer.content_type in _PICTURES and len(content) <= _MEDIA_BYTES_MAX
                return (answer.content_type, content) if good else None
        except (aiohttp.ClientError, TimeoutError, OSError):
            return None

    async def _attempt(self, url: str, form: dict[str, str], headers: dict[str, str], overrides: Overrides) -> Posted:
        assert self._session is not None, "the postman is not open"
        timeout = aiohttp.ClientTimeout(
            total=overrides.total_seconds, sock_connect=overrides.connect_seconds, sock_read=overrides.read_seconds
        )
        try:
            async with self._session.post(
                URL(url, encoded=True), data=form, headers=headers, timeout=timeout, allow_redirects=False
            ) as answer:
                await answer.read()
                return Posted(answer.status, "" if answer.ok else f"HTTP {answer.status}")
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL) as error:
            return Posted(None, f"no connection ({type(error).__name__})", "ct")
        except (aiohttp.ClientError, TimeoutError) as error:
            return Posted(None, f"no answer ({type(error).__name__})", "rt")


def _retried(result: Posted, overrides: Overrides) -> bool:
    if result.taken:
        return False
    cause = result.cause or f"{(result.status or 0) // 100}xx"
    return cause in overrides.policy
