"""Whether a table or poll shows that a dashboard task was carried out, and what follows for the task. Pure.

A person's word makes a task "done, not confirmed". Only what the account itself shows confirms it; the newest sight of
the account decides, in whatever order sights and words come in.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Literal

from bot.billing.local_day import local_date
from bot.money import Money

State = Literal["open", "done", "confirmed", "failed", "cancelled"]
END_DATE_SLACK = timedelta(days=3)
"""Wazzup may count a period a little otherwise than we do."""


@dataclass(frozen=True, slots=True)
class Sight:
    """A client's account as a table or poll (`source`) shows it. None: it tells nothing of that."""

    account_id: str
    at: datetime
    end: date | None = None
    balance: Money | None = None
    source: Literal["table", "poll"] = "table"


@dataclass(frozen=True, slots=True)
class Aim:
    """What a task is to bring about: an end date, or else more money.

    `balance` is what the account had at `balance_at`, before the money; `daily` what may leave it on each day after.
    """

    ends_after: date | None
    amount: Money
    balance: Money
    balance_at: datetime
    daily: Money
    zone: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a task is. `seen_at` and `shown`: the newest sight that told anything, and what."""

    state: State = "open"
    done_at: datetime | None = None
    seen_at: datetime | None = None
    shown: bool | None = None


def shows(aim: Aim, sight: Sight, proved: Money) -> bool | None:
    """Whether a sight shows the task carried out; None when it cannot tell.

    `proved`: so much of the money that came since has proved other tasks, and proves no second one.
    """
    if aim.ends_after is not None:
        return None if sight.end is None else sight.end >= aim.ends_after - END_DATE_SLACK
    if sight.balance is None or sight.balance.currency != aim.amount.currency:
        return None
    days = (local_date(sight.at, aim.zone) - local_date(aim.balance_at, aim.zone)).days
    gained, spent = (sight.balance - aim.balance - proved).minor, aim.daily.minor * max(days, 0)
    if gained > 0:
        return gained >= aim.amount.minor - spent
    return None if spent >= aim.amount.minor else False


def after_word(known: Progress, at: datetime) -> Progress:
    """A person says that it is done."""
    return known if known.state in ("failed", "cancelled") else _judged(replace(known, done_at=at))


def after_sight(known: Progress, at: datetime, shown: bool | None, *, lasting: bool) -> Progress:
    """The account was seen. `lasting`: once shown it stays shown, as money that came and is spent again; since the
    earliest sight that showed it.
    """
    if shown is None or known.state in ("failed", "cancelled"):
        return known
    older = known.seen_at is not None and at < known.seen_at
    if lasting and known.shown and not (shown and older):
        return known
    if older and not (lasting and shown):
        return known
    return _judged(replace(known, seen_at=at, shown=shown))


def _judged(known: Progress) -> Progress:
    if known.shown:
        return replace(known, state="confirmed")
    said = known.done_at is not None and (known.seen_at is None or known.seen_at <= known.done_at)
    return replace(known, state="done" if said else "open")


def aim_of(facts: Mapping[str, Any]) -> Aim:
    """The aim as a task's facts keep it."""
    ends = facts["ends_after"]
    return Aim(
        ends_after=date.fromisoformat(ends) if ends else None,
        amount=_money(facts["client_gets"]),
        balance=_money(facts["balance"]),
        balance_at=datetime.fromisoformat(facts["balance_at"]),
        daily=_money(facts["daily"]),
        zone=facts["client_zone"],
    )


def _money(value: Mapping[str, Any]) -> Money:
    return Money(value["minor"], value["currency"])
