"""One message: as it looks on the phone, what it belongs to, and the line of what happened to it."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from bot.ids import DeliveryId
from bot.messaging.deliveries import Delivery, Shown, show
from bot.messaging.message import ErrorCode
from bot.messaging.status import State
from bot.storage.tables import alert, client, curator, inbox, notification, transfer
from bot.web.ask import NotFound
from bot.web.console.timeline import Event, events_of
from bot.web.page import Page, Reading

_SETTLED = frozenset({State.READ, State.FAILED, State.UNDELIVERED, State.EXPIRED, State.CANCELLED})


@dataclass(frozen=True, slots=True)
class AlertLine:
    """An alert that the message carries."""

    id: str
    kind: str
    stage: int
    state: str
    raised_at: datetime
    client_id: str | None
    company: str | None


@dataclass(frozen=True, slots=True)
class Message:
    """Everything known of a message. `to` and `sender` are addresses in full; the page masks them.

    `asked` is the curator's own message that this one answers; `total_ms` runs from writing to the first receipt
    or failure; `settled`: nothing more is expected to happen.
    """

    id: str
    key: str
    to: str
    sender: str
    kind: str
    state: str
    reason: str | None
    attempts: int
    provider_id: str | None
    error_code: ErrorCode | None
    contradicted: bool
    unconfirmed: bool
    created_at: datetime
    not_before: datetime
    expires_at: datetime | None
    sent_at: datetime | None
    delivered_at: datetime | None
    read_at: datetime | None
    failed_at: datetime | None
    client_id: str | None
    template: str
    language: str
    category: str | None
    cost_micros: int | None
    cost_currency: str | None
    cost_source: str | None
    body: str
    curator: str | None
    company: str | None
    buttons: tuple[str, ...]
    asked: str | None
    receipt: str | None
    alerts: tuple[AlertLine, ...]
    timeline: tuple[Event, ...]
    total_ms: int | None
    settled: bool
    mark: str


_OWN = frozenset({field.name for field in fields(Message)} & {field.name for field in fields(Delivery)}) - {"buttons"}


def read_message(conn: Connection, reading: Reading) -> Message:
    """The message whose id stands in the path. NotFound when this partner has none such."""
    shown = show(conn, DeliveryId(reading.ask.text("id") or ""))
    if shown is None or not reading.may_see(shown.delivery.partner_id):
        raise NotFound
    return _message(conn, shown)


def _message(conn: Connection, shown: Shown) -> Message:
    one = shown.delivery
    own: dict[str, Any] = {name: getattr(one, name) for name in _OWN}
    timeline = events_of(shown)
    return Message(
        **own,
        curator=conn.execute(select(curator.c.name).where(curator.c.id == one.curator_id)).scalar(),
        company=conn.execute(select(client.c.company).where(client.c.id == one.client_id)).scalar(),
        buttons=tuple(title for title, _ in one.buttons),
        asked=conn.execute(select(inbox.c.body).where(inbox.c.id == one.in_reply_to)).scalar(),
        receipt=_receipt(conn, one),
        alerts=_alerts(conn, one.id),
        timeline=timeline,
        total_ms=_total(one),
        settled=one.state in _SETTLED,
        mark=f"{one.state}-{one.attempts}-{len(timeline)}-{one.cost_micros}",
    )


def _total(one: Delivery) -> int | None:
    ends = [moment for moment in (one.delivered_at, one.failed_at) if moment is not None]
    return round((min(ends) - one.created_at).total_seconds() * 1000) if ends else None


def _receipt(conn: Connection, one: Delivery) -> str | None:
    """The number on the receipt: the key of such a message is `receipt:<transfer>:<curator>`."""
    parts = one.key.split(":")
    if one.kind != "receipt" or len(parts) < 2:
        return None
    return conn.execute(select(transfer.c.receipt).where(transfer.c.id == parts[1])).scalar()


def _alerts(conn: Connection, message_id: str) -> tuple[AlertLine, ...]:
    carried = (
        select(*(alert.c[field.name] for field in fields(AlertLine) if field.name in alert.c), client.c.company)
        .select_from(alert.join(notification).outerjoin(client, client.c.id == alert.c.client_id))
        .where(notification.c.delivery_id == message_id)
        .order_by(alert.c.raised_at, client.c.company)
    )
    return tuple(AlertLine(**row) for row in conn.execute(carried).mappings())


PAGE = Page(
    name="message",
    path="/deliveries/{id}",
    api_path="/api/deliveries/{id}",
    summary="One message, with its tries and the provider's reports",
    view=Message,
    read=read_message,
    place="deliveries",
)
