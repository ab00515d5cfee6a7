"""How far a partner's polling is: what each step of a round keeps and clears, and whose polling needs a look."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection

from bot.billing.gateways.wazzup import polls
from bot.billing.gateways.wazzup.polls import Poll
from bot.ids import PartnerId
from bot.storage.engine import Database
from tests.integration.billing_world import NORD, NOW, add_partner

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
LATER = NOW + HOUR
FULL = Poll(
    NORD,
    round_at=NOW - HOUR,
    last_account="48210017",
    not_before=NOW + MINUTE,
    read=7,
    not_read=2,
    problems={"48210001": "HTTP 404", "48210002": "HTTP 403"},
    read_at=NOW - MINUTE,
    finished_at=NOW - 2 * HOUR,
    error="48210002: HTTP 403",
    error_at=NOW - 2 * MINUTE,
    refused_at=NOW - 3 * MINUTE,
)
IDLE = replace(FULL, last_account=None)


def test_a_round_begins_with_nothing_counted_and_is_not_begun_twice() -> None:
    assert polls.begun(FULL, LATER) == FULL
    fresh = replace(IDLE, round_at=LATER, last_account="", read=0, not_read=0, problems={}, not_before=None)
    assert polls.begun(IDLE, LATER) == fresh
    assert polls.begun(fresh, LATER + HOUR) == fresh


def test_what_was_looked_at_is_counted_and_the_last_trouble_is_named() -> None:
    went = polls.went_on(FULL, "48210025", 3, {"48210018": "HTTP 500", "48210019": "x" * 300}, LATER)
    assert went == replace(
        FULL,
        last_account="48210025",
        read=10,
        not_read=4,
        problems={**FULL.problems, "48210018": "HTTP 500", "48210019": "x" * 300},
        read_at=LATER,
        refused_at=None,
        not_before=None,
        error=f"48210019: {'x' * 190}",
        error_at=LATER,
    )


def test_a_page_of_which_nothing_was_read_proves_no_login() -> None:
    went = polls.went_on(FULL, "48210025", 0, {"48210018": "HTTP 500"}, LATER)
    assert went == replace(
        FULL,
        last_account="48210025",
        not_read=3,
        problems={**FULL.problems, "48210018": "HTTP 500"},
        error="48210018: HTTP 500",
        error_at=LATER,
    )


def test_a_page_without_trouble_leaves_the_last_trouble_to_be_read() -> None:
    went = polls.went_on(FULL, "48210025", 1, {}, LATER)
    assert went == replace(FULL, last_account="48210025", read=8, read_at=LATER, refused_at=None, not_before=None)


def test_no_more_than_fifty_accounts_are_named_the_first_ones() -> None:
    many = {f"49{n:06d}": "HTTP 500" for n in range(60)}
    went = polls.went_on(FULL, "49000059", 0, many, LATER)
    assert list(went.problems) == [*FULL.problems, *list(many)[:48]]
    assert (went.not_read, went.error) == (62, "49000059: HTTP 500")


def test_how_a_round_ends_is_put_off_or_refused() -> None:
    assert polls.finished(FULL, LATER) == replace(FULL, last_account=None, finished_at=LATER, not_before=None)
    failed = replace(FULL, error="away", error_at=LATER)
    assert polls.put_off(FULL, LATER + HOUR, "away", LATER) == replace(failed, not_before=LATER + HOUR)
    assert polls.refused(FULL, "away", LATER) == failed
    assert polls.refused(replace(FULL, refused_at=None), "away", LATER) == replace(failed, refused_at=LATER)


@pytest.mark.parametrize(("now", "waits"), [(NOW, True), (NOW + MINUTE, False), (LATER, False)])
def test_nothing_is_asked_before_its_time(now: datetime, waits: bool) -> None:
    assert FULL.waits(now) is waits
    assert not replace(FULL, not_before=None).waits(now)


def test_a_refusal_counts_from_the_moment_of_the_last_try_on() -> None:
    tried = FULL.error_at
    assert tried is not None
    assert FULL.refused_since(tried)
    assert not FULL.refused_since(tried + MINUTE)
    assert not replace(FULL, refused_at=None).refused_since(tried)
    assert not replace(FULL, error_at=None).refused_since(tried)


def test_a_poll_comes_back_as_it_was_stored(db: Database) -> None:
    def unit(conn: Connection) -> None:
        add_partner(conn)
        assert polls.load(conn, NORD) == Poll(NORD)
        for one in (FULL, replace(IDLE, problems={}), Poll(NORD)):
            polls.store(conn, one)
            assert polls.load(conn, NORD) == one

    db.write_now(unit)


def test_somebody_who_put_it_right_is_believed_at_once(db: Database) -> None:
    def unit(conn: Connection) -> None:
        add_partner(conn)
        polls.store(conn, FULL)
        polls.forgive(conn, NORD)
        known = polls.load(conn, NORD)
        assert known == replace(FULL, error_at=None, not_before=None)
        assert not known.waits(NOW)
        assert not known.refused_since(NOW - 9 * HOUR)

    db.write_now(unit)


def test_polling_that_needs_a_look_is_refused_or_silent_for_hours_after_trouble(db: Database) -> None:
    three = NOW - 3 * HOUR
    second = timedelta(seconds=1)
    good = {
        "never-tried": Poll(PartnerId("never-tried")),
        "reads": Poll(PartnerId("reads"), read_at=NOW, error="e", error_at=NOW + second),
        "three-hours": Poll(PartnerId("three-hours"), read_at=three, error="e", error_at=NOW),
        "trouble-before": Poll(PartnerId("trouble-before"), read_at=three - HOUR, error="e", error_at=three - HOUR),
        "quiet": Poll(PartnerId("quiet"), read_at=three - HOUR),
    }
    bad = {
        "z-never-read": Poll(PartnerId("z-never-read"), error="one", error_at=NOW),
        "y-silent": Poll(PartnerId("y-silent"), read_at=three - second, error="two", error_at=three),
        "x-refused": Poll(PartnerId("x-refused"), read_at=NOW, error="three", error_at=NOW, refused_at=NOW),
    }

    def unit(conn: Connection) -> None:
        for name, one in (good | bad).items():
            add_partner(conn, PartnerId(name))
            polls.store(conn, one)
        assert polls.failing(conn, NOW) == [("x-refused", "three"), ("y-silent", "two"), ("z-never-read", "one")]

    db.write_now(unit)
