"""`read_table` as a whole: kinds of file, rows left out, and files that are no table."""

import gzip
from datetime import date

import pytest

from bot.errors import UserError
from bot.imports.grid import ROWS_MAX
from bot.imports.reader import BYTES_MAX, read_table
from bot.imports.table import ClientRow
from bot.money import Money

ALFA = ClientRow(
    line=2,
    account_id="48210017",
    company="Alfa Dental",
    currency="EUR",
    balance=Money(144_050, "EUR"),
    subscription_end=date(2026, 12, 3),
)


def key_of(data: bytes) -> str:
    with pytest.raises(UserError) as caught:
        read_table(data)
    return caught.value.key


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("ID,Company,Balance,Subscription end date\n48210017,Alfa Dental,1440.5 €,3 Dec 2026\n", "csv"),
        ('ID,Company,Balance,Expires\r\n48210017,"Alfa Dental","1,440.50 €",2026-12-03\r\n', "csv"),
        ("ID;Компания;Баланс, €;Окончание подписки\r48210017;Alfa Dental;1 440,50;03.12.2026\r", "csv"),
        ("ID|Company|Balance|Expires\n48210017|Alfa Dental|1440.50 EUR|03/12/2026", "csv"),
        ("sep=;\nID;Company;Balance, EUR;Expires\n48210017;Alfa Dental;1440,50;03.12.2026", "csv"),
        ("ID\tCompany\tBalance\tExpires\n48210017\tAlfa Dental\t€1,440.50\tDec 3, 2026\n", "tsv"),
        ("ID   Company       Balance      Expires\n48210017  Alfa Dental  1 440,50 €   3 дек. 2026\n", "pasted"),
        ("\ufeffID,Company,Balance,Expires\n48210017,Alfa Dental,1440.5 €,3 Dec 2026\n", "csv"),
        ('"ID","Company","Balance","Expires"\n"48210017","Alfa\nDental","1440.50 €","2026-12-03"\n', "csv"),
    ],
)
def test_one_client_in_many_kinds_of_text(text: str, kind: str) -> None:
    table = read_table(text.encode())
    assert table.rejected == ()
    assert (table.kind, table.ignored) == (kind, ())
    (row,) = table.rows
    assert row == ClientRow(**{**{f: getattr(ALFA, f) for f in ALFA.__slots__}, "line": row.line})


def test_a_table_drawn_with_bars() -> None:
    table = read_table(b"| ID | Company | Balance, EUR |\n|:---|---|---:|\n| 48210017 | Alfa | 4 |\n")
    assert [(row.account_id, row.company, row.balance) for row in table.rows] == [
        ("48210017", "Alfa", Money(400, "EUR"))
    ]


def test_titles_totals_blank_lines_and_repeated_headings_are_no_clients() -> None:
    text = (
        "Клиенты партнёра;;\n\nID;Компания;Баланс\n48210017;Alfa;1 €\n;;\n"
        "ID;Компания;Баланс\n48210025;Beta;2 €\nИтого:;;3 €\n"
    )
    table = read_table(text.encode("cp1251"))
    assert [(row.line, row.account_id) for row in table.rows] == [(4, "48210017"), (7, "48210025")]
    assert (table.rejected, table.read) == ((), 2)


def test_an_absent_column_is_not_an_empty_cell() -> None:
    table = read_table(b"ID,Company,Subscription end date\n48210017,Alfa,\n")
    assert table.present == {"account_id", "company", "subscription_end"}
    assert table.rows[0].subscription_end is None


def test_unknown_columns_are_ignored_and_named() -> None:
    table = read_table(b"ID,Company,Favourite colour,Balance,Mood\n48210017,Alfa,red,4 EUR,fine\n")
    assert table.ignored == ("Favourite colour", "Mood")
    assert table.rows[0].balance == Money(400, "EUR")


def test_bad_rows_are_named_and_good_rows_go_in() -> None:
    text = (
        "ID;Company;E-mail;Balance, EUR;Expires\n"
        "48210017;Alfa;a@b.io;1;03.12.2026\n"
        "4821002;Beta;;1;\n"
        "48210033;Gamma;nope;1;\n"
        "48210041;Delta;;1,440;\n"
        "48210058;Eta;;1;soon\n"
        "48210066;Theta;;1;;;surplus\n"
        "48210017;Alfa again;;1;\n"
        ";Iota;;1;\n"
        "48210074;Kappa;;-5;\n"
    )
    table = read_table(text.encode())
    assert [row.line for row in table.rows] == [2, 10]
    assert [(r.line, r.column, r.problem.key) for r in table.rejected] == [
        (3, "ID", "account_bad"),
        (4, "E-mail", "email_bad"),
        (5, "Balance, EUR", "amount_ambiguous"),
        (6, "Expires", "date_unreadable"),
        (7, None, "row_width"),
        (8, "ID", "account_twice"),
        (9, "ID", "account_missing"),
    ]
    assert table.rejected[5].problem.facts == {"value": "48210017", "first": 2}
    assert table.rejected[1].account_ids == ("48210033",)
    assert table.read == 9


def test_after_a_bad_row_the_same_account_may_come_again() -> None:
    table = read_table(b"ID,Company,Balance\n48210017,Alfa,ten\n48210017,Alfa,10 EUR\n")
    assert [row.line for row in table.rows] == [3]


def test_an_unquoted_decimal_comma_never_shifts_the_columns() -> None:
    table = read_table(b"ID,Company,Balance\n48210017,Alfa,1440,50\n")
    assert [r.problem.key for r in table.rejected] == ["row_width"]


def test_a_stray_quote_does_not_hide_clients() -> None:
    table = read_table(b'ID,Company,Balance\n48210017,"Alfa,4 EUR\n48210025,"Beta",5 EUR\n48210033,Gamma,6 EUR\n')
    assert [row.account_id for row in table.rows] == ["48210033"]
    (refused,) = table.rejected
    assert refused.problem.key == "row_quotes"
    assert set(refused.account_ids) == {"48210017", "48210025"}


def test_pasted_rows_with_a_missing_cell_are_refused() -> None:
    table = read_table(b"ID  Company  Balance  Expires\n48210017  Alfa  3 Dec 2026\n")
    assert [r.problem.key for r in table.rejected] == ["row_width"]


def test_currency_of_row_heading_and_cell() -> None:
    table = read_table(
        "ID;Currency;Balance;Daily charge\n48210017;EUR;1;0,50\n48210025;;2 ₽;0,50\n48210033;EUR;1 $;\n"
        "48210041;;3;\n48210058;EUR;;2 USD\n48210066;EUR;1;-2\n48210074;RUR;;\n48210082;;0 €;\n".encode()
    )
    assert [(row.currency, row.balance, row.daily_charge) for row in table.rows] == [
        ("EUR", Money(100, "EUR"), Money(50, "EUR")),
        ("RUB", Money(200, "RUB"), Money(50, "RUB")),
        ("RUB", None, None),
        ("EUR", Money(0, "EUR"), None),
    ]
    assert [(r.column, r.problem.key) for r in table.rejected] == [
        ("Balance", "currency_conflict"),
        ("Balance", "currency_missing"),
        ("Daily charge", "currency_conflict"),
        ("Daily charge", "charge_negative"),
    ]


@pytest.mark.parametrize(
    ("data", "key"),
    [
        (b"", "import_empty"),
        (b" \r\n\t\n", "import_empty"),
        (b"\xff\xfe", "import_empty"),
        (b"\x00" * 50, "import_empty"),
        (b"hello", "import_no_header"),
        (b"48210017,Alfa,4\n48210025,Beta,5\n", "import_no_header"),
        (b"Company,Balance\nAlfa,4\n", "import_no_account"),
        (b"ID,Balance,Balance EUR\n48210017,4,5\n", "import_double_column"),
        (b'ID,Company\n48210017,Alfa\n48210025,"Beta\n48210033,C\n', "import_quotes"),
        (b"\xd0\xcf\x11\xe0 old excel", "import_format"),
        (b"%PDF-1.7", "import_format"),
        (b"PK\x03\x04 broken", "import_format"),
        (gzip.compress(b"ID,Company\n", mtime=0), "import_format"),
        (b"<!DOCTYPE html><table>", "import_format"),
        (b"ID,Company\n48210017,\xc3\x28\xf0\n", "import_encoding"),
        (b"ID" + b",x" * 60 + b"\n", "import_no_header"),
        (b"ID,Company" + b",x" * 70 + b"\n", "import_too_many_columns"),
    ],
)
def test_what_is_no_table(data: bytes, key: str) -> None:
    assert key_of(data) == key


def test_limits() -> None:
    assert key_of(b"x" * (BYTES_MAX + 1)) == "import_too_big"
    many = "".join(f"{10_000_000 + n},A\n" for n in range(ROWS_MAX + 1))
    assert key_of(("ID,Company\n" + many).encode()) == "import_too_many_rows"


def test_the_refusal_names_the_file() -> None:
    with pytest.raises(UserError) as caught:
        read_table(b"", "clients.csv")
    assert caught.value.facts["file"] == "clients.csv"


def test_the_name_of_the_file_does_not_matter() -> None:
    assert read_table(b"ID\tCompany\n48210017\tAlfa\n", "clients.xlsx").kind == "tsv"


def test_the_digest_is_of_the_bytes() -> None:
    data = b"ID,Company\n48210017,Alfa\n"
    assert read_table(data).digest == read_table(data).digest != read_table(data + b"\n").digest
