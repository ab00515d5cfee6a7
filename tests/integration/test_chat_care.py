"""Who does what about a client, by chat: why, assign, note, promised, text, away, hours, and a claim that is taken."""

from datetime import UTC, datetime, time

from sqlalchemy import Connection

from bot.alerts import service as alerts
from bot.alerts.postponing import history
from bot.alerts.why import why
from bot.directory import service as directory
from bot.storage.engine import Database
from tests.integration.alert_world import (
    ALFA,
    BETA,
    ENV,
    GAMMA,
    RIGA,
    add_client,
    add_curator,
    add_partner,
    messages,
    scan,
)
from tests.integration.chat_world import Phone, phone_of


def world(conn: Connection) -> tuple[Phone, Phone]:
    add_partner(conn)
    anna, marta = add_curator(conn), add_curator(conn, "Marta", language="ru")
    for wanted in (ALFA, BETA, GAMMA):
        add_client(conn, wanted)
    return phone_of(conn, anna), phone_of(conn, marta)


async def test_why_says_what_was_sent_what_was_not_and_what_comes(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna, marta = world(conn)
        marta.ask("заглуши альфу")
        scan(conn)
        text = anna.ask("why alfa").text
        assert text.startswith("*Alfa Dental* ID 48210017: who was told\n*Anna*\n")
        assert "– subscription ends: sent 26 Nov 09:00 (on its way); next Mon 30 Nov 09:00" in text
        assert "not sent, muted the client; next Mon 30 Nov 09:00 (muted the client)" in text
        assert "nothing due" in text
        assert marta.ask("почему альфа").text.startswith("*Alfa Dental* ID 48210017: кому сообщено")

    await db.write(story)


async def test_one_is_made_responsible_and_hears_of_it(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna, marta = world(conn)
        assert "Marta is responsible for *Alfa Dental* now" in anna.ask("assign alfa to Marta").text
        client = directory.client_by_account(conn, RIGA, ALFA.account_id)
        assert client is not None
        (note,) = [one for one in messages(conn) if one.template == "care/assigned_to_you"]
        assert note.to_address == marta.address
        assert "Anna назначает вас" in note.body
        scan(conn)
        spared = [one.reason for one in why(conn, client.id, now=anna.now, env=ENV) if one.curator == "Anna"]
        assert "assigned" in spared
        assert "за вами" in marta.ask("назначь альфу на меня").text
        assert "belongs to everybody again" in anna.ask("assign alfa to everybody").text
        assert directory.get_client(conn, client.id).assigned_to is None
        unsure = anna.ask("assign alfa to Zanzibar").text
        assert "– Anna" in unsure
        assert "– Marta" in unsure

    await db.write(story)


async def test_a_note_keeps_its_words_and_finds_its_client(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna, _ = world(conn)
        answer = anna.ask("note Alfa Dental: asked to call at 5, not before!")
        assert answer.text == 'Noted about *Alfa Dental*, seen by all curators:\n"asked to call at 5, not before!"'
        client = directory.client_by_account(conn, RIGA, ALFA.account_id)
        assert client is not None
        assert [one.note for one in history(conn, client.id)] == ["asked to call at 5, not before!"]
        assert anna.ask("заметка бета перезвонить").text.startswith("Noted about *Beta Kids*")
        assert anna.ask("note").template == "care/note_whose"
        assert anna.ask("note alfa").template == "care/note_text"
        assert "asked to call at 5" in anna.ask("why alfa").text

    await db.write(story)


async def test_a_promise_holds_the_client_till_its_day(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna, _ = world(conn)
        assert "promised to pay by Fri 27 Nov 2026" in anna.ask("promised alfa friday").text
        why = anna.ask("why alfa").text.splitlines()
        assert why[-1].endswith("the client promised to pay by Fri 27 Nov"), "no hour is known"
        client = directory.client_by_account(conn, RIGA, ALFA.account_id)
        assert client is not None
        assert history(conn, client.id)[0].until == datetime(2026, 11, 27, 7, tzinfo=UTC)
        assert anna.ask("promised alfa 25.11.2026").template == "care/which_day"
        assert "promised Alfa Dental friday" in anna.ask("promised alfa").text
        assert anna.ask("promised alfa today").template == "care/error_date_past"

    await db.write(story)


async def test_the_text_to_forward_is_in_the_clients_language_without_anything_of_the_partner(db: Database) -> None:
    def story(conn: Connection) -> None:
        _, marta = world(conn)
        to, text = marta.say("текст для альфы")
        assert to.text == "Переслать: *Alfa Dental* (Ilze, +371 20 000 017)"
        assert text.text.splitlines() == [
            "Hello Ilze!",
            "The subscription of Alfa Dental (account 48210017) is paid till Thu 3 Dec 2026.",
            "Renewal for 12 months: €1,440.00.",
            "Shall we renew it in time?",
        ]
        assert "lasts till Sat 28 Nov 2026" in marta.say("текст бета")[1].text

    await db.write(story)


async def test_who_is_away_is_stood_in_for_and_comes_back(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna, _ = world(conn)
        answer = anna.ask("away until 5 dec stand-in marta")
        assert answer.text.splitlines()[:2] == [
            "Noted: you are away, and hear of clients again from Sat 5 Dec 2026 on.",
            "Marta stands in for you until then.",
        ]
        (person,) = directory.identify(conn, anna.address)
        assert person.away_until == datetime(2026, 12, 4, 22, tzinfo=UTC)
        assert anna.ask("back").template == "care/back"
        assert directory.identify(conn, anna.address)[0].away_until is None
        assert anna.ask("away until today").template == "care/which_day"
        assert anna.ask("away until friday stand-in anna").template == "care/error_bad_stand_in"

    await db.write(story)


async def test_hours_are_chosen_and_told(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna, marta = world(conn)
        assert "at 09:30 on Mon, Tue, Wed, Thu (Riga time)" in anna.ask("hours 9:30 mon-thu").text
        assert "any hour" in anna.ask("quiet hours off").text
        assert "every working day" in anna.ask("all clear daily").text
        (person,) = directory.identify(conn, anna.address)
        assert (person.alert_hour, person.working_days, person.any_hour, person.all_clear) == (
            time(9, 30),
            "1234",
            True,
            "daily",
        )
        assert "пн, вт" in marta.ask("часы").text

    await db.write(story)


async def test_viewers_and_a_clients_own_people_do_none_of_it(db: Database) -> None:
    def story(conn: Connection) -> None:
        add_partner(conn)
        client = add_client(conn, ALFA)
        own = phone_of(conn, add_curator(conn, "Ilze", client_id=client))
        for text in ("why alfa", "assign alfa to Ilze", "note alfa hm", "promised alfa friday", "text alfa"):
            assert own.ask(text).template == "replies/own_client", text
        viewer = phone_of(conn, add_curator(conn, "Vera", role="viewer"))
        for text in ("assign alfa to Vera", "note alfa hm", "promised alfa friday", "text alfa"):
            assert viewer.ask(text).template == "replies/viewer", text
        assert viewer.ask("why alfa").template == "care/why"

    await db.write(story)


async def test_a_claim_that_is_taken_says_by_whom(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna, marta = world(conn)
        scan(conn)
        found = next(one for one in alerts.open_alerts(conn, RIGA) if one.facts["company"] == "Alfa Dental")
        assert marta.say("", f"claim:{found.id}")[0].template == "replies/claimed"
        refused = anna.ask("", f"claim:{found.id}")
        assert refused.template == "replies/error_already_claimed"
        assert "Marta" in refused.text
        assert "Marta is on it now." in anna.ask("why alfa").text

    await db.write(story)


async def test_whoever_gets_a_client_hears_what_is_open(db: Database) -> None:
    """Without it the one responsible would hear of the next stage only, four days before the end."""

    def story(conn: Connection) -> None:
        add_partner(conn)
        anna = phone_of(conn, add_curator(conn))
        marta, olga = add_curator(conn, "Marta"), add_curator(conn, "Olga")
        add_client(conn)
        anna.ask("assign alfa to me")
        scan(conn)
        assert "alerts/ending" not in [row.template for row in messages(conn, marta)]
        anna.ask("assign alfa to Marta")
        scan(conn, anna.now)
        assert [row.template for row in messages(conn, marta)].count("alerts/ending") == 1
        anna.ask("assign alfa to everybody")
        scan(conn, anna.now)
        scan(conn, anna.now)
        counts = [[row.template for row in messages(conn, one)].count("alerts/ending") for one in (marta, olga)]
        assert counts == [1, 1]

    await db.write(story)
