"""One client: money, subscription, channels, who is told, what was said, what moved."""

from dataclasses import dataclass, fields
from datetime import date, datetime

from sqlalchemy import Connection, select

from bot.alerts.alert import WATCHED
from bot.alerts.why import Outcome, why
from bot.billing.service import ChannelView, SubscriptionView, client_movements, standing
from bot.directory import service as directory
from bot.directory.people import Client
from bot.ids import ClientId
from bot.storage.tables import alert
from bot.web.ask import NotFound
from bot.web.console.movement_line import MovementLine, movement_lines
from bot.web.console.muting import HEIRS, NOBODY
from bot.web.console.outlook import Outlook, outlooks
from bot.web.page import MoneyView, Page, Reading

_LAST = 10


@dataclass(frozen=True, slots=True)
class Subscribed:
    """A subscription of the client; `end_date` is its last paid day."""

    plan: str | None
    months: int | None
    end_date: date
    channels: int
    state: str


@dataclass(frozen=True, slots=True)
class ChannelLine:
    """A channel; `paid`: subscription, daily or free."""

    id: str
    transport: str
    name: str
    state: str
    paid: str


@dataclass(frozen=True, slots=True)
class Said:
    """An alert that was raised for the client."""

    id: str
    kind: str
    stage: int
    state: str
    raised_at: datetime
    resolved_at: datetime | None


@dataclass(frozen=True, slots=True)
class Told:
    """A curator, and why not when this client's alerts do not reach them; `muted` by themselves or for them;
    `responsible`: the client is left to this person."""

    id: str
    name: str
    language: str
    suppressed: str | None
    muted: bool
    responsible: bool


@dataclass(frozen=True, slots=True)
class ClientPage:
    """Everything that the console knows of a client."""

    id: str
    account_id: str
    company: str
    email: str | None
    language: str
    time_zone: str
    contact_name: str | None
    contact_phone: str | None
    tags: tuple[str, ...]
    source: str
    as_of: datetime | None
    missing_since: datetime | None
    balance: MoneyView
    daily: MoneyView | None
    renewal: MoneyView | None
    renewal_months: int | None
    subscription_end_date: date | None
    runs_out_at: datetime | None
    next: Outlook | None
    subscriptions: tuple[Subscribed, ...]
    channels: tuple[ChannelLine, ...]
    told: tuple[Told, ...]
    why: tuple[Outcome, ...]
    """What every rule came to for every curator, and what comes next; empty where the process does not know what alerts
    need."""
    alerts: tuple[Said, ...]
    movements: tuple[MovementLine, ...]
    left: str | None
    """After the last one was muted: `heirs` when the owners get the client, `nobody` when nobody is told."""


def read_client(conn: Connection, reading: Reading) -> ClientPage:
    """The client whose id, or account ID, stands in the path. NotFound when this partner has none such."""
    client = _find(conn, reading)
    stands = standing(conn, client.id, reading.now, reading.book)
    return ClientPage(
        id=client.id,
        account_id=client.account_id,
        company=client.company,
        email=client.email,
        language=client.language,
        time_zone=client.time_zone,
        contact_name=client.contact_name,
        contact_phone=client.contact_phone,
        tags=client.tags,
        source=client.source,
        as_of=client.as_of,
        missing_since=client.missing_since,
        balance=stands.balance,
        daily=stands.daily_total or None,
        renewal=stands.renewal,
        renewal_months=stands.renewal_months,
        subscription_end_date=stands.next_end or stands.ended_on,
        runs_out_at=stands.runs_out_at,
        next=next(iter(outlooks(conn, reading, [client])), None),
        subscriptions=tuple(map(_subscribed, stands.subscriptions)),
        channels=tuple(map(_channel, stands.channels)),
        told=_told(conn, client),
        why=_why(conn, client.id, reading),
        alerts=_said(conn, client.id),
        movements=movement_lines(conn, client_movements(conn, client.partner_id, client.id, client.currency, _LAST)),
        left=reading.ask.choice("left", (HEIRS, NOBODY)),
    )


def _find(conn: Connection, reading: Reading) -> Client:
    wanted = reading.ask.text("id") or ""
    by_account = directory.client_by_account(conn, reading.partner.id, wanted)
    found = by_account or directory.clients_by_id(conn, [ClientId(wanted)]).get(ClientId(wanted))
    if found is None or found.partner_id != reading.partner.id:
        raise NotFound
    return found


def _subscribed(one: SubscriptionView) -> Subscribed:
    return Subscribed(one.plan, one.months, one.end_date, one.channels, one.state)


def _channel(one: ChannelView) -> ChannelLine:
    paid = "free" if one.free else "subscription" if one.subscription_id else "daily"
    return ChannelLine(one.id, one.transport, one.name, one.state, paid)


def _told(conn: Connection, client: Client) -> tuple[Told, ...]:
    """The partner's curators who follow the client, those who are told first; the client's own are not the partner's
    to know of."""
    found = directory.recipients(conn, [client.id])[client.id]
    known = directory.curators_by_id(conn, [*found.curators, *found.suppressed])
    people = {one.id: one for one in known.values() if one.client_id is None}
    reasons = {one: found.suppressed.get(one) for one in people}
    muted = directory.mutes(conn, [client.id]).get(client.id, frozenset())
    lines = [
        Told(one.id, one.name, one.language, reasons[one.id], one.id in muted, one.id == client.assigned_to)
        for one in people.values()
    ]
    return tuple(sorted(lines, key=lambda line: (line.suppressed is not None, line.name.casefold())))


def _why(conn: Connection, client_id: ClientId, reading: Reading) -> tuple[Outcome, ...]:
    if reading.around is None:
        return ()
    return tuple(why(conn, client_id, now=reading.now, env=reading.around, clients_own=False))


def _said(conn: Connection, client_id: ClientId) -> tuple[Said, ...]:
    columns = (alert.c[field.name] for field in fields(Said))
    latest = (
        select(*columns)
        .where(alert.c.client_id == client_id, alert.c.kind.in_(WATCHED))
        .order_by(alert.c.raised_at.desc())
        .limit(_LAST)
    )
    return tuple(Said(**row) for row in conn.execute(latest).mappings())


PAGE = Page(
    name="client",
    path="/clients/{id}",
    api_path="/api/clients/{id}",
    summary="One client, by our id or its account ID",
    view=ClientPage,
    read=read_client,
    place="clients",
)
