"""Who is told of an alert in which words: those who act, those who look, and the client's own people."""

from datetime import UTC, datetime
from typing import Any

import pytest

from bot.alerts.alert import WATCHED, Alert, Kind
from bot.alerts.digest import Digest
from bot.alerts.wording import Wording, worded
from bot.directory.people import Curator, Role
from bot.i18n import LANGUAGES
from bot.ids import Address, AlertId, ClientId, CuratorId, PartnerId
from bot.messaging.templates import registry, render

NOW = datetime(2026, 11, 26, 7, tzinfo=UTC)
CONTACT = "Ilze, +371 20 000 017"
SHAPES: dict[str, dict[str, Any]] = {
    "running_out by use": {"by_use": {"earliest": "2026-11-28", "latest": "2026-12-05", "history": 21}},
    "ending by itself": {"auto_at": "2026-12-03T20:00:00+00:00", "auto_why": None},
    "stopped out of money": {"ended_on": None},
}
"""What makes another text of the same kind."""
ALERTS = [*(kind.value for kind in (*WATCHED, Kind.RECOVERED)), *SHAPES]


def euro(amount: str) -> dict[str, Any]:
    return {"amount": amount, "currency": "EUR", "minor": int(amount.replace(".", ""))}


def alert(name: str) -> Alert:
    kind = Kind(name.split()[0])
    facts = {
        "kind": kind.value,
        "company": "Alfa Dental",
        "account_id": "48210017",
        "time_zone": "Europe/Riga",
        "contact_name": "Ilze",
        "contact_phone": "+37120000017",
        "as_of": None,
        "source": None,
        "balance": euro("9.00"),
        "level": euro("20.00"),
        "daily": euro("4.00"),
        "daily_channels": 2,
        "channels": 5,
        "stopped": 2,
        "money_until": "2026-11-28",
        "stops_on": "2026-11-29",
        "ended_on": "2026-11-25",
        "last_day": "2026-12-03",
        "plan": "Inbox",
        "months": 12,
        "price": euro("1440.00"),
        "short": euro("1431.00"),
        "auto_at": "2026-12-03T20:00:00+00:00",
        "auto_why": "partner_short",
        **SHAPES.get(name, {}),
    }
    return Alert(AlertId("a"), PartnerId("riga"), ClientId("alfa"), "k", kind, 1, "2026-12-03", facts, NOW)


def person(language: str, role: Role = Role.CURATOR, client_id: str | None = None) -> Curator:
    return Curator(
        id=CuratorId("c"),
        partner_id=PartnerId("riga"),
        client_id=ClientId(client_id) if client_id else None,
        name="Anna",
        language=language,
        role=role,
        time_zone="Europe/Riga",
        finances=True,
        consent_at=NOW,
        consent_how="asked",
        invited_at=None,
        stopped_at=None,
        removed_at=None,
        addresses=(Address("whatsapp:+37120000001"),),
    )


def said(name: str, reader: Curator) -> tuple[Wording, str]:
    told = alert(name)
    wording = worded(Digest(told, (told,)), NOW, reader, "Riga Partners")
    return wording, render(wording.template, reader.language, wording.facts, wording.buttons).body


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ALERTS)
def test_every_alert_names_the_contact_to_the_partners_people(name: str, language: str) -> None:
    for role in (Role.CURATOR, Role.VIEWER):
        wording, text = said(name, person(language, role))
        [line] = [line for line in text.splitlines() if CONTACT in line]
        assert line == {"en": "Contact: ", "ru": "Контакт: "}[language] + CONTACT
        assert bool(wording.buttons) == (role is Role.CURATOR and name != Kind.RECOVERED.value)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ALERTS)
def test_a_clients_own_people_are_spoken_to_and_told_nothing_of_the_partner(name: str, language: str) -> None:
    wording, text = said(name, person(language, client_id="alfa"))
    assert wording.buttons == ()
    assert "*Alfa Dental*" in text.splitlines()[0]
    assert {"en": " your ", "ru": " ваш"}[language] in text.lower()
    assert ("Riga Partners" in text) == (name != Kind.RECOVERED.value), "whom to ask"
    hidden = ["Ilze", "1,431", "partner account", "партнёрск", "curator", "куратор", "35%", "35\u00a0%"]
    if name != Kind.UNPAID.value:  # the client's own bill
        hidden += ["1,440", "1\u00a0440"]
    assert [one for one in hidden if one in text] == []


@pytest.mark.parametrize("key", [key for key in registry().names() if key.startswith("alerts/")])
def test_no_alert_asks_for_two_things(key: str) -> None:
    if not registry().entry(key).buttons:
        assert "tap" not in registry().source(key).lower()


def test_line_one_says_who_and_what_is_left() -> None:
    first = {name: said(name, person("en"))[1].splitlines()[0] for name in ALERTS}
    assert first == {
        "stopped": "Finances: *Alfa Dental* channels stopped",
        "ended": "Finances: *Alfa Dental* subscription ended, money till Sat 28 Nov",
        "not_renewed": "Finances: *Alfa Dental* ends in 7 days, cannot renew by itself",
        "unpaid": "Finances: *Alfa Dental* subscription not paid, 7 days left",
        "ending": "Finances: *Alfa Dental* ends in 7 days",
        "running_out": "Finances: *Alfa Dental* money for 7 more days",
        "low_balance": "Finances: *Alfa Dental* has €9.00 left, below €20.00",
        "recovered": "Finances: *Alfa Dental* is fine again",
        "running_out by use": "Finances: *Alfa Dental* money for about 7 more days",
        "ending by itself": "Finances: *Alfa Dental* renews by itself on 3 Dec 22:00",
        "stopped out of money": "Finances: *Alfa Dental* channels stopped",
    }


def test_money_that_goes_by_use_lasts_till_about_a_day() -> None:
    told = alert("ended")
    by_use = {**told.facts, "by_use": {"earliest": "2026-11-27", "latest": "2026-12-01", "history": 20}}
    estimate = Alert(told.id, told.partner_id, told.client_id, "k", told.kind, 0, "c", by_use, NOW)
    for language, words in (("en", "money till about Sat 28 Nov"), ("ru", "денег примерно до сб, 28 ноября")):
        wording = worded(Digest(estimate, (estimate,)), NOW, person(language), "Riga")
        assert render(wording.template, language, wording.facts, wording.buttons).body.splitlines()[0].endswith(words)
