"""Reads what clients have, for one or for many in a handful of statements, and writes subscriptions and channels."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, case, func, insert, select, update

from bot.billing.accounts import Account, client_accounts
from bot.billing.holdings import Channel, Holdings, Subscription
from bot.billing.local_day import first_instant, local_date
from bot.billing.subscription import Term
from bot.errors import UserError
from bot.id_generator import new_id
from bot.ids import AccountId, ChannelId, ClientId, PartnerId, SubscriptionId, TransactionId
from bot.money import Money
from bot.storage.queries import upsert
from bot.storage.reading import Reading
from bot.storage.tables import account, channel, client, client_day, partner, posting, subscription
from bot.storage.writing import Writing

_CHUNK = 500
_ELSEWHERE = partner.c.gateway != "book"
"""The book's own clients are imported once, to open their accounts; from then on nothing is as of an import."""
_BY_CLIENT = select(
    client.c.id,
    client.c.partner_id,
    client.c.currency,
    client.c.time_zone,
    case((_ELSEWHERE, client.c.as_of)).label("as_of"),
    client.c.source,
).join(partner, partner.c.id == client.c.partner_id)
_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
_CLIENTS = Reading(_BY_CLIENT.where(client.c.id.in_(_IDS)))
_SUBSCRIPTIONS = Reading(select(subscription).where(subscription.c.client_id.in_(_IDS)).order_by(subscription.c.id))
_CHANNELS = Reading(select(channel).where(channel.c.client_id.in_(_IDS)).order_by(channel.c.created_at, channel.c.id))
_INCREASES = Reading(
    select(account.c.owner_id, func.max(posting.c.transaction_id).label("last"))
    .join(posting, posting.c.to_id == account.c.id)
    .where(account.c.kind == "client", account.c.owner_id.in_(_IDS))
    .group_by(account.c.owner_id)
)
_PLANNED = Reading(select(client_day.c.next_at).where(client_day.c.client_id == bindparam("which")))
_HOW = {"import": "table", "poll": "poll"}
_SET_CHANNEL_STATE = Writing(
    update(channel).where(channel.c.id == bindparam("which")).values(state=bindparam("new_state"))
)
_SET_CHARGED = Writing(
    update(channel).where(channel.c.id == bindparam("which")).values(charged_through=bindparam("through"))
)


def holdings(conn: Connection, client_ids: Iterable[ClientId]) -> dict[ClientId, Holdings]:
    """What each of these clients has; one that does not exist is left out."""
    found: dict[ClientId, Holdings] = {}
    for ids in _chunks(sorted(set(client_ids))):
        rows = _CLIENTS.rows(conn, ids=ids)
        accounts = client_accounts(conn, {ClientId(row.id): row.currency for row in rows})
        subscriptions, channels = _subscriptions(conn, ids), _channels(conn, ids)
        for row in rows:
            which = ClientId(row.id)
            found[which] = _holdings(row, accounts.get(which), subscriptions[which], channels[which])
    return found


def holdings_of(conn: Connection, client_id: ClientId, partner_id: PartnerId | None = None) -> Holdings:
    """What one client has. Raises UserError unknown_client when there is none, or not with this partner."""
    found = holdings(conn, [client_id]).get(client_id)
    if found is None or (partner_id is not None and found.partner_id != partner_id):
        raise UserError("unknown_client", client=client_id)
    return found


def last_increases(conn: Connection, client_ids: Iterable[ClientId]) -> dict[ClientId, TransactionId]:
    """The latest transaction that brought money to each client's account.

    One that was taken back again counts: it has settled what was said before it, which is news once more.
    """
    found: dict[ClientId, TransactionId] = {}
    for ids in _chunks(sorted(set(client_ids))):
        found |= {ClientId(owner): TransactionId(last) for owner, last in _INCREASES.rows(conn, ids=ids)}
    return found


def count_clients(conn: Connection, partner_id: PartnerId) -> int:
    """How many clients a partner has; his own accounts and referrals are none."""
    theirs = client.c.partner_id == partner_id, client.c.kind == "client"
    return conn.execute(select(func.count()).where(*theirs)).scalar_one()


def insert_subscription(
    conn: Connection,
    held: Holdings,
    subscription_id: SubscriptionId,
    *,
    plan: str | None,
    months: int | None,
    term: Term,
    now: datetime,
    as_of: datetime | None = None,
    due_minor: int | None = None,
) -> None:
    """Add a subscription to a client; with `due_minor` it still has to be paid, till the end of the term."""
    conn.execute(
        insert(subscription),
        {
            "id": subscription_id,
            "partner_id": held.partner_id,
            "client_id": held.client_id,
            "plan": plan,
            "months": months,
            "start_date": term.start.isoformat(),
            "end_date": term.end.isoformat(),
            "anchor_day": term.anchor_day,
            "state": "active" if due_minor is None else "unpaid",
            "due_minor": due_minor,
            "created_at": now,
            "as_of": as_of,
        },
    )


def update_subscription(conn: Connection, subscription_id: SubscriptionId, **values: Any) -> None:
    """Set columns of a subscription; days are given as dates."""
    plain = {name: value.isoformat() if type(value) is date else value for name, value in values.items()}
    conn.execute(update(subscription).where(subscription.c.id == subscription_id).values(**plain))


def insert_channels(conn: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add channels."""
    if rows:
        conn.execute(insert(channel), [{"id": new_id(), **row} for row in rows])


def update_channels(conn: Connection, channel_ids: Iterable[ChannelId], **values: Any) -> None:
    """Set columns of channels."""
    conn.execute(update(channel).where(channel.c.id.in_(list(channel_ids))).values(**values))


def set_channel_states(conn: Connection, states: Mapping[ChannelId, str]) -> None:
    """Turn channels on or off."""
    _SET_CHANNEL_STATE.each(conn, [{"which": one, "new_state": state} for one, state in states.items()])


def set_charged_through(conn: Connection, days: Mapping[ChannelId, date]) -> None:
    """Note the last day that each channel has paid for."""
    _SET_CHARGED.each(conn, [{"which": one, "through": day.isoformat()} for one, day in days.items()])


def wake_at(conn: Connection, partner_id: PartnerId, moments: Mapping[ClientId, datetime]) -> None:
    """Set when each client is to be looked at next for daily payments and ended subscriptions."""
    rows = [{"client_id": one, "partner_id": partner_id, "next_at": at} for one, at in moments.items()]
    upsert(conn, client_day, rows)


def wake_no_later_than(conn: Connection, held: Holdings, at: datetime) -> None:
    """Have a client looked at by then; an earlier appointment stays, so that no missed day is lost."""
    planned = _PLANNED.one(conn, which=held.client_id)
    if planned is None or planned.next_at > at:
        wake_at(conn, held.partner_id, {held.client_id: at})


def wake_after_today(conn: Connection, held: Holdings, now: datetime) -> None:
    """Make sure that a client is looked at when the next local day begins."""
    tomorrow = local_date(now, held.time_zone) + timedelta(days=1)
    wake_no_later_than(conn, held, first_instant(tomorrow, held.time_zone))


def _subscriptions(conn: Connection, ids: Sequence[str]) -> Mapping[str, list[Subscription]]:
    found: dict[str, list[Subscription]] = defaultdict(list)
    for row in _SUBSCRIPTIONS.rows(conn, ids=ids):
        found[row.client_id].append(
            Subscription(
                SubscriptionId(row.id),
                row.plan,
                row.months,
                _day(row.start_date),
                date.fromisoformat(row.end_date),
                row.anchor_day,
                row.state,
                row.due_minor,
            )
        )
    return found


def _channels(conn: Connection, ids: Sequence[str]) -> Mapping[str, list[Channel]]:
    found: dict[str, list[Channel]] = defaultdict(list)
    for row in _CHANNELS.rows(conn, ids=ids):
        found[row.client_id].append(
            Channel(
                ChannelId(row.id),
                row.transport,
                row.name,
                row.state,
                row.free,
                row.subscription_id,
                row.daily_minor,
                _day(row.charged_through),
            )
        )
    return found


def _holdings(
    row: Any,
    found: Account | None,
    subscriptions: Sequence[Subscription],
    channels: Sequence[Channel],
) -> Holdings:
    nothing = Money(0, row.currency)
    return Holdings(
        client_id=ClientId(row.id),
        partner_id=PartnerId(row.partner_id),
        currency=row.currency,
        time_zone=row.time_zone,
        as_of=row.as_of,
        balance=found.balance if found else nothing,
        available=found.available if found else nothing,
        floor=Money(found.floor or 0, row.currency) if found else nothing,
        account_id=AccountId(found.id) if found else None,
        subscriptions=tuple(subscriptions),
        channels=tuple(channels),
        source=None if row.as_of is None else _HOW.get(row.source, "table"),
    )


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _chunks(ids: Sequence[ClientId]) -> Iterator[list[ClientId]]:
    for start in range(0, len(ids), _CHUNK):
        yield list(ids[start : start + _CHUNK])
