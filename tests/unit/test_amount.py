"""Amounts as people type them, and the ones that are refused with a reason."""

from decimal import Decimal

import pytest

from bot.handlers.amount import AMOUNT_BELOW, Amount, AmountProblem, currency_word, parse_amount


@pytest.mark.parametrize(
    ("text", "value", "currency"),
    [
        ("1440", "1440", None),
        ("1 440", "1440", None),
        ("1 440,50", "1440.50", None),
        ("1 440,5", "1440.5", None),
        ("1440.50", "1440.50", None),
        ("1,440.50", "1440.50", None),
        ("1.440,50", "1440.50", None),
        ("1'440.50", "1440.50", None),
        ("1\u2019440", "1440", None),
        ("12,345,678", "12345678", None),
        ("12.345.678", "12345678", None),
        ("1 234 567,89", "1234567.89", None),
        ("0.50", "0.50", None),
        ("+100", "100", None),
        ("100.", "100", None),
        ("€100", "100", "EUR"),
        ("100 €", "100", "EUR"),
        ("100€", "100", "EUR"),
        ("1\u00a0440,50\u00a0€", "1440.50", "EUR"),
        ("1\u202f440,50 ₽", "1440.50", "RUB"),
        ("100 eur", "100", "EUR"),
        ("100eur", "100", "EUR"),
        ("EUR 100", "100", "EUR"),
        ("100 евро", "100", "EUR"),
        ("$100", "100", "USD"),
        ("US$ 100", "100", "USD"),
        ("100 долларов", "100", "USD"),
        ("1500 руб.", "1500", "RUB"),
        ("1500р", "1500", "RUB"),
        ("1500 р.", "1500", "RUB"),
        ("1500 RUR", "1500", "RUB"),
        ("5000 тг", "5000", "KZT"),
        ("R$ 100", "100", "BRL"),
        ("100 GBP", "100", "GBP"),
        ("١٠٠", "100", None),
        ("１００", "100", None),
        ("1\u200b00", "100", None),
    ],
)
def test_reads(text: str, value: str, currency: str | None) -> None:
    assert parse_amount(text) == Amount(Decimal(value), currency)


@pytest.mark.parametrize(
    ("text", "thousands", "other"),
    [("1,440", "1440", "1.440"), ("1.440", "1440", "1.440"), ("999,999", "999999", "999.999")],
)
def test_one_separator_before_three_digits_is_ambiguous(text: str, thousands: str, other: str) -> None:
    amount = parse_amount(f"{text} €")
    assert amount == Amount(Decimal(thousands), "EUR", Decimal(other))
    assert amount.ambiguous


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "missing"),
        ("€", "missing"),
        ("0", "zero"),
        ("0,00", "zero"),
        ("-5", "negative"),
        ("\u22125", "negative"),
        ("\u20135 €", "negative"),
        ("1e9", "not_a_number"),
        ("ten", "not_a_number"),
        ("сто", "not_a_number"),
        ("100%", "not_a_number"),
        ("100²", "not_a_number"),
        ("½", "not_a_number"),
        ("NaN", "not_a_number"),
        ("inf", "not_a_number"),
        ("0x10", "not_a_number"),
        ("1_000", "not_a_number"),
        ("1k", "shorthand"),
        ("1,5к", "shorthand"),
        ("2 тыс", "shorthand"),
        ("1m", "shorthand"),
        ("1440,505", "too_fine"),
        ("1 440,505", "too_fine"),
        ("0,440", "too_fine"),
        ("1.4400", "too_fine"),
        ("1000000000", "too_large"),
        ("9" * 30, "too_large"),
        ("9" * 5000, "too_large"),
        ("1 44", "unclear"),
        ("14 4000", "unclear"),
        ("1,440,50", "unclear"),
        ("1.440.50", "unclear"),
        ("007", "unclear"),
        ("100 € $", "unclear"),
        ("1..5", "unclear"),
    ],
)
def test_refuses_with_a_reason(text: str, reason: str) -> None:
    problem = parse_amount(text)
    assert isinstance(problem, AmountProblem)
    assert problem.reason == reason


def test_the_largest_amount_is_just_below_the_limit() -> None:
    assert parse_amount("999 999 999,99") == Amount(AMOUNT_BELOW - Decimal("0.01"))


def test_everyday_words_are_no_currency() -> None:
    assert [currency_word(word) for word in ("all", "try", "top", "альфа", "pro", "")] == [None] * 6
