"""Holds back an avalanche: many more clients at once than usual wait for an owner's yes or no; one summary is sent."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, func, select

from bot.alerts import notifications, repository
from bot.alerts.alert import WATCHED, Kind
from bot.alerts.concern import Concern, keep, tell_latecomers
from bot.alerts.policy import Brake
from bot.alerts.surroundings import Surroundings
from bot.alerts.timing import AHEAD
from bot.alerts.unreachable import unreachable
from bot.billing.local_day import first_instant, local_date
from bot.directory import service as directory
from bot.directory.people import Curator, Role
from bot.errors import UserError
from bot.ids import AlertId, CuratorId, PartnerId
from bot.messaging import outbox
from bot.storage.reading import Reading
from bot.storage.tables import alert, alert_due, client, delivery, notification

RELEASED, DECLINED = "released", "declined"
"""What a question was settled by: everybody is told, nobody is told of what was due until then."""
UNASKED = "unasked"
"""The subject under which it is noted that an avalanche went out because there was no owner to ask."""
_LASTS = timedelta(hours=1)
"""An answer is good for so long."""
_LOOKED_BACK = timedelta(days=28)
_SUBJECT = "scan"
_LOST = ("failed", "undelivered", "expired")
_OF_NO_CLIENT = alert.c.client_id.is_(None)
"""A question is a partner's: by the index, this leaves a few rows."""
_WAITING = Reading(
    select(alert_due.c.partner_id, func.count(alert_due.c.client_id.distinct()).label("clients"))
    .where(alert_due.c.due_at <= bindparam("now"), alert_due.c.due_at > bindparam("oldest"))
    .group_by(alert_due.c.partner_id)
)
_ANSWERS = Reading(
    select(alert.c.partner_id, alert.c.resolution, alert.c.resolved_at)
    .where(
        _OF_NO_CLIENT,
        alert.c.state == "resolved",
        alert.c.partner_id.in_(bindparam("partners", expanding=True)),
        alert.c.raised_at > bindparam("since"),
        alert.c.kind == Kind.BRAKE.value,
        alert.c.resolved_at > bindparam("good_from"),
    )
    .order_by(alert.c.resolved_at)
)
_QUESTIONS = Reading(
    select(alert.c.partner_id, alert.c.id).where(
        _OF_NO_CLIENT, alert.c.state == "open", alert.c.kind == Kind.BRAKE.value
    )
)


@dataclass(frozen=True, slots=True)
class Braked:
    """`held`: how many clients of which partner wait for an answer. `declined`: up to which moment nobody is told."""

    held: Mapping[PartnerId, int] = field(default_factory=dict)
    declined: Mapping[PartnerId, datetime] = field(default_factory=dict)


def look(conn: Connection, *, now: datetime, env: Surroundings) -> Braked:
    """Whose clients wait for an answer; owners who do not know yet are asked in this unit.

    Only an owner who can be reached is asked. Without one nothing is held: an alert too many is better than none.
    """
    brake = env.policy.brake
    if brake is None:
        return Braked()
    waiting = _waiting(conn, now - timedelta(days=env.policy.forget_after_days), now)
    answers = _answers(conn, waiting, now)
    many = {one: count for one, count in waiting.items() if count > brake.over and one not in answers}
    held = {one: count for one, count in many.items() if _is_unusual(conn, one, count, brake, now)}
    asked = {one: count for one, count in held.items() if _ask(conn, one, count, now, env)}
    for partner_id in _open(conn):
        if partner_id not in held:
            keep(conn, partner_id, Kind.BRAKE, [], [], now=now, env=env)
    return Braked(asked, {one: at for one, (word, at) in answers.items() if word == DECLINED})


def answer(conn: Connection, alert_id: AlertId, curator_id: CuratorId, *, yes: bool, now: datetime) -> bool:
    """An owner says yes, and the next scan tells everybody; or no, and nobody is told of what is due by now.

    False when that was said or over before. UserError alert_unknown.
    """
    person = directory.get_curator(conn, curator_id)
    query = select(alert.c.state).where(
        alert.c.id == alert_id, alert.c.partner_id == person.partner_id, alert.c.kind == Kind.BRAKE.value
    )
    state = conn.execute(query).scalar_one_or_none()
    if state is None:
        raise UserError("alert_unknown", alert=alert_id)
    if state == "open":
        _settle(conn, alert_id, curator_id, yes, now)
    return bool(state == "open")


def answer_for(conn: Connection, partner_id: PartnerId, who: str, *, yes: bool, now: datetime) -> bool:
    """Whoever runs the installation answers in the owner's place; False when nothing waits for an answer."""
    open_one = _open(conn).get(partner_id)
    if open_one is not None:
        _settle(conn, open_one, f"operator {who}", yes, now)
    return open_one is not None


def is_held(conn: Connection, partner_id: PartnerId) -> bool:
    """Whether what is due of this partner waits for an owner's yes."""
    return partner_id in _open(conn)


def _settle(conn: Connection, alert_id: AlertId, who: str, yes: bool, now: datetime) -> None:
    repository.resolve(conn, [alert_id], f"{RELEASED if yes else DECLINED}:{who}", now)
    outbox.cancel_queued(conn, ids=notifications.settle(conn, [alert_id], now))


def _waiting(conn: Connection, oldest: datetime, now: datetime) -> dict[PartnerId, int]:
    """How many clients of each partner have something due that is not history."""
    return {PartnerId(row.partner_id): row.clients for row in _WAITING.rows(conn, now=now, oldest=oldest)}


def _answers(
    conn: Connection, partner_ids: Collection[PartnerId], now: datetime
) -> dict[PartnerId, tuple[str, datetime]]:
    """What was answered lately, and when."""
    if not partner_ids:
        return {}
    found = {}
    for row in _ANSWERS.rows(conn, partners=list(partner_ids), since=now - _LOOKED_BACK, good_from=now - _LASTS):
        word = row.resolution.partition(":")[0]
        if word in (RELEASED, DECLINED):
            found[PartnerId(row.partner_id)] = (word, row.resolved_at)
    return found


def _is_unusual(conn: Connection, partner_id: PartnerId, count: int, brake: Brake, now: datetime) -> bool:
    return count > brake.times * _usual(conn, partner_id, now)


def _usual(conn: Connection, partner_id: PartnerId, now: datetime) -> int:
    """The most clients told of in one day lately, today left out: Mondays are busier than Tuesdays."""
    kinds = [kind.value for kind in WATCHED]
    query = select(alert.c.raised_at, alert.c.client_id).where(
        alert.c.partner_id == partner_id, alert.c.raised_at > now - _LOOKED_BACK, alert.c.kind.in_(kinds)
    )
    query = query.where(repository.RAISED)
    days: dict[str, set[str]] = {}
    for raised_at, client_id in conn.execute(query):
        days.setdefault(raised_at.date().isoformat(), set()).add(client_id)
    days.pop(now.date().isoformat(), None)
    return max(map(len, days.values()), default=0)


def _ask(conn: Connection, partner_id: PartnerId, count: int, now: datetime, env: Surroundings) -> bool:
    """Have the owners asked once; False when there is none who can be."""
    known = _open(conn).get(partner_id)
    owners = _owners(conn, partner_id, now, env)
    if not owners or (known is not None and _is_lost(conn, known)):
        unasked = Concern(Kind.BRAKE, f"{UNASKED}:{now.date().isoformat()}", {"count": count}, news=True)
        keep(conn, partner_id, Kind.BRAKE, [unasked], [], now=now, env=env)
        return False
    if known is None:
        first_end = _first_end(conn, partner_id, now)
        question = Concern(Kind.BRAKE, f"{_SUBJECT}:{now.isoformat()}", {"count": count}, too_late=first_end)
        keep(conn, partner_id, Kind.BRAKE, [question], owners, now=now, env=env)
    else:
        tell_latecomers(conn, known, owners, now=now, env=env)
    return True


def _first_end(conn: Connection, partner_id: PartnerId, now: datetime) -> datetime | None:
    """When the first of what is held back ends, as far as that is still to come."""
    query = (
        select(alert_due.c.stage, alert_due.c.due_at, client.c.time_zone)
        .join(client, client.c.id == alert_due.c.client_id)
        .where(alert_due.c.partner_id == partner_id, alert_due.c.due_at <= now)
        .where(alert_due.c.kind.in_([kind.value for kind in AHEAD]))
    )
    ends = (
        first_instant(local_date(row.due_at, row.time_zone) + timedelta(days=row.stage + 1), row.time_zone)
        for row in conn.execute(query)
    )
    return min((one for one in ends if one > now), default=None)


def _owners(conn: Connection, partner_id: PartnerId, now: datetime, env: Surroundings) -> list[Curator]:
    """Owners who agreed to be told, and whose messages arrive."""
    people = directory.financial_curators(conn, partner_id)
    gone = {one.about for one in unreachable(conn, partner_id, now=now, sender=env.sender)}
    return [one for one in people if one.role is Role.OWNER and one.address is not None and one.id not in gone]


def _is_lost(conn: Connection, question: AlertId) -> bool:
    """Whether the question reached nobody."""
    query = (
        select(delivery.c.state)
        .join(notification, notification.c.delivery_id == delivery.c.id)
        .where(notification.c.alert_id == question)
    )
    return all(state in _LOST for state in conn.execute(query).scalars())


def _open(conn: Connection) -> dict[PartnerId, AlertId]:
    """The questions that wait for an answer."""
    return {PartnerId(row.partner_id): AlertId(row.id) for row in _QUESTIONS.rows(conn)}
