"""Signs of life in quiet times: that nothing is due, as often as a person wants, and an owner's summary on Mondays."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, exists, func, or_, select

from bot.alerts.quiet import QUIET_FROM, QUIET_TO, works
from bot.alerts.surroundings import Surroundings
from bot.alerts.week import week_facts
from bot.billing.local_day import first_instant
from bot.directory import service as directory
from bot.directory.people import Curator, Role
from bot.ids import PartnerId
from bot.messaging import message, outbox
from bot.messaging.message import Outgoing
from bot.storage.tables import alert, client, delivery, notification, tick

_SCAN = "scan"
"""The tick that shows that clients were looked at."""
_FRESH = timedelta(minutes=15)
"""Nothing is said of a look longer ago than this."""
_WITHIN = timedelta(hours=3)
"""A sign of life goes within this time of a person's alert hour, or not that day."""
_DAY = timedelta(days=1)


def give_signs(conn: Connection, partner_id: PartnerId, *, now: datetime, env: Surroundings) -> int:
    """Tell the people of a partner whose hour it is; how many messages were written. Each once a day."""
    looked_at = conn.execute(select(func.max(tick.c.at)).where(tick.c.name == _SCAN)).scalar_one()
    if looked_at is None or looked_at < now - _FRESH:
        return 0
    people = [one for one in directory.financial_curators(conn, partner_id) if _is_hour(one, now, env)]
    return sum(_tell(conn, one, looked_at, now, env) for one in people)


def _tell(conn: Connection, person: Curator, looked_at: datetime, now: datetime, env: Surroundings) -> int:
    day = now.astimezone(ZoneInfo(person.time_zone)).date()
    begins = _begins_week(person, day, env)
    if person.role is Role.OWNER and begins:
        return _send(conn, person, "week", day, lambda: week_facts(conn, person.partner_id, now=now, env=env), now, env)
    wanted = person.all_clear == "daily" or (person.all_clear == "mondays" and begins)
    if not wanted or _is_told(conn, person, day):
        return 0
    facts = {"clients": _clients(conn, person.partner_id), "open": _open(conn, person.partner_id)}
    shown = {**facts, "at": looked_at.isoformat(), "zone": person.time_zone}
    return _send(conn, person, "all_clear", day, lambda: shown, now, env)


def _send(
    conn: Connection,
    person: Curator,
    what: str,
    day: date,
    facts: Callable[[], Mapping[str, Any]],
    now: datetime,
    env: Surroundings,
) -> int:
    """Write it, unless it was written today already; facts are worked out only then."""
    key = f"{what}:{person.id}:{day.isoformat()}"
    if person.address is None or conn.execute(select(delivery.c.id).where(delivery.c.key == key)).first() is not None:
        return 0
    sign = Outgoing(
        key=key,
        to=person.address,
        kind=message.Kind.NOTICE,
        template=f"watch/{what}",
        language=person.language,
        facts=facts(),
        partner_id=person.partner_id,
        curator_id=person.id,
    )
    return int(outbox.enqueue(conn, sign, sender=env.sender, now=now, jobs=env.jobs) is not None)


def _is_hour(person: Curator, now: datetime, env: Surroundings) -> bool:
    """Whether it is a person's alert hour of a working day, or shortly after."""
    local = now.astimezone(ZoneInfo(person.time_zone))
    opens = datetime.combine(local.date(), max(person.alert_hour, QUIET_TO), local.tzinfo)
    return _works(person, local.date(), env) and opens <= local < opens + _WITHIN and local.time() < QUIET_FROM


def _works(person: Curator, day: date, env: Surroundings) -> bool:
    return works(person, day, env.policy.is_day_off)


def _begins_week(person: Curator, day: date, env: Surroundings) -> bool:
    """Whether it is a person's first working day of the week: Monday, unless that is a day off."""
    before = [day - n * _DAY for n in range(1, day.isoweekday())]
    return not any(_works(person, one, env) for one in before)


def _is_told(conn: Connection, person: Curator, day: date) -> bool:
    """Whether a person hears of alerts today, which is sign of life enough."""
    start, end = first_instant(day, person.time_zone), first_instant(day + _DAY, person.time_zone)
    mine = notification.c.curator_id == person.id
    sent = exists().where(mine, notification.c.outcome == "sent", notification.c.at >= start)
    waits = exists().where(mine, notification.c.outcome == "waiting", notification.c.send_at < end)
    return bool(conn.execute(select(or_(sent, waits))).scalar_one())


def _clients(conn: Connection, partner_id: PartnerId) -> int:
    query = select(func.count()).where(client.c.partner_id == partner_id, client.c.missing_since.is_(None))
    return int(conn.execute(query).scalar_one())


def _open(conn: Connection, partner_id: PartnerId) -> int:
    """Clients of whom something was told and is not settled."""
    which = alert.c.partner_id == partner_id, alert.c.state == "open"
    return int(conn.execute(select(func.count(alert.c.client_id.distinct())).where(*which)).scalar_one())
