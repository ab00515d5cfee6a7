"""Bytes to text: the right encoding or a refusal, never a guess that spoils names."""

import pytest

from bot.errors import UserError
from bot.imports.encoding import decode

RUSSIAN = "ID;Компания;Баланс\n48210017;Ромашка «Сервис» — 5 №;1\u00a0440,50 руб.\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1251"])
def test_the_encodings_people_have(encoding: str) -> None:
    assert decode(RUSSIAN.encode(encoding)) == RUSSIAN


def test_utf16_of_both_orders() -> None:
    assert decode(b"\xfe\xff" + RUSSIAN.encode("utf-16-be")) == RUSSIAN
    assert decode(b"\xff\xfe" + RUSSIAN.encode("utf-16-le")) == RUSSIAN


@pytest.mark.parametrize("word", ["Щука", "ЩУКА", "Жук", "Підприємство", "Ёж", "ООО «Эхо»", "Wazzup Ромашка"])
def test_windows_1251_even_with_few_words(word: str) -> None:
    text = f"ID,Company\n48210017,{word}\n"
    assert decode(text.encode("cp1251")) == text


def test_punctuation_that_every_windows_page_shares() -> None:
    text = "ID;Balance\n48210017;1\u00a0440,50 – «x»\n"
    assert decode(text.encode("cp1251")) == text


def test_the_western_euro_sign() -> None:
    assert decode("1\u00a0440,50 €".encode("cp1252")) == "1\u00a0440,50 €"


@pytest.mark.parametrize("encoding", ["koi8-r", "cp866", "iso8859-5", "mac-cyrillic"])
def test_other_cyrillic_pages_are_refused_not_misread(encoding: str) -> None:
    text = "Номер;Компания;Баланс\n48210017;Ромашка Сервис;Оплачено до конца месяца\n"
    with pytest.raises(UserError) as caught:
        decode(text.encode(encoding))
    assert caught.value.key == "import_encoding"


@pytest.mark.parametrize(("text", "encoding"), [("Žaļā Aptieka", "cp1257"), ("Müller & Söhne", "cp1252")])
def test_western_letters_are_refused_not_misread(text: str, encoding: str) -> None:
    with pytest.raises(UserError) as caught:
        decode(text.encode(encoding))
    assert caught.value.key == "import_encoding"


@pytest.mark.parametrize("data", [b"\xff\xfea", b"\xfe\xff\xd8\x00", b"\xef\xbb\xbf\xff", b"\x98\x98 \xcf\xf0"])
def test_broken_text_is_refused(data: bytes) -> None:
    with pytest.raises(UserError):
        decode(data)
