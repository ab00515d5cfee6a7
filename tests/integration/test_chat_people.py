"""Who may talk to the bot and what they hear of: unknown numbers, invitations, several partners, stop, mute, pace."""

from datetime import timedelta

from sqlalchemy import Connection, select

from bot.directory import service as directory
from bot.directory.people import ClientData
from bot.handlers.invitation import invite
from bot.handlers.middleware import identify
from bot.ids import Address, InboxId, PartnerId
from bot.messaging.inbox import InboxMessage
from bot.storage.engine import Database
from bot.storage.tables import delivery
from tests.integration.alert_world import (
    ALFA,
    BETA,
    ENV,
    GAMMA,
    NOW,
    RIGA,
    add_client,
    add_curator,
    add_partner,
    scan,
)
from tests.integration.chat_world import Phone, phone_of

OTHER = PartnerId("other")


def world(conn: Connection, name: str = "Anna", **given: str | None) -> Phone:
    add_partner(conn)
    anna = add_curator(conn, name, **given)
    for wanted in (ALFA, BETA, GAMMA):
        add_client(conn, wanted)
    return phone_of(conn, anna)


async def test_an_unknown_number_hears_one_refusal_and_no_data(db: Database) -> None:
    def story(conn: Connection) -> None:
        world(conn)
        stranger = Phone(conn, Address("whatsapp:+4915112345678"))
        refusal = stranger.ask("balance alfa")
        assert (refusal.template, refusal.kind) == ("people/refusal", "refusal")
        assert "Alfa" not in refusal.text
        for text in ("balance alfa", "topup alfa 100", "yes", "stop"):
            assert stranger.say(text) == []
        assert stranger.outcome() == "refused_before"
        assert Phone(conn, Address("whatsapp:+79161234567")).ask("hi").text.startswith("Этот номер")

    await db.write(story)


async def test_without_consent_there_is_only_the_invitation(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna = world(conn, consent=None)
        curator = directory.identify(conn, anna.address)[0]
        assert invite(conn, curator, now=NOW, env=ENV) is not None
        assert invite(conn, curator, now=NOW, env=ENV) is None
        assert conn.execute(select(delivery.c.kind)).scalars().all() == ["invitation"]
        assert scan(conn).suppressed.get("no_consent")
        for text in ("balance alfa", "due", "topup alfa 100", "hello"):
            again = anna.ask(text)
            assert again.template == "people/invitation"
            assert "Riga" in again.text
            assert "Alfa" not in again.text
        assert anna.tap(again, "No, thanks")[0].template == "people/declined"
        assert anna.ask("due").template == "people/invitation"
        assert anna.tap(again, "Yes, I agree")[0].template == "people/agreed"
        assert directory.identify(conn, anna.address)[0].consent_how == "chat"
        assert anna.ask("due").template == "replies/due"
        assert anna.tap(again, "No, thanks")[0].template == "people/stopped"

    await db.write(story)


async def test_yes_in_words_is_consent_too(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna = world(conn, consent=None, language="ru")
        assert anna.ask("да").template == "people/agreed"
        assert anna.ask("да").template == "replies/nothing_open"

    await db.write(story)


async def test_stop_and_start(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna = world(conn)
        assert anna.ask("STOP").template == "people/stopped"
        assert scan(conn).suppressed["stopped"] == 3
        assert anna.ask("balance alfa").template == "replies/client"
        assert anna.ask("start").template == "people/started"
        assert directory.identify(conn, anna.address)[0].stopped_at is None

    await db.write(story)


async def test_mute_and_unmute_and_the_last_one_is_warned(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna = world(conn)
        muted = anna.ask("mute alfa")
        assert "nobody is told" in muted.text
        assert scan(conn).suppressed["muted"] == 1
        assert anna.ask("unmute 48210017").template == "people/unmuted"
        add_curator(conn, "Olga")
        assert "nobody is told" not in anna.ask("не беспокоить альфу").text
        assert anna.ask("mute").text.startswith("Done: no more alerts to you about *Alfa Dental*")

    await db.write(story)


async def test_language_is_changed_by_word(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna = world(conn)
        assert anna.ask("language ru").text == "Готово: теперь пишу вам по-русски."
        assert anna.ask("балланс альфа").text.startswith("*Alfa Dental*")
        assert anna.ask("english").text == "Done: I write English to you now."
        assert anna.ask("language klingon").template == "replies/unknown"

    await db.write(story)


async def test_too_many_messages_are_answered_once(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        anna = phone_of(conn, add_curator(conn), messages_per_minute=3)
        for _ in range(3):
            assert anna.ask("help").template == "replies/help"
        assert anna.ask("help").template == "people/too_fast"
        for _ in range(3):
            assert anna.say("help") == []
            assert anna.outcome() == "too_fast"
        anna.now += timedelta(minutes=1)
        assert anna.ask("help").template == "replies/help"

    await db.write(story)


async def test_a_person_of_two_partners_is_asked_once_and_sees_one_at_a_time(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna = world(conn)
        directory.create_partner(conn, "Other Partner", now=NOW, partner_id=OTHER)
        directory.add_curator(conn, OTHER, name="Anna", phone=anna.address, now=NOW, consent="asked")
        data = ClientData(account_id="48210017", company="Omega", currency="EUR", language="en", time_zone="UTC")
        directory.add_client(conn, OTHER, data, NOW)
        asked = anna.ask("balance 48210017")
        assert asked.template == "people/which_partner"
        place = asked.text.splitlines().index("1. Other Partner") if "1. Other Partner" in asked.text else 2
        assert anna.ask(str(place)).first_line == "*Omega* ID 48210017"
        assert anna.ask("balance 48210017").first_line == "*Omega* ID 48210017"
        assert anna.ask("balance alfa").template == "replies/unknown" or "Omega" not in anna.ask("balance alfa").text
        assert "1. Speak for Riga" in anna.ask("partner").text
        assert anna.ask("1").text == "You speak for *Riga* now."
        assert anna.ask("balance 48210017").first_line == "*Alfa Dental* ID 48210017"

    await db.write(story)


async def test_a_button_speaks_for_its_own_partner(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna = world(conn)
        card = anna.ask("balance alfa")
        directory.create_partner(conn, "Other Partner", now=NOW, partner_id=OTHER)
        directory.add_curator(conn, OTHER, name="Anna", phone=anna.address, now=NOW, consent="asked")
        [quote] = anna.tap(card, "Renew")
        assert quote.first_line == "*Renew Alfa Dental?* ID 48210017"
        assert anna.tap(quote, "Confirm")[0].template == "receipts/renewed"

    await db.write(story)


async def test_nothing_of_another_partner_is_reached_by_its_ids(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna = world(conn)
        directory.create_partner(conn, "Other Partner", now=NOW, partner_id=OTHER)
        spy_id = directory.add_curator(conn, OTHER, name="Spy", phone="+4915112345678", now=NOW, consent="asked").id
        spy = phone_of(conn, spy_id)
        scan(conn)
        quote = anna.ask("topup gamma 5")
        shown = [row.buttons for row in conn.execute(select(delivery.c.buttons))]
        payloads = [payload for buttons in shown for _, payload in buttons]
        clients = [one.id for one in directory.list_clients(conn, RIGA)]
        payloads += [f"{verb}:{client}" for client in clients for verb in ("balance", "topup", "renew", "mute")]
        for payload in (*payloads, *quote.buttons.values(), "partner:riga", "alert:x", "period:x:12", "nonsense:1"):
            for answer in spy.say("x", payload):
                assert not any(name in answer.text for name in ("Alfa", "Beta", "Gamma", "4821")), payload

    await db.write(story)


async def test_a_clients_own_curator_sees_that_client_only_and_no_partner_money(db: Database) -> None:
    def story(conn: Connection) -> None:
        world(conn)
        alfa = directory.client_by_account(conn, RIGA, "48210017")
        assert alfa is not None
        ilze = phone_of(conn, add_curator(conn, "Ilze", client_id=alfa.id))
        assert ilze.ask("balance alfa").template == "replies/client_view"
        for text in ("balance", "channels", "каналы"):
            assert ilze.ask(text).text.startswith("*Alfa Dental* ID 48210017\nBalance: €0.00, 5 channels\n"), text
        assert ilze.ask("balance beta").template in ("replies/nothing_found", "replies/unknown")
        for text in ("partner", "topup alfa 100", "renew alfa", "due", "clients", "replenish 100", "owes"):
            assert ilze.ask(text).template == "replies/own_client", text
        for text in ("yes", "confirm", "yes 1234"):
            assert ilze.ask(text).template == "replies/viewer"
        assert "due" not in ilze.ask("help").text

    await db.write(story)


async def test_a_second_address_of_a_known_person_is_learned(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna = world(conn)
        message = InboxMessage(
            id=InboxId("x"), transport="twilio", provider_id="SM1", from_address=Address("whatsapp:LV.abc123"),
            to_address=ENV.sender, other_address=anna.address, profile_name=None, body="hi", payload=None,
            replied_to=None, media=0, received_at=NOW, attempts=0,
        )  # fmt: skip
        assert [one.name for one in identify(conn, message, NOW)] == ["Anna"]
        assert Address("whatsapp:LV.abc123") in directory.identify(conn, anna.address)[0].addresses

    await db.write(story)
