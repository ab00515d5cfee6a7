"""Account IDs, addresses, languages, channels, zones, phones, tags: what is taken and what is refused."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from bot.imports import values
from bot.imports.cells import Cell, Number, Unreadable, clean
from bot.imports.table import Channels, NamedChannel


@pytest.mark.parametrize(
    "cell",
    [
        "48210017",
        " 4821 0017 ",
        "'48210017",
        "48210017.0",
        "48210017,00",
        "№ 48210017",
        '="48210017"',
        "4821\u00a00017",
        "\ufeff48210017",
        Number(Decimal("48210017")),
        Number(Decimal("48210017.0")),
    ],
)
def test_an_account_id_in_many_dresses(cell: Cell) -> None:
    assert values.read_account_id(cell) == "48210017"


@pytest.mark.parametrize(
    ("cell", "key"),
    [
        ("", "account_missing"),
        ("4821001", "account_bad"),
        ("482100170", "account_bad"),
        ("4821OO17", "account_bad"),
        ("٤٨٢١٠٠١٧", "account_bad"),
        ("48210017.5", "account_bad"),
        (Number(Decimal("4821001")), "account_bad"),
        (Number(Decimal("48210017.5")), "account_bad"),
        ("4,82E+07", "account_rounded"),
        ("4.8210017E7", "account_rounded"),
    ],
)
def test_an_account_id_refused(cell: Cell, key: str) -> None:
    with pytest.raises(Unreadable) as caught:
        values.read_account_id(cell)
    assert caught.value.problem.key == key


@pytest.mark.parametrize(
    ("read", "text", "expected"),
    [
        (values.read_name, "  Café\u200b  Brasília\r\n", "Café Brasília"),
        (values.read_name, "Cafe\u0301", "Café"),
        (values.read_name, "'=HYPERLINK(1)", "=HYPERLINK(1)"),
        (values.read_name, "—", None),
        (values.read_name, "\u202eevil\u202c", "evil"),
        (values.read_email, "Office@Alfa.Example", "office@alfa.example"),
        (values.read_email, "mailto:a@b.io", "a@b.io"),
        (values.read_email, "почта@пример.рф", "почта@пример.рф"),
        (values.read_email, "нет", None),
        (values.read_language, "RU", "ru"),
        (values.read_language, "ru-RU", "ru"),
        (values.read_language, "pt_BR", "pt"),
        (values.read_language, "Английский", "en"),
        (values.read_language, "Русский", "ru"),
        (values.read_language, "no", "no"),
        (values.read_language, "", None),
        (values.read_currency, "RUR", "RUB"),
        (values.read_currency, "руб.", "RUB"),
        (values.read_currency, "₸", "KZT"),
        (values.read_currency, "", None),
        (values.read_months, "12", 12),
        (values.read_months, "12 мес.", 12),
        (values.read_months, "6 months", 6),
        (values.read_months, "1 год", 12),
        (values.read_months, "year", 12),
        (values.read_months, "", None),
        (values.read_channels, "3", Channels(3)),
        (values.read_channels, "5 каналов", Channels(5)),
        (values.read_channels, "2.0", Channels(2)),
        (values.read_channels, "0", Channels(0)),
        (values.read_channels, "", None),
        (values.read_channels, "WhatsApp", Channels(1, (NamedChannel("whatsapp", ""),))),
        (
            values.read_channels,
            "WhatsApp: +371 20 000 217; waba:Main ;Телеграм:@alfa;",
            Channels(
                3,
                (
                    NamedChannel("whatsapp", "+371 20 000 217"),
                    NamedChannel("wapi", "Main"),
                    NamedChannel("telegram", "@alfa"),
                ),
            ),
        ),
        (values.read_time_zone, "Europe/Riga", "Europe/Riga"),
        (values.read_time_zone, "europe/riga (UTC+2)", "Europe/Riga"),
        (values.read_time_zone, "Riga", "Europe/Riga"),
        (values.read_time_zone, "New York", "America/New_York"),
        (values.read_time_zone, "Рига", "Europe/Riga"),
        (values.read_time_zone, "МСК", "Europe/Moscow"),
        (values.read_time_zone, "UTC", "UTC"),
        (values.read_time_zone, "UTC+3", "Etc/GMT-3"),
        (values.read_time_zone, "GMT−5", "Etc/GMT+5"),
        (values.read_time_zone, "+03:00", "Etc/GMT-3"),
        (values.read_time_zone, "UTC+0", "Etc/UTC"),
        (values.read_time_zone, "", None),
        (values.read_phone, "+371 20 000 017", "+37120000017"),
        (values.read_phone, "'+371 (20) 000-017", "+37120000017"),
        (values.read_phone, "37120000017", "+37120000017"),
        (values.read_phone, "00371 20000017", "+37120000017"),
        (values.read_phone, "8 (999) 000-01-73", "+79990000173"),
        (values.read_phone, "whatsapp:+37120000017", "+37120000017"),
        (values.read_phone, "—", None),
        (values.read_tags, "dental; key client, dental ,", ("dental", "key client")),
        (values.read_tags, "#vip", ("vip",)),
        (values.read_tags, "", ()),
    ],
)
def test_taken(read: Callable[[Cell], Any], text: str, expected: object) -> None:
    assert read(text) == expected


def test_a_phone_that_a_spreadsheet_made_a_number() -> None:
    assert values.read_phone(Number(Decimal("37120000017"))) == "+37120000017"


@pytest.mark.parametrize(
    ("read", "text", "key"),
    [
        (values.read_name, "x" * 201, "text_too_long"),
        (values.read_name, "x" * 1001, "cell_too_long"),
        (values.read_name, "#REF!", "cell_error"),
        (values.read_name, "#Н/Д", "cell_error"),
        (values.read_email, "office@", "email_bad"),
        (values.read_email, "a b@c.de", "email_bad"),
        (values.read_email, "a@b.de; c@d.ef", "email_bad"),
        (values.read_language, "klingon", "language_unknown"),
        (values.read_currency, "GBP", "currency_unknown"),
        (values.read_months, "0", "months_bad"),
        (values.read_months, "forever", "months_bad"),
        (values.read_months, "999", "months_bad"),
        (values.read_channels, "many", "channels_bad"),
        (values.read_channels, "-1", "channels_bad"),
        (values.read_channels, "1.5", "channels_bad"),
        (values.read_channels, "9999", "channels_bad"),
        (values.read_channels, "icq:123", "transport_unknown"),
        (values.read_time_zone, "Mars/Phobos", "zone_unknown"),
        (values.read_time_zone, "../../etc/passwd", "zone_unknown"),
        (values.read_time_zone, "UTC+99", "zone_unknown"),
        (values.read_time_zone, "UTC+5:30", "zone_unknown"),
        (values.read_phone, "call me", "phone_bad"),
        (values.read_phone, "12", "phone_bad"),
        (values.read_phone, "+371 20 000 017, +371 20 000 018", "phone_bad"),
        (values.read_tags, ",".join(str(n) for n in range(31)), "tags_bad"),
        (values.read_tags, "x" * 51, "tags_bad"),
    ],
)
def test_refused(read: Callable[[Cell], Any], text: str, key: str) -> None:
    with pytest.raises(Unreadable) as caught:
        read(text)
    assert caught.value.problem.key == key


def test_account_ids_inside_other_cells() -> None:
    cells = ("48210017", 'Alfa";4\n48210025;"Beta', Number(Decimal("48210033")), "1234567890")
    assert values.account_ids_in(cells) == ("48210017", "48210025", "48210033")


def test_cleaning_takes_controls_and_invisible_characters_out() -> None:
    assert clean("a\x00b\tc\u2066d\u00ade\x1b[31m") == "a b cde [31m"
