"""Writes what people are to be told: one message per curator, in the same unit as the note that it was sent."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from bot.alerts import hearers, ladder_rows, notifications
from bot.alerts.alert import Alert, Kind
from bot.alerts.digest import Digest, digest
from bot.alerts.fingerprint import message_key
from bot.alerts.quiet import send_at
from bot.alerts.report import ScanReport
from bot.alerts.surroundings import Surroundings
from bot.alerts.timing import deadline, in_turn
from bot.alerts.wording import worded
from bot.directory import service as directory
from bot.directory.people import Curator, Suppression
from bot.ids import AlertId, ClientId, CuratorId, PartnerId
from bot.messaging import message, outbox
from bot.messaging.message import Outgoing

CURATORS_MAX = 200
"""People told in one unit."""
_NEXT_MESSAGE = timedelta(minutes=10)
_GONE = "removed"


def tell(conn: Connection, *, now: datetime, env: Surroundings, partner_id: PartnerId | None = None) -> ScanReport:
    """Write one message to each curator for whom something waits."""
    curator_ids = notifications.curators_waiting(conn, now, CURATORS_MAX, partner_id)
    if not curator_ids:
        return ScanReport()
    waiting = notifications.waiting(conn, curator_ids, now)
    people = directory.curators_by_id(conn, waiting)
    muted = _muted(conn, waiting)
    report = ScanReport(more=len(curator_ids) == CURATORS_MAX)
    for curator_id, alerts in waiting.items():
        kept, silent = _sorted_out(alerts, people[curator_id], muted, _called(conn, people[curator_id], alerts, now))
        for reason, dropped in silent.items():
            ids = [one.id for one in dropped]
            notifications.mark_suppressed(conn, curator_id, ids, reason, now)
            report += ScanReport(suppressed={reason: len(ids)})
        timely = _timely(conn, people[curator_id], kept, now, env)
        report += _tell_one(conn, people[curator_id], _bad_news_first(conn, curator_id, timely, now), now, env)
    return report


def _timely(conn: Connection, curator: Curator, alerts: list[Alert], now: datetime, env: Surroundings) -> list[Alert]:
    """What goes now: everything in the one message of the day; later that day only what cannot wait for the next."""
    if not alerts or not env.policy.respect_hours or curator.any_hour:
        return alerts
    alerts = _in_hours(conn, curator, alerts, now, env)
    if not alerts:
        return []
    day = now.astimezone(ZoneInfo(curator.time_zone)).date()
    if notifications.begin_digest(conn, curator.id, day, now):
        return alerts
    turns = {one.id: in_turn(curator, one, now, True, env) for one in alerts}
    for at in {at for at in turns.values() if at > now}:
        notifications.postpone(conn, curator.id, [one for one, turn in turns.items() if turn == at], at)
    return [one for one in alerts if turns[one.id] == now]


def _in_hours(conn: Connection, curator: Curator, alerts: list[Alert], now: datetime, env: Surroundings) -> list[Alert]:
    """What may go at this hour: whoever comes late, after hours without a scan, does not ring at night to make up."""
    kept = []
    for one in alerts:
        at = send_at(curator, now, deadline(one), env.policy.is_day_off)
        if at > now:
            notifications.postpone(conn, curator.id, [one.id], at)
        else:
            kept.append(one)
    return kept


def _bad_news_first(conn: Connection, curator_id: CuratorId, alerts: list[Alert], now: datetime) -> list[Alert]:
    """What needs somebody goes in this message; that something is right again goes in the next one."""
    good = [one for one in alerts if one.kind is Kind.RECOVERED]
    if len(good) == len(alerts):
        return alerts
    notifications.postpone(conn, curator_id, [one.id for one in good], now + _NEXT_MESSAGE)
    return [one for one in alerts if one not in good]


def _muted(conn: Connection, waiting: Mapping[CuratorId, list[Alert]]) -> set[tuple[CuratorId, ClientId]]:
    """Who muted whom since it was decided whom to tell."""
    client_ids = {one.client_id for alerts in waiting.values() for one in alerts}
    found = directory.mutes(conn, client_ids)
    return {(curator_id, client_id) for client_id, people in found.items() for curator_id in people}


def _called(conn: Connection, curator: Curator, alerts: list[Alert], now: datetime) -> set[ClientId]:
    """Clients of which this person is told although its "Finances" are off: an owner, when nobody else is left."""
    if curator.silence() is not Suppression.FINANCES_OFF:
        return set()
    found = directory.recipients(conn, {one.client_id for one in alerts}, now)
    return {client_id for client_id, people in found.items() if curator.id in people.curators}


def _sorted_out(
    alerts: list[Alert], curator: Curator, muted: set[tuple[CuratorId, ClientId]], called: set[ClientId]
) -> tuple[list[Alert], dict[str, list[Alert]]]:
    """What is told after all, and what is not by reason: minds may have changed while it waited."""
    silence = curator.silence()
    reason = _GONE if curator.removed_at else silence.value if silence else None
    if reason is not None:
        kept = [one for one in alerts if one.client_id in called]
        return kept, {reason: [one for one in alerts if one not in kept]} if len(kept) < len(alerts) else {}
    dropped = [one for one in alerts if (curator.id, one.client_id) in muted]
    return [one for one in alerts if one not in dropped], {"muted": dropped} if dropped else {}


def _tell_one(conn: Connection, curator: Curator, alerts: list[Alert], now: datetime, env: Surroundings) -> ScanReport:
    if not alerts:
        return ScanReport()
    told = digest(alerts)
    key = _key(conn, told.first.id, curator.id)
    partner = directory.get_partner(conn, curator.partner_id).name
    followed_at = ladder_rows.next_stage_at(conn, alerts, now)
    outgoing = replace(_outgoing(told, curator, partner, now, key), expires_at=followed_at)
    delivery_id = outbox.enqueue(conn, outgoing, sender=env.sender, now=now, jobs=env.jobs)
    notifications.mark_sent(conn, curator.id, [one.id for one in alerts], delivery_id, now)
    return ScanReport(messages=0 if delivery_id is None else 1)


def _key(conn: Connection, alert_id: AlertId, curator_id: CuratorId) -> str:
    """Another one for each message about the same that went before and was put off, or that was taken back."""
    key = message_key(alert_id, curator_id, hearers.told_before(conn, alert_id, curator_id))
    while (gone := outbox.cancelled_under(conn, key)) is not None:
        key = message_key(alert_id, curator_id, gone)
    return key


def _outgoing(told: Digest, curator: Curator, partner: str, now: datetime, key: str) -> Outgoing:
    wording = worded(told, now, curator, partner)
    assert curator.address is not None
    return Outgoing(
        key=key,
        to=curator.address,
        kind=message.Kind.NOTICE if told.first.kind is Kind.RECOVERED else message.Kind.ALERT,
        template=wording.template,
        language=curator.language,
        facts=wording.facts,
        buttons=wording.buttons,
        partner_id=curator.partner_id,
        curator_id=curator.id,
        client_id=told.first.client_id if told.single else None,
    )
