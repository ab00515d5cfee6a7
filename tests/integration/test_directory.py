"""The directory on a real database: adding, finding, identifying people; who hears of which client."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, insert

from bot.directory import service as directory
from bot.directory.matching import Exact, Nothing
from bot.directory.people import Client, ClientData, Curator, Suppression
from bot.errors import UserError
from bot.ids import Address, ClientId, CuratorId, PartnerId
from bot.storage.engine import Database
from bot.storage.tables import channel

NOW = datetime(2026, 11, 26, 7, tzinfo=UTC)
RIGA = PartnerId("riga")


def _partner(conn: Connection) -> None:
    directory.create_partner(conn, "Riga", now=NOW, time_zone="Europe/Riga", language="ru")


def _client(conn: Connection, account: str, company: str = "Alfa Dental") -> Client:
    data = ClientData(account_id=account, company=company, currency="EUR", language="en", time_zone="Europe/Riga")
    return directory.add_client(conn, RIGA, data, NOW)


def _curator(conn: Connection, phone: str, name: str = "Anna", client_id: ClientId | None = None) -> Curator:
    return directory.add_curator(conn, RIGA, name=name, phone=phone, now=NOW, consent="asked", client_id=client_id)


async def test_partner_is_found_by_name_or_as_the_only_one(db: Database) -> None:
    def story(conn: Connection) -> None:
        with pytest.raises(UserError, match="partner_unknown"):
            directory.the_partner(conn, None)
        _partner(conn)
        assert directory.the_partner(conn, None).id == "riga"
        assert directory.ensure_default_partner(conn, NOW).id == "riga"
        directory.create_partner(conn, "SIA Mežs & Co", now=NOW)
        assert {one.id for one in directory.list_partners(conn)} == {"riga", "sia-me-s-co"}
        for wanted, key in ((None, "partner_ambiguous"), (PartnerId("no"), "partner_unknown")):
            with pytest.raises(UserError, match=key):
                directory.the_partner(conn, wanted)
        with pytest.raises(UserError, match="partner_exists"):
            directory.create_partner(conn, "Riga", now=NOW)

    await db.write(story)


async def test_first_command_on_an_empty_database_makes_the_default_partner(db: Database) -> None:
    def story(conn: Connection) -> str:
        directory.ensure_default_partner(conn, NOW)
        return directory.ensure_default_partner(conn, NOW).id

    assert await db.write(story) == "default"


async def test_client_is_added_once_updated_and_flagged_when_missing(db: Database) -> None:
    def story(conn: Connection) -> None:
        _partner(conn)
        client = _client(conn, "48210017")
        assert directory.client_by_account(conn, RIGA, "48210017") == client
        with pytest.raises(UserError, match="client_exists"):
            _client(conn, "48210017")
        later = NOW + timedelta(days=1)
        newer = replace(client.data, as_of=later)
        assert not directory.update_client(conn, client.id, newer)
        assert directory.get_client(conn, client.id).as_of == later
        assert directory.flag_missing(conn, [client.id], later) == 1
        assert directory.flag_missing(conn, [client.id], later + timedelta(days=1)) == 0
        assert directory.get_client(conn, client.id).missing_since == later
        assert directory.update_client(conn, client.id, newer)
        assert directory.get_client(conn, client.id).missing_since is None
        assert directory.update_client(conn, client.id, replace(client.data, tags=("vip",)))
        assert directory.get_client(conn, client.id).tags == ("vip",)
        assert [one.company for one in directory.list_clients(conn, RIGA)] == ["Alfa Dental"]

    await db.write(story)


async def test_a_client_is_found_among_the_partners_own_only(db: Database) -> None:
    def story(conn: Connection) -> None:
        _partner(conn)
        alfa = _client(conn, "48210017")
        directory.create_partner(conn, "Other", now=NOW)
        for query in ("48210017", "0017", "альфа дентал", "Alfa Dentl"):
            found = directory.find_client(conn, RIGA, query)
            assert isinstance(found, Exact)
            assert found.client.id == alfa.id
        assert isinstance(directory.find_client(conn, PartnerId("other"), "48210017"), Nothing)
        directory.update_client(conn, alfa.id, replace(alfa.data, company="Gamma Travel"))
        assert isinstance(directory.find_client(conn, RIGA, "гамма"), Exact)

    await db.write(story)


async def test_curator_numbers_are_unique_within_a_partner_and_free_after_removal(db: Database) -> None:
    def story(conn: Connection) -> None:
        _partner(conn)
        anna = _curator(conn, "+371 20 000 001")
        assert anna.language == "ru"
        assert anna.time_zone == "Europe/Riga"
        with pytest.raises(UserError, match="curator_exists"):
            _curator(conn, "00371 20000001", "Marta")
        directory.create_partner(conn, "Other", now=NOW)
        twin = directory.add_curator(conn, PartnerId("other"), name="Anna", phone="+37120000001", now=NOW)
        known = directory.identify(conn, Address("whatsapp:+37120000001"))
        assert {one.id for one in known} == {anna.id, twin.id}
        directory.remove_curator(conn, anna.id, NOW)
        assert [one.id for one in directory.identify(conn, Address("whatsapp:+37120000001"))] == [twin.id]
        assert directory.list_curators(conn, RIGA) == []
        assert _curator(conn, "+37120000001", "Marta").name == "Marta"

    await db.write(story)


async def test_a_watched_channels_number_is_no_curator(db: Database) -> None:
    def story(conn: Connection) -> None:
        _partner(conn)
        client = _client(conn, "48210017")
        row = {"id": "ch", "partner_id": RIGA, "client_id": client.id, "transport": "whatsapp", "state": "active"}
        conn.execute(insert(channel).values(row | {"name": "+371 20 000 099", "created_at": NOW}))
        with pytest.raises(UserError, match="phone_is_channel"):
            _curator(conn, "+37120000099")
        anna = _curator(conn, "+37120000001")
        assert not directory.learn_address(conn, anna.id, Address("whatsapp:+37120000099"), NOW)

    await db.write(story)


@pytest.mark.parametrize(
    ("wrong", "key"),
    [({"phone": "12"}, "bad_phone"), ({"role": "boss"}, "bad_role"), ({"time_zone": "Mars/Base"}, "bad_time_zone")],
)
async def test_bad_input_is_refused_by_name(db: Database, wrong: dict[str, str], key: str) -> None:
    def story(conn: Connection) -> None:
        _partner(conn)
        given = {"name": "Anna", "phone": "+37120000001"} | wrong
        with pytest.raises(UserError, match=key):
            directory.add_curator(conn, RIGA, now=NOW, **given)  # type: ignore[arg-type]

    await db.write(story)


async def test_consent_stop_start_and_mute_are_news_once(db: Database) -> None:
    def story(conn: Connection) -> None:
        _partner(conn)
        client = _client(conn, "48210017")
        anna = directory.add_curator(conn, RIGA, name="Anna", phone="+37120000001", now=NOW)
        assert _reasons(conn, client.id) == {anna.id: Suppression.NO_CONSENT}
        assert directory.give_consent(conn, anna.id, "button", NOW)
        assert not directory.give_consent(conn, anna.id, "again", NOW)
        assert directory.get_curator(conn, anna.id).consent_how == "button"
        assert _reasons(conn, client.id) == {}
        assert directory.mute(conn, anna.id, client.id, NOW)
        assert not directory.mute(conn, anna.id, client.id, NOW)
        assert _reasons(conn, client.id) == {anna.id: Suppression.MUTED}
        assert directory.unmute(conn, anna.id, client.id)
        assert not directory.unmute(conn, anna.id, client.id)
        assert directory.stop(conn, anna.id, NOW)
        assert not directory.stop(conn, anna.id, NOW)
        assert directory.financial_curators(conn, RIGA) == []
        assert _reasons(conn, client.id) == {anna.id: Suppression.STOPPED}
        assert directory.start(conn, anna.id)
        assert not directory.start(conn, anna.id)
        directory.set_finances(conn, anna.id, False)
        assert _reasons(conn, client.id) == {anna.id: Suppression.FINANCES_OFF}
        assert directory.set_language(conn, anna.id, "ru-RU") == "ru"

    await db.write(story)


async def test_a_clients_own_curator_hears_of_that_client_only(db: Database) -> None:
    def story(conn: Connection) -> None:
        _partner(conn)
        alfa, beta = _client(conn, "48210017"), _client(conn, "48210025", "Beta Kids")
        anna = _curator(conn, "+37120000001")
        own = _curator(conn, "+37120000002", "Ilze", alfa.id)
        told = directory.recipients(conn, [alfa.id, beta.id])
        assert set(told[alfa.id].curators) == {anna.id, own.id}
        assert told[beta.id].curators == (anna.id,)
        assert directory.financial_curators(conn, RIGA) == [directory.get_curator(conn, anna.id)]

    await db.write(story)


async def test_a_further_address_is_learned_once(db: Database) -> None:
    def story(conn: Connection) -> None:
        _partner(conn)
        anna, marta = _curator(conn, "+37120000001"), _curator(conn, "+37120000002", "Marta")
        business = Address("whatsapp:LV.abc123")
        assert directory.learn_address(conn, anna.id, business, NOW + timedelta(days=1))
        assert not directory.learn_address(conn, marta.id, business, NOW)
        assert directory.get_curator(conn, anna.id).addresses == ("whatsapp:+37120000001", business)
        assert [one.id for one in directory.identify(conn, business)] == [anna.id]

    await db.write(story)


def _reasons(conn: Connection, client_id: ClientId) -> dict[CuratorId, Suppression]:
    return dict(directory.recipients(conn, [client_id])[client_id].suppressed)
