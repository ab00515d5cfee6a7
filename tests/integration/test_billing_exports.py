"""The ledger for accountants: statements, journal, and a file whose sums an outside program checks."""

import csv
import io
import os
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from openpyxl import load_workbook
from sqlalchemy import Connection, text

from bot.billing import exporting, ledger
from bot.billing import service as billing
from bot.billing.accounts import lock_accounts, open_account, system_account
from bot.billing.ledger import Draft
from bot.billing.posting import Origin, post
from bot.ids import ClientId
from bot.money import of
from bot.storage.engine import Database
from tests.integration.billing_world import (
    ALFA,
    ANNA,
    BETA,
    BOOK,
    NORD,
    NOW,
    Wanted,
    add_client,
    add_partner,
    ask_renewal,
    ask_top_up,
    euro,
    give,
    say_yes,
)

NOVEMBER, DECEMBER = date(2026, 11, 1), date(2026, 12, 1)


def a_month(conn: Connection) -> ClientId:
    """Deposits, a top-up, a renewal, daily payments, a debt, a second currency, a note that tries to be a formula."""
    add_partner(conn)
    give(conn, euro("1200"))
    give(conn, of("80", "USD"), key="bank-2")
    billing.deposit(conn, NORD, euro("1"), reason='=1+1 "x\\"', by="operator", key="bank-3", now=NOW)
    alfa = add_client(conn, ALFA)
    add_client(conn, BETA)
    add_client(conn, Wanted("48210124", currency="USD", balance="-6.00"))
    say_yes(conn, ask_top_up(conn, alfa, euro("33.33")))
    say_yes(conn, ask_renewal(conn, alfa))
    for days in (1, 2, 3):
        billing.charge_due(conn, BOOK, NOW + timedelta(days=days))
    say_yes(
        conn,
        ask_top_up(conn, alfa, euro("10"), now=NOW + timedelta(days=4, hours=15)),
        now=NOW + timedelta(days=4, hours=15),
    )
    return alfa


def test_a_monthly_statement(db: Database) -> None:
    """November by Riga's calendar: what came in December's first hour there is not in it."""
    db.write_now(a_month)
    shown = db.read_now(exporting.statement, NORD, "EUR", date(2026, 11, 15))
    assert (shown.opening, shown.closing) == (euro("0"), euro("265.00"))
    assert [(row.kind, row.amount) for row in shown.rows] == [
        ("Deposit", euro("1200")),
        ("Deposit", euro("1")),
        ("Withdrawal", euro("-21.66")),
        ("Withdrawal", euro("-914.34")),
    ]
    assert shown.rows[2].client == "48210017 Client 48210017"
    assert shown.rows[2].who == "Anna"
    assert shown.total(of_deposits=True) == euro("1201")
    assert shown.total(of_deposits=False) == euro("-936")
    december = db.read_now(exporting.statement, NORD, "EUR", DECEMBER)
    assert (december.opening, december.closing) == (euro("265.00"), euro("258.50"))
    nothing = db.read_now(exporting.statement, NORD, "KZT", DECEMBER)
    assert (nothing.opening.minor, nothing.rows) == (0, ())


def test_a_statement_opens_in_a_spreadsheet(db: Database) -> None:
    """The note that looks like a formula is a text in both, and amounts are numbers in the workbook."""
    db.write_now(a_month)
    shown = db.read_now(exporting.statement, NORD, "EUR", NOVEMBER)
    rows = list(csv.reader(io.StringIO(exporting.statement_csv(shown).removeprefix("\ufeff"))))
    assert rows[0][:4] == ["Date", "Kind", "Amount", "Balance"]
    assert rows[2][:4] == ["2026-11-26T09:00:00+02:00", "Deposit", "1200.00", "1200.00"]
    assert rows[3][8] == '\'=1+1 "x\\" (operator)'
    assert rows[-1][1:4] == ["Closing balance", "", "265.00"]
    sheet = load_workbook(io.BytesIO(exporting.statement_xlsx(shown))).active
    assert sheet is not None
    assert sheet.title == "Nord, 2026-11, EUR"
    assert (sheet["C3"].value, sheet["B1"].font.bold) == (1200, True)
    assert (sheet.freeze_panes, sheet["A3"].is_date) == ("A2", True)
    assert {letter: sheet.column_dimensions[letter].width for letter in "AB"} == {"A": 21, "B": 17}
    assert (sheet["I4"].value, sheet["I4"].data_type) == ('=1+1 "x\\" (operator)', "s")


def out_of_order(conn: Connection) -> ClientId:
    """Three deposits, the last written the earliest, two of one moment; what has no receipt; a top-up by Anna."""
    add_partner(conn)
    for key, hours in (("a", 2), ("b", 2), ("c", 1)):
        amount = {"a": "1", "b": "20", "c": "300"}[key]
        billing.deposit(conn, NORD, euro(amount), reason=key, by="operator", key=key, now=NOW + timedelta(hours=hours))
    own, outside = open_account(conn, NORD, "partner", NORD, "EUR").id, system_account(conn, NORD, "outside", "EUR")
    bare = Draft("bare", "gift", ledger.entries((outside, own, euro("4000"))))
    post(conn, [bare], Origin(NORD, NOW + timedelta(hours=2, minutes=30)), locked=lock_accounts(conn, [own]))
    alfa = add_client(conn, ALFA)
    later = NOW + timedelta(hours=3)
    say_yes(conn, ask_top_up(conn, alfa, euro("100"), now=later), now=later)
    return alfa


def test_a_statement_row_by_row(db: Database) -> None:
    """By the moment, then as written; what a row has nothing of is empty; first and last row stand out."""
    db.write_now(out_of_order)
    shown = db.read_now(exporting.statement, NORD, "EUR", NOVEMBER)
    receipts = [row.receipt for row in shown.rows]
    assert [len(one) for one in receipts] == [5, 5, 5, 0, 5]
    rows = list(csv.reader(io.StringIO(exporting.statement_csv(shown).removeprefix("\ufeff"))))
    assert rows == [
        ["Date", "Kind", "Amount", "Balance", "Currency", "Client", "Who", "Receipt", "Note"],
        ["", "Opening balance", "", "0.00", "EUR", "", "", "", ""],
        ["2026-11-26T10:00:00+02:00", "Deposit", "300.00", "300.00", "EUR", "", "", receipts[0], "c (operator)"],
        ["2026-11-26T11:00:00+02:00", "Deposit", "1.00", "301.00", "EUR", "", "", receipts[1], "a (operator)"],
        ["2026-11-26T11:00:00+02:00", "Deposit", "20.00", "321.00", "EUR", "", "", receipts[2], "b (operator)"],
        ["2026-11-26T11:30:00+02:00", "Gift", "4000.00", "4321.00", "EUR", "", "", "", ""],
        [
            "2026-11-26T12:00:00+02:00",
            "Withdrawal",
            "-65.00",
            "4256.00",
            "EUR",
            "48210017 Client 48210017",
            "Anna",
            receipts[4],
            "",
        ],
        ["", "Closing balance", "", "4256.00", "EUR", "", "", "", ""],
    ]
    sheet = load_workbook(io.BytesIO(exporting.statement_xlsx(shown))).active
    assert sheet is not None
    bold = [n for n, row in enumerate(sheet.iter_rows()) if row[1].font.bold]
    assert bold == [0, 1, len(shown.rows) + 2]


def test_movements_are_the_newest_first_and_so_many(db: Database) -> None:
    """Whatever the order they were written in; each with the balance after it."""
    alfa = db.write_now(out_of_order)
    rows = db.read_now(billing.movements, NORD, "EUR")
    assert [(row.kind, row.amount, row.balance) for row in rows] == [
        ("Withdrawal", euro("-65"), euro("4256")),
        ("Gift", euro("4000"), euro("4321")),
        ("Deposit", euro("20"), euro("321")),
        ("Deposit", euro("1"), euro("301")),
        ("Deposit", euro("300"), euro("300")),
    ]
    assert (rows[0].client_id, rows[0].curator_id, rows[0].note) == (alfa, ANNA, None)
    assert [len(row.receipt or "") for row in rows] == [5, 0, 5, 5, 5]
    assert (rows[2].client_id, rows[2].curator_id, rows[2].note) == (None, None, "b (operator)")
    assert db.read_now(billing.movements, NORD, "EUR", 2) == rows[:2]
    (row,) = db.read_now(billing.client_movements, NORD, alfa, "EUR")
    assert (row.kind, row.amount, row.balance, row.receipt) == ("Deposit", euro("100"), euro("100"), rows[0].receipt)
    assert db.read_now(billing.client_movements, NORD, alfa, "EUR", 0) == []
    assert db.read_now(billing.movements, NORD, "USD") == []


def test_the_journal_lists_every_posting(db: Database) -> None:
    db.write_now(a_month)
    rows = list(csv.DictReader(io.StringIO(db.read_now(exporting.journal_csv, NORD).removeprefix("\ufeff"))))
    count = db.read_now(lambda conn: conn.execute(text("SELECT count(*) FROM posting")).scalar_one())
    assert len(rows) == count
    top_up = [row for row in rows if row["Kind"] == "topup"][:2]
    assert [(row["From"], row["To"], row["Amount"]) for row in top_up] == [
        ("partner", "client 48210017", "21.66"),
        ("discount", "client 48210017", "11.67"),
    ]


def test_beancount_states_our_balances(db: Database) -> None:
    """Read back by a few lines of our own: the sums of its postings are the balances it states."""
    db.write_now(a_month)
    lines = db.read_now(exporting.beancount, NORD).splitlines()
    sums: dict[str, Decimal] = defaultdict(Decimal)
    stated = {}
    for line in lines:
        if match := re.fullmatch(r"  (\S+)  (-?[\d.]+) (\w+)", line):
            sums[match[1]] += Decimal(match[2])
        if match := re.fullmatch(r"\S+ balance (\S+) (-?[\d.]+) ~ 0 (\w+)", line):
            stated[match[1]] = Decimal(match[2])
    assert stated["Assets:Partner:EUR"] == Decimal("258.50")
    assert stated["Assets:Clients:48210124:USD"] == Decimal("-6.00")
    assert {name: sums[name] for name in stated} == stated
    assert set(sums) <= set(stated)


def test_beancount_states_what_we_say_of_people_and_what_follows_for_the_rest(db: Database) -> None:
    """A balance of ours that is wrong is stated as it is; an account nobody has used has nothing."""

    def unit(conn: Connection) -> list[str]:
        out_of_order(conn)
        system_account(conn, NORD, "bonus", "EUR")
        add_a_cent_to_the_partner(conn)
        return exporting.beancount(conn, NORD).splitlines()

    stated = {line.split()[2]: line.split()[3] for line in db.write_now(unit) if " balance " in line}
    assert stated == {
        "Assets:Partner:EUR": "4256.01",
        "Assets:Clients:48210017:EUR": "100.00",
        "Equity:Outside:EUR": "-4321.00",
        "Income:Discount:EUR": "-35.00",
        "Income:Bonus:EUR": "0.00",
        "Expenses:Service:EUR": "0.00",
    }


def add_a_cent_to_the_partner(conn: Connection) -> None:
    conn.execute(text("UPDATE account SET posted = posted + 1 WHERE kind = 'partner'"))


@pytest.mark.parametrize("wrong", [False, True])
def test_bean_check_accepts_it(sqlite_db: Database, tmp_path: Path, wrong: bool) -> None:
    """The outside program agrees, and does not when our balance is not the sum of the postings."""
    sqlite_db.write_now(a_month)
    if wrong:
        sqlite_db.write_now(add_a_cent_to_the_partner)
    bean_check(sqlite_db.read_now(exporting.beancount, NORD), tmp_path, wrong=wrong)


def bean_check(book: str, folder: Path, *, wrong: bool = False) -> None:
    program = shutil.which("bean-check", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if program is None:
        pytest.skip("bean-check is not installed")
    path = folder / "nord.beancount"
    path.write_text(book, encoding="utf-8")
    done = subprocess.run([program, str(path)], capture_output=True, text=True, check=False)
    assert (done.returncode != 0) == wrong, done.stderr + done.stdout


def test_currencies_without_cents_and_with_three_digits(db: Database, tmp_path: Path) -> None:
    """Yen and dinars from the quote to the statement and Beancount: a half goes up in their own smallest unit."""

    def fill(conn: Connection) -> None:
        add_partner(conn)
        for currency, daily, amount in (("JPY", "120", "10"), ("KWD", "1.250", "0.010")):
            give(conn, of("100", currency), key=currency)
            wanted = Wanted(f"482101{len(amount):02d}", currency, "300", channels=1, daily=daily)
            quote = ask_top_up(conn, add_client(conn, wanted), of(amount, currency))
            assert (quote.partner_pays.minor, quote.partner_keeps.minor) == (7, 3)
            say_yes(conn, quote)
        billing.charge_due(conn, BOOK, NOW + timedelta(days=2))

    db.write_now(fill)
    for currency, closing in (("JPY", "93"), ("KWD", "99.993")):
        shown = db.read_now(exporting.statement, NORD, currency, NOVEMBER)
        assert shown.closing == of(closing, currency)
        assert f",{closing}," in exporting.statement_csv(shown)
    book = db.read_now(exporting.beancount, NORD)
    assert re.search(r"balance Assets:Clients:48210102:JPY 70 ~ 0 JPY", book)
    assert re.search(r"balance Assets:Clients:48210105:KWD 297.510 ~ 0 KWD", book)
    assert db.read_now(billing.check).ok
    bean_check(book, tmp_path)


def test_an_empty_ledger_can_be_exported(db: Database) -> None:
    db.write_now(lambda conn: add_partner(conn))
    assert 'option "title" "Nord"' in db.read_now(exporting.beancount, NORD)
    assert db.read_now(exporting.journal_csv, NORD).count("\r\n") == 1
