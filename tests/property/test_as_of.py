"""Every alert, balance and quote about a client that lives elsewhere says as of when; of the book none does."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.i18n import LANGUAGES, local_date
from bot.messaging.sourced import SAMPLE, SUFFIX
from bot.messaging.templates import CONTENT_BODY_MAX, Button, registry

NAMES = {"en": "Source: ", "ru": "Источник данных: "}
WORDS = {"en": ("Wazzup table of", "Wazzup, read"), "ru": ("таблица Wazzup,", "Wazzup, прочитано")}
BALANCES = ("client", "client_daily", "client_view", "clients", "due", "told", "picture_as_text")
QUOTES = tuple(f"tasks/quote_{name}" for name in ("renew", "subscribe", "topup", "guard", "guard_over"))
TOLD = [key for key in registry().names() if key.startswith("alerts/") and not key.endswith(SUFFIX)]
SOURCED = [*TOLD, *(f"replies/{name}" for name in BALANCES), *QUOTES]


def rendered(key: str, language: str, facts: Mapping[str, object]) -> str:
    entry = registry().entry(key)
    buttons = [Button(action, f"{action}:1") for action in entry.buttons]
    return registry().render(key, language, {**entry.sample, **facts}, buttons).body


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("key", SOURCED)
def test_only_what_was_read_elsewhere_names_its_source(key: str, language: str) -> None:
    imported = rendered(key, language, dict(SAMPLE))
    of_book = rendered(key, language, {**SAMPLE, "as_of": None, "source": None})
    [line] = [one for one in imported.splitlines() if one.startswith(NAMES[language])]
    assert WORDS[language][0] in line
    assert [one for one in imported.splitlines() if one != line] == of_book.splitlines()
    assert NAMES[language] not in of_book
    assert len(imported) <= CONTENT_BODY_MAX


def test_a_poll_is_no_table() -> None:
    for language in LANGUAGES:
        assert WORDS[language][1] in rendered("alerts/ending", language, {**SAMPLE, "source": "poll"})


def test_nothing_else_is_said_to_have_a_source() -> None:
    assert {key for key in registry().names() if registry().entry(key).sourced} == set(SOURCED)


@settings(max_examples=60, deadline=None)
@given(
    seen=st.timedeltas(timedelta(0), timedelta(days=365)).map(lambda after: datetime(2026, 1, 1, tzinfo=UTC) + after),
    later=st.timedeltas(timedelta(0), timedelta(days=9)),
    zone=st.sampled_from(["Europe/Riga", "Asia/Almaty", "America/Sao_Paulo", "UTC"]),
)
def test_the_day_is_the_readers(seen: datetime, later: timedelta, zone: str) -> None:
    read_at, now = seen, seen + later
    facts = {"as_of": read_at.isoformat(), "source": "table", "zone": zone, "today": local_date(now, zone).isoformat()}
    text = rendered("alerts/stopped", "en", facts)
    ago = (local_date(now, zone) - local_date(read_at, zone)).days
    said = {0: "today", 1: "yesterday"}.get(ago, _day(local_date(read_at, zone)))
    assert f"Source: Wazzup table of {said} " in text


def _day(day: date) -> str:
    return f"{day.day} {day:%b}"
