"""An alert that was left to one person goes to the others: at once when it did not arrive there, from stage 3 on when
nobody reacts."""

from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.alerts import hearers, notifications
from bot.alerts.quiet import send_at
from bot.alerts.surroundings import Surroundings
from bot.alerts.timing import deadline
from bot.directory import service as directory

_FROM_STAGE = 3
_CHUNK = 500


def escalate(conn: Connection, *, now: datetime, env: Surroundings) -> int:
    """Let the others be told of what the one responsible did not get, or neither claimed nor settled in time; how many
    are told.

    Only who is not told because the client is assigned to somebody else; each of them at an hour that fits.
    """
    since = now - timedelta(hours=env.policy.escalate_after_hours)
    silent = hearers.left_alone(conn, _FROM_STAGE, since, _CHUNK)
    if not silent:
        return 0
    people = directory.curators_by_id(conn, {curator_id for _, curator_id in silent})
    for alert, curator_id in silent:
        at = now
        if env.policy.respect_hours:
            at = send_at(people[curator_id], now, deadline(alert), env.policy.is_day_off)
        notifications.call(conn, alert.id, curator_id, at)
    return len(silent)
