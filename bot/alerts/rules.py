"""The ladder: from what is known of a client, everything that will be worth saying and when; and what may be left out.

Pure. Runs when facts change, not when time passes: a rung that is not reached yet waits in the database.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.alerts.alert import Due, Kind
from bot.money import Money

NO_INCREASE = "start"
"""The cycle of a balance that was never increased."""
_DAY = timedelta(days=1)
_UNPAID = (1, 0)
"""Days before the last one on which a subscription may be paid."""
_PAST = (Kind.ENDED, Kind.STOPPED)
_SILENCED_BY_STOP = (Kind.ENDED, Kind.RUNNING_OUT, Kind.LOW_BALANCE)


@dataclass(frozen=True, slots=True)
class Outlook:
    """What the rules need to know of one client. Days are in the client's own calendar.

    `end_dates` are those of running subscriptions, `ended_on` the last one of a client that has none any more.
    `money_until` is the last day that the balance pays for channels in no subscription; None when nothing is charged.
    `stopped` counts channels that are off for lack of money, and they are off from `stopped_on` on when that is known.
    `increase` identifies the last increase of the balance. `unpaid_until` is the last day on which a subscription may
    still be paid. `not_renewed` is the end of one that cannot renew by itself as things stand.
    """

    zone: str
    end_dates: tuple[date, ...] = ()
    ended_on: date | None = None
    money_until: date | None = None
    stopped: int = 0
    stopped_on: date | None = None
    increase: str | None = None
    balance: Money | None = None
    unpaid_until: date | None = None
    not_renewed: date | None = None


@dataclass(frozen=True, slots=True)
class Hours:
    """The stages of one client, from the earliest to the last, and the hour of its day at which they are due.

    `balances`: amounts in whole units; a balance at or below one is worth saying at once.
    """

    ending: tuple[int, ...]
    running_out: tuple[int, ...]
    raise_at: time
    balances: tuple[int, ...] = ()


def ladder(outlook: Outlook, hours: Hours, now: datetime) -> tuple[Due, ...]:
    """Every rung of a client, past ones too. `now` dates what is so already and nobody knows since when."""
    rungs: list[Due] = []
    for end in sorted(set(outlook.end_dates)):
        rungs += _countdown(Kind.ENDING, end, hours.ending, end.isoformat(), outlook.zone, hours.raise_at)
    ended = {*outlook.end_dates, *([outlook.ended_on] if outlook.ended_on else [])}
    rungs += [
        Due(Kind.ENDED, 0, end.isoformat(), local_time(end + _DAY, hours.raise_at, outlook.zone))
        for end in sorted(ended)
    ]
    if outlook.unpaid_until is not None:
        until = outlook.unpaid_until
        rungs += _countdown(Kind.UNPAID, until, _UNPAID, until.isoformat(), outlook.zone, hours.raise_at)
    if outlook.not_renewed is not None:
        rungs.append(Due(Kind.NOT_RENEWED, 0, outlook.not_renewed.isoformat(), now.astimezone(UTC)))
    increase = outlook.increase or NO_INCREASE
    if outlook.money_until is not None:
        last = outlook.money_until
        rungs += _countdown(Kind.RUNNING_OUT, last, hours.running_out, increase, outlook.zone, hours.raise_at)
    if outlook.stopped:
        since = local_time(outlook.stopped_on, time(), outlook.zone) if outlook.stopped_on else now.astimezone(UTC)
        rungs.append(Due(Kind.STOPPED, 0, increase, since))
    if outlook.balance is not None:
        low = [level for level in hours.balances if outlook.balance.decimal <= level]
        rungs += [Due(Kind.LOW_BALANCE, level, increase, now.astimezone(UTC)) for level in low]
    return tuple(rungs)


def local_time(day: date, at: time, zone: str) -> datetime:
    """The moment at which a day reaches a time of day, in UTC.

    Where clocks jump over that time, it is later by the jump; where it comes twice, it is the first one.
    """
    return datetime.combine(day, at, ZoneInfo(zone)).astimezone(UTC)


def not_said_before(rungs: Iterable[Due], said: Mapping[tuple[Kind, str], int]) -> tuple[Due, ...]:
    """Rungs that lie beyond what was said: `said` holds the most advanced stage by kind and cycle."""
    return tuple(rung for rung in rungs if rung.stage < said.get((rung.kind, rung.cycle), rung.stage + 1))


@dataclass(frozen=True, slots=True)
class Pick:
    """What one client's due rungs come to: those to say, and those that a bigger one or age leaves unsaid."""

    say: tuple[Due, ...]
    superseded: tuple[Due, ...]
    forgotten: tuple[Due, ...]
    cooling: tuple[Due, ...] = ()


def pick(
    due: Collection[Due],
    open_kinds: Collection[Kind],
    now: datetime,
    forget_after: timedelta,
    cooling: Collection[tuple[Kind, int]] = (),
) -> Pick:
    """The most advanced rung of each cycle, unless something bigger is said or was said of the same client.

    Stopped channels say more than an ended subscription or a balance that runs out; an ended subscription, or one that
    fails to renew by itself, more than one that ends. What was over longer ago than `forget_after` is history;
    `cooling` kinds and stages were said lately.
    """
    advanced: dict[tuple[Kind, str], Due] = {}
    for rung in due:
        best = advanced.setdefault((rung.kind, rung.cycle), rung)
        if rung.stage < best.stage:
            advanced[(rung.kind, rung.cycle)] = rung
    forgotten = tuple(
        rung for rung in sorted(advanced.values()) if rung.kind in _PAST and rung.due_at < now - forget_after
    )
    fresh = [rung for rung in sorted(advanced.values()) if rung not in forgotten]
    over = {rung.cycle for rung in advanced.values() if rung.kind in (Kind.ENDED, Kind.NOT_RENEWED)}
    stopped = Kind.STOPPED in open_kinds or any(rung.kind is Kind.STOPPED for rung in fresh)
    smaller = {
        rung
        for rung in fresh
        if (rung.kind is Kind.ENDING and (rung.cycle in over or Kind.NOT_RENEWED in open_kinds))
        or (stopped and rung.kind in _SILENCED_BY_STOP)
    }
    lately = {rung for rung in fresh if rung not in smaller and (rung.kind, rung.stage) in cooling}
    return Pick(
        say=tuple(rung for rung in fresh if rung not in smaller and rung not in lately),
        cooling=tuple(rung for rung in fresh if rung in lately),
        superseded=tuple(rung for rung in fresh if rung in smaller),
        forgotten=forgotten,
    )


def passed_over(due: Collection[Due], said: Due) -> tuple[Due, ...]:
    """The stages of the same cycle that were due as well when this one was, the earliest first: this one stands for
    them."""
    same = [one for one in due if (one.kind, one.cycle) == (said.kind, said.cycle) and one.stage > said.stage]
    return tuple(sorted(same, key=lambda one: -one.stage))


def says_more(one: tuple[Kind, int], other: tuple[Kind, int]) -> bool:
    """Whether an open alert of this kind and stage says more than that one of the same client."""
    if one[0] is Kind.STOPPED:
        return other[0] in _SILENCED_BY_STOP
    return one[0] is other[0] and one[1] < other[1]


def _countdown(kind: Kind, last: date, stages: Iterable[int], cycle: str, zone: str, at: time) -> list[Due]:
    return [Due(kind, stage, cycle, local_time(last - stage * _DAY, at, zone)) for stage in stages]
