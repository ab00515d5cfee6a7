"""The books and the look ahead on the command line: what they print, and their refusals."""

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from bot.cli.output import console
from tests.e2e.test_command_line import Run, answer, filled, run

__all__ = ["answer", "filled", "run"]


def test_the_ledger_is_exported(run: Run, filled: Callable[..., Any], tmp_path: Path) -> None:
    code, out, _ = run("ledger", "export", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(out.removeprefix("\ufeff"))))
    assert (code, [row["Kind"] for row in rows]) == (0, ["opening", "deposit"])
    code, out, err = run("ledger", "export", "--format", "beancount", "--out", "books.beancount")
    assert (code, out) == (0, "")
    assert "written to books.beancount" in err
    written = (tmp_path / "books.beancount").read_text()
    assert "balance Assets:Partner:EUR 1200.00 ~ 0 EUR" in written
    assert filled("ledger", "export", "--format", "beancount")["content"] == written
    assert run("ledger", "export", "--format", "beancount", "--out", "no/such/folder")[0] == 1


def test_a_statement_of_a_month(run: Run, filled: Callable[..., Any], tmp_path: Path) -> None:
    month = filled("ledger", "check") and _this_month(filled)
    shown = filled("ledger", "statement", month, "EUR")
    assert (shown["opening"]["amount"], shown["closing"]["amount"]) == ("0.00", "1200.00")
    assert [row["kind"] for row in shown["rows"]] == ["Deposit"]
    assert shown["rows"][0]["amount"] == {"amount": "1200.00", "currency": "EUR", "minor": 120000}
    _, out, _ = run("ledger", "statement", month, "EUR")
    assert "Closing balance" in out
    assert run("ledger", "statement", month, "EUR", "--format", "xlsx", "--out", "month.xlsx")[0] == 0
    assert load_workbook(tmp_path / "month.xlsx").active is not None
    assert "1200.00" in run("ledger", "statement", month, "EUR", "--format", "csv")[1]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("statement", "2026-13", "EUR"), "2026-13 is no month"),
        (("statement", "2026-11", "EUR", "--format", "xlsx"), "say where with --out"),
        (("statement", "2026-11", "pounds"), "pounds is no currency"),
        (("reverse", "no-such", "--reason", "wrong"), "There is no transaction no-such"),
        (("reverse", "no-such", "--reason", " "), "Say why"),
    ],
)
def test_what_the_books_refuse(run: Run, filled: Callable[..., Any], words: tuple[str, ...], told: str) -> None:
    code, _, err = run("ledger", *words)
    assert code == 1
    assert told in err


def test_a_deposit_is_taken_back(run: Run, filled: Callable[..., Any]) -> None:
    _, out, _ = run("ledger", "export", "--format", "csv")
    deposit = next(row for row in csv.DictReader(io.StringIO(out.removeprefix("\ufeff"))) if row["Kind"] == "deposit")
    assert filled("ledger", "reverse", deposit["Transaction"], "--reason", "wrong account")["news"]
    assert not filled("ledger", "reverse", deposit["Transaction"], "--reason", "wrong account")["news"]
    assert filled("partner", "show")["accounts"][0]["balance"]["amount"] == "0.00"
    assert filled("ledger", "check")["ok"]


def test_the_look_ahead(run: Run, filled: Callable[..., Any]) -> None:
    """Beta has two channels on daily payments and 9.00; Alfa's renewal is what the partner needs money for."""
    compared = filled("whatif", "beta")["comparison"]
    assert compared["daily_cost"]["currency"] == "EUR"
    assert compared["best"]["periods"] == [12]
    assert {one["plan"] for one in compared["options"]} == {"start", "inbox", "pro", "max"}
    assert "Cheapest on the Pro plan" in run("whatif", "beta")[1]
    assert filled("forecast", "beta")["forecast"]["kind"] == "exact"
    assert "channels stop" in run("forecast", "beta")[1]
    assert "nothing is charged" in run("forecast", "alfa")[1]
    needed = filled("need", "--within", "400d")["currencies"][0]
    assert needed["due"][0]["client"] == "48210017"
    assert (needed["total"]["amount"], needed["short"]["amount"]) == ("936.00", "0.00")
    assert "Needed €936.00" in run("need", "--within", "400d")[1]


def _this_month(answer: Callable[..., Any]) -> str:
    """The month that the product's clock is in, by the partner's zone (UTC)."""
    return str(answer("ledger", "export", "--format", "csv")["content"].splitlines()[-1][:7])


def test_what_was_used(run: Run, filled: Callable[..., Any]) -> None:
    """Beta has 9.00: the day's use leaves the balance once, and the forecast no longer promises an hour."""
    first = filled("usage", "beta", "1.50", "--key", "session-1", "--note", "WABA")
    assert (first["news"], first["amount"]["amount"]) == (True, "1.50")
    assert not filled("usage", "beta", "1.50", "--key", "session-1")["news"]
    assert "nothing changed" in run("usage", "beta", "1.50", "--key", "session-1")[1]
    for words, told in (
        (("usage", "beta", "2.00", "--key", "session-1"), "recorded before with another amount"),
        (("usage", "beta", "100"), "€92.50 is missing"),
        (("usage", "beta", "1", "--day", "26.11.2026"), "26.11.2026 is no day"),
        (("usage", "beta", "1", "--day", "2199-01-01"), "has not come yet"),
    ):
        code, _, err = run(*words)
        assert code == 1
        assert told in err, err
    assert "not enough history" in run("forecast", "beta")[1]


def test_a_key_is_printed_as_it_is() -> None:
    with console.capture() as shown:
        console.print("deposit:bank:17")
    assert shown.get().strip() == "deposit:bank:17"
