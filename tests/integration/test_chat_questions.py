"""Questions by chat: clients by any name, lists to pick from, who runs out, the buttons of alerts, idle words."""

from datetime import timedelta

import pytest
from sqlalchemy import Connection, update

from bot.storage.engine import Database
from bot.storage.tables import delivery
from tests.integration.alert_world import (
    ALFA,
    BETA,
    GAMMA,
    NOW,
    Wanted,
    add_client,
    add_curator,
    add_partner,
    messages,
    scan,
    top_up,
)
from tests.integration.chat_world import Phone, phone_of


def world(conn: Connection, **given: str) -> Phone:
    add_partner(conn)
    anna = add_curator(conn, **given)
    for wanted in (ALFA, BETA, GAMMA):
        add_client(conn, wanted)
    return phone_of(conn, anna)


async def test_a_client_card_with_its_buttons(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna = world(conn)
        card = anna.ask("balance alfa")
        assert card.text.splitlines() == [
            "*Alfa Dental* ID 48210017",
            "Balance: €0.00, 5 channels",
            "Subscription: Inbox, till Thu 3 Dec 2026",
            "Daily payments: none",
            "Contact: Ilze, +371 20 000 017",
        ]
        assert list(card.buttons) == ["Renew", "Top up", "Mute"]
        assert anna.tap(card, "Mute")[0].template == "people/muted"
        beta = anna.ask("бета")
        assert beta.text.splitlines()[3] == "Daily payments: €4.00 a day, lasts till Sat 28 Nov 2026"
        assert list(beta.buttons) == ["Subscribe", "Top up", "Mute"]
        assert anna.tap(beta, "Subscribe")[0].template == "replies/quote_subscribe"

    await db.write(story)


async def test_every_way_to_name_a_client(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna = world(conn)
        for words in ("48210017", "0017", "alfa", "Альфу", "balance альфа дентал", "alfadental", "blance alfa"):
            assert anna.ask(words).first_line == "*Alfa Dental* ID 48210017", words
        assert anna.ask("balance 017").template == "replies/nothing_found"
        assert anna.ask("balance zzz").template == "replies/nothing_found"

    await db.write(story)


async def test_several_hits_are_a_list_to_pick_from(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna = world(conn)
        add_client(conn, Wanted("48210049", "Alfa Logistics", balance="5.00", channels=1, daily="1.00"))
        several = anna.ask("topup alfa 20")
        assert several.text.splitlines() == [
            "Which one do you mean? Answer with its number.",
            "1. Alfa Dental, 48210017",
            "2. Alfa Logistics, 48210049",
        ]
        assert anna.ask("7").template == "replies/no_such_choice"
        [quote] = anna.say("2")
        assert quote.template == "replies/quote_guard"
        assert "€20.00" in quote.text
        anna.ask("renew alfa 6m")
        [renewal] = anna.say("1")
        assert "6 months" in renewal.text
        anna.ask("mute alfa")
        assert "Alfa Logistics" in anna.say("second")[0].text
        assert anna.ask("2").template == "replies/no_such_choice"

    await db.write(story)


async def test_nothing_found_offers_the_nearest(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna = world(conn)
        nearest = anna.ask("balance alta")
        assert nearest.template == "replies/nothing_found"
        assert "1. Alfa Dental, 48210017" in nearest.text
        assert anna.ask("1").first_line == "*Alfa Dental* ID 48210017"

    await db.write(story)


async def test_clients_by_pages(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna = world(conn)
        for n in range(20):
            add_client(conn, Wanted(f"5000{n:04d}", f"Shop {n:02d}"), told=False)
        first = anna.ask("clients")
        assert first.text.splitlines()[0] == "*23 clients*"
        assert "Page 1 of 3. Next: *clients 2*" in first.text
        last = anna.ask("clients 9")
        assert last.text.splitlines()[1].startswith("1. Shop 17")
        assert anna.ask("3").first_line == "*Shop 19* ID 50000019"
        assert anna.ask("clients ромашка").template == "replies/no_clients"
        assert anna.ask("clients gamma").first_line == "*Gamma Travel* ID 48210033"

    await db.write(story)


async def test_due_says_what_is_over_first(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna = world(conn)
        answer = anna.ask("due")
        assert answer.text.splitlines() == [
            "*3 clients need you*",
            "1. Gamma Travel: €0.00, channels stopped",
            "2. Beta Kids: €9.00, money till 28 Nov",
            "3. Alfa Dental: €0.00, till 3 Dec",
            "Answer with a number to see that client.",
        ]
        assert anna.ask("2").first_line == "*Beta Kids* ID 48210025"
        assert anna.ask("due 2").text.splitlines()[0] == "*2 clients need you*"

    await db.write(story)


async def test_show_list_opens_each_alert_with_its_buttons(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna = world(conn)
        scan(conn)
        [summary] = messages(conn)
        assert summary.template == "alerts/several"
        [shown] = anna.say("Show list", summary.buttons[0][1])
        assert shown.text.splitlines()[:3] == [
            "1. Gamma Travel: channels stopped",
            "2. Beta Kids: money till Sat 28 Nov",
            "3. Alfa Dental: ends Thu 3 Dec",
        ]
        [alert] = anna.say("2")
        assert alert.template == "alerts/running_out"
        [how_much] = anna.tap(alert, "Top up")
        assert how_much.template == "replies/amount_missing"
        [again] = anna.say("show", summary.buttons[0][1])
        assert again.template == "replies/told"

    await db.write(story)


async def test_im_on_it_tells_the_others(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna = world(conn)
        olga = add_curator(conn, "Olga", language="ru")
        scan(conn)
        anna.ask("Show list")
        [alert] = anna.say("3")
        [claimed] = anna.tap(alert, "I'm on it")
        assert claimed.text.splitlines() == ["Noted: you take care of *Alfa Dental*.", "1 other curator is told."]
        assert anna.tap(alert, "I'm on it")[0].template == "replies/claimed"
        assert phone_of(conn, olga).say("Беру на себя", alert.buttons["I'm on it"])[0].text == (
            "Этим клиентом уже занимается Anna."
        )
        told = [row.body for row in messages(conn, olga) if row.template == "people/claimed_by"]
        assert len(told) == 1
        assert told[0].startswith("К сведению: Anna занимается клиентом *Alfa Dental*")

    await db.write(story)


async def test_remind_me_later_comes_back_unless_it_is_settled(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna = world(conn)
        scan(conn)
        anna.ask("Show list")
        [alert] = anna.say("2")
        assert "Remind me later" not in alert.buttons
        anna.ask("Show list")
        [alert] = anna.say("3")
        [later] = anna.tap(alert, "Remind me later")
        assert later.text == "I will remind you of *Alfa Dental* on 27 Nov 09:00, unless it is settled by then."
        alert_id = alert.buttons["Remind me later"].partition(":")[2]
        morning = NOW + timedelta(days=1)
        assert scan(conn, morning - timedelta(seconds=1)).messages == 0
        assert scan(conn, morning).messages == 1
        assert scan(conn, morning).messages == 0
        assert messages(conn)[-1].body.splitlines()[0] == (
            "Finances: *2 clients* need you, first Beta Kids, money till Sat 28 Nov."
        ), "together with the next stage of another"
        client_id = next(row.client_id for row in messages(conn) if row.template == "alerts/ending")
        curator_id = messages(conn)[-1].curator_id
        top_up(conn, client_id, "1440", curator_id, now=morning)
        assert anna.ask("renew alfa").template == "replies/quote_renew_covered"
        assert anna.ask("yes").template == "receipts/renewed"
        assert scan(conn, morning + timedelta(days=1)).messages == 0
        assert anna.tap(alert, "Renew")[0].template == "replies/settled"
        said = anna.say("x", f"alert:{alert_id}")[0]
        assert (said.template, said.first_line) == (
            "replies/settled",
            "*Alfa Dental*: Anna renewed it on 26 Nov 09:00 till 3 Dec 2027.",
        )
        for verb in ("claim", "later"):
            assert anna.say("x", f"{verb}:{alert_id}")[0].text == said.text

    await db.write(story)


@pytest.mark.parametrize(
    ("text", "template"),
    [
        ("", "replies/empty"),
        ("🎉🎉", "replies/no_words"),
        ("\u200b\u202e", "replies/empty"),
        ("a" * 10_000, "replies/too_long"),
        ("how are you doing today my friend", "replies/unknown"),
        ("asdfgh qwerty", "replies/unknown"),
        ("balance alfa\nbalance beta", "replies/one_at_a_time"),
        ("yes but no", "replies/unknown"),
        ("thanks!", "replies/welcome"),
        ("hi", "replies/help"),
        ("help", "replies/help"),
        ("Done", "replies/button_old"),
        ("undo", "replies/nothing_to_undo"),
        ("Other period", "replies/button_old"),
        ("5", "replies/no_such_choice"),
        ("balance", "replies/whose"),
        ("renew", "replies/whose"),
        ("renew gamma gold", "replies/error_unknown_plan"),
        ("renew gamma gold 12", "replies/error_unknown_plan"),
        ("renew gamma 13", "replies/error_unknown_period"),
        ("renew gamma 0", "replies/error_unknown_period"),
        ("renew gamma 120", "replies/error_unknown_period"),
        ("renew nobody 13", "replies/nothing_found"),
        ("renew gamma 5m", "replies/error_unknown_period"),
        ("renew gamma 99 months", "replies/unknown"),
    ],
)
async def test_every_text_gets_a_clear_answer(sqlite_db: Database, text: str, template: str) -> None:
    def story(conn: Connection) -> None:
        assert world(conn).ask(text).template == template

    await sqlite_db.write(story)


async def test_media_alone_is_answered(sqlite_db: Database) -> None:
    def story(conn: Connection) -> None:
        [answer] = world(conn).say("", media=1)
        assert answer.template == "replies/media"

    await sqlite_db.write(story)


async def test_a_reply_to_a_message_is_about_its_client(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna = world(conn)
        anna.ask("balance alfa")
        conn.execute(update(delivery).values(provider_id="SMalfa"))
        anna.ask("balance beta")
        assert anna.ask("mute").text.startswith("Done: no more alerts to you about *Beta Kids*")
        [quote] = anna.say("renew", replied_to="SMalfa")
        assert quote.first_line == "*Renew Alfa Dental?* ID 48210017"

    await db.write(story)
