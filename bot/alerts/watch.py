"""What concerns a partner as a whole: its account, the age of its table, people out of reach, free channels, shares."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from bot.alerts.alert import Kind
from bot.alerts.concern import Concern, keep
from bot.alerts.surroundings import Surroundings
from bot.alerts.unreachable import unreachable
from bot.billing.gateways.wazzup.polls import load
from bot.billing.outlook import partner_need
from bot.directory import service as directory
from bot.directory.people import Curator, Partner, Role
from bot.ids import PartnerId
from bot.messaging.outbox import sender_of
from bot.money import Money, as_json
from bot.storage.tables import account, channel, import_run, ledger_transaction, posting

KINDS = (Kind.PARTNER_SHORT, Kind.SOURCE_STALE, Kind.UNREACHABLE, Kind.FREE_ENDING, Kind.REFERRAL)
_TO_OWNERS = (Kind.UNREACHABLE, Kind.FREE_ENDING, Kind.REFERRAL)
_REGULAR_IMPORTS = 2
"""Whoever imported as often within a month is taken to do so regularly."""
_MONTH = timedelta(days=30)
_FREE_AHEAD = timedelta(days=14)
_NEWS_FOR = timedelta(hours=48)
_HOUR = timedelta(hours=1)


def find(conn: Connection, partner_id: PartnerId, *, now: datetime, env: Surroundings) -> list[Concern]:
    """Everything that concerns this partner now. Only reads."""
    partner = directory.get_partner(conn, partner_id)
    return [
        *_short(conn, partner, now, env),
        *_stale(conn, partner, now, env),
        *unreachable(conn, partner_id, now=now, sender=sender_of(conn, partner_id, env.sender)),
        *_free_ending(conn, partner, now),
        *_referral(conn, partner_id, now),
    ]


def tell(
    conn: Connection, partner_id: PartnerId, found: Sequence[Concern], *, now: datetime, env: Surroundings
) -> list[Concern]:
    """Tell of what is news and settle what is over; what was raised.

    Whoever is away hears of it on coming back, if it is still so then, unless there is nobody else to be told.
    """
    everybody = [one for one in directory.financial_curators(conn, partner_id) if one.may_move_money]
    people = [one for one in everybody if one.away_until is None or one.away_until <= now] or everybody
    owners = [one for one in people if one.role is Role.OWNER] or people
    raised: list[Concern] = []
    for kind in KINDS:
        told: Sequence[Curator] = owners if kind in _TO_OWNERS else people
        concerns = [one for one in found if one.kind is kind]
        raised += keep(conn, partner_id, kind, concerns, told, now=now, env=env)
    return raised


def _short(conn: Connection, partner: Partner, now: datetime, env: Surroundings) -> list[Concern]:
    """The partner's account lacks money for what is to be renewed soon."""
    days = env.policy.short_days
    return [
        Concern(
            Kind.PARTNER_SHORT,
            need.currency,
            {
                "short": as_json(need.short),
                "total": as_json(need.total),
                "available": as_json(need.available),
                "clients": len(need.due),
                "days": days,
            },
        )
        for need in partner_need(conn, env.book, partner.id, now, days)
        if need.short.minor > 0
    ]


def _stale(conn: Connection, partner: Partner, now: datetime, env: Surroundings) -> list[Concern]:
    """A table that used to come did not, and no account was read either. The book keeps itself true; then one import is
    a beginning, not a source."""
    lately = import_run.c.partner_id == partner.id, import_run.c.at > now - _MONTH
    count, newest = conn.execute(select(func.count(), func.max(import_run.c.at)).where(*lately)).one()
    needed = _REGULAR_IMPORTS if partner.gateway == "book" else 1
    if partner.gateway == "wazzup" and (polled := load(conn, partner.id).read_at) is not None:
        count, newest = needed, max(newest or polled, polled)
    if count < needed or newest > now - timedelta(hours=env.policy.stale_after_hours):
        return []
    hours = int((now - newest) / _HOUR)
    return [Concern(Kind.SOURCE_STALE, newest.isoformat(), {"as_of": newest.isoformat(), "hours": hours})]


def _free_ending(conn: Connection, partner: Partner, now: datetime) -> list[Concern]:
    """Free channels are renewed while the partnership goes on; afterwards they end, and are paid for."""
    if partner.left_on is None:
        return []
    today, until = now.date().isoformat(), (now + _FREE_AHEAD).date().isoformat()
    query = (
        select(channel.c.free_until, func.count())
        .where(channel.c.partner_id == partner.id, channel.c.free, channel.c.free_until.between(today, until))
        .group_by(channel.c.free_until)
        .order_by(channel.c.free_until)
    )
    return [Concern(Kind.FREE_ENDING, day, {"channels": count, "last_day": day}) for day, count in conn.execute(query)]


def _referral(conn: Connection, partner_id: PartnerId, now: datetime) -> list[Concern]:
    """Shares that were credited, all of an hour that is over together."""
    this_hour = now.replace(minute=0, second=0, microsecond=0)
    query = (
        select(ledger_transaction.c.at, posting.c.currency, posting.c.amount)
        .join(posting, posting.c.transaction_id == ledger_transaction.c.id)
        .join(account, account.c.id == posting.c.to_id)
        .where(
            ledger_transaction.c.partner_id == partner_id,
            ledger_transaction.c.kind == "referral",
            ledger_transaction.c.at >= now - _NEWS_FOR,
            ledger_transaction.c.at < this_hour,
            account.c.kind == "partner",
        )
    )
    sums: dict[tuple[str, str], int] = defaultdict(int)
    for at, currency, amount in conn.execute(query):
        sums[(at.strftime("%Y-%m-%dT%H"), currency)] += amount
    return [
        Concern(Kind.REFERRAL, f"{hour}:{currency}", {"amount": as_json(Money(amount, currency))}, news=True)
        for (hour, currency), amount in sorted(sums.items())
    ]
