"""A client's own curators: told of that client alone, never shown to the partner, no part of the partner's work."""

from datetime import date

from sqlalchemy import Connection, update

from bot.alerts import claims
from bot.alerts import service as alerts
from bot.billing import service as billing
from bot.directory import service as directory
from bot.handlers.invitation import invite
from bot.ids import Address, CuratorId
from bot.storage.engine import Database
from bot.storage.tables import hold
from tests.integration.alert_world import ENV, NOW, RIGA, add_client, add_curator, add_partner, messages, move_end, scan
from tests.integration.chat_world import Phone, phone_of


async def test_the_partner_is_never_shown_a_clients_own_curator(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        anna = phone_of(conn, add_curator(conn, role="owner"))
        add_curator(conn, "Marta")
        add_curator(conn, "Ilze", client_id=add_client(conn))
        scan(conn)
        asked = ("why alfa", "assign alfa to Ilze", "away until friday stand-in Ilze", "text alfa", "due", "help")
        said = [answer.text for words in asked for answer in anna.say(words)]
        [alert] = alerts.open_alerts(conn, RIGA)
        said += [answer.text for answer in anna.say("I'm on it", f"claim:{alert.id}")]
        assert "1 other curator is told." in said[-1], "Marta; the client's own are not counted"
        assert not any("*Ilze*" in text or "– Ilze" in text for text in said), said

    await db.write(story)


async def test_the_partners_work_does_not_keep_the_clients_own_curator_from_hearing(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        anna, marta = add_curator(conn), add_curator(conn, "Marta")
        ilze = add_curator(conn, "Ilze", client_id=add_client(conn))
        scan(conn)
        [alert] = alerts.open_alerts(conn, RIGA)
        claims.claim(conn, alert.id, anna, now=NOW, env=ENV)
        assert [row.state for row in messages(conn, marta)] == ["cancelled"]
        assert [row.state for row in messages(conn, ilze)] == ["queued"]
        conn.execute(update(hold).values(until=NOW))
        claims.return_due(conn, now=NOW, env=ENV)
        assert "alerts/returned" in [row.template for row in messages(conn, marta)]
        assert [row.template for row in messages(conn, ilze)] == ["alerts/ending_own"]

    await db.write(story)


async def test_a_viewer_takes_no_client_off_the_others(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        anna = add_curator(conn)
        vera = phone_of(conn, add_curator(conn, "Vera", role="viewer"))
        add_client(conn)
        scan(conn)
        [alert] = alerts.open_alerts(conn, RIGA)
        assert vera.ask("I'm on it", f"claim:{alert.id}").template == "replies/viewer"
        assert [row.state for row in messages(conn, anna)] == ["queued"]

    await db.write(story)


async def test_a_clients_own_curator_agrees_to_what_is_really_told(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        client = add_client(conn)
        person = directory.get_curator(conn, add_curator(conn, "Ilze", client_id=client, consent=None))
        invite(conn, person, now=NOW, env=ENV)
        [invitation] = messages(conn, person.id)
        assert "*Riga*" in invitation.body
        assert "the money or subscription of Alfa Dental ends, and could ask for its balance" in invitation.body
        ilze = phone_of(conn, person.id)
        assert ilze.ask("balance").template == "people/invitation_own", "no data before a yes"
        agreed = ilze.ask("yes")
        assert agreed.first_line.endswith("when the money or subscription of Alfa Dental ends.")
        assert "due" not in agreed.text, "which only the partner's people may ask"
        assert directory.get_curator(conn, person.id).consent_at is not None

    await db.write(story)


async def test_what_is_settled_offers_a_payment_to_nobody_who_cannot_pay(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        client = add_client(conn)
        anna = phone_of(conn, add_curator(conn))
        ilze = phone_of(conn, add_curator(conn, "Ilze", client_id=client))
        scan(conn)
        [alert] = alerts.open_alerts(conn, RIGA)
        move_end(conn, client, date(2027, 12, 3))
        assert "topup 48210017 100" in anna.ask("x", f"alert:{alert.id}").text
        assert ilze.ask("x", f"alert:{alert.id}").text == "*Alfa Dental*: that is settled already."

    await db.write(story)


async def test_a_clients_own_curator_confirms_nothing(db: Database) -> None:
    """Neither by the partner's button or code, nor by a yes of his own; the partner's question stays open."""

    def story(conn: Connection) -> None:
        add_partner(conn)
        anna = phone_of(conn, add_curator(conn))
        own = phone_of(conn, add_curator(conn, "Ilze", client_id=add_client(conn)))
        asked = anna.ask("topup alfa 100")
        [quote] = billing.open_quotes(conn, *_asker(conn, anna), anna.now)
        assert own.tap(asked, "Confirm")[0].template == "replies/own_client"
        assert own.tap(asked, "Cancel")[0].template == "replies/own_client"
        assert own.ask("topup alfa 5").template == "replies/own_client"
        for words in ("yes", f"yes {quote.code}", str(quote.code)):
            assert own.ask(words).template in ("replies/viewer", "replies/own_client", "replies/nothing_found"), words
        [account] = billing.partner_accounts(conn, RIGA)
        assert str(account.available) == "1200.00 EUR"
        assert anna.tap(asked, "Confirm")[0].template == "receipts/topped_up"

    await db.write(story)


def _asker(conn: Connection, phone: Phone) -> tuple[CuratorId, Address]:
    return directory.identify(conn, phone.address)[0].id, phone.address
