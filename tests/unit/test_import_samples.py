"""The sample partner: readable on any day, with the clients that the demo's story needs."""

from datetime import date, timedelta

import pytest

from bot.imports.reader import read_table
from bot.imports.samples import sample_curators, sample_deposit, sample_table
from bot.imports.table import ClientRow
from bot.money import Money

THURSDAY = date(2026, 11, 26)


def clients(today: date) -> dict[str, ClientRow]:
    table = read_table(sample_table(today))
    assert table.rejected == ()
    assert table.ignored == ()
    return {row.account_id: row for row in table.rows}


@pytest.mark.parametrize("today", [THURSDAY, date(2027, 2, 28), date(2028, 2, 29), date(2026, 12, 31)])
def test_the_story_holds_on_any_day(today: date) -> None:
    rows = clients(today)
    assert 38 <= len(rows) <= 45
    alfa, beta, gamma = rows["48210017"], rows["48210025"], rows["48210033"]
    assert (alfa.company, alfa.plan, alfa.months, alfa.balance) == ("Alfa Dental", "Inbox", 12, Money(0, "EUR"))
    assert alfa.subscription_end == today + timedelta(days=7)
    assert alfa.channels is not None
    assert alfa.channels.count == 5
    assert (alfa.contact_name, alfa.contact_phone) == ("Ilze", "+37120000017")
    assert beta.subscription_end is None
    assert (beta.balance, beta.daily_charge) == (Money(900, "EUR"), Money(400, "EUR"))
    assert gamma.subscription_end == today - timedelta(days=1)
    assert (gamma.plan, gamma.channels and gamma.channels.count) == ("Pro", 3)


def test_every_stage_has_somebody() -> None:
    days = [(row.subscription_end - THURSDAY).days for row in clients(THURSDAY).values() if row.subscription_end]
    assert {14, 7, 3, 1, 0, -1} <= set(days)
    assert sum(day > 14 for day in days) > len(days) / 2


def test_variety() -> None:
    rows = clients(THURSDAY).values()
    assert {row.currency for row in rows} == {"EUR", "USD", "KZT", "RUB"}
    assert sum(row.currency == "EUR" for row in rows) > len(rows) / 2
    assert any(row.balance and row.balance.minor < 0 for row in rows)
    assert any(row.subscription_end is None for row in rows)
    names = {row.company for row in rows}
    assert {"Orion Auto", "Orion Avto", "Ромашка Сервис", "Café Brasília"} <= names


def test_a_client_is_told_by_its_last_four_digits() -> None:
    endings = [account_id[-4:] for account_id in clients(THURSDAY)]
    assert len(set(endings)) == len(endings)


def test_no_curator_number_is_a_channel_or_contact() -> None:
    rows = clients(THURSDAY).values()
    used = {row.contact_phone for row in rows}
    used |= {named.name.replace(" ", "") for row in rows if row.channels for named in row.channels.named}
    assert not used & {curator.phone for curator in sample_curators()}


def test_curators_and_money() -> None:
    curators = sample_curators()
    assert {curator.role for curator in curators} == {"owner", "curator", "viewer"}
    assert {curator.language for curator in curators} == {"en", "ru"}
    assert (curators[0].name, curators[0].role, curators[0].language) == ("Anna", "owner", "en")
    assert sample_deposit() == Money(120_000, "EUR")
