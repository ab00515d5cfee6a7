"""A curator's number that becomes a watched channel later: alerts would be read by the client's staff."""

from datetime import timedelta

from sqlalchemy import Connection, delete

from bot.alerts import watch
from bot.billing import service as billing
from bot.directory import service as directory
from bot.ids import ClientId, CuratorId
from bot.storage.engine import Database
from bot.storage.tables import channel
from tests.integration.alert_world import (
    ALFA,
    BETA,
    ENV,
    NOW,
    RIGA,
    add_client,
    add_curator,
    add_partner,
    imported,
    messages,
    scan,
)
from tests.integration.chat_world import Phone, phone_of

LATER = NOW + timedelta(hours=1)


def connect(conn: Connection, client: ClientId, names: list[str]) -> None:
    billing.set_channels(conn, RIGA, client, [("whatsapp", name) for name in names], None, True, LATER)
    imported(conn, [client], LATER)


def world(conn: Connection) -> tuple[CuratorId, Phone, ClientId]:
    """Marta's phone is told of what Olga, the owner, muted or switched off; a channel of Alfa may get her number."""
    add_partner(conn)
    olga = add_curator(conn, "Olga", role="owner")
    marta = phone_of(conn, add_curator(conn, "Marta"))
    directory.set_finances(conn, olga, on=False)
    alfa = add_client(conn, ALFA)
    scan(conn)
    return olga, marta, alfa


async def test_nothing_goes_to_a_number_that_became_a_channel_and_the_owner_takes_over(db: Database) -> None:
    def story(conn: Connection) -> None:
        olga, marta, alfa = world(conn)
        [person] = directory.identify(conn, marta.address)
        assert [row.state for row in messages(conn, person.id)] == ["queued"]
        connect(conn, alfa, [marta.address.removeprefix("whatsapp:")])
        assert [row.state for row in messages(conn, person.id)] == ["cancelled"]
        assert [row.template for row in messages(conn, olga)] == ["care/inherited"]
        add_client(conn, BETA, now=LATER)
        scan(conn, LATER)
        assert [row.template for row in messages(conn, olga)][-1] == "alerts/several"
        assert len(messages(conn, person.id)) == 1
        assert marta.ask("balance alfa").template == "people/refusal", "whoever reads the channel gets no data"

    await db.write(story)


async def test_the_owner_hears_whose_number_it_is(sqlite_db: Database) -> None:
    def story(conn: Connection) -> None:
        olga, marta, alfa = world(conn)
        directory.set_finances(conn, olga, on=True)
        connect(conn, alfa, [marta.address.removeprefix("whatsapp:")])
        for _ in range(2):
            watch.tell(conn, RIGA, watch.find(conn, RIGA, now=LATER, env=ENV), now=LATER, env=ENV)
        [told] = [row for row in messages(conn, olga) if row.template == "watch/unreachable"]
        assert "Marta" in told.body
        assert "the number is a watched channel now" in told.body

    await sqlite_db.write(story)


async def test_a_number_that_is_no_channel_any_more_is_the_persons_again(sqlite_db: Database) -> None:
    def story(conn: Connection) -> None:
        _, marta, alfa = world(conn)
        [person] = directory.identify(conn, marta.address)
        connect(conn, alfa, [marta.address.removeprefix("whatsapp:")])
        assert directory.identify(conn, marta.address) == []
        conn.execute(delete(channel).where(channel.c.name == marta.address.removeprefix("whatsapp:")))
        imported(conn, [alfa], LATER)
        assert [one.id for one in directory.identify(conn, marta.address)] == [person.id]
        assert marta.ask("balance alfa").first_line == "*Alfa Dental* ID 48210017"

    await sqlite_db.write(story)


async def test_a_clients_own_curator_on_a_channel_is_silent_too_and_not_named(sqlite_db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        olga = add_curator(conn, "Olga", role="owner")
        alfa = add_client(conn, ALFA)
        ilze = add_curator(conn, "Ilze", client_id=alfa)
        address = directory.get_curator(conn, ilze).address or ""
        connect(conn, alfa, [address.removeprefix("whatsapp:")])
        scan(conn, LATER)
        assert messages(conn, ilze) == []
        assert watch.find(conn, RIGA, now=LATER, env=ENV) == []
        assert [row.template for row in messages(conn, olga)] == ["alerts/ending"]

    await sqlite_db.write(story)
