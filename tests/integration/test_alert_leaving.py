"""Whoever is the last to hear of a client does not go unnoticed: it is said, and the owner gets the client."""

from dataclasses import replace
from datetime import date, timedelta
from functools import partial

from sqlalchemy import Connection

from bot.alerts.leaving import leave
from bot.directory import arrangements
from bot.directory import service as directory
from bot.storage.engine import Database
from tests.integration.alert_world import (
    ALFA,
    BETA,
    ENV,
    NOW,
    POLICY,
    add_client,
    add_curator,
    add_partner,
    messages,
    scan,
)
from tests.integration.chat_world import phone_of

DAY = timedelta(days=1)


def _templates(conn: Connection, who: str) -> list[str]:
    return [row.template for row in messages(conn) if row.curator_id == who]


async def test_muting_as_the_last_one_hands_the_client_and_what_is_open_to_the_owner(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        anna = add_curator(conn)
        olga = add_curator(conn, "Olga", role="owner")
        directory.set_finances(conn, olga, False)
        client = add_client(conn)
        scan(conn)
        assert _templates(conn, olga) == []
        answer = phone_of(conn, anna).ask("mute alfa")
        assert answer.text.splitlines()[1] == "Nobody else was told about this client: from now on it is Olga."
        assert [row.body.splitlines()[0] for row in messages(conn, olga)] == [
            "From now on you are told about Alfa Dental, since nobody else is."
        ]
        scan(conn, NOW + timedelta(minutes=1))
        assert _templates(conn, olga) == ["care/inherited", "alerts/ending"]
        scan(conn, NOW + 4 * DAY)
        assert _templates(conn, olga)[2:] == ["alerts/ending"]
        assert directory.recipients(conn, [client], NOW)[client].curators == (olga,)

    await db.write(story)


async def test_stop_names_how_many_clients_go_over_and_to_whom(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        anna = add_curator(conn, language="ru")
        olga = add_curator(conn, "Olga", role="owner")
        arrangements.set_routing(conn, olga, tags=["none"], currencies=[])
        add_client(conn)
        add_client(conn, BETA)
        answer = phone_of(conn, anna).ask("стоп")
        assert answer.text.splitlines()[1:] == ["Кроме вас, о 2 клиентах не сообщали никому. Теперь сообщаем: Olga."]
        assert messages(conn, olga)[-1].body.startswith("From now on you are told about 2 clients, since nobody else")

    await db.write(story)


async def test_away_without_anybody_else_goes_to_the_owner_and_back_ends_it(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        anna = add_curator(conn)
        olga = add_curator(conn, "Olga", role="owner")
        directory.set_finances(conn, olga, False)
        add_client(conn)
        answer = phone_of(conn, anna).ask("away until monday")
        assert "from now on it is Olga" in answer.text
        scan(conn)
        assert (_templates(conn, olga)[-1], [row for row in messages(conn, anna) if row.kind == "alert"]) == (
            "alerts/ending",
            [],
        )
        phone_of(conn, anna).ask("back")
        scan(conn, NOW + timedelta(hours=1))
        assert messages(conn, anna)[-1].template == "alerts/ending"

    await db.write(story)


async def test_who_is_back_on_the_day_itself_gets_what_is_open(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        anna, marta = add_curator(conn), add_curator(conn, "Marta")
        arrangements.set_away(conn, anna, NOW + DAY, marta)
        add_client(conn)
        scan(conn)
        assert _templates(conn, anna) == []
        scan(conn, NOW + DAY)
        assert _templates(conn, anna) == ["alerts/ending"]
        found = directory.get_curator(conn, anna)
        assert (found.away_until, found.stand_in) == (None, None)
        scan(conn, NOW + DAY)
        assert len(messages(conn, anna)) == 1

    await db.write(story)


async def test_without_an_owner_it_is_said_that_nobody_is_told(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        anna = add_curator(conn, role="owner")
        client = add_client(conn)
        add_curator(conn, "Ilze", client_id=client)
        answer = phone_of(conn, anna).ask("mute alfa")
        assert answer.text.splitlines()[1] == "Mind that now nobody is told about this client."
        assert len(phone_of(conn, anna).ask("mute alfa").text.splitlines()) == 1

    await db.write(story)


async def test_others_who_are_told_make_it_an_ordinary_mute(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        anna = add_curator(conn)
        add_curator(conn, "Marta")
        olga = add_curator(conn, "Olga", role="owner")
        add_client(conn)
        assert len(phone_of(conn, anna).ask("mute alfa").text.splitlines()) == 1
        assert messages(conn, olga) == []

    await db.write(story)


async def test_the_owner_is_told_at_a_decent_hour(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        anna = add_curator(conn)
        olga = add_curator(conn, "Olga", role="owner", time_zone="America/New_York")
        directory.set_finances(conn, olga, False)
        add_client(conn, replace(ALFA, ends=date(2027, 1, 30)))
        hours = replace(ENV, policy=replace(POLICY, respect_hours=True))
        gone = leave(conn, anna, partial(directory.remove_curator, conn, anna, NOW), now=NOW, env=hours)
        assert [one.id for one in gone.heirs] == [olga]
        assert messages(conn, olga)[0].not_before == NOW + timedelta(hours=7)

    await db.write(story)
