"""Amounts: every way to write one, what is ambiguous, and the currency beside it."""

from decimal import Decimal

import pytest

from bot.imports.amounts import Marks, marks_of, read_amount
from bot.imports.cells import Number, Unreadable
from bot.money import Money

NONE = Marks()


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("1440.50", 144050),
        ("1440,5", 144050),
        ("1 440,50", 144050),
        ("1\u00a0440,50", 144050),
        ("1\u202f440,50", 144050),
        ("1\u2009440.50", 144050),
        ("1,440.50", 144050),
        ("1.440,50", 144050),
        ("1'440.50", 144050),
        ("1’440,50", 144050),
        ("12 345 678,90", 1234567890),
        ("1,234,567", 123456700),
        ("1.234.567", 123456700),
        ("1440", 144000),
        ("1440,500", 144050),
        ("0,440", 44),
        ("1 440,500", 144050),
        ("-12.00", -1200),
        ("−12.00", -1200),
        ("–12", -1200),
        ("(12.00)", -1200),
        ("12.00-", -1200),
        ("+12", 1200),
        ("1440.5 €", 144050),
        ("€1,440.50", 144050),
        ("-€12.00", -1200),
        ("€ -12.00", -1200),
        ("EUR 12", 1200),
        ("12eur", 1200),
        ("12 евро", 1200),
        ("１２.５０", 1250),
        ("0", 0),
        ("0,00 €", 0),
    ],
)
def test_one_amount_written_in_many_ways(text: str, minor: int) -> None:
    assert read_amount(text, NONE, "EUR") == Money(minor, "EUR")


@pytest.mark.parametrize("text", ["", "  ", "-", "—", "–", "нет", "n/a", "None"])
def test_nothing_is_none_and_not_zero(text: str) -> None:
    assert read_amount(text, NONE, "EUR") is None


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        ("10 €", "EUR"),
        ("$10", "USD"),
        ("10 USD", "USD"),
        ("10 ₽", "RUB"),
        ("10 RUR", "RUB"),
        ("10 руб.", "RUB"),
        ("10р.", "RUB"),
        ("10 рублей", "RUB"),
        ("10 ₸", "KZT"),
        ("10 тг", "KZT"),
        ("10 тенге", "KZT"),
    ],
)
def test_the_currency_beside_the_amount(text: str, currency: str) -> None:
    assert read_amount(text, NONE) == Money(1000, currency)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("ten", "amount_unreadable"),
        ("1.440.50", "amount_unreadable"),
        ("1,44,000", "amount_unreadable"),
        ("1 44 000", "amount_unreadable"),
        ("--5", "amount_unreadable"),
        ("(5", "amount_unreadable"),
        ("(-5)", "amount_unreadable"),
        ("1e9", "amount_unreadable"),
        ("٣٤", "amount_unreadable"),
        ("5 10", "amount_unreadable"),
        ("1440..5", "amount_unreadable"),
        ("12.345.67", "amount_unreadable"),
        ("0.125", "amount_too_fine"),
        ("1440,505", "amount_too_fine"),
        ("99999999999999999", "amount_too_large"),
        ("10 GBP", "currency_unknown"),
        ("10 R$", "currency_unknown"),
        ("€10 USD", "currency_unknown"),
        ("10 apples", "currency_unknown"),
        ("1,440", "amount_ambiguous"),
        ("1.440", "amount_ambiguous"),
        ("-1,440 €", "amount_ambiguous"),
    ],
)
def test_what_is_refused_and_why(text: str, key: str) -> None:
    with pytest.raises(Unreadable) as caught:
        read_amount(text, NONE, "EUR")
    assert caught.value.problem.key == key


def test_an_ambiguous_amount_takes_the_habit_of_its_column() -> None:
    english = marks_of(["1,440.50", "12.00", "1,440"])
    assert read_amount("1,440", english, "EUR") == Money(144_000, "EUR")
    russian = marks_of(["1 440,50", "12,00", "1.440"])
    assert read_amount("1.440", russian, "EUR") == Money(144_000, "EUR")
    millions = marks_of(["1,234,567"])
    assert read_amount("-1,440", millions, "EUR") == Money(-144_000, "EUR")


def test_three_decimals_need_an_example_in_the_column() -> None:
    plain = marks_of(["12,50", "1,440"])
    with pytest.raises(Unreadable):
        read_amount("1,440", plain, "EUR")
    thousandths = marks_of(["0,440", "12,50"])
    assert read_amount("1,440", thousandths, "EUR") == Money(144, "EUR")


def test_a_column_of_two_habits_settles_nothing() -> None:
    mixed = marks_of(["12,50", "12.50", "1,440", "apples"])
    with pytest.raises(Unreadable) as caught:
        read_amount("1,440", mixed, "EUR")
    assert caught.value.problem.facts == {"value": "1,440", "one": "1440.00", "other": "1.440"}


def test_whose_currency_counts() -> None:
    assert read_amount("10", NONE, None, "USD") == Money(1000, "USD")
    assert read_amount("10", NONE, "KZT", "USD") == Money(1000, "KZT")
    assert read_amount("10 €", NONE, None, "USD") == Money(1000, "EUR")
    with pytest.raises(Unreadable) as conflict:
        read_amount("10 €", NONE, "USD")
    assert conflict.value.problem.key == "currency_conflict"
    with pytest.raises(Unreadable) as missing:
        read_amount("10", NONE, None, None)
    assert missing.value.problem.key == "currency_missing"


def test_number_cells_are_never_ambiguous() -> None:
    assert read_amount(Number(Decimal("1.44")), NONE, "EUR") == Money(144, "EUR")
    assert read_amount(Number(Decimal("1440"), "€"), NONE) == Money(144_000, "EUR")
