"""Headings: what each means in English and Russian, where they stand, what is missing or doubled."""

import pytest

from bot.imports.cells import GridRow
from bot.imports.columns import find_header, known_headings


def rows(*lines: str) -> list[GridRow]:
    return [GridRow(number, tuple(line.split("|"))) for number, line in enumerate(lines, start=1)]


@pytest.mark.parametrize(
    ("heading", "field", "currency"),
    [
        ("Компания", "company", None),
        ("COMPANY NAME", "company", None),
        ("  company_name: ", "company", None),
        ("E-mail", "email", None),
        ("Баланс", "balance", None),
        ("Balance, €", "balance", "EUR"),
        ("Balance (EUR)", "balance", "EUR"),
        ("Balance EUR", "balance", "EUR"),
        ("Баланс, руб.", "balance", "RUB"),
        ("Баланс [₸]", "balance", "KZT"),
        ("Balance (current)", "balance", None),
        ("Дата окончания подписки", "subscription_end", None),
        ("Окончание подписки", "subscription_end", None),
        ("Subscription\nend date", "subscription_end", None),
        ("Subscription end date (till)", "subscription_end", None),
        ("Тарифный план", "plan", None),
        ("Кол-во каналов", "channels", None),
        ("Ежедневный платёж", "daily_charge", None),
        ("Часовой пояс", "time_zone", None),
        ("Time-zone", "time_zone", None),
        ("Контактное лицо", "contact_name", None),
        ("Тел.", "contact_phone", None),
        ("Теги", "tags", None),
        ("Период, мес.", "months", None),
        ("Валюта", "currency", None),
        ("Язык", "language", None),
    ],
)
def test_what_a_heading_means(heading: str, field: str, currency: str | None) -> None:
    header = find_header(rows(f"ID|{heading}"))
    assert header is not None
    assert header.columns[field].heading == " ".join(heading.split())
    assert header.columns[field].currency == currency


@pytest.mark.parametrize(
    "heading", ["ID", "Account ID", "ID аккаунта", "Аккаунт", "account_id", "Номер аккаунта", "№ ID"]
)
def test_the_account_by_any_name(heading: str) -> None:
    header = find_header(rows(f"{heading}|Компания"))
    assert header is not None
    assert header.columns["account_id"].index == 0


def test_the_surer_heading_wins() -> None:
    header = find_header(rows("ID|Name|Account ID|Company"))
    assert header is not None
    assert (header.columns["account_id"].index, header.columns["company"].index) == (2, 3)
    assert header.ignored == ("ID", "Name")
    assert header.doubled == ()


def test_titles_above_and_unknown_columns() -> None:
    header = find_header(rows("Clients of Smith Ltd", "as of|today", "Foo|ID|Balance|Bar baz"))
    assert header is not None
    assert (header.position, header.ignored) == (2, ("Foo", "Bar baz"))


def test_two_headings_for_one_field_are_named() -> None:
    header = find_header(rows("ID|Balance|Баланс, €"))
    assert header is not None
    assert header.doubled == ("Balance", "Баланс, €")


@pytest.mark.parametrize("line", ["ID|Foo", "Company|Balance", "48210017|Alfa", ""])
def test_no_headings(line: str) -> None:
    assert find_header(rows(line)) is None


def test_what_headings_there_are_when_the_account_is_missing() -> None:
    assert known_headings(rows("Клиенты", "Компания|Баланс|x")) == ("Компания", "Баланс")
