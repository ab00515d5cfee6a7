"""What exactly proves that a dashboard task was carried out: days and cents on either side of every border."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from bot.billing.gateways.wazzup.evidence import Aim, Progress, Sight, State, after_sight, after_word, shows
from bot.money import Money

NOW = datetime(2026, 11, 26, 7, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def euro(minor: int) -> Money:
    return Money(minor, "EUR")


NOTHING = euro(0)


MONEY = Aim(None, euro(100_00), euro(9_00), NOW, euro(4_00), "Europe/Riga")
RENEWAL = replace(MONEY, ends_after=date(2027, 5, 26))


@pytest.mark.parametrize(
    ("end", "shown"),
    [
        (date(2027, 5, 27), True),
        (date(2027, 5, 26), True),
        (date(2027, 5, 23), True),
        (date(2027, 5, 22), False),
        (None, None),
    ],
)
def test_an_end_date_counts_up_to_three_days_early(end: date | None, shown: bool | None) -> None:
    assert shows(RENEWAL, Sight("a", NOW, end=end, balance=euro(500_00)), NOTHING) is shown


@pytest.mark.parametrize(
    ("days", "balance", "shown"),
    [
        (0, 109_00, True),
        (0, 108_99, False),
        (0, 105_00, False),
        (-1, 109_00, True),
        (-1, 108_99, False),
        (1, 105_00, True),
        (1, 104_99, False),
        (2, 101_00, True),
        (2, 9_00, False),
        (24, 9_01, False),
        (24, 13_00, True),
        (25, 9_01, True),
        (25, 9_00, None),
        (25, 3_00, None),
        (26, 9_00, None),
        (24, 9_00, False),
    ],
)
def test_money_counts_less_what_the_days_between_may_have_taken(days: int, balance: int, shown: bool | None) -> None:
    """9.00 were there, 100.00 are to come, 4.00 may go each day; nothing gained may be all of it spent."""
    assert shows(MONEY, Sight("a", NOW + days * DAY, balance=euro(balance)), NOTHING) is shown


def test_one_cent_that_came_is_the_proof_of_one_cent() -> None:
    """Money that proved another task is none that came for this one."""
    aim = replace(MONEY, amount=euro(100_01))
    assert shows(aim, Sight("a", NOW + 25 * DAY, balance=euro(9_01)), NOTHING) is True
    assert shows(MONEY, Sight("a", NOW, balance=euro(159_00)), euro(50_00)) is True
    assert shows(MONEY, Sight("a", NOW, balance=euro(159_00)), euro(50_01)) is False


def test_the_day_is_the_clients_own() -> None:
    evening = replace(MONEY, balance_at=NOW.replace(hour=21))
    assert shows(evening, Sight("a", NOW.replace(hour=21, minute=59), balance=euro(105_00)), NOTHING) is False
    assert shows(evening, Sight("a", NOW.replace(hour=22), balance=euro(105_00)), NOTHING) is True


@pytest.mark.parametrize("balance", [None, Money(500_00, "USD")])
def test_a_sight_without_that_money_tells_nothing(balance: Money | None) -> None:
    assert shows(MONEY, Sight("a", NOW + DAY, end=date(2028, 1, 1), balance=balance), NOTHING) is None


@pytest.mark.parametrize("state", ["failed", "cancelled"])
def test_a_task_that_was_given_up_hears_and_sees_nothing(state: State) -> None:
    over = Progress(state, NOW, NOW, False)
    assert after_word(over, NOW + HOUR) == over
    for shown in (True, False, None):
        for lasting in (True, False):
            assert after_sight(over, NOW + HOUR, shown, lasting=lasting) == over


@pytest.mark.parametrize(
    ("known", "hours", "shown", "after"),
    [
        (Progress("done", NOW), 0, False, Progress("done", NOW, NOW, False)),
        (Progress("done", NOW), 1, False, Progress("open", NOW, NOW + HOUR, False)),
        (Progress("done", NOW, NOW, False), 0, True, Progress("confirmed", NOW, NOW, True)),
        (Progress("confirmed", NOW, NOW, True), 0, False, Progress("done", NOW, NOW, False)),
        (Progress("confirmed", None, NOW, True), -1, False, Progress("confirmed", None, NOW, True)),
        (Progress("confirmed", None, NOW, True), 1, None, Progress("confirmed", None, NOW, True)),
        (Progress("open", None, NOW, False), -1, True, Progress("open", None, NOW, False)),
    ],
)
def test_the_newest_sight_of_an_end_date_decides(
    known: Progress, hours: int, shown: bool | None, after: Progress
) -> None:
    assert after_sight(known, NOW + hours * HOUR, shown, lasting=False) == after


def test_money_that_was_once_shown_stays_shown_whenever_it_was_seen() -> None:
    known = Progress("open", None, NOW, False)
    early = after_sight(known, NOW - HOUR, True, lasting=True)
    assert early == Progress("confirmed", None, NOW - HOUR, True)
    for shown in (True, False):
        assert after_sight(early, NOW + HOUR, shown, lasting=True) == early
    assert after_sight(early, NOW - 2 * HOUR, False, lasting=True) == early
    assert after_sight(early, NOW - 2 * HOUR, True, lasting=True) == replace(early, seen_at=NOW - 2 * HOUR)
    assert after_sight(known, NOW - HOUR, False, lasting=True) == known
    assert after_sight(known, NOW + HOUR, False, lasting=True) == replace(known, seen_at=NOW + HOUR)


def test_a_word_counts_against_sights_before_it() -> None:
    seen = Progress("open", None, NOW, False)
    assert after_word(seen, NOW) == Progress("done", NOW, NOW, False)
    assert after_word(seen, NOW + HOUR) == Progress("done", NOW + HOUR, NOW, False)
    assert after_word(seen, NOW - HOUR) == Progress("open", NOW - HOUR, NOW, False)
