"""What a road to WhatsApp must be able to do, and the three ways a send can end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from bot.ids import Address, DeliveryId
from bot.messaging.message import ErrorClass, ErrorCode, Inbound, Price, StatusUpdate
from bot.messaging.templates import Content
from bot.messaging.window import Mode


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a transport can carry."""

    text_max: int
    contents: bool
    """Stores texts with buttons and sends them by id."""
    status_callbacks: bool
    carries_our_id: bool
    """Gives our delivery id back in its reports."""
    lookup: bool
    """Can be asked what became of a message."""
    window: bool = True
    """Free text only goes to who wrote within 24 hours."""


@dataclass(frozen=True, slots=True)
class OutMessage:
    """One message as it goes out: either a text, or a stored content with its variables."""

    delivery_id: DeliveryId
    to: Address
    sender: Address
    body: str
    validity_seconds: int
    """The provider drops it when it cannot be delivered so long."""
    content_id: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    buttons: Sequence[tuple[str, str]] = ()
    """Title and payload of each; a stored content has them in its variables too."""
    mode: Mode = Mode.SESSION
    media: str | None = None
    """Address of a picture; the text goes with it where the provider lets it."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """What was asked of the provider and what it answered, without credentials: for the delivery log."""

    request: Mapping[str, Any]
    response: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider has taken the message."""

    provider_id: str
    status: str
    http_status: int | None = None
    exchange: Exchange | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Rejected:
    """The provider has certainly not taken it."""

    error_class: ErrorClass
    code: ErrorCode | None
    message: str
    http_status: int | None = None
    exchange: Exchange | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody can say: no answer, a broken connection, an error of the server."""

    reason: str
    http_status: int | None = None
    exchange: Exchange | None = field(default=None, compare=False)


Result = Accepted | Rejected | Unknown


@dataclass(frozen=True, slots=True)
class Seen:
    """A message as the provider remembers it."""

    provider_id: str
    to: Address
    body: str
    status: str
    created_at: datetime
    error_code: ErrorCode | None = None
    error_class: ErrorClass | None = None
    price: Price | None = None


@dataclass(frozen=True, slots=True)
class Approval:
    """What WhatsApp thinks of a stored content: pending, approved, rejected, paused…, and why."""

    status: str
    reason: str = ""


class Transport(Protocol):
    """A road to WhatsApp. Every method may be called from many coroutines at once."""

    name: str
    capabilities: Capabilities

    async def send(self, message: OutMessage) -> Result:
        """Hand one message over. Never raises for what the provider or the network does."""
        ...

    def verify(self, headers: Mapping[str, str], path_qs: str, body: bytes) -> bool:
        """Whether a webhook is really the provider's. `path_qs` is the raw path with its query; never raises."""
        ...

    def parse(self, path_qs: str, body: bytes, now: datetime) -> Sequence[Inbound | StatusUpdate]:
        """What a verified webhook says. ValueError when it is malformed."""
        ...

    def classify(self, code: ErrorCode) -> ErrorClass:
        """What kind of trouble an error code means; an unknown one is permanent."""
        ...

    async def lookup(self, to: Address, since: datetime) -> list[Seen]:
        """Messages sent to somebody since then, newest first. TransientError when the provider cannot say now."""
        ...

    async def received(self, since: datetime) -> list[Inbound]:
        """Messages that people sent to us since then, oldest first, as far as the provider keeps them: without their
        buttons' payloads. TransientError as above."""
        ...

    async def fetch(self, provider_id: str) -> Seen | None:
        """One message by the provider's id; None when there is none. TransientError as above."""
        ...

    async def create_content(self, content: Content) -> str:
        """Store a text, returning its id. TransientError or PermanentError when that failed."""
        ...

    async def request_approval(self, content_id: str, content: Content) -> Approval:
        """Submit a stored text for approval. Errors as above."""
        ...

    async def approval(self, content_id: str) -> Approval:
        """How far the approval of a stored text is. Errors as above."""
        ...

    async def close(self) -> None:
        """Give connections back."""
        ...
