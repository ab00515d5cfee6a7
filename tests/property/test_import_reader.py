"""A table reads back to the same rows however it is written; bytes of any kind give rows or a clear refusal."""

import csv
import io
import string
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from bot.errors import UserError
from bot.imports.reader import read_table
from bot.imports.reasons import error_text, reason_text
from bot.imports.table import Channels, ClientRow, NamedChannel
from bot.money import Money

MONTHS = """января февраля марта апреля мая июня июля августа сентября октября ноября декабря""".split()  # noqa: SIM905
ENGLISH = {
    "account_id": ("ID", "Account ID", "account_id"),
    "company": ("Company", "Company name", "CLIENT"),
    "email": ("E-mail", "Email address"),
    "language": ("Language",),
    "currency": ("Currency",),
    "balance": ("Balance", "Current balance"),
    "subscription_end": ("Subscription end date", "Expires", "Paid till"),
    "plan": ("Plan", "Tariff"),
    "months": ("Months", "Period"),
    "channels": ("Channels",),
    "daily_charge": ("Daily charge", "Daily payment"),
    "time_zone": ("Time zone", "timezone"),
    "contact_name": ("Contact name", "Contact"),
    "contact_phone": ("Contact phone", "Phone"),
    "tags": ("Tags",),
}
RUSSIAN = {
    "account_id": ("ID аккаунта", "Аккаунт", "ID"),
    "company": ("Компания", "Название компании"),
    "email": ("Почта", "E-mail"),
    "language": ("Язык",),
    "currency": ("Валюта",),
    "balance": ("Баланс", "Остаток"),
    "subscription_end": ("Дата окончания подписки", "Окончание подписки", "Подписка до"),
    "plan": ("Тариф",),
    "months": ("Период, мес.", "Срок"),
    "channels": ("Каналы", "Количество каналов"),
    "daily_charge": ("Ежедневный платёж", "В день"),
    "time_zone": ("Часовой пояс",),
    "contact_name": ("Контактное лицо", "Контакт"),
    "contact_phone": ("Телефон",),
    "tags": ("Теги",),
}
WORDS = {
    "EUR": ("EUR", "€", "евро"),
    "USD": ("USD", "$"),
    "KZT": ("KZT", "₸", "тг"),
    "RUB": ("RUB", "RUR", "руб.", "₽"),
}
RUSSIAN_NAMES = ("Ромашка", "ООО «Щит»", "Ёлки", "Школа № 5", "Жук & Co", "Эхо – Юг", "ИП Йотов", "Подъём", "Цирк")

Words = st.lists(st.text("abcdefgxyz", min_size=2, max_size=8), min_size=1, max_size=3).map(" ".join).map(str.title)
Names = Words | st.sampled_from(("Café Brasília", "Ромашка; Сервис", 'ООО "Эхо", Рига', "Müller & Söhne", "A|B, C"))


def money(currency: str, low: int) -> st.SearchStrategy[Money]:
    return st.integers(low, 10**9).map(lambda minor: Money(minor, currency))


@st.composite
def client_rows(draw: st.DrawFn) -> ClientRow:
    currency = draw(st.sampled_from(tuple(WORDS)))
    named = st.builds(NamedChannel, st.sampled_from(("whatsapp", "telegram", "wapi")), st.sampled_from(("+1", "@x")))
    return ClientRow(
        line=0,
        account_id=f"{draw(st.integers(10_000_000, 99_999_999))}",
        company=draw(Names),
        email=draw(st.none() | st.sampled_from(("a@b.io", "office@alfa.example"))),
        language=draw(st.none() | st.sampled_from(("en", "ru", "pt"))),
        currency=currency,
        balance=draw(st.none() | money(currency, -(10**9))),
        subscription_end=draw(st.none() | st.dates(date(2000, 1, 1), date(2100, 12, 31))),
        plan=draw(st.none() | st.sampled_from(("Inbox", "Pro", "Max"))),
        months=draw(st.none() | st.integers(1, 36)),
        channels=draw(
            st.none()
            | st.integers(0, 500).map(Channels)
            | st.lists(named, min_size=1, max_size=4).map(lambda found: Channels(len(found), tuple(found)))
        ),
        daily_charge=draw(st.none() | money(currency, 0)),
        time_zone=draw(st.none() | st.sampled_from(("Europe/Riga", "Asia/Almaty", "Etc/GMT-3"))),
        contact_name=draw(st.none() | Names),
        contact_phone=draw(st.none() | st.integers(10, 99).map(lambda n: f"+371200000{n}")),
        tags=tuple(draw(st.lists(st.sampled_from(("vip", "dental", "ключевой")), max_size=3, unique=True))),
    )


Rows = st.lists(client_rows(), min_size=1, max_size=6, unique_by=lambda row: row.account_id)


def grouped(whole: int, mark: str) -> str:
    return f"{whole:,}".replace(",", mark)


@st.composite
def amounts(draw: st.DrawFn, value: Money, decimal_mark: str, worded: bool = False) -> str:
    """One amount with two decimals, in one of the ways that leave no doubt; `worded`: with its currency beside it."""
    whole, cents = divmod(abs(value.minor), 100)
    other = "," if decimal_mark == "." else "."
    group = draw(st.sampled_from(("", " ", "\u00a0", "\u202f", "'", "’", other)))
    number = f"{grouped(whole, group)}{decimal_mark}{cents:02}"
    if not cents:
        number = draw(st.sampled_from((number, f"{whole}")))
    if value.minor < 0:
        number = draw(st.sampled_from((f"-{number}", f"−{number}", f"({number})", f"{number}-", f"- {number}")))
    word = draw(st.sampled_from(WORDS[value.currency]))
    plain = () if worded else (number,)
    written: str = draw(st.sampled_from((*plain, f"{number} {word}", f"{word} {number}", f"{word}{number}")))
    return written


@st.composite
def days(draw: st.DrawFn, day: date) -> str:
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    return draw(
        st.sampled_from(
            (
                day.isoformat(),
                f"{day:%d.%m.%Y}",
                f"{day.day}.{day.month}.{day.year}",
                f"{day:%d/%m/%Y}",
                f"{day.day} {months[day.month - 1]} {day.year}",
                f"{months[day.month - 1]} {day.day}, {day.year}",
                f"{day.day} {MONTHS[day.month - 1]} {day.year} г.",
                f"{day:%Y/%m/%d} 23:59",
            )
        )
    )


def channels_text(channels: Channels) -> str:
    return "; ".join(f"{one.transport}:{one.name}" for one in channels.named) or f"{channels.count}"


@st.composite
def cell_texts(draw: st.DrawFn, row: ClientRow, decimal_mark: str, worded: bool) -> dict[str, str]:
    def nothing() -> str:
        return draw(st.sampled_from(("", "—", "-")))

    def written(value: str | None) -> str:
        return nothing() if value is None else value

    apostrophe = draw(st.sampled_from(("", "'")))
    return {
        "account_id": draw(st.sampled_from((f"{apostrophe}{row.account_id}", f"{row.account_id}.0"))),
        "company": row.company or "",
        "email": written(row.email),
        "language": written(row.language),
        "currency": draw(st.sampled_from(WORDS[row.currency or "EUR"])),
        "balance": draw(amounts(row.balance, decimal_mark, worded)) if row.balance is not None else nothing(),
        "subscription_end": draw(days(row.subscription_end)) if row.subscription_end else nothing(),
        "plan": written(row.plan),
        "months": written(f"{row.months}" if row.months else None),
        "channels": channels_text(row.channels) if row.channels else nothing(),
        "daily_charge": draw(amounts(row.daily_charge, decimal_mark, worded))
        if row.daily_charge is not None
        else nothing(),
        "time_zone": written(row.time_zone),
        "contact_name": written(row.contact_name),
        "contact_phone": written(row.contact_phone),
        "tags": "; ".join(row.tags),
    }


def write_text(grid: Sequence[Sequence[str]], separator: str, end: str, quoting: int) -> str:
    target = io.StringIO()
    csv.writer(target, delimiter=separator, lineterminator=end, quoting=quoting).writerows(grid)  # type: ignore[arg-type]
    return target.getvalue()


def write_xlsx(grid: Sequence[Sequence[str]]) -> bytes:
    book = Workbook()
    for row in grid:
        book.worksheets[0].append(list(row))
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def without_currency(row: ClientRow) -> ClientRow:
    """The row of a table without a column of currencies: it is only known where there is an amount."""
    told = row.balance is not None or row.daily_charge is not None
    return replace(row, currency=row.currency if told else None)


@st.composite
def files(draw: st.DrawFn) -> tuple[list[ClientRow], bytes]:
    """Rows, and a file that holds them in some format."""
    rows = draw(Rows)
    worded = draw(st.booleans())
    if worded:
        rows = [without_currency(row) for row in rows]
    synonyms = draw(st.sampled_from((ENGLISH, RUSSIAN)))
    order = draw(st.permutations([field for field in ENGLISH if not (worded and field == "currency")]))
    titles = draw(st.sampled_from(([], [["Clients / Клиенты"]], [["Clients"], [], ["as of", "today"]])))
    mark = draw(st.sampled_from((".", ",")))
    cells = [draw(cell_texts(row, mark, worded)) for row in rows]
    heading = [draw(st.sampled_from(synonyms[field])) for field in order]
    grid = [*titles, heading, *([texts[field] for field in order] for texts in cells)]
    if draw(st.booleans()):
        return rows, write_xlsx(grid)
    separator = draw(st.sampled_from("\t;,|"))
    end = draw(st.sampled_from(("\n", "\r\n", "\r")))
    text = write_text(grid, separator, end, draw(st.sampled_from((csv.QUOTE_MINIMAL, csv.QUOTE_ALL))))
    encoding = draw(st.sampled_from(("utf-8", "utf-8-sig", "utf-16")))
    return rows, text.encode(encoding)


def bare(row: ClientRow) -> ClientRow:
    """The row without its line, which depends on the format."""
    return replace(row, line=0)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(files())
def test_every_way_to_write_a_table_reads_back_to_the_same_rows(case: tuple[list[ClientRow], bytes]) -> None:
    rows, data = case
    table = read_table(data)
    assert [reason_text(found.problem) for found in table.rejected] == []
    assert [bare(row) for row in table.rows] == rows
    assert table.present >= set(ENGLISH) - {"currency"}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(RUSSIAN_NAMES), min_size=1, max_size=6), st.sampled_from((str, str.upper, str.lower)))
def test_windows_1251_is_recognised(names: list[str], case: Callable[[str], str]) -> None:
    written = [case(name) for name in names]
    lines = [f"{48210017 + n};{name};1,50" for n, name in enumerate(written)]
    for heading in ("ID;Компания;Баланс, руб.", "ID;Company;Balance, RUB"):
        table = read_table("\r\n".join([heading, *lines]).encode("cp1251"))
        assert [row.company for row in table.rows] == written


@settings(max_examples=100, deadline=None)
@given(st.integers(-(10**12), 10**12), st.sampled_from((".", ",")), st.sampled_from(tuple(WORDS)), st.data())
def test_amounts_round_trip(minor: int, mark: str, currency: str, data: st.DataObject) -> None:
    text = data.draw(amounts(Money(minor, currency), mark))
    table = read_table(write_text([["ID", "Balance", "Currency"], ["48210017", text, currency]], ";", "\n", 0).encode())
    assert [row.balance for row in table.rows] == [Money(minor, currency)]


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 999), st.integers(0, 999), st.sampled_from(".,"), st.lists(st.integers(0, 99_999), max_size=5))
def test_an_ambiguous_amount_is_never_guessed(head: int, tail: int, mark: str, others: list[int]) -> None:
    """Alone it is refused; beside amounts with the other mark before their cents it is thousands."""
    text = f"{head}{mark}{tail:03}"
    other = "," if mark == "." else "."
    cents = [f"{Decimal(minor) / 100:.2f}".replace(".", other) for minor in others]
    lines = [f"{10_000_000 + n};{amount}" for n, amount in enumerate([*cents, text])]
    table = read_table("\n".join(["ID;Balance, EUR", *lines]).encode())
    if others:
        assert table.rows[-1].balance == Money((head * 1000 + tail) * 100, "EUR")
    else:
        assert [found.problem.key for found in table.rejected] == ["amount_ambiguous"]


def reads_or_refuses(data: bytes) -> None:
    try:
        table = read_table(data, "x.csv")
    except UserError as error:
        texts = [error_text(error, language) for language in ("en", "ru")]
    else:
        texts = [reason_text(found.problem, language) for found in table.rejected for language in ("en", "ru")]
        assert len({row.account_id for row in table.rows}) == len(table.rows)
    assert all(texts)


@settings(max_examples=100, deadline=None)
@example(b"\x00")
@example(b"PK\x03\x04")
@example(b"\xff\xfe\x00")
@given(st.binary(max_size=400))
def test_bytes_of_any_kind_never_crash(data: bytes) -> None:
    reads_or_refuses(data)


Cells = st.text(st.sampled_from(string.printable + "€₽—\u00a0ёЖ\u202e\u0000"), max_size=20) | st.sampled_from(
    ("48210017", "1,440", "03/12/2026", "12/31/2026", '"', "1e9", "=1+1", "#REF!", "нет", "\r\n", "٣", "²")
)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(Cells, max_size=9), max_size=8), st.sampled_from("\t;,|"), st.booleans())
def test_cells_of_any_kind_under_good_headings_never_crash(grid: list[list[str]], separator: str, quoted: bool) -> None:
    heading = ["ID", "Company", "Balance", "Expires", "Channels", "Time zone", "Phone", "Tags", "Months"]
    if quoted:
        reads_or_refuses(write_text([heading, *grid], separator, "\n", csv.QUOTE_MINIMAL).encode())
    else:
        reads_or_refuses("\n".join(separator.join(row) for row in [heading, *grid]).encode())


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 6000), st.integers(0, 255), st.integers(0, 40))
def test_a_damaged_workbook_never_crashes(place: int, byte: int, cut: int) -> None:
    data = bytearray(write_xlsx([["ID", "Company", "Balance"], ["48210017", "Alfa", "4 EUR"]]))
    data[place % len(data)] = byte
    reads_or_refuses(bytes(data[: len(data) - cut]))
