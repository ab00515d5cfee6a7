"""Clients' channels by Wazzup's own ids: which of ours each is, and what a poll or webhook says of its state."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from bot.billing import repository
from bot.billing.accounts import lock_client_accounts
from bot.billing.changed import Changed
from bot.billing.daily import ACTIVE, STOPPED
from bot.billing.gateways.wazzup.account_view import STATE_MAX, ChannelView, plain
from bot.billing.holdings import Channel
from bot.ids import ChannelId, ClientId, PartnerId
from bot.storage.queries import upsert
from bot.storage.tables import wazzup_channel

_MEANING = {"active": ACTIVE, "notenoughmoney": STOPPED}
"""States that speak of money; every other is a matter of phones and passwords."""


@dataclass(frozen=True, slots=True)
class News:
    """A channel's state at a moment, by Wazzup's id of it."""

    channel_id: str
    state: str
    at: datetime


def see(
    conn: Connection, partner_id: PartnerId, client_id: ClientId, views: Sequence[ChannelView], at: datetime
) -> list[Changed]:
    """Take in all the channels of a polled account; those that it has no more are forgotten."""
    rows = [
        {
            "id": one.id,
            "partner_id": partner_id,
            "client_id": client_id,
            "transport": one.transport,
            "name": one.name,
            "state": one.state,
            "at": at,
        }
        for one in views
    ]
    columns = (wazzup_channel.c.id, wazzup_channel.c.client_id, wazzup_channel.c.at)
    known = conn.execute(select(*columns).where(wazzup_channel.c.id.in_([one.id for one in views]))).all()
    newer = {row.id for row in known if row.at > at or row.client_id != client_id}
    upsert(conn, wazzup_channel, [row for row in rows if row["id"] not in newer])
    gone = wazzup_channel.c.client_id == client_id, wazzup_channel.c.id.not_in([one.id for one in views])
    conn.execute(delete(wazzup_channel).where(*gone, wazzup_channel.c.at <= at))
    return _follow(conn, client_id)


def hear(conn: Connection, news: Iterable[News]) -> list[Changed]:
    """Take in what a webhook says; a channel that no poll has told of yet is nobody's, and older news are dropped."""
    latest: dict[str, News] = {}
    for one in news:
        if one.channel_id not in latest or one.at >= latest[one.channel_id].at:
            latest[one.channel_id] = one
    rows = conn.execute(select(wazzup_channel).where(wazzup_channel.c.id.in_(list(latest)))).all()
    concerned = []
    for row in rows:
        told = latest[row.id]
        if told.at < row.at:
            continue
        this = update(wazzup_channel).where(wazzup_channel.c.id == row.id)
        conn.execute(this.values(state=plain(told.state)[:STATE_MAX], at=told.at))
        concerned.append(ClientId(row.client_id))
    return [change for one in sorted(set(concerned)) for change in _follow(conn, one)]


def _follow(conn: Connection, client_id: ClientId) -> list[Changed]:
    """Bring our channels in line with the states that Wazzup told last."""
    lock_client_accounts(conn, [client_id])
    held = repository.holdings_of(conn, client_id)
    rows = conn.execute(
        select(wazzup_channel).where(wazzup_channel.c.client_id == client_id).order_by(wazzup_channel.c.id)
    )
    theirs = [ChannelView(row.id, row.transport, row.name, row.state) for row in rows]
    wanted = {ours.id: _MEANING[told] for ours, told in paired(held.channels, theirs) if told in _MEANING}
    states: Mapping[ChannelId, str] = {
        one.id: wanted[one.id]
        for one in held.channels
        if one.id in wanted and one.state in (ACTIVE, STOPPED) and one.state != wanted[one.id]
    }
    repository.set_channel_states(conn, states)
    changes = []
    if STOPPED in states.values():
        changes.append(Changed(held.partner_id, client_id, "stopped"))
    if ACTIVE in states.values():
        changes.append(Changed(held.partner_id, client_id, "resumed"))
    return changes


def paired(ours: Sequence[Channel], theirs: Sequence[ChannelView]) -> list[tuple[Channel, str]]:
    """Each of our channels with the state of the one of theirs that it is: by name, else in order by transport."""
    found: list[tuple[Channel, str]] = []
    left: dict[str, list[ChannelView]] = defaultdict(list)
    names = {(one.transport, one.name) for one in ours}
    by_name = {(one.transport, one.name): one for one in theirs}
    for view in theirs:
        if (view.transport, view.name) not in names:
            left[view.transport].append(view)
    for one in ours:
        view_of = by_name.get((one.transport, one.name))
        if view_of is None and left[one.transport]:
            view_of = left[one.transport].pop(0)
        if view_of is not None:
            found.append((one, view_of.state))
    return found
