"""What concerns a partner and no single client: raised once while it is so, told to some people, settled when over."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from bot.alerts import hearers, notifications, repository
from bot.alerts.alert import Kind
from bot.alerts.fingerprint import message_key
from bot.alerts.surroundings import Surroundings
from bot.alerts.timing import polite
from bot.directory.people import Curator
from bot.id_generator import new_id
from bot.ids import AlertId, CuratorId, DeliveryId, PartnerId
from bot.messaging import message, outbox
from bot.messaging.message import Outgoing
from bot.messaging.templates import Button
from bot.storage.queries import insert_if_absent
from bot.storage.tables import alert

_COOLDOWN = timedelta(hours=24)
"""What comes and goes is told this often at most, unless the policy says otherwise."""
_OVER = "over"
_ACTIONS: Mapping[Kind, tuple[str, ...]] = {Kind.BRAKE: ("release", "decline")}


@dataclass(frozen=True, slots=True)
class Concern:
    """`subject` tells two of a kind apart: a currency, a person, a day. `news`: told once, and nothing is left to do.

    `about` is the curator it is about, who is not told. `too_late`: when it is too late to hear of it, so that a
    day off is no reason to wait.
    """

    kind: Kind
    subject: str
    facts: Mapping[str, Any]
    news: bool = False
    about: CuratorId | None = None
    too_late: datetime | None = None


def keep(
    conn: Connection,
    partner_id: PartnerId,
    kind: Kind,
    concerns: Sequence[Concern],
    people: Sequence[Curator],
    *,
    now: datetime,
    env: Surroundings,
) -> list[Concern]:
    """Raise what is not known yet, settle what is over; returns what was raised.

    `concerns` is everything of this kind that holds of the partner now. Who is among `people` only since it was raised
    is told of what is still so, as it was then.
    """
    known = _open(conn, partner_id, kind)
    wanted = {one.subject for one in concerns}
    over = [alert_id for subject, alert_id in known.items() if subject not in wanted]
    if over:
        repository.resolve(conn, over, _OVER, now)
        outbox.cancel_queued(conn, ids=notifications.settle(conn, over, now))
    for one in concerns:
        if one.subject in known:
            tell_latecomers(conn, known[one.subject], people, now=now, env=env, about=one.about)
    raised = [one for one in concerns if one.subject not in known and not _lately(conn, partner_id, one, now, env)]
    return [one for one in raised if _raise(conn, partner_id, one, people, now, env)]


def tell_latecomers(
    conn: Connection,
    alert_id: AlertId,
    people: Sequence[Curator],
    *,
    now: datetime,
    env: Surroundings,
    about: CuratorId | None = None,
) -> None:
    """Tell of an open concern those of these people who have not heard of it: they joined, agreed or came back."""
    heard = {who for _, who in hearers.told_of(conn, [alert_id])}
    late = [one for one in people if one.id not in heard]
    if not late:
        return
    found = repository.alerts_by_id(conn, [alert_id])[alert_id]
    known = Concern(found.kind, found.cycle, found.facts, about=about)
    _tell(conn, alert_id, found.partner_id, known, late, now, env)


def _open(conn: Connection, partner_id: PartnerId, kind: Kind) -> dict[str, AlertId]:
    which = alert.c.partner_id == partner_id, alert.c.kind == kind.value, repository.OPEN
    return {row.cycle: AlertId(row.id) for row in conn.execute(select(alert.c.id, alert.c.cycle).where(*which))}


def _lately(conn: Connection, partner_id: PartnerId, one: Concern, now: datetime, env: Surroundings) -> bool:
    if one.news:
        return False
    since = now - env.policy.cooldowns.get(one.kind, _COOLDOWN)
    query = select(alert.c.id).where(
        alert.c.partner_id == partner_id,
        alert.c.raised_at > since,
        alert.c.kind == one.kind.value,
        alert.c.cycle == one.subject,
    )
    return conn.execute(query.limit(1)).first() is not None


def _raise(
    conn: Connection, partner_id: PartnerId, one: Concern, people: Sequence[Curator], now: datetime, env: Surroundings
) -> bool:
    alert_id = AlertId(new_id())
    again = "" if one.news else f":{now.date().isoformat()}"
    row = {
        "id": alert_id,
        "partner_id": partner_id,
        "client_id": None,
        "key": f"alert:{one.kind.value}:{partner_id}:{one.subject}{again}",
        "kind": one.kind.value,
        "stage": 0,
        "cycle": one.subject,
        "state": "resolved" if one.news else "open",
        "facts": dict(one.facts),
        "raised_at": now,
        "resolved_at": now if one.news else None,
        "resolution": "news" if one.news else None,
    }
    if not insert_if_absent(conn, alert, [row]):
        return False
    _tell(conn, alert_id, partner_id, one, people, now, env)
    return True


def _tell(
    conn: Connection,
    alert_id: AlertId,
    partner_id: PartnerId,
    one: Concern,
    people: Sequence[Curator],
    now: datetime,
    env: Surroundings,
) -> None:
    told: dict[CuratorId, DeliveryId] = {}
    for person in people:
        if person.address is None or person.id == one.about:
            continue
        outgoing = _outgoing(alert_id, partner_id, one, person, polite(person, now, env, one.too_late))
        delivery_id = outbox.enqueue(conn, outgoing, sender=env.sender, now=now, jobs=env.jobs)
        if delivery_id is not None:
            told[person.id] = delivery_id
    notifications.insert_sent(conn, alert_id, told, now)


def _outgoing(alert_id: AlertId, partner_id: PartnerId, one: Concern, person: Curator, at: datetime) -> Outgoing:
    assert person.address is not None
    return Outgoing(
        key=message_key(alert_id, person.id),
        to=person.address,
        kind=message.Kind.ALERT,
        template=f"watch/{one.kind.value}",
        language=person.language,
        facts={**one.facts, "zone": person.time_zone},
        buttons=tuple(Button(action, f"{action}:{alert_id}") for action in _ACTIONS.get(one.kind, ())),
        partner_id=partner_id,
        curator_id=person.id,
        not_before=at,
    )
