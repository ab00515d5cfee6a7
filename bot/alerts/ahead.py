"""What must be said early: stages that come on days off, when the next working hour would be too late."""

from collections.abc import Collection
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from bot.alerts import ladder_rows
from bot.alerts.alert import Due
from bot.alerts.quiet import DaysOff, next_opening, opening_after
from bot.alerts.surroundings import Surroundings
from bot.alerts.timing import AHEAD
from bot.billing.local_day import first_instant
from bot.directory import service as directory
from bot.directory.people import Curator
from bot.ids import ClientId, PartnerId

_AHEAD_MAX = timedelta(days=16)
"""The longest row of days off that is bridged: Russia's New Year with a weekend on either side."""
_RUNGS_MAX = 2000
_DAY = timedelta(days=1)


def too_late_later(
    conn: Connection,
    *,
    now: datetime,
    env: Surroundings,
    partner_id: PartnerId | None = None,
    without: Collection[PartnerId] = (),
) -> dict[ClientId, list[Due]]:
    """Rungs to raise now although their day has not come: Friday reaches to Monday, Holy Thursday to Tuesday.

    Only while somebody of the partner is at work, and only when that person's next working hour lies behind the end.
    """
    if not env.policy.respect_hours:
        return {}
    partners = ladder_rows.partners_ahead(conn, now, now + _AHEAD_MAX) - set(without)
    horizons = _horizons(conn, partners if partner_id is None else partners & {partner_id}, now, env)
    if not horizons:
        return {}
    found: dict[ClientId, list[Due]] = {}
    for client_id, of_partner, zone, rung in ladder_rows.rungs_ahead(conn, now, max(horizons.values()), _RUNGS_MAX):
        if of_partner in horizons and _ends_at(rung, zone) <= horizons[of_partner]:
            found.setdefault(client_id, []).append(rung)
    return found


def raised_at(rung: Due, zone: str, people: Collection[Curator], *, now: datetime, env: Surroundings) -> datetime:
    """When a rung that is not reached yet will be raised for a client in this zone: on its day, or before, when the
    next working hour of one of these `people` would be too late. It is they who hear of the partner's money."""
    if not env.policy.respect_hours or rung.kind not in AHEAD:
        return rung.due_at
    ends = _ends_at(rung, zone)
    calls = [_last_call(one, ends, now, env.policy.is_day_off) for one in people if not one.any_hour]
    return min([rung.due_at, *calls])


def _last_call(person: Curator, ends: datetime, now: datetime, off: DaysOff) -> datetime:
    """The first moment at which a person is at work and will not be again before the end."""
    at = next_opening(person, max(now, ends - _AHEAD_MAX), off)
    while at < ends and _reach(person, at, off) < ends:
        at = opening_after(person, at, off)
    return at


def _reach(person: Curator, now: datetime, off: DaysOff) -> datetime:
    """Up to when this person, who is at work now, has to be told now."""
    return min(opening_after(person, now, off), now + _AHEAD_MAX)


def _horizons(
    conn: Connection, partners: Collection[PartnerId], now: datetime, env: Surroundings
) -> dict[PartnerId, datetime]:
    """For each partner with somebody at work now, the latest next working hour of those."""
    off = env.policy.is_day_off
    found: dict[PartnerId, datetime] = {}
    for person in directory.hearing_of_money(conn, partners):
        if not person.any_hour and next_opening(person, now, off) == now:
            opens = _reach(person, now, off)
            found[person.partner_id] = max(opens, found.get(person.partner_id, opens))
    return found


def _ends_at(rung: Due, zone: str) -> datetime:
    """The moment at which the stage's subscription or money ends: the midnight after its last paid day."""
    day = rung.due_at.astimezone(ZoneInfo(zone)).date() + timedelta(days=rung.stage)
    return first_instant(day + _DAY, zone)
