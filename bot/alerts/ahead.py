"""What must be said early: stages that come on days off, when the next working hour would be too late."""

from collections.abc import Collection
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from bot.alerts import repository
from bot.alerts.alert import Due
from bot.alerts.quiet import next_opening, opening_after
from bot.alerts.surroundings import Surroundings
from bot.billing.local_day import first_instant
from bot.directory import service as directory
from bot.directory.people import Curator
from bot.ids import ClientId, PartnerId

_AHEAD_MAX = timedelta(days=5)
"""The longest row of days off that is bridged."""
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
    """Rungs to raise now although their day has not come: Friday reaches to Monday.

    Only while somebody of the partner is at work, and only when that person's next working hour lies behind the end.
    """
    if not env.policy.respect_hours:
        return {}
    found: dict[ClientId, list[Due]] = {}
    horizons: dict[PartnerId, datetime | None] = {}
    for client_id, of_partner, zone, rung in repository.rungs_ahead(conn, now, now + _AHEAD_MAX, _RUNGS_MAX):
        if of_partner in without or (partner_id is not None and of_partner != partner_id):
            continue
        if of_partner not in horizons:
            horizons[of_partner] = _horizon(directory.financial_curators(conn, of_partner), now, env)
        horizon = horizons[of_partner]
        if horizon is not None and _ends_at(rung, zone) <= horizon:
            found.setdefault(client_id, []).append(rung)
    return found


def _horizon(people: list[Curator], now: datetime, env: Surroundings) -> datetime | None:
    """The latest next working hour of those who are at work now; None when nobody is."""
    off = env.policy.is_holiday
    return max(
        (opening_after(one, now, off) for one in people if not one.any_hour and next_opening(one, now, off) == now),
        default=None,
    )


def _ends_at(rung: Due, zone: str) -> datetime:
    """The moment at which the stage's subscription or money ends: the midnight after its last paid day."""
    day = rung.due_at.astimezone(ZoneInfo(zone)).date() + timedelta(days=rung.stage)
    return first_instant(day + _DAY, zone)
