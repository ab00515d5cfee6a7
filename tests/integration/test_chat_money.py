"""Money by chat on both databases: from words to a quote, from a yes to a receipt, and what must never happen."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import Connection, select, update

from bot.app.settling import settle
from bot.billing import service as billing
from bot.directory import service as directory
from bot.money import of
from bot.settings import Settings
from bot.storage.engine import Database
from bot.storage.tables import delivery
from tests.integration.alert_world import ALFA, BETA, GAMMA, RIGA, add_client, add_curator, add_partner, scan
from tests.integration.chat_world import Phone, phone_of

SHIPPED_WINDOW = Settings().money.undo_seconds


def world(conn: Connection, money: str = "1200.00", **given: str) -> Phone:
    add_partner(conn, money)
    anna = add_curator(conn, **given)
    for wanted in (ALFA, BETA, GAMMA):
        add_client(conn, wanted)
    return phone_of(conn, anna)


def open_quote(conn: Connection, phone: Phone) -> billing.Quote:
    curator = directory.identify(conn, phone.address)[0]
    [quote] = billing.open_quotes(conn, curator.id, phone.address, phone.now)
    return quote


def account(conn: Connection) -> str:
    return str(billing.partner_accounts(conn, RIGA)[0].available)


async def test_the_renewal_of_the_alert_reads_as_it_should(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna = world(conn)
        scan(conn, anna.now)
        [shown] = anna.say("Show list")
        assert shown.template == "replies/told"
        [alert] = anna.say("3")
        assert alert.template == "alerts/ending"
        [quote] = anna.tap(alert, "Renew")
        assert quote.text.splitlines() == [
            "*Renew Alfa Dental?* ID 48210017",
            "Inbox, 5 channels, 12 months (sample price): till 3 Dec 2027",
            "Client gets €1,440.00, all of it pays the renewal",
            "You pay €936.00 (-35%), you keep €504.00",
            "Your account: €1,200.00 → €264.00. Good for 10 minutes.",
        ]
        assert list(quote.buttons) == ["Confirm", "Other period", "Cancel"]
        [receipt] = anna.tap(quote, "Confirm")
        assert receipt.template == "receipts/renewed"
        assert receipt.text.startswith("*Renewed: Alfa Dental* till 3 Dec 2027")
        assert account(conn) == "264.00 EUR"
        [again] = anna.tap(quote, "Confirm")
        assert again.template == "replies/done_already"
        assert account(conn) == "264.00 EUR"

    await db.write(story)


async def test_a_top_up_in_russian_with_the_guard_before_daily_payments(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna = world(conn, language="ru")
        quote = anna.ask("бете 100")
        assert quote.template == "replies/quote_guard"
        assert quote.first_line == "*Стоп: у Beta Kids нет подписки* ID 48210025"
        assert quote.text.replace("\xa0", " ").splitlines()[1:] == [
            "100,00 € без подписки уйдут посуточно к 23 декабря",
            "Лучше: Pro, 2 канала, до 26 декабря: 90,00 € (цена условная)",
            "У клиента 9,00 €, получит 81,00 €; вы платите 52,65 € (-35 %)",
            "Ваш счёт: 1 200,00 € → 1 147,35 €. Действует 10 минут.",
        ]
        assert list(quote.buttons) == ["Сначала подписка", "Только пополнить", "Отмена"]
        [receipt] = anna.say("первая")
        assert receipt.template == "receipts/subscribed"
        assert account(conn) == "1147.35 EUR"
        assert anna.ask("да").template == "replies/nothing_open"

    await db.write(story)


async def test_a_top_up_confirmed_by_a_typed_label_word_or_code(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna = world(conn)
        for amount, yes in (("10", "Confirm"), ("20", "yes"), ("30", "да"), ("40", "ok, please")):
            quote = anna.ask(f"topup 48210017 {amount}")
            assert quote.template == "replies/quote_topup"
            [receipt] = anna.say(yes)
            assert receipt.template == "receipts/topped_up"
        anna.ask("topup alfa 50")
        open_ = open_quote(conn, anna)
        [receipt] = anna.say(f"yes {open_.code}")
        assert receipt.template == "receipts/topped_up"
        anna.ask("topup alfa 60")
        open_ = open_quote(conn, anna)
        assert anna.say(str(open_.code))[0].template == "receipts/topped_up"
        assert account(conn) == "1063.50 EUR"

    await db.write(story)


async def test_the_same_top_up_again_is_asked_about(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna = world(conn)
        anna.ask("topup alfa 100")
        anna.ask("yes")
        quote = anna.ask("topup alfa 100")
        assert quote.template == "replies/quote_topup_again"
        assert "Again?" in quote.text

    await db.write(story)


async def test_the_guard_asks_about_the_same_top_up_again(db: Database) -> None:
    """The advice to subscribe first must not hide that the same was sent a moment ago."""

    def story(conn: Connection) -> None:
        anna = world(conn)
        first = anna.ask("topup beta 10")
        assert first.template == "replies/quote_guard"
        [receipt] = anna.tap(first, "Only top up")
        again = anna.ask("topup beta 10")
        assert again.template == "replies/quote_guard_again"
        number = receipt.text.split()[-1]
        assert again.text.splitlines()[1] == f"*Again?* The same was sent a few minutes ago, receipt {number}"
        assert list(again.buttons) == ["Subscribe, then pay", "Only top up", "Cancel"]
        anna.tap(again, "Cancel")
        assert anna.ask("topup beta 11").template == "replies/quote_guard"

    await db.write(story)


async def test_with_two_open_quotes_a_bare_yes_moves_nothing(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna = world(conn)
        anna.ask("topup alfa 100")
        first = open_quote(conn, anna)
        second = anna.ask("renew gamma 1m")
        assert second.text.splitlines()[-1].startswith(
            "Your account: €1,200.00 → €1,112.25. Good for 10 minutes, code "
        )
        which = anna.ask("yes")
        assert which.template == "replies/which_quote"
        assert f"1. top up Alfa Dental by €100.00, you pay €65.00, code {first.code}" in which.text
        assert account(conn) == "1200.00 EUR"
        [receipt] = anna.say("1")
        assert receipt.template == "receipts/topped_up"
        assert account(conn) == "1135.00 EUR"
        assert anna.ask("no").template == "replies/cancelled"
        assert anna.ask("yes").template == "replies/nothing_open"

    await db.write(story)


async def test_a_newer_question_for_the_same_client_replaces_the_older(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna = world(conn)
        first = anna.ask("topup alfa 100")
        anna.ask("topup alfa 200")
        assert anna.tap(first, "Confirm")[0].template == "replies/error_quote_cancelled"
        assert "€200.00" in anna.ask("yes").text
        assert anna.ask("yes").template == "receipts/topped_up"
        assert account(conn) == "1070.00 EUR"

    await db.write(story)


async def test_a_yes_after_a_refusal_does_not_confirm_the_question_before(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna = world(conn)
        anna.ask("topup alfa 100")
        assert anna.ask("topup alfa 5000").template == "replies/error_partner_short"
        assert anna.ask("yes").template == "replies/nothing_open"

    await db.write(story)


async def test_another_period_is_picked_by_number(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna = world(conn)
        quote = anna.ask("renew alfa")
        [periods] = anna.tap(quote, "Other period")
        assert periods.text.splitlines()[1:] == [
            "1. 1 month: €150.00, till 3 Jan 2027",
            "2. 6 months: €810.00, till 3 Jun 2027",
            "3. 12 months: €1,440.00, till 3 Dec 2027",
        ]
        [other] = anna.say("2")
        assert other.text.splitlines()[1].startswith("Inbox, 5 channels, 6 months")
        assert anna.ask("yes").text.startswith("*Renewed: Alfa Dental* till 3 Jun 2027")

    await db.write(story)


async def test_bad_amounts_are_answered_and_nothing_moves(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna = world(conn)
        for amount in ("0", "-5", "1e9", "ten", "1440,505", "1k", "99999999999", "1 44", "100²"):
            answer = anna.ask(f"topup alfa {amount}")
            assert answer.template == "replies/amount_refused", amount
            assert "Nothing was done" in answer.text
        assert anna.ask("topup alfa 100 usd").template == "replies/other_currency"
        assert anna.ask("topup alfa 5000").template == "replies/error_partner_short"
        assert anna.ask("yes").template == "replies/nothing_open"
        assert account(conn) == "1200.00 EUR"

    await db.write(story)


async def test_an_ambiguous_amount_is_asked_about(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna = world(conn)
        which = anna.ask("topup alfa 1,440")
        assert which.text.splitlines()[1:] == ["1. €1,440.00", "2. €1.44"]
        [quote] = anna.say("2")
        assert "€1.44" in quote.text

    await db.write(story)


async def test_a_missing_amount_is_completed_by_the_next_message(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna = world(conn)
        assert anna.ask("topup alfa").template == "replies/amount_missing"
        assert "€1,440.50" in anna.ask("1 440,50").text
        card = anna.ask("balance alfa")
        [how_much] = anna.tap(card, "Top up")
        assert how_much.template == "replies/amount_missing"
        assert "€15.00" in anna.ask("15").text

    await db.write(story)


async def test_digits_may_belong_to_the_name(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna = world(conn)
        add_client(conn, replace(ALFA, account_id="48210041", company="Studio 54"))
        quote = anna.ask("topup studio 54 100")
        assert quote.first_line == "*Top up Studio 54?* ID 48210041"
        assert "Client gets €100.00" in quote.text
        assert anna.ask("topup 4821 440").template == "replies/nothing_found"
        assert anna.ask("topup 482 144").template == "replies/nothing_found"

    await db.write(story)


async def test_wrong_codes_lock_confirming(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna = world(conn)
        quote = anna.ask("topup alfa 100")
        open_ = open_quote(conn, anna)
        wrong = "0000" if open_.code != "0000" else "1111"
        for left in (4, 3, 2, 1):
            assert f"{left} tr" in anna.ask(f"yes {wrong}").text
        assert anna.ask(f"yes {wrong}").template == "replies/locked"
        assert anna.ask("yes").template == "replies/locked"
        assert anna.tap(quote, "Confirm")[0].template == "replies/locked"
        assert account(conn) == "1200.00 EUR"
        anna.now += timedelta(minutes=15)
        anna.ask("topup alfa 100")
        assert anna.ask("yes").template == "receipts/topped_up"

    await db.write(story)


async def test_an_old_quote_is_not_confirmed(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna = world(conn)
        quote = anna.ask("topup alfa 100")
        anna.now += timedelta(minutes=11)
        assert anna.tap(quote, "Confirm")[0].template == "replies/error_quote_expired"
        assert anna.ask("yes").template == "replies/nothing_open"

    await db.write(story)


async def test_only_the_asker_confirms_and_never_a_viewer(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna = world(conn)
        viewer = phone_of(conn, add_curator(conn, "Vera", role="viewer"))
        other = phone_of(conn, add_curator(conn, "Olga"))
        quote = anna.ask("topup alfa 100")
        for text in ("topup alfa 100", "renew alfa", "yes"):
            assert viewer.ask(text).template == "replies/viewer"
        assert viewer.tap(quote, "Confirm")[0].template == "replies/viewer"
        assert other.tap(quote, "Confirm")[0].template == "replies/error_quote_not_yours"
        assert other.tap(quote, "Cancel")[0].template == "replies/error_quote_not_yours"
        assert viewer.ask("balance alfa").template == "replies/client_view"
        assert account(conn) == "1200.00 EUR"

    await db.write(story)


async def test_others_hear_of_it_and_the_receipt_number_is_everywhere(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna = world(conn)
        add_curator(conn, "Olga", language="ru")
        anna.ask("topup alfa 100")
        receipt = anna.ask("yes")
        number = receipt.text.split()[-1]
        assert number in anna.ask("partner").text
        assert billing.movements(conn, RIGA, "EUR")[0].receipt == number
        assert billing.movements(conn, RIGA, "EUR")[0].amount == of("-65.00", "EUR")

    await db.write(story)


async def test_undo_takes_back_what_still_waits(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna = world(conn)
        anna.env = replace(anna.env, around=replace(anna.env.around, undo_seconds=60))
        anna.ask("topup alfa 100")
        waiting = anna.ask("yes")
        assert waiting.template == "replies/pending_topup"
        assert "Nothing moved yet" in waiting.text
        assert account(conn) == "1135.00 EUR"
        assert anna.tap(waiting, "Undo")[0].template == "replies/cancelled"
        assert account(conn) == "1200.00 EUR"

    await db.write(story)


async def test_a_second_tap_says_shortly_that_it_is_confirmed(db: Database) -> None:
    """No second message with an Undo: the hold is said once, and the first Undo still works."""

    def story(conn: Connection) -> None:
        anna = waiting_world(conn)
        quote = anna.ask("topup alfa 100")
        [waiting] = anna.tap(quote, "Confirm")
        [again] = anna.tap(quote, "Confirm")
        assert again.template == "replies/confirmed_already"
        assert again.text.startswith("That is confirmed already and will be done at 09:01, receipt ")
        assert again.buttons == {}
        assert account(conn) == "1135.00 EUR"
        assert anna.tap(waiting, "Undo")[0].template == "replies/cancelled"
        assert account(conn) == "1200.00 EUR"

    await db.write(story)


def waiting_world(conn: Connection, **given: str) -> Phone:
    """A yes waits a minute, as it does by default."""
    anna = world(conn, **given)
    anna.env = replace(anna.env, around=replace(anna.env.around, undo_seconds=SHIPPED_WINDOW))
    return anna


def settled(conn: Connection, phone: Phone) -> list[str]:
    """What comes to this phone when the minute is over."""
    before = set(conn.execute(select(delivery.c.id)).scalars())
    phone.now += timedelta(seconds=SHIPPED_WINDOW)
    settle(conn, phone.now, phone.env.around)
    query = select(delivery.c.body).where(delivery.c.id.not_in(before), delivery.c.to_address == phone.address)
    return list(conn.execute(query).scalars())


@pytest.mark.parametrize(
    ("language", "words", "hold", "receipt"),
    [
        ("en", "renew alfa", "Renewing *Alfa Dental* at 09:01. Nothing moved yet.", "*Renewed: Alfa Dental*"),
        ("ru", "продли альфу", "Продлю *Alfa Dental* в 09:01. Деньги на месте.", "*Продлено: Alfa Dental*"),
        ("en", "topup alfa 100", "Topping up *Alfa Dental* by €100.00 at 09:01. Nothing moved yet.", "*Topped up"),
        ("ru", "альфе 100", "Пополню *Alfa Dental* на 100,00 € в 09:01. Деньги на месте.", "*Пополнено"),
        ("en", "renew beta", "Subscribing *Beta Kids* at 09:01. Nothing moved yet.", "*Subscribed: Beta Kids*"),
        ("ru", "продли бету", "Подписка *Beta Kids* в 09:01. Деньги на месте.", "*Подписка есть: Beta Kids*"),
    ],
)
async def test_two_messages_only_the_hold_and_the_receipt(
    sqlite_db: Database, language: str, words: str, hold: str, receipt: str
) -> None:
    def story(conn: Connection) -> None:
        anna = waiting_world(conn, language=language)
        anna.ask(words)
        waiting = anna.ask("yes")
        assert waiting.text.replace("\xa0", " ") == hold
        assert list(waiting.buttons) == ["Undo" if language == "en" else "Отменить"]
        assert billing.partner_accounts(conn, RIGA)[0].balance == of("1200.00", "EUR")
        [told] = settled(conn, anna)
        assert told.startswith(receipt)
        assert told.split()[-1] == billing.movements(conn, RIGA, "EUR")[0].receipt
        assert settled(conn, anna) == []

    await sqlite_db.write(story)


async def test_undo_too_late_twice_and_by_another_person(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna = waiting_world(conn)
        olga = phone_of(conn, add_curator(conn, "Olga"))
        anna.ask("topup alfa 100")
        waiting = anna.ask("yes")
        [refused] = olga.tap(waiting, "Undo")
        assert refused.template == "replies/error_quote_not_yours"
        assert account(conn) == "1135.00 EUR"
        [told] = settled(conn, anna)
        [late] = anna.tap(waiting, "Undo")
        assert late.template == "replies/error_too_late"
        assert late.text.endswith(f"receipt {told.split()[-1]}.")
        assert account(conn) == "1135.00 EUR"
        anna.ask("topup alfa 50")
        waiting = anna.ask("yes")
        for _ in range(2):
            assert anna.tap(waiting, "Undo")[0].template == "replies/cancelled"
        assert settled(conn, anna) == []
        assert account(conn) == "1135.00 EUR"

    await db.write(story)


async def test_who_confirmed_hears_when_it_cannot_be_done(db: Database) -> None:
    """Between yes and receipt a table shows that somebody renewed elsewhere."""

    def story(conn: Connection) -> None:
        anna = waiting_world(conn)
        anna.ask("renew alfa")
        anna.ask("yes")
        [client] = [one for one in directory.list_clients(conn, RIGA) if one.company == "Alfa Dental"]
        end = date(2027, 12, 3)
        billing.set_subscription(conn, RIGA, client.id, plan="Inbox", end_date=end, as_of=anna.now, now=anna.now)
        [told] = settled(conn, anna)
        assert told.startswith("*Not done: Alfa Dental*")
        assert account(conn) == "1200.00 EUR"
        assert settled(conn, anna) == []

    await db.write(story)


async def test_a_number_sent_twice_does_not_confirm_what_the_first_one_picked(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna = world(conn)
        assert anna.ask("topup alfa 1,440").template == "replies/which_amount"
        assert anna.ask("2").template == "replies/quote_topup"
        assert anna.ask("2").template == "replies/cancelled"
        assert anna.ask("topup alfa 10").template == "replies/quote_topup"
        assert anna.ask("1").template == "replies/unknown"
        assert account(conn) == "1200.00 EUR"

    await db.write(story)


@pytest.mark.parametrize(
    "between",
    ["topup alfa ten", "topup nobody 50", "balance beta", "thanks", "topup alfa 1,440", "qwertz asdf", "due", "7"],
)
@pytest.mark.parametrize("yes", ["yes", "да", "Confirm"])
async def test_a_bare_yes_confirms_only_the_question_asked_last(sqlite_db: Database, between: str, yes: str) -> None:
    def story(conn: Connection) -> None:
        anna = world(conn)
        anna.ask("topup alfa 100")
        anna.ask(between)
        again = anna.ask(yes)
        assert again.template == "replies/quote_topup"
        assert "Client gets €100.00" in again.text
        assert f"code {open_quote(conn, anna).code}" in again.text
        assert account(conn) == "1200.00 EUR"
        assert anna.ask(yes).template == "receipts/topped_up"
        assert account(conn) == "1135.00 EUR"

    await sqlite_db.write(story)


async def test_after_another_message_buttons_codes_and_a_quoted_yes_still_confirm(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna = world(conn)
        quote = anna.ask("topup alfa 10")
        anna.ask("topup nobody 50")
        assert anna.tap(quote, "Confirm")[0].template == "receipts/topped_up"
        anna.ask("topup alfa 20")
        anna.ask("topup alfa ten")
        assert anna.say(f"yes {open_quote(conn, anna).code}")[0].template == "receipts/topped_up"
        anna.ask("topup alfa 30")
        conn.execute(update(delivery).where(delivery.c.body.contains("gets €30.00")).values(provider_id="SMq"))
        anna.ask("balance beta")
        assert anna.say("yes", replied_to="SMq")[0].template == "receipts/topped_up"

    await db.write(story)


async def test_an_alert_after_the_question_makes_a_bare_yes_ask_again(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna = world(conn)
        anna.ask("topup alfa 100")
        scan(conn, anna.now)
        anna.now += timedelta(seconds=5)
        assert anna.ask("yes").template == "replies/quote_topup"
        assert account(conn) == "1200.00 EUR"
        assert anna.ask("yes").template == "receipts/topped_up"

    await db.write(story)


async def test_a_guard_is_not_answered_by_number_once_something_else_was_said(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna = world(conn)
        anna.ask("topup beta 100")
        scan(conn, anna.now)
        anna.now += timedelta(seconds=5)
        for words in ("Only top up", "Subscribe, then pay", "yes"):
            anna.say(words)
        assert account(conn) == "1200.00 EUR"

    await db.write(story)


async def test_the_list_of_a_guard_keeps_the_order_and_words_of_its_buttons(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna = world(conn)
        guard = anna.ask("topup beta 5")
        assert "€5.00 alone goes on daily payments, gone by" in guard.text
        which = anna.ask("yes")
        assert [line.rsplit(",", 1)[0] for line in which.text.splitlines()[1:]] == [
            "1. Subscribe, then pay: Beta Kids, you pay €52.65",
            "2. Only top up: Beta Kids by €5.00, you pay €3.25",
        ]
        assert anna.ask("no").text.splitlines() == ["Cancelled. Nothing moved.", "top up Beta Kids by €5.00"]
        anna.ask("topup beta 5")
        anna.ask("yes")
        assert anna.say("2")[0].template == "receipts/topped_up"

    await db.write(story)


async def test_the_guard_says_when_money_is_not_enough_for_a_day_and_names_another_year(sqlite_db: Database) -> None:
    def story(conn: Connection) -> None:
        anna = world(conn)
        add_client(conn, replace(BETA, account_id="48210041", company="Delta", balance="0.00", daily="400.00"))
        assert "€5.00 alone goes on daily payments, not enough for one day" in anna.ask("topup delta 5").text
        far = anna.ask("topup beta 400").text
        assert "gone by" in far
        assert "2027" in far.splitlines()[1]
        assert "2026" not in far

    await sqlite_db.write(story)


async def test_no_with_a_code_that_is_gone_lists_what_is_open(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna = world(conn)
        anna.ask("topup alfa 100")
        done = open_quote(conn, anna).code
        anna.ask("yes")
        assert anna.ask(f"no {done}").template == "replies/nothing_open"
        anna.ask("renew gamma 1m")
        answer = anna.ask(f"no {done}")
        assert answer.text.startswith(f"No open quote has the code {done}.\nThis is open.")
        assert "renew Gamma Travel for €135.00, you pay €87.75" in answer.text
        assert anna.ask("no").text.endswith("renew Gamma Travel for €135.00")

    await db.write(story)


async def test_a_quote_says_that_confirming_is_locked_and_a_renewal_names_another_plan(sqlite_db: Database) -> None:
    def story(conn: Connection) -> None:
        anna = world(conn)
        anna.ask("topup alfa 100")
        wrong = "0000" if open_quote(conn, anna).code != "0000" else "1111"
        for _ in range(5):
            anna.ask(f"yes {wrong}")
        assert "confirming is locked for 15 minutes" in anna.ask("topup alfa 20").text
        assert "Inbox → Pro, 5 channels, 6 months" in anna.ask("renew alfa pro 6").text

    await sqlite_db.write(story)


async def test_an_answer_is_not_sent_when_it_is_old(sqlite_db: Database) -> None:
    def story(conn: Connection) -> None:
        anna = world(conn)
        asked_at = anna.now
        anna.ask("balance alfa")
        expires_at = conn.execute(select(delivery.c.expires_at)).scalar_one()
        assert expires_at == asked_at + timedelta(minutes=30)

    await sqlite_db.write(story)
