"""The picture of the list: what it says, that names stay in their column whatever they are, that it is a picture."""

import struct
import zlib
from datetime import date, timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.i18n import LANGUAGES
from bot.pictures import fonts
from bot.pictures.drawing import WIDTH, png_of
from bot.pictures.due_list import ROWS_MAX, due_svg
from bot.pictures.typeface import BOLD, REGULAR, typeface

TODAY = date(2026, 11, 26)
SVG = "{http://www.w3.org/2000/svg}"


def row(n: int = 1, company: str = "Alfa Dental", state: str = "ends", days: int = 7) -> dict[str, object]:
    return {
        "n": n,
        "company": company,
        "account_id": "48210017",
        "balance": {"amount": "9.00", "minor": 900, "currency": "EUR"},
        "state": state,
        "day": (TODAY + timedelta(days=days)).isoformat(),
        "days": days,
    }


def facts(*rows: dict[str, object], **given: object) -> dict[str, object]:
    return {
        "partner": "Riga",
        "language": "en",
        "zone": "Europe/Riga",
        "at": "2026-11-26T07:00:00+00:00",
        "today": TODAY.isoformat(),
        "within": 14,
        "total": len(rows),
        "page": 1,
        "pages": 1,
        "more": 0,
        "rows": list(rows),
        "as_of": None,
        "source": None,
    } | given


def said(svg: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def test_it_says_what_the_list_says() -> None:
    rows = [row(1, state="stopped", days=-1), row(2, state="lasts", days=2), row(3, days=0), row(4, days=45)]
    assert said(due_svg(facts(*rows, more=12, total=32, pages=2), "en")) == [
        "Who runs out when", "Riga, Thu 26 Nov 2026, 09:00", "32 clients within 14 days",
        "1", "Alfa Dental", "ID 48210017, €9.00", "channels stopped", "till 25 Nov",
        "2", "Alfa Dental", "ID 48210017, €9.00", "money for 2 days", "till Sat 28 Nov",
        "3", "Alfa Dental", "ID 48210017, €9.00", "ends today", "till Thu 26 Nov",
        "4", "Alfa Dental", "ID 48210017, €9.00", "45 days", "till 10 Jan 2027",
        "And 12 more.", "Page 1 of 2",
    ]  # fmt: skip
    russian = [
        one.replace("\u00a0", " ") for one in said(due_svg(facts(rows[1], row(2, state="ended", days=-3)), "ru"))
    ]
    assert russian[0] == "У кого что заканчивается"
    assert russian[5:8] == ["ID 48210017, 9,00 €", "денег на 2 дня", "до сб, 28 ноября"]
    assert russian[-2:] == ["до 23 ноября", "Это все."]


def test_clients_that_live_elsewhere_name_their_source() -> None:
    found = said(due_svg(facts(row(), as_of="2026-11-26T06:15:00+00:00", source="table"), "en"))
    assert found[2] == "Source: Wazzup table of 26 Nov 08:15"
    assert not any("Source" in one for one in said(due_svg(facts(row()), "en")))


@settings(max_examples=150, deadline=None)
@given(
    company=st.text(max_size=120),
    language=st.sampled_from(LANGUAGES),
    state=st.sampled_from(["ends", "lasts", "ended", "stopped"]),
)
def test_no_name_breaks_the_picture_or_leaves_its_column(company: str, language: str, state: str) -> None:
    texts = said(due_svg(facts(row(company=company, state=state)), language))
    name, left, till = texts[4], texts[6], texts[7]
    assert name
    right = max(typeface(BOLD).width(left, 11.5), typeface(REGULAR).width(till, 11.5))
    assert 42 + typeface(BOLD).width(name, 13.5) <= 360 - 14 - right


def test_markup_in_a_name_is_a_name() -> None:
    assert 'A <b>&"x"</b>' in said(due_svg(facts(row(company='A <b>&"x"</b>')), "en"))


def test_a_name_in_letters_that_the_font_lacks_is_its_number() -> None:
    assert said(due_svg(facts(row(company="株式会社 🌿")), "en"))[4] == "48210017"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_font_has_every_letter_that_we_say(language: str) -> None:
    every = [
        row(n, state=state, days=days) for n, (state, days) in enumerate([("ends", 1), ("lasts", 0), ("ended", -2)])
    ]
    for text in said(due_svg(facts(*every, as_of="2026-11-26T06:15:00+00:00", source="poll"), language)):
        assert typeface(REGULAR).clean(text) == " ".join(text.split())


def pixels(png: bytes) -> tuple[int, int, list[bytes]]:
    """Width, height and the rows of an RGBA picture, read by the format's specification."""
    width, height = struct.unpack(">II", png[16:24])
    at, packed = 8, b""
    while at < len(png):
        size, kind = struct.unpack(">I4s", png[at : at + 8])
        packed += png[at + 8 : at + 8 + size] if kind == b"IDAT" else b""
        at += size + 12
    data, step = zlib.decompress(packed), 4
    rows, before = [], bytes(width * step)
    for y in range(height):
        start = y * (width * step + 1)
        line = bytearray(data[start + 1 : start + 1 + width * step])
        for x in range(len(line)):
            a, b, c = (line[x - step] if x >= step else 0), before[x], (before[x - step] if x >= step else 0)
            line[x] = (line[x] + _predicted(data[start], a, b, c)) & 255
        before = bytes(line)
        rows.append(before)
    return width, height, rows


def _predicted(kind: int, a: int, b: int, c: int) -> int:
    if kind < 4:
        return (0, a, b, (a + b) // 2)[kind]
    return min((a, b, c), key=lambda one: abs(a + b - c - one))


def test_it_is_a_light_picture_with_letters_in_it() -> None:
    png = png_of(due_svg(facts(row(company="Гамма Alfa Žā")), "ru"))
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, _, rows = pixels(png)
    assert width == WIDTH
    assert rows[30][:4] == b"\xff\xff\xff\xff"
    name = b"".join(line[42 * 12 : 190 * 12] for line in rows[(86 + 4) * 3 : (86 + 21) * 3])
    dark = sum(name[n] < 90 for n in range(0, len(name), 4))
    assert dark > 1500, "no letters were drawn: is the font there?"


def test_the_fonts_come_with_their_licence() -> None:
    folder = Path(fonts.__path__[0])
    assert "SIL OPEN FONT LICENSE" in (folder / "OFL.txt").read_text(encoding="utf-8")
    assert {one.name for one in folder.glob("*.ttf")} == {REGULAR, BOLD}
    assert sum(one.stat().st_size for one in folder.glob("*.ttf")) < 300_000


def test_a_page_is_readable_on_a_phone() -> None:
    root = ElementTree.fromstring(due_svg(facts(*(row(n) for n in range(ROWS_MAX))), "en"))
    assert root.get("width") == "360"
    assert min(float(one.get("font-size", 0)) for one in root.iter(f"{SVG}text")) >= 11
    assert int(root.get("height", 0)) <= 1000
