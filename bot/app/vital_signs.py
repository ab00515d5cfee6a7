"""What operations must know of a running installation: how late it is, whether messages leave, who is out of reach."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from bot.alerts.alert import Kind
from bot.alerts.brake import UNASKED
from bot.billing.gateways.wazzup import polls
from bot.billing.verdicts import wrong_since
from bot.messaging import contents, troubles
from bot.messaging.figures import is_somebodys
from bot.messaging.message import ErrorCode
from bot.messaging.transports import twilio_errors, wazzup_errors
from bot.messaging.troubles import Trouble
from bot.settings import OperationsSettings
from bot.storage.tables import alert, alert_due, delivery, partner

_LATELY = timedelta(minutes=15)
_FAILED_MIN = 5
"""So many failures, and not one message that left, are no accident."""
_NEW = timedelta(hours=1)
_CHECKED = timedelta(minutes=20)
"""The books are checked every quarter of an hour, and what is wrong is found again until it is put right."""
_SAID_ONCE = timedelta(days=1)
"""Shorter than it is remembered what was said."""
_FAILS_WITHIN = timedelta(hours=12)
"""A message has failed by then, as the provider tries for hours only; so the query can use the index of its age."""
_ARRIVED = ("sent", "delivered", "read")
_LOST = ("failed", "undelivered")


@dataclass(frozen=True, slots=True)
class VitalSigns:
    """Ages in seconds of what is due and not raised, and of what should have left; messages of the last minutes."""

    alert_age: float
    message_age: float
    failed: int
    arrived: int
    unreachable: tuple[tuple[str, str, datetime], ...] = ()
    held_back: tuple[str, ...] = ()
    unasked: tuple[str, ...] = ()
    unpolled: tuple[tuple[str, str], ...] = ()
    strange_codes: tuple[ErrorCode, ...] = ()
    refused_texts: tuple[tuple[str, str, str], ...] = ()
    unfit_texts: tuple[str, ...] = ()
    account_codes: tuple[str, ...] = ()
    books_wrong: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something a person should see to. `name` tells alarms apart, `recipe` says what to do first."""

    name: str
    title: str
    recipe: str
    since: datetime | None = None
    """What happened at one moment is said once, ever; the rest again each hour while it lasts."""


def measure(conn: Connection, now: datetime) -> VitalSigns:
    """Look at the database; cheap enough for every minute."""
    open_ones = alert.c.state == "open"
    held = select(alert.c.partner_id).where(open_ones, alert.c.kind == Kind.BRAKE.value)
    held_back = tuple(conn.execute(held).scalars())
    unasked = select(alert.c.partner_id).where(
        alert.c.partner_id.in_(select(partner.c.id)),
        alert.c.raised_at > now - _NEW,
        alert.c.kind == Kind.BRAKE.value,
        alert.c.cycle.startswith(UNASKED),
    )
    due = select(func.min(alert_due.c.due_at)).where(alert_due.c.due_at <= now)
    if held_back:
        due = due.where(alert_due.c.partner_id.not_in(held_back))
    queued = delivery.c.state.in_(["queued", "sending"]), delivery.c.not_before <= now, is_somebodys()
    states = select(delivery.c.state, func.count()).where(delivery.c.created_at > now - _LATELY, is_somebodys())
    counts = {state: count for state, count in conn.execute(states.group_by(delivery.c.state))}
    gone = select(alert.c.cycle, alert.c.partner_id, alert.c.raised_at).where(
        open_ones, alert.c.kind == Kind.UNREACHABLE.value, alert.c.raised_at > now - _SAID_ONCE
    )
    return VitalSigns(
        alert_age=_age(conn.execute(due).scalar_one(), now),
        message_age=_age(conn.execute(select(func.min(delivery.c.not_before)).where(*queued)).scalar_one(), now),
        failed=sum(counts.get(state, 0) for state in _LOST),
        arrived=sum(counts.get(state, 0) for state in _ARRIVED),
        unreachable=tuple((row.cycle, row.partner_id, row.raised_at) for row in conn.execute(gone)),
        held_back=held_back,
        unasked=tuple(conn.execute(unasked).scalars()),
        unpolled=tuple(polls.failing(conn, now)),
        strange_codes=_strange_codes(conn, now),
        refused_texts=tuple(contents.refused_now(conn)),
        unfit_texts=troubles.lately(conn, Trouble.UNFIT, now - _NEW),
        account_codes=troubles.lately(conn, Trouble.ACCOUNT, now - _NEW),
        books_wrong=wrong_since(conn, now - _CHECKED),
    )


def alarms(signs: VitalSigns, limits: OperationsSettings) -> list[Alarm]:
    """What of it is alarming."""
    return [*_standstills(signs, limits), *_people(signs), *_refusals(signs)]


def _standstills(signs: VitalSigns, limits: OperationsSettings) -> list[Alarm]:
    """Books that are wrong, alerts and messages that do not leave."""
    found = []
    if signs.books_wrong:
        title = f"the books do not add up: {signs.books_wrong[0]}"
        recipe = "curatorbot pause money, then curatorbot ledger check names every problem"
        found.append(Alarm("books_wrong", title, recipe))
    if signs.alert_age > limits.alert_minutes * 60:
        title = f"the oldest due alert waits for {signs.alert_age / 60:.0f} minutes"
        recipe = "see whether a process with a worker is up: /readyz; its log names the job"
        found.append(Alarm("alerts_late", title, recipe))
    if signs.message_age > limits.message_minutes * 60:
        title = f"the oldest message waits for {signs.message_age / 60:.0f} minutes to be sent"
        found.append(
            Alarm("messages_late", title, "look at curatorbot deliveries: is sending paused, does Twilio answer?")
        )
    if signs.failed >= _FAILED_MIN and not signs.arrived:
        title = f"{signs.failed} messages failed lately and none was sent"
        found.append(
            Alarm("sending_fails", title, "look at the error codes in curatorbot deliveries; check the account")
        )
    return found


def _people(signs: VitalSigns) -> list[Alarm]:
    """Whom alerts do not reach, or not as usual, and clients that cannot be looked at."""
    found = []
    for curator_id, partner_id, since in signs.unreachable:
        title = f"a curator of partner {partner_id} cannot be reached: {curator_id}"
        found.append(Alarm(f"unreachable:{curator_id}", title, "check the number; the owners were told", since))
    for partner_id in signs.held_back:
        title = f"far more alerts than usual of partner {partner_id} wait for a yes"
        found.append(Alarm(f"held_back:{partner_id}", title, "an owner taps Tell them all, or the table is put right"))
    for partner_id in signs.unasked:
        title = f"far more alerts than usual of partner {partner_id} went out: no owner could be asked"
        found.append(
            Alarm(f"unasked:{partner_id}", title, "add an owner who agrees: curatorbot curators add --role owner")
        )
    for partner_id, why in signs.unpolled:
        title = f"the clients of partner {partner_id} cannot be looked at in Wazzup: {why}"
        found.append(
            Alarm(f"unpolled:{partner_id}", title, "curatorbot wazzup status; set the login anew, then restart")
        )
    return found


def _refusals(signs: VitalSigns) -> list[Alarm]:
    """What was refused whoever it was for: by codes nobody knows, a text, a text with its values, our account."""
    found = []
    for code in signs.strange_codes:
        title = f"messages failed with an error code that is not known: {code}"
        found.append(Alarm(f"unknown_code:{code}", title, _about_code(code)))
    for template, language, state in signs.refused_texts:
        title = f"WhatsApp says of the text {template} ({language}): {state}; system/notice stands in for it"
        found.append(Alarm(f"text:{template}:{language}", title, "curatorbot templates status; word it anew and push"))
    stood_in_for = {f"{template}:{language}" for template, language, _ in signs.refused_texts}
    for text in (one for one in signs.unfit_texts if one not in stood_in_for):
        title = (
            f"the text {text} was refused with what stood in it; the next best one was sent instead, if there is one"
        )
        found.append(Alarm(f"unfit:{text}", title, "curatorbot deliveries show names the try and its code"))
    for code in signs.account_codes:
        title = f"our account or sender is refused: {code}; messages wait and are tried again for a day"
        page = f"; {twilio_errors.help_page(int(code))}" if code.isdigit() else ""
        found.append(Alarm(f"account:{code}", title, f"put right the account, its token or its sender{page}"))
    return found


def _about_code(code: ErrorCode) -> str:
    page = f"; {twilio_errors.help_page(code)}" if isinstance(code, int) else ""
    return f"curatorbot deliveries --code {code}{page}"


def _strange_codes(conn: Connection, now: datetime) -> tuple[ErrorCode, ...]:
    """Codes that messages failed with lately and that no table names."""
    failed = delivery.c.created_at > now - _FAILS_WITHIN, delivery.c.failed_at > now - _NEW
    codes = conn.execute(select(delivery.c.error_code).where(*failed, delivery.c.error_code.is_not(None)).distinct())
    return tuple(sorted((code for code in codes.scalars() if not _is_named(code)), key=str))


def _is_named(code: ErrorCode) -> bool:
    return twilio_errors.is_known(code) if isinstance(code, int) else wazzup_errors.is_known(code)


def _age(since: datetime | None, now: datetime) -> float:
    return 0.0 if since is None else max((now - since).total_seconds(), 0.0)
