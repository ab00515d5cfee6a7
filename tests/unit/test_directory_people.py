"""Who hears of a client, and the first reason why somebody does not."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.directory.people import Client, Curator, Role, Suppression
from bot.directory.routing import choose_recipients
from bot.ids import Address, ClientId, CuratorId, PartnerId

NOW = datetime(2026, 11, 26, 7, tzinfo=UTC)
ALFA, BETA = ClientId("alfa"), ClientId("beta")
ANNA = Curator(
    id=CuratorId("anna"),
    partner_id=PartnerId("p"),
    client_id=None,
    name="Anna",
    language="en",
    role=Role.CURATOR,
    time_zone="Europe/Riga",
    finances=True,
    consent_at=NOW,
    consent_how="asked",
    invited_at=None,
    stopped_at=None,
    removed_at=None,
    addresses=(Address("whatsapp:+37120000001"),),
)

CLIENT = Client(
    id=ALFA,
    partner_id=PartnerId("p"),
    account_id="48210017",
    company="Alfa Dental",
    email=None,
    language="en",
    currency="EUR",
    time_zone="Europe/Riga",
    contact_name=None,
    contact_phone=None,
    tags=("vip",),
    source="import",
    as_of=None,
    missing_since=None,
)


def test_a_curator_with_finances_and_consent_is_told() -> None:
    told = choose_recipients(CLIENT, (ANNA,), frozenset())
    assert told.curators == (ANNA.id,)
    assert told.suppressed == {}


@pytest.mark.parametrize(
    ("change", "muted", "reason"),
    [
        ({"finances": False}, False, Suppression.FINANCES_OFF),
        ({"consent_at": None}, False, Suppression.NO_CONSENT),
        ({"stopped_at": NOW}, False, Suppression.STOPPED),
        ({}, True, Suppression.MUTED),
        ({"stopped_at": NOW}, True, Suppression.STOPPED),
        ({"finances": False, "consent_at": None, "stopped_at": NOW}, True, Suppression.FINANCES_OFF),
    ],
)
def test_the_first_reason_is_told(change: dict[str, object], muted: bool, reason: Suppression) -> None:
    person = replace(ANNA, **change)  # type: ignore[arg-type]
    told = choose_recipients(CLIENT, (person,), frozenset([ANNA.id] if muted else []))
    assert told.curators == ()
    assert told.suppressed == {ANNA.id: reason}


def test_another_clients_own_curator_and_a_removed_one_are_not_even_named() -> None:
    people = (replace(ANNA, client_id=BETA), replace(ANNA, id=CuratorId("gone"), removed_at=NOW))
    told = choose_recipients(CLIENT, people, frozenset())
    assert (told.curators, told.suppressed) == ((), {})


def test_only_a_partners_curator_above_viewer_may_move_money() -> None:
    assert ANNA.may_move_money
    assert not replace(ANNA, role=Role.VIEWER).may_move_money
    assert not replace(ANNA, client_id=ALFA).may_move_money
