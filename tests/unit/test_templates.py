"""One text in two languages: values, buttons, what the provider stores, and what is refused."""

from datetime import date
from decimal import Decimal
from importlib.resources import files

import pytest

from bot.errors import ConfigError
from bot.messaging import template_filters
from bot.messaging.message import text_length
from bot.messaging.template_manifest import entries
from bot.messaging.templates import CONTENT_BODY_MAX, Button, Registry, TextError, registry, render
from bot.money import Money

ENDING = registry().entry("alerts/ending")
BUTTONS = [Button("renew", "renew:A1"), Button("claim", "claim:A1"), Button("later", "later:A1")]


def test_english_reads_as_agreed() -> None:
    text = render("alerts/ending", "en", ENDING.sample, BUTTONS)
    assert text.body.splitlines() == [
        "Finances: *Alfa Dental* ends in 7 days",
        "ID 48210017, subscription till Thu 3 Dec 2026",
        "Now: Inbox, 5 channels, balance €0.00",
        "Renewal for 12 months: €1,440.00",
        "Contact: Ilze, +371 20 000 017",
        "Ask the client first, or tap a button.",
    ]
    assert text.buttons == (("Renew", "renew:A1"), ("I'm on it", "claim:A1"), ("Remind me later", "later:A1"))


def test_russian_reads_as_agreed() -> None:
    text = render("alerts/ending", "ru-RU", ENDING.sample, BUTTONS)
    assert text.body.replace("\u00a0", " ").splitlines() == [
        "Финансы: *Alfa Dental*, осталось 7 дней",
        "ID 48210017, подписка до чт, 3 декабря 2026",
        "Сейчас: Inbox, 5 каналов, баланс 0,00 €",
        "Продление на 12 месяцев: 1 440,00 €",
        "Контакт: Ilze, +371 20 000 017",
        "Сначала спросите клиента или нажмите кнопку ниже.",
    ]
    assert [title for title, _ in text.buttons] == ["Продлить", "Беру на себя", "Напомнить позже"]


@pytest.mark.parametrize(
    ("days", "english", "russian"),
    [
        (0, "ends today", "сегодня последний день"),
        (1, "ends in 1 day", "остался 1 день"),
        (3, "ends in 3 days", "осталось 3 дня"),
    ],
)
def test_counts_agree_with_the_noun(days: int, english: str, russian: str) -> None:
    facts = {**ENDING.sample, "days": days}
    assert render("alerts/ending", "en", facts, BUTTONS).body.splitlines()[0].endswith(english)
    assert render("alerts/ending", "ru", facts, BUTTONS).body.splitlines()[0].endswith(russian)


def test_filling_the_stored_content_gives_the_text_people_read() -> None:
    for language in ("en", "ru"):
        text = render("alerts/ending", language, ENDING.sample, BUTTONS)
        content = registry().content("alerts/ending", language)
        filled = content.body
        for number, value in text.variables.items():
            filled = filled.replace("{{" + number + "}}", value)
        assert filled == text.body
        assert text.checksum == content.checksum
        assert list(text.variables) == [str(n) for n in range(1, len(ENDING.variables) + len(BUTTONS) + 1)]
        assert set(content.samples) == set(text.variables)


def test_a_text_reads_the_same_whichever_language_was_asked_for_first() -> None:
    folder = files("bot.templates") / "messages"
    alone, after_english = Registry(folder), Registry(folder)
    after_english.contents()
    keys = [key for key in alone.names() if alone.entry(key).content]
    assert keys
    for key in keys:
        assert alone.content(key, "ru") == after_english.content(key, "ru"), key


def test_user_data_cannot_format_break_or_lengthen_the_text() -> None:
    facts = {**ENDING.sample, "company": "*Bad*\n_name_ \u202e" + "x" * 500}
    text = render("alerts/ending", "en", facts, BUTTONS)
    first = text.body.splitlines()[0]
    assert first.startswith("Finances: *∗Bad∗ ˍnameˍ xxx")
    assert len(text.variables["1"]) == template_filters.PLAIN_MAX
    assert len(text.body.splitlines()) == 6


@pytest.mark.parametrize("language", ["en", "ru"])
def test_a_content_fits_whatever_people_are_called(language: str) -> None:
    """Emoji count twice. Every name of every sample becomes as long as a value may be."""
    cut = 0
    for key in registry().names():
        entry = registry().entry(key)
        if not entry.content:
            continue
        facts = dict(entry.sample)
        for name, value in entry.sample.items():
            if isinstance(value, str):
                try:
                    registry().values(entry, language, {**facts, name: "🙂" * 100})
                except (ValueError, TypeError, KeyError, ArithmeticError, OSError):
                    continue  # a date, a zone, a currency
                facts[name] = "🙂" * 400
        made = render(key, language, facts, [Button(action, "x") for action in entry.buttons])
        assert text_length(made.body) <= CONTENT_BODY_MAX, key
        assert set(made.variables) == set(registry().content(key, language).samples)
        assert all(made.variables.values())
        cut += any(value.endswith("🙂…") for value in made.variables.values())
    assert cut > 5


def test_an_empty_value_becomes_a_dash() -> None:
    facts = {**ENDING.sample, "price": None, "contact_name": "", "contact_phone": None}
    text = render("alerts/ending", "en", facts, BUTTONS)
    assert "Contact: –" in text.body


@pytest.mark.parametrize("buttons", [[], BUTTONS[:2], list(reversed(BUTTONS)), [*BUTTONS[:2], Button("later", "")]])
def test_other_buttons_than_its_own_are_refused(buttons: list[Button]) -> None:
    with pytest.raises(TextError):
        render("alerts/ending", "en", ENDING.sample, buttons)


def test_a_missing_fact_and_an_unknown_key_are_refused() -> None:
    facts = {name: value for name, value in ENDING.sample.items() if name != "company"}
    with pytest.raises(TextError, match="company"):
        render("alerts/ending", "en", facts, BUTTONS)
    with pytest.raises(TextError, match="no text"):
        render("alerts/nothing", "en", {})


def test_filters_take_objects_and_json() -> None:
    assert template_filters.money(Money(144000, "EUR"), language="en") == "€1,440.00"
    assert template_filters.money({"minor": 144000, "currency": "EUR"}, language="en") == "€1,440.00"
    assert template_filters.money(Money(0, "EUR"), language="en") == "€0.00"
    assert template_filters.day(date(2026, 12, 3), language="en") == "3 Dec 2026"
    assert template_filters.day("2026-12-03", True, False, language="en") == "Thu 3 Dec"
    assert template_filters.moment("2026-11-26T07:15:00+00:00", "Europe/Riga", language="en") == "26 Nov 09:15"
    assert template_filters.hour("2026-11-26T07:15:00+00:00", "Europe/Riga", language="ru") == "09:15"
    assert template_filters.percent(Decimal("0.35"), language="en") == "35%"
    assert template_filters.percent("0.125", language="ru") == "12,5\u00a0%"
    with pytest.raises(ValueError, match="offset"):
        template_filters.moment("2026-11-26T07:15:00", "Europe/Riga", language="en")


def test_a_wrong_manifest_names_every_mistake() -> None:
    with pytest.raises(ConfigError) as caught:
        entries("x", {"Bad": {"category": "spam", "colour": 1}, "y": {"buttons": {"a": 1}}, "z": 3})
    assert caught.value.problems == [
        "x/Bad: unknown setting 'colour'",
        "x/Bad: a name is lower case letters, digits and underscores",
        "x/Bad: category is one of utility, marketing, authentication",
        "x/y: buttons maps names to text",
        "x/z: expected a table",
    ]
