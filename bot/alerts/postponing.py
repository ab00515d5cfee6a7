"""Putting a client off: one person's snooze, the client's promise to pay, a note for the others."""

from datetime import date, datetime

from sqlalchemy import Connection

from bot.alerts import holds, notifications, repository
from bot.alerts.alert import Alert
from bot.alerts.holds import Hold, HoldKind
from bot.alerts.quiet import reminded_at
from bot.alerts.rules import local_time
from bot.alerts.surroundings import Surroundings
from bot.alerts.timing import deadline, moments
from bot.directory import service as directory
from bot.directory.people import Curator
from bot.errors import UserError
from bot.ids import ClientId, CuratorId

_NOTE_MAX = 500
_NOTES_SHOWN = 20


def snooze(conn: Connection, client_id: ClientId, curator_id: CuratorId, *, until: datetime, now: datetime) -> Hold:
    """This person hears of the client again at `until`, and at the latest the day before the end.

    UserError client_unknown, date_past.
    """
    return _hold(conn, HoldKind.SNOOZE, client_id, curator_id, until, None, now)


def snooze_until_changed(conn: Connection, client_id: ClientId, curator_id: CuratorId, *, now: datetime) -> bool:
    """This person hears no more of what is open now, as long as it is the same, and at the latest the day before the
    end; False when nothing is open. UserError client_unknown."""
    client = directory.get_client(conn, client_id)
    found = repository.open_of_clients(conn, [client_id]).get(client_id, [])
    if not found:
        return False
    run = holds.running(conn, [client_id], [HoldKind.SNOOZE])
    holds.end(conn, [one.id for one in run if one.curator_id == curator_id], now)
    for one in found:
        holds.insert_hold(conn, HoldKind.SNOOZE, client.partner_id, client_id, curator_id, now=now, alert_id=one.id)
    return True


def later(conn: Connection, found: Alert, person: Curator, *, now: datetime, env: Surroundings) -> datetime:
    """Tell one person of this alert once more, and of nothing of the client before: with what is due at its hour of the
    next working day, earlier if that would be too late. Returns when."""
    at = reminded_at(person, now, deadline(found), env.policy.is_day_off)
    snooze(conn, found.client_id, person.id, until=at, now=now)
    notifications.call_again(conn, found.id, person.id, at, now)
    return at


def put_off_what_waits(conn: Connection, client_id: ClientId, *, now: datetime, env: Surroundings) -> None:
    """Call when a promise or a snooze begins: what is known already and not said yet waits for it too, or no longer."""
    pairs = notifications.waiting_for_the_first_time(conn, client_id)
    for alert_id, curator_id, at in moments(conn, pairs, now, env):
        notifications.postpone(conn, curator_id, [alert_id], at)


def promised(
    conn: Connection,
    client_id: ClientId,
    curator_id: CuratorId,
    *,
    day: date,
    now: datetime,
    env: Surroundings,
    note: str | None = None,
) -> Hold:
    """The client promised to pay by a day of its own calendar: nobody hears of further stages before that morning.

    UserError client_unknown, date_past.
    """
    client = directory.get_client(conn, client_id)
    until = local_time(day, env.policy.raise_at, client.time_zone)
    made = _hold(conn, HoldKind.PROMISE, client_id, curator_id, until, note, now)
    put_off_what_waits(conn, client_id, now=now, env=env)
    return made


def note(conn: Connection, client_id: ClientId, curator_id: CuratorId, text: str, *, now: datetime) -> Hold:
    """Something the others should know of the client. UserError client_unknown, note_empty."""
    words = " ".join(text.split())[:_NOTE_MAX]
    if not words:
        raise UserError("note_empty")
    return _hold(conn, HoldKind.NOTE, client_id, curator_id, None, words, now)


def history(conn: Connection, client_id: ClientId) -> list[Hold]:
    """What was done about a client: claims, promises, notes and snoozes, the newest first."""
    return holds.of_client(conn, client_id, _NOTES_SHOWN)


def _hold(
    conn: Connection,
    kind: HoldKind,
    client_id: ClientId,
    curator_id: CuratorId,
    until: datetime | None,
    text: str | None,
    now: datetime,
) -> Hold:
    client = directory.get_client(conn, client_id)
    if until is not None and until <= now:
        raise UserError("date_past", until=until.isoformat())
    if kind in (HoldKind.SNOOZE, HoldKind.PROMISE):
        run = holds.running(conn, [client_id], [kind])
        mine = [one.id for one in run if kind is HoldKind.PROMISE or one.curator_id == curator_id]
        holds.end(conn, mine, now)
    made = holds.insert_hold(conn, kind, client.partner_id, client_id, curator_id, now=now, until=until, note=text)
    assert made is not None
    return made
