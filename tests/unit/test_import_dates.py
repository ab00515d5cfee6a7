"""End dates: the ways to write one, what means no subscription, and what nobody can tell."""

from datetime import date
from decimal import Decimal

import pytest

from bot.imports.cells import Number, Unreadable
from bot.imports.dates import month_first_example, read_end_date

THIRD = date(2026, 12, 3)


@pytest.mark.parametrize(
    "text",
    [
        "2026-12-03",
        "2026/12/03",
        "2026.12.3",
        "03.12.2026",
        "3.12.2026",
        "03.12.26",
        "03/12/2026",
        "03-12-2026",
        "3 Dec 2026",
        "3 dec. 2026",
        "3-Dec-2026",
        "3rd December 2026",
        "Dec 3, 2026",
        "December 3rd 2026",
        "3 дек. 2026",
        "3 дек 2026",
        "3 декабря 2026",
        "3 декабря 2026 г.",
        "3 декабря 2026 года",
        "3\u00a0декабря\u00a02026\u00a0г.",
        "03.12.2026 г.",
        "Thu 3 Dec 2026",
        "Thursday, 3 December 2026",
        "чт, 3 декабря 2026",
        "до 03.12.2026",
        "till 3 Dec 2026",
        "2026-12-03T00:00:00Z",
        "2026-12-03 23:59:59",
        "2026-12-03T10:00:00.000+03:00",
        "03.12.2026 23:59",
        "03.12.2026, 23:59",
    ],
)
def test_one_day_written_in_many_ways(text: str) -> None:
    assert read_end_date(text) == THIRD


def test_a_day_cell_is_a_day() -> None:
    assert read_end_date(THIRD) == THIRD


@pytest.mark.parametrize("text", ["", " ", "—", "-", "нет", "Нет подписки", "no subscription", "none", "посуточно"])
def test_no_subscription(text: str) -> None:
    assert read_end_date(text) is None


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("soon", "date_unreadable"),
        ("46359", "date_unreadable"),
        ("3 декабря", "date_unreadable"),
        ("3 Brumaire 2026", "date_unreadable"),
        ("03.12.2026 - 03.12.2027", "date_unreadable"),
        ("31.02.2026", "date_impossible"),
        ("00.12.2026", "date_impossible"),
        ("13.13.2026", "date_impossible"),
        ("13/13/2026", "date_impossible"),
        ("30 Feb 2026", "date_impossible"),
        ("03.12.1926", "date_far"),
        ("03.12.9999", "date_far"),
        ("12/31/2026", "date_month_first"),
        ("03/12/26", "date_short_year"),
        ("03-12-26", "date_short_year"),
    ],
)
def test_what_is_refused_and_why(text: str, key: str) -> None:
    with pytest.raises(Unreadable) as caught:
        read_end_date(text)
    assert caught.value.problem.key == key


def test_a_bare_number_of_a_spreadsheet_is_no_date() -> None:
    with pytest.raises(Unreadable) as caught:
        read_end_date(Number(Decimal(46359)))
    assert caught.value.problem.key == "date_number"


def test_month_first_in_the_column_makes_other_slashes_doubtful() -> None:
    example = month_first_example(["03/12/2026", THIRD, "12/31/2026"])
    assert example == "12/31/2026"
    with pytest.raises(Unreadable) as caught:
        read_end_date("03/12/2026", example)
    assert caught.value.problem.key == "date_order"
    assert read_end_date("05/05/2026", example) == date(2026, 5, 5)
    assert read_end_date("31/12/2026", example) == date(2026, 12, 31)
    assert read_end_date("03.12.2026", example) == THIRD
    assert month_first_example(["03/12/2026", "31/12/2026", "", "12.31.2026"]) is None
