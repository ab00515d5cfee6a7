"""WhatsApp by Twilio: sends over one long-lived connection pool, checks and reads webhooks.

The hot path is plain aiohttp: Twilio's SDK costs twice the CPU per message and posts again after a 5xx, which sends
twice. Everything rarer (contents, looking messages up) goes through the SDK in `twilio_api`.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import quote

import aiohttp
from yarl import URL

from bot.errors import ConfigError
from bot.ids import Address, DeliveryId
from bot.messaging.message import TEXT_MAX, ErrorClass, ErrorCode, Inbound, StatusUpdate
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
from bot.messaging.transports import twilio_webhook
from bot.messaging.transports.twilio_api import TwilioApi
from bot.messaging.transports.twilio_errors import classify, classify_answer
from bot.messaging.transports.twilio_signature import is_genuine
from bot.settings import TwilioSettings

CONNECTIONS = 64
_CONNECT_SECONDS = 5.0
_KEEP_ALIVE_SECONDS = 15.0
"""Shorter than any server's: a connection that it closes just as we send would leave that send unknown."""
_NOT_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.ClientConnectorCertificateError)
"""No byte of the request went out."""
_LINKS = ("subresource_uris", "uri", "api_version")
_ANSWER_MAX = 500
"""So much is shown of an answer that is no JSON: a proxy's page, as a rule."""
_STATUS_PATH = "/webhooks/twilio/status"


class TwilioTransport:
    """The transport `twilio`. Give it back with `close`."""

    name = twilio_webhook.NAME
    capabilities = Capabilities(
        text_max=TEXT_MAX, contents=True, status_callbacks=True, carries_our_id=True, lookup=True
    )

    def __init__(self, settings: TwilioSettings, public_url: str, *, connections: int = CONNECTIONS) -> None:
        """ConfigError without an account or its token. `public_url` is what Twilio calls us by."""
        if not settings.account_sid or settings.auth_token is None:
            raise ConfigError(["twilio.account_sid and twilio.auth_token are needed to send"])
        self._account_sid = settings.account_sid
        token = settings.auth_token.get_secret_value()
        old = [secret.get_secret_value() for secret in settings.old_auth_tokens]
        self._secrets = [secret.encode() for secret in (token, *old)]
        self._public_url = public_url.rstrip("/")
        self._url = f"{settings.api_url.rstrip('/')}/2010-04-01/Accounts/{self._account_sid}/Messages.json"
        self._headers = {
            "Authorization": aiohttp.encode_basic_auth(self._account_sid, token),
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
        }
        self._timeout = aiohttp.ClientTimeout(
            total=None, sock_connect=_CONNECT_SECONDS, sock_read=settings.timeout_seconds
        )
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None
        self._api = TwilioApi(settings, self._open_session)

    async def send(self, message: OutMessage) -> Result:
        """POST one message, once. A refused connection is certainly unsent; anything later than that is unknown."""
        form = self.form(message)
        request = {"method": "POST", "url": self._url, "form": form}
        answered, response = await self._post(form)
        return replace(answered, exchange=Exchange(request, response))

    async def _post(self, form: Mapping[str, str]) -> tuple[Result, Mapping[str, Any] | None]:
        """What came of a request, and what was answered, if anything."""
        session = await self._open_session()
        try:
            async with session.post(
                self._url, data=encoded(form), headers=self._headers, timeout=self._timeout, allow_redirects=False
            ) as answer:
                body = await answer.read()
                response = {"status": answer.status, "request_id": answer.headers.get("Twilio-Request-Id")}
                return read_answer(answer.status, body), response | {"body": _shown(body)}
        except _NOT_SENT as error:
            return Rejected(ErrorClass.RETRY, None, f"no connection: {type(error).__name__}"), None
        except (aiohttp.InvalidURL, UnicodeError) as error:
            return Rejected(ErrorClass.CONFIGURATION, None, f"twilio.api_url: {error}"), None
        except TimeoutError:
            return Unknown("no answer in time"), None
        except (aiohttp.ClientError, OSError, asyncio.IncompleteReadError) as error:
            return Unknown(f"broke off: {type(error).__name__}"), None

    def form(self, message: OutMessage) -> dict[str, str]:
        """The parameters of the request. A content without variables goes without them (an empty set is refused)."""
        form = {
            "To": message.to,
            "From": message.sender,
            "StatusCallback": self.callback_url(message.delivery_id),
            "ValidityPeriod": str(min(max(message.validity_seconds, 1), 36_000)),
        }
        if message.content_id is None:
            picture = {"MediaUrl": message.media} if message.media else {}
            return form | {"Body": message.body} | picture
        form["ContentSid"] = message.content_id
        if message.variables:
            form["ContentVariables"] = json.dumps(dict(message.variables), ensure_ascii=False)
        return form

    def callback_url(self, delivery_id: DeliveryId) -> str:
        """Where Twilio reports on a message; it carries our id, so that a report never finds us unprepared."""
        return f"{self._public_url}{_STATUS_PATH}?d={quote(delivery_id, safe='')}"

    def verify(self, headers: Mapping[str, str], path_qs: str, body: bytes) -> bool:
        """As the protocol says: X-Twilio-Signature by the account's token, or by one still accepted."""
        return is_genuine(headers, self._public_url + path_qs, body, self._secrets)

    def parse(self, path_qs: str, body: bytes, now: datetime) -> Sequence[Inbound | StatusUpdate]:
        """As the protocol says."""
        return twilio_webhook.parse(path_qs, body, now, self._account_sid)

    def classify(self, code: ErrorCode) -> ErrorClass:
        """As the protocol says; the table is `twilio_errors`."""
        return classify(code) if isinstance(code, int) else ErrorClass.PERMANENT

    async def lookup(self, to: Address, since: datetime) -> list[Seen]:
        """As the protocol says."""
        return await self._api.lookup(to, since)

    async def received(self, since: datetime) -> list[Inbound]:
        """As the protocol says."""
        return await self._api.received(since)

    async def fetch(self, provider_id: str) -> Seen | None:
        """As the protocol says."""
        return await self._api.fetch(provider_id)

    async def create_content(self, content: Content) -> str:
        """As the protocol says; the id is Twilio's `HX…`."""
        return await self._api.create_content(content)

    async def request_approval(self, content_id: str, content: Content) -> Approval:
        """As the protocol says."""
        return await self._api.request_approval(content_id, content)

    async def approval(self, content_id: str) -> Approval:
        """As the protocol says."""
        return await self._api.approval(content_id)

    async def close(self) -> None:
        """Close every connection. The next use opens new ones."""
        if self._session is not None:
            session, self._session = self._session, None
            await session.close()

    async def _open_session(self) -> aiohttp.ClientSession:
        """The one session, made inside the running loop."""
        if self._session is None or self._session.closed:
            connector = aiohttp.TCPConnector(limit=self._connections, keepalive_timeout=_KEEP_ALIVE_SECONDS)
            self._session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())
        return self._session


def encoded(form: Mapping[str, str]) -> bytes:
    """A form as the body of a request. yarl's quoting takes a fifth of the time of `urlencode`; it leaves the
    semicolon, which some servers take for a separator."""
    return URL.build(query=form).raw_query_string.replace(";", "%3B").encode("ascii")


def read_answer(http_status: int, body: bytes) -> Result:
    """What an answer to a send means. A 5xx is unknown: the message may have been taken before it broke."""
    if http_status >= 500:
        return Unknown(f"HTTP {http_status}", http_status)
    data = _json_object(body)
    if http_status in (200, 201):
        if isinstance(sid := data.get("sid"), str) and sid:
            return Accepted(sid, str(data.get("status") or "queued"), http_status)
        return Unknown(f"HTTP {http_status} without a sid", http_status)
    code = data.get("code")
    known = code if isinstance(code, int) else None
    text = str(data.get("message") or f"HTTP {http_status}")
    return Rejected(classify_answer(http_status, known), known, text, http_status)


def _shown(body: bytes) -> Any:
    """An answer for the delivery log: its fields without the links to other resources, or its beginning as it is."""
    if data := _json_object(body):
        return {name: value for name, value in data.items() if name not in _LINKS}
    return body[:_ANSWER_MAX].decode("utf-8", errors="replace")


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        data = json.loads(body)
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}
