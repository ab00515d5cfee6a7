"""WhatsApp by one channel of Wazzup, such as the partner's own free one: sends over httpx, checks and reads webhooks.

Wazzup signs nothing and can be asked nothing: the secret is in the webhook's address, and a send whose answer is lost
stays unknown. Sending it again within 60 seconds says nothing twice, since it carries our id.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, NoReturn

import httpx

from bot.errors import ConfigError, PermanentError
from bot.ids import Address
from bot.messaging.masking import storable, without
from bot.messaging.message import ErrorClass, ErrorCode, Inbound, StatusUpdate
from bot.messaging.sameness import Limit, Sameness
from bot.messaging.templates import Content
from bot.messaging.transport import (
    Accepted,
    Approval,
    Capabilities,
    Exchange,
    OutMessage,
    Rejected,
    Result,
    Seen,
    Unknown,
)
from bot.messaging.transports import wazzup_errors, wazzup_webhook
from bot.messaging.transports.wazzup_request import SENDER_PREFIX, TEXT_MAX, body_of
from bot.settings import WazzupSettings

SAME_TO_ONE = Limit(8, timedelta(seconds=100), per_person=True)
SAME_TO_ALL = Limit(80, timedelta(seconds=10), per_person=False)
"""Below what is said to be taken for spam: 10 to one person in 100 s, 100 to anybody in 10 s."""
PER_SECOND = 20.0
"""Wazzup takes 500 requests in 5 seconds, of everybody who uses the account."""
_CONNECT_SECONDS = 5.0
_ID_MAX = 64
"""An id or code that is longer is none of theirs; the database takes no longer one."""
_ANSWER_MAX = 500
"""So much is shown of an answer that is no JSON."""
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
"""No byte of the request went out."""


class WazzupTransport:
    """The transport `wazzup`, for one channel. Give it back with `close`."""

    name = wazzup_webhook.NAME

    def __init__(self, settings: WazzupSettings) -> None:
        """ConfigError without a key, a channel and a secret for the webhook's address."""
        if settings.api_key is None or settings.channel_id is None or settings.webhook_secret is None:
            raise ConfigError(["wazzup.api_key, wazzup.channel_id and wazzup.webhook_secret are needed to send"])
        self.sender = Address(SENDER_PREFIX + settings.channel_id)
        self.capabilities = Capabilities(
            text_max=TEXT_MAX[settings.transport],
            contents=False,
            status_callbacks=True,
            carries_our_id=False,
            lookup=False,
            window=settings.transport == "wapi",
        )
        self._channel_id = settings.channel_id
        self._transport = settings.transport
        self._templates = settings.templates
        self._secret = settings.webhook_secret.get_secret_value()
        self._key = settings.api_key.get_secret_value()
        self._url = f"{settings.api_url.rstrip('/')}/v3/message"
        self._http = httpx.AsyncClient(
            headers={"Authorization": f"Bearer {self._key}"},
            timeout=httpx.Timeout(settings.timeout_seconds, connect=_CONNECT_SECONDS),
            follow_redirects=False,
            trust_env=False,
        )

    async def send(self, message: OutMessage) -> Result:
        """POST one message, once. A refused connection is certainly unsent; anything later than that is unknown."""
        try:
            body = body_of(message, self._channel_id, self._transport)
        except ValueError as error:
            return Rejected(ErrorClass.RECIPIENT, None, str(error))
        request = {"method": "POST", "url": self._url, "json": body}
        answer = await self._post(body)
        if not isinstance(answer, httpx.Response):
            return replace(answer, exchange=Exchange(request))
        response = {"status": answer.status_code, "body": without(_shown(answer), [self._key])}
        result = read_answer(answer.status_code, answer.content)
        if isinstance(result, Rejected):
            result = replace(result, message=without(result.message, [self._key]))
        return replace(result, exchange=Exchange(request, response))

    async def _post(self, body: Mapping[str, Any]) -> httpx.Response | Rejected | Unknown:
        try:
            return await self._http.post(self._url, json=body)
        except _NOT_SENT as error:
            return Rejected(ErrorClass.RETRY, None, f"no connection: {type(error).__name__}")
        except httpx.InvalidURL as error:
            return Rejected(ErrorClass.CONFIGURATION, None, f"wazzup.api_url: {error}")
        except httpx.TimeoutException:
            return Unknown("no answer in time")
        except httpx.HTTPError as error:
            return Unknown(f"broke off: {type(error).__name__}")

    def verify(self, headers: Mapping[str, str], path_qs: str, body: bytes) -> bool:
        """Whether the address ends in our secret."""
        return wazzup_webhook.is_ours(path_qs, self._secret)

    def parse(self, path_qs: str, body: bytes, now: datetime) -> Sequence[Inbound | StatusUpdate]:
        """As the protocol says; what other channels of the account get is not for us."""
        found = wazzup_webhook.parse(body, now)
        return [one for one in found if not isinstance(one, Inbound) or one.to_address == self.sender]

    def classify(self, code: ErrorCode) -> ErrorClass:
        """As the protocol says; Wazzup's codes are words."""
        return wazzup_errors.classify(str(code))

    async def lookup(self, to: Address, since: datetime) -> list[Seen]:
        """Nothing: Wazzup cannot be asked (`capabilities.lookup`)."""
        return []

    async def received(self, since: datetime) -> list[Inbound]:
        """Nothing: Wazzup cannot be asked."""
        return []

    async def fetch(self, provider_id: str) -> Seen | None:
        """Nothing: Wazzup cannot be asked."""
        return None

    async def create_content(self, content: Content) -> str:
        """The id of the template that was made in Wazzup for this text. PermanentError when the settings name none."""
        found = self._templates.get(f"{content.template}:{content.language}")
        if found is None:
            _not_made(content)
        return found

    async def request_approval(self, content_id: str, content: Content) -> Approval:
        """Templates are submitted in Wazzup's dashboard; one that is named in the settings counts as approved."""
        return Approval("approved")

    async def approval(self, content_id: str) -> Approval:
        """As `request_approval`."""
        return Approval("approved")

    async def close(self) -> None:
        """Close every connection."""
        await self._http.aclose()


def sameness() -> Sameness:
    """The pace that keeps the channel from being taken for a spammer's."""
    return Sameness((SAME_TO_ONE, SAME_TO_ALL))


def _shown(answer: httpx.Response) -> Any:
    """An answer for the delivery log, or its beginning when it is no JSON."""
    try:
        return answer.json()
    except ValueError:
        return answer.text[:_ANSWER_MAX]


def read_answer(http_status: int, body: bytes) -> Result:
    """What an answer to a send means. A 5xx is unknown: the message may have been taken before it broke."""
    if http_status >= 500:
        return Unknown(f"HTTP {http_status}", http_status)
    data = _json_object(body)
    if http_status in (200, 201):
        if isinstance(found := data.get("messageId"), str) and found:
            return Accepted(storable(found)[:_ID_MAX], "queued", http_status)
        return Unknown(f"HTTP {http_status} without a messageId", http_status)
    code = _code(data)
    if code and wazzup_errors.plain(code) == wazzup_errors.REPEATED:
        return _repeated(data, code, http_status)
    description = str(data.get("description") or "")
    text = ": ".join(part for part in (code, description) if part) or f"HTTP {http_status}"
    known = wazzup_errors.spelled(code)[:_ID_MAX] if code else None
    return Rejected(wazzup_errors.classify_answer(http_status, code), known, text, http_status)


def _code(data: Mapping[str, Any]) -> str | None:
    error = data.get("error")
    if isinstance(error, dict):
        error = error.get("code") or error.get("error")
    return storable(error) if isinstance(error, str) and error else None


def _repeated(data: Mapping[str, Any], code: str, http_status: int) -> Result:
    """Wazzup saw our id less than a minute ago. It has the message only where it names it: whether a request that it
    refused keeps its id too is not published, so anything else is settled like a lost answer, after that minute."""
    inner = data.get("data")
    found = inner.get("messageId") if isinstance(inner, dict) else None
    if isinstance(found, str) and found:
        return Accepted(storable(found)[:_ID_MAX], "queued", http_status)
    return Unknown(wazzup_errors.spelled(code), http_status)


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        data = json.loads(body)
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}


def _not_made(content: Content) -> NoReturn:
    raise PermanentError(f"wazzup.templates names no template for {content.template}:{content.language}")
