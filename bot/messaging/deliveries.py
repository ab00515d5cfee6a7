"""The delivery log: which messages there are, and one message with everything that happened to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, or_, select

from bot.ids import Address, ClientId, CuratorId, DeliveryId, InboxId, PartnerId
from bot.messaging.figures import is_somebodys
from bot.messaging.message import ErrorCode
from bot.messaging.status import State
from bot.storage import queries
from bot.storage.tables import attempt, delivery, status_event


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message and where it stands."""

    id: DeliveryId
    partner_id: PartnerId | None
    curator_id: CuratorId | None
    client_id: ClientId | None
    key: str
    kind: str
    to: Address
    sender: Address
    template: str
    language: str
    body: str
    buttons: Sequence[tuple[str, str]]
    state: State
    reason: str | None
    attempts: int
    provider_id: str | None
    error_code: ErrorCode | None
    contradicted: bool
    unconfirmed: bool
    not_before: datetime
    expires_at: datetime | None
    created_at: datetime
    sent_at: datetime | None
    delivered_at: datetime | None
    read_at: datetime | None
    failed_at: datetime | None
    in_reply_to: InboxId | None
    category: str | None = None
    cost_micros: int | None = None
    cost_currency: str | None = None
    cost_source: str | None = None
    """What it cost, in millionths, and who says so: `table` is our estimate, `provider` its word."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to hand a message over. `outcome` is None while it runs."""

    n: int
    mode: str
    started_at: datetime
    finished_at: datetime | None
    outcome: str | None
    http_status: int | None
    error_code: ErrorCode | None
    error_message: str | None
    provider_id: str | None
    duration_ms: int | None
    request: Mapping[str, Any] | None = None
    response: Mapping[str, Any] | None = None
    """What was asked and answered, as far as the policy keeps it."""


@dataclass(frozen=True, slots=True)
class Report:
    """One report of the provider, and what it did."""

    provider_id: str
    status: str
    error_code: ErrorCode | None
    received_at: datetime
    applied: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A message with all attempts and reports, each oldest first."""

    delivery: Delivery
    attempts: Sequence[Attempt]
    reports: Sequence[Report]


@dataclass(frozen=True, slots=True)
class Filter:
    """Which messages to list; what is None does not matter. Those of a hidden partner are listed when it is named."""

    partner_id: PartnerId | None = None
    curator_id: CuratorId | None = None
    client_id: ClientId | None = None
    state: State | None = None
    kind: str | None = None
    to: Address | None = None
    error_code: ErrorCode | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class DeliveryPage:
    """A part of the log, newest first. `after` is what to ask for next, None on the last page."""

    deliveries: Sequence[Delivery]
    after: tuple[datetime, str] | None


def list_deliveries(
    conn: Connection,
    wanted: Filter | None = None,
    *,
    also: Sequence[ColumnElement[bool]] = (),
    after: tuple[datetime, str] | None = None,
    size: int = 50,
) -> DeliveryPage:
    """The messages that match, and meet `also`, newest first."""
    wanted = wanted or Filter()
    by = (delivery.c.created_at, delivery.c.id)
    found = queries.page(conn, _matching(wanted).where(*also), by, after=after, size=size, descending=True)
    next_after = (found.after[0], found.after[1]) if found.after else None
    return DeliveryPage([_delivery(row) for row in found.rows], next_after)


def show(conn: Connection, delivery_id: DeliveryId) -> Shown | None:
    """One message with its timeline; None when there is none of this id."""
    row = conn.execute(select(*_COLUMNS).where(delivery.c.id == delivery_id)).one_or_none()
    if row is None:
        return None
    tries = select(*(attempt.c[name] for name in Attempt.__slots__)).where(attempt.c.delivery_id == delivery_id)
    ids = select(attempt.c.provider_id).where(attempt.c.delivery_id == delivery_id, attempt.c.provider_id.is_not(None))
    mine = or_(status_event.c.delivery_id == delivery_id, status_event.c.provider_id.in_(ids))
    reports = select(*(status_event.c[name] for name in Report.__slots__)).where(mine)
    return Shown(
        _delivery(row),
        [Attempt(**one._mapping) for one in conn.execute(tries.order_by(attempt.c.n))],
        [Report(**one._mapping) for one in conn.execute(reports.order_by(status_event.c.received_at))],
    )


def replies_to(conn: Connection, inbox_id: InboxId) -> list[Delivery]:
    """What was answered to a message, in order."""
    query = select(*_COLUMNS).where(delivery.c.in_reply_to == inbox_id).order_by(delivery.c.id)
    return [_delivery(row) for row in conn.execute(query)]


def by_provider_id(conn: Connection, provider_id: str) -> Delivery | None:
    """The message that the provider knows by this id: what a quoted answer or a tap is about."""
    query = select(*_COLUMNS).where(delivery.c.provider_id == provider_id).limit(1)
    row = conn.execute(query).one_or_none()
    return _delivery(row) if row else None


_COLUMNS = [delivery.c.to_address.label("to") if name == "to" else delivery.c[name] for name in Delivery.__slots__]


def _matching(wanted: Filter) -> Select[Any]:
    query = select(*_COLUMNS)
    for name in ("partner_id", "curator_id", "client_id", "state", "kind", "error_code"):
        value = getattr(wanted, name)
        if value is not None:
            query = query.where(delivery.c[name] == value)
    if wanted.partner_id is None:
        query = query.where(is_somebodys())
    if wanted.to is not None:
        query = query.where(delivery.c.to_address == wanted.to)
    if wanted.since is not None:
        query = query.where(delivery.c.created_at >= wanted.since)
    if wanted.until is not None:
        query = query.where(delivery.c.created_at < wanted.until)
    return query


def _delivery(row: Row[Any]) -> Delivery:
    values = dict(row._mapping)
    values["state"] = State(values["state"])
    values["buttons"] = [(title, payload) for title, payload in values["buttons"]]
    return Delivery(**values)
