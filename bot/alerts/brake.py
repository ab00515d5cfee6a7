"""Holds back an avalanche: many more clients at once than usual wait for somebody's yes, and one summary is sent."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from bot.alerts import repository
from bot.alerts.alert import WATCHED, Kind
from bot.alerts.concern import Concern, keep
from bot.alerts.policy import Brake
from bot.alerts.surroundings import Surroundings
from bot.directory import service as directory
from bot.directory.people import Role
from bot.errors import UserError
from bot.ids import AlertId, CuratorId, PartnerId
from bot.storage.tables import alert, alert_due

RELEASED = "released"
_LASTS = timedelta(hours=1)
"""A yes is good for so long."""
_LOOKED_BACK = timedelta(days=28)
_SUBJECT = "scan"


def held_back(conn: Connection, *, now: datetime, env: Surroundings) -> frozenset[PartnerId]:
    """Partners whose clients wait for a yes; owners who do not know yet are asked in this unit."""
    brake = env.policy.brake
    if brake is None:
        return frozenset()
    oldest = now - timedelta(days=env.policy.forget_after_days)
    waiting = _waiting(conn, oldest, now)
    held = {one: count for one, count in waiting.items() if count > brake.over and _holds(conn, one, count, brake, now)}
    for partner_id, count in held.items():
        _ask(conn, partner_id, [Concern(Kind.BRAKE, _SUBJECT, {"count": count})], now, env)
    for partner_id in _asked(conn):
        if partner_id not in held:
            _ask(conn, partner_id, [], now, env)
    return frozenset(held)


def release(conn: Connection, alert_id: AlertId, curator_id: CuratorId, *, now: datetime) -> bool:
    """Somebody of the partner says yes: the next scan tells everybody. False when that was said or over before.

    UserError alert_unknown.
    """
    person = directory.get_curator(conn, curator_id)
    query = select(alert.c.state).where(
        alert.c.id == alert_id, alert.c.partner_id == person.partner_id, alert.c.kind == Kind.BRAKE.value
    )
    state = conn.execute(query).scalar_one_or_none()
    if state is None:
        raise UserError("alert_unknown", alert=alert_id)
    repository.resolve(conn, [alert_id], f"{RELEASED}:{curator_id}", now)
    return bool(state == "open")


def _waiting(conn: Connection, oldest: datetime, now: datetime) -> dict[PartnerId, int]:
    """How many clients of each partner have something due that is not history."""
    clients = func.count(alert_due.c.client_id.distinct())
    query = select(alert_due.c.partner_id, clients).where(alert_due.c.due_at <= now, alert_due.c.due_at > oldest)
    return {PartnerId(one): count for one, count in conn.execute(query.group_by(alert_due.c.partner_id))}


def _holds(conn: Connection, partner_id: PartnerId, count: int, brake: Brake, now: datetime) -> bool:
    released = select(alert.c.id).where(
        alert.c.partner_id == partner_id,
        alert.c.raised_at > now - _LOOKED_BACK,
        alert.c.kind == Kind.BRAKE.value,
        alert.c.resolution.startswith(RELEASED),
        alert.c.resolved_at > now - _LASTS,
    )
    if conn.execute(released.limit(1)).first() is not None:
        return False
    return count > brake.times * _usual(conn, partner_id, now)


def _usual(conn: Connection, partner_id: PartnerId, now: datetime) -> int:
    """The most clients told of in one day lately, today left out: Mondays are busier than Tuesdays."""
    kinds = [kind.value for kind in WATCHED]
    query = select(alert.c.raised_at, alert.c.client_id).where(
        alert.c.partner_id == partner_id, alert.c.raised_at > now - _LOOKED_BACK, alert.c.kind.in_(kinds)
    )
    days: dict[str, set[str]] = {}
    for raised_at, client_id in conn.execute(query):
        days.setdefault(raised_at.date().isoformat(), set()).add(client_id)
    days.pop(now.date().isoformat(), None)
    return max(map(len, days.values()), default=0)


def _ask(
    conn: Connection, partner_id: PartnerId, concerns: Sequence[Concern], now: datetime, env: Surroundings
) -> None:
    people = [one for one in directory.financial_curators(conn, partner_id) if one.may_move_money]
    owners = [one for one in people if one.role is Role.OWNER] or people
    keep(conn, partner_id, Kind.BRAKE, concerns, owners, now=now, env=env)


def _asked(conn: Connection) -> list[PartnerId]:
    query = select(alert.c.partner_id).where(repository.OPEN, alert.c.kind == Kind.BRAKE.value)
    return [PartnerId(one) for one in conn.execute(query).scalars()]
