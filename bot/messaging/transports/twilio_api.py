"""The rarer side of Twilio: storing texts and having them approved, asking what became of a message. By its SDK."""

from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import aiohttp

from bot.errors import PermanentError, TransientError, UserError
from bot.ids import Address
from bot.messaging.message import Inbound
from bot.messaging.templates import Content
from bot.messaging.transport import Approval, Seen
from bot.messaging.transports.twilio_errors import classify
from bot.messaging.transports.twilio_webhook import NAME, price_of
from bot.phone import whatsapp_address
from bot.settings import TwilioSettings

if TYPE_CHECKING:
    from twilio.rest import Client

_LOOKUP_MAX = 50
_RECEIVED_MAX = 5_000
_PAGE = 1_000
T = TypeVar("T")


class TwilioApi:
    """Calls of the SDK. It is imported with the first one: it costs a third of a second and 20 MB."""

    def __init__(self, settings: TwilioSettings, session: Callable[[], Awaitable[aiohttp.ClientSession]]) -> None:
        self._settings = settings
        self._session = session

    async def lookup(self, to: Address, since: datetime) -> list[Seen]:
        """What was sent to somebody since then, newest first. By creation: a queued one has no date of sending."""
        messages = self._client.messages
        found = await _call(messages.list_async(to=to, from_=self._settings.sender, limit=_LOOKUP_MAX))
        return [seen for one in found if (seen := _seen(one)).created_at >= since]

    async def received(self, since: datetime) -> list[Inbound]:
        """What people sent to our sender since then, oldest first."""
        messages = self._client.messages
        found = await _call(
            messages.list_async(to=self._settings.sender, date_sent_after=since, limit=_RECEIVED_MAX, page_size=_PAGE)
        )
        heard = [one for entry in found if str(entry.direction) == "inbound" for one in _inbound(entry)]
        return sorted((one for one in heard if one.received_at >= since), key=lambda one: one.received_at)

    async def fetch(self, provider_id: str) -> Seen | None:
        """One message; None when Twilio knows none of this id."""
        try:
            return _seen(await _call(self._client.messages(provider_id).fetch_async()))
        except PermanentError as error:
            if getattr(error.__cause__, "status", None) == 404:
                return None
            raise

    async def create_content(self, content: Content) -> str:
        """Store a text; the id is `HX` and 32 digits."""
        from twilio.rest.content.v1.content import ContentList

        request = ContentList.ContentCreateRequest(content_json(content))
        created = await _call(self._client.content.v1.contents.create_async(content_create_request=request))
        return str(created.sid)

    async def request_approval(self, content_id: str, content: Content) -> Approval:
        """Submit a stored text to WhatsApp."""
        from twilio.rest.content.v1.content.approval_create import ApprovalCreateList

        wanted = {"name": content.name, "category": content.category.upper()}
        request = ApprovalCreateList.ContentApprovalRequest(wanted)
        submit = self._client.content.v1.contents(content_id).approval_create
        answer = await _call(submit.create_async(content_approval_request=request))
        return Approval(answer.status or "received", answer.rejection_reason or "")

    async def approval(self, content_id: str) -> Approval:
        """How far WhatsApp is with it."""
        answer = await _call(self._client.content.v1.contents(content_id).approval_fetch().fetch_async())
        whatsapp = answer.whatsapp or {}
        return Approval(str(whatsapp.get("status") or "unsubmitted"), str(whatsapp.get("rejection_reason") or ""))

    @cached_property
    def _client(self) -> "Client":
        from twilio.rest import Client

        from bot.messaging.transports.twilio_http import SessionHttpClient

        settings = self._settings
        assert settings.auth_token is not None
        http = SessionHttpClient(self._session, settings.timeout_seconds)
        client = Client(settings.account_sid, settings.auth_token.get_secret_value(), http_client=http)
        client.api.base_url = settings.api_url.rstrip("/")
        client.content.base_url = settings.content_url.rstrip("/")
        return client


def content_json(content: Content) -> dict[str, Any]:
    """A text as the Content API takes it: quick replies when it has buttons, else plain text."""
    if content.buttons:
        actions = [{"type": "QUICK_REPLY", "title": title, "id": slot} for title, slot in content.buttons]
        types: dict[str, Any] = {"twilio/quick-reply": {"body": content.body, "actions": actions}}
    else:
        types = {"twilio/text": {"body": content.body}}
    return {
        "friendly_name": content.name,
        "language": content.language,
        "variables": dict(content.samples),
        "types": types,
    }


async def _call(waiting: Awaitable[T]) -> T:
    """Await the SDK and speak of its failures in our words."""
    from twilio.base.exceptions import TwilioException, TwilioRestException

    try:
        return await waiting
    except TwilioRestException as error:
        passing = error.status == 429 or error.status >= 500
        raise (TransientError if passing else PermanentError)(f"Twilio {error.code}: {error.msg}") from error
    except TwilioException as error:
        raise PermanentError(f"Twilio: {error}") from error
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise TransientError(f"Twilio cannot be reached: {type(error).__name__}") from error


def _inbound(message: Any) -> Iterator[Inbound]:
    """A message of the list as its webhook would have told it; nothing for one that did not come by WhatsApp."""
    if not str(message.from_).startswith("whatsapp:"):
        return
    try:
        sender, to = whatsapp_address(str(message.from_)), whatsapp_address(str(message.to))
    except UserError:
        return
    yield Inbound(
        transport=NAME,
        provider_id=str(message.sid),
        from_address=sender,
        to_address=to,
        body=(message.body or "").replace("\x00", ""),
        received_at=message.date_sent or message.date_created,
        media=int(message.num_media or 0),
        raw={"source": "listed"},
    )


def _seen(message: Any) -> Seen:
    code = int(message.error_code) if message.error_code else None
    return Seen(
        provider_id=str(message.sid),
        to=Address(str(message.to)),
        body=message.body or "",
        status=str(message.status),
        created_at=message.date_created or datetime.min.replace(tzinfo=UTC),
        error_code=code,
        error_class=classify(code) if code else None,
        price=price_of(str(message.price or ""), message.price_unit),
    )
