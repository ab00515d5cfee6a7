"""Whatever order a person's word and tables come in, the newest sight of the account decides."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.billing.gateways.wazzup.evidence import Aim, Progress, Sight, after_sight, after_word, shows
from bot.money import Money, of

NOW = datetime(2026, 11, 26, 7, tzinfo=UTC)
EVENTS = st.lists(st.sampled_from(["done", "old table", "new table", "empty table"]), max_size=12)
RENEWAL = Aim(date(2027, 5, 26), of("729.00", "EUR"), of("0.00", "EUR"), NOW, of("0.00", "EUR"), "Europe/Riga")
NOTHING = Money(0, "EUR")
TOP_UP = Aim(None, of("100.00", "EUR"), of("9.00", "EUR"), NOW, of("4.00", "EUR"), "Europe/Riga")


def sight(kind: str, aim: Aim, at: datetime) -> Sight:
    """How the account stands in such a table."""
    if kind == "empty table":
        return Sight("48210033", at)
    new = kind == "new table"
    return Sight(
        "48210033", at, date(2027, 5, 26) if new else date(2026, 11, 25), of("109.00" if new else "9.00", "EUR")
    )


def run(events: list[tuple[str, datetime]], aim: Aim) -> Progress:
    known = Progress()
    for kind, at in events:
        if kind == "done":
            known = after_word(known, at)
        else:
            seen = sight(kind, aim, at)
            known = after_sight(known, at, shows(aim, seen, NOTHING), lasting=aim.ends_after is None)
    return known


def timed(kinds: list[str]) -> list[tuple[str, datetime]]:
    return [(kind, NOW + timedelta(minutes=n)) for n, kind in enumerate(kinds, start=1)]


@given(EVENTS)
def test_a_renewal_is_what_the_newest_telling_table_shows(kinds: list[str]) -> None:
    telling = [one for one in kinds if one != "empty table"]
    tables = [one for one in telling if one != "done"]
    state = run(timed(kinds), RENEWAL).state
    if tables and tables[-1] == "new table":
        assert state == "confirmed"
    else:
        assert state == ("done" if telling and telling[-1] == "done" else "open")


@given(EVENTS)
def test_money_that_came_stays_come(kinds: list[str]) -> None:
    assert (run(timed(kinds), TOP_UP).state == "confirmed") == ("new table" in kinds)


@given(EVENTS.flatmap(lambda kinds: st.tuples(st.just(timed(kinds)), st.permutations(timed(kinds)))))
def test_tables_that_are_read_late_change_nothing(
    both: tuple[list[tuple[str, datetime]], list[tuple[str, datetime]]],
) -> None:
    in_order, shuffled = both
    words = [one for one in in_order if one[0] == "done"]
    for aim in (RENEWAL, TOP_UP):
        tables = [one for one in shuffled if one[0] != "done"]
        assert run(words + tables, aim).state == run(words + sorted(tables, key=lambda one: one[1]), aim).state


@given(st.integers(-100_000, 100_000), st.integers(0, 60))
def test_only_the_whole_money_is_the_money(gained: int, days: int) -> None:
    """What may have left meanwhile, at 4.00 a day, is all that may be missing of the 100.00."""
    seen = shows(TOP_UP, Sight("1", NOW + timedelta(days=days), None, Money(900 + gained, "EUR")), NOTHING)
    missing = 10_000 - gained
    if missing <= 0 or (gained > 0 and missing <= 400 * days):
        assert seen is True
    elif days * 400 >= 10_000 and gained <= 0:
        assert seen is None
    else:
        assert seen is False


def test_daily_payments_meanwhile_do_not_hide_the_money() -> None:
    at = NOW + timedelta(days=2)
    assert shows(TOP_UP, Sight("1", at, None, of("101.00", "EUR")), NOTHING) is True
    assert shows(TOP_UP, Sight("1", at, None, of("1.00", "EUR")), NOTHING) is False
    assert shows(TOP_UP, Sight("1", NOW + timedelta(days=40), None, of("1.00", "EUR")), NOTHING) is None
    assert shows(TOP_UP, Sight("1", at, None, of("109.00", "USD")), NOTHING) is None
