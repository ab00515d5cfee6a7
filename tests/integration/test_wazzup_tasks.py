"""Dashboard tasks on both databases: as the third conversation reads, and what tables do to them."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Connection, select, update

from bot.billing import service as billing
from bot.billing.gateways.wazzup import tasks
from bot.billing.limits import SpendingLimits
from bot.ids import PartnerId
from bot.imports.apply import import_table
from bot.imports.reader import read_table
from bot.storage.engine import Database
from bot.storage.tables import auto_renewal, dashboard_task, delivery, ledger_transaction, partner, transfer
from tests.integration.alert_world import BETA as BETA_KIDS
from tests.integration.alert_world import ENV, GAMMA, RIGA, add_client, add_curator, add_partner
from tests.integration.chat_world import Answer, Phone, phone_of

HEAD = "ID,Company,Balance,Currency,Subscription end date,Plan,Months\n"
OLD_END, NEW_END = "2026-11-25", "2027-05-26"
BUTTONS = ["Done", "Did not work", "Cancel"]


def world(conn: Connection, **given: str) -> Phone:
    """A partner whose clients live at Wazzup, with next to nothing on our own books."""
    add_partner(conn, "0.01")
    conn.execute(update(partner).where(partner.c.id == RIGA).values(gateway="wazzup"))
    anna = add_curator(conn, **given)
    add_client(conn, GAMMA)
    add_client(conn, BETA_KIDS)
    return phone_of(conn, anna)


def show(conn: Connection, phone: Phone, *rows: str) -> None:
    """A Clients table a minute later."""
    phone.now += timedelta(minutes=1)
    table = read_table((HEAD + "".join(rows)).encode())
    assert not table.rejected
    import_table(conn, RIGA, table, env=ENV, now=phone.now, by="operator", yes=True)


def gamma(end: str) -> str:
    return f"48210033,Gamma Travel,0.00,EUR,{end},Pro,6\n"


def beta(balance: str) -> str:
    return f"48210025,Beta Kids,{balance},EUR,,,\n"


def heard(conn: Connection, template: str) -> list[str]:
    """What was sent with that text."""
    query = select(delivery.c.body).where(delivery.c.template == template)
    return list(conn.execute(query.order_by(delivery.c.created_at)).scalars())


def state(conn: Connection) -> str:
    return str(conn.execute(select(dashboard_task.c.state)).scalar_one())


def renewal(anna: Phone) -> Answer:
    """The task of Gamma's renewal."""
    [todo] = anna.tap(anna.ask("renew gamma"), "Confirm")
    return todo


async def test_the_third_conversation(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna = world(conn)
        before = conn.execute(select(ledger_transaction.c.id)).all()
        quote = anna.ask("renew gamma")
        assert quote.text.splitlines() == [
            "*Renew Gamma Travel in Wazzup?* Pro, 3 channels",
            "6 months: €729.00 (sample price). You pay €473.85 (-35%)",
            "Source: Wazzup table of today 09:00",
            "Wazzup lets only a person do this: you get the steps.",
        ]
        assert list(quote.buttons) == ["Confirm", "Other period", "Cancel"]
        [todo] = anna.tap(quote, "Confirm")
        assert todo.text.splitlines() == [
            "*To do W-1: Gamma Travel* https://app.wazzup24.com/48210033",
            "1. Partner account: send 729.00 to ID 48210033",
            "2. At once: Finance, subscription, Renew, Pro, 6 months",
        ]
        assert list(todo.buttons) == BUTTONS
        [noted] = anna.tap(todo, "Done")
        assert noted.text == "Noted 09:00, *not confirmed*: I check the next table."
        assert conn.execute(select(ledger_transaction.c.id)).all() == before
        show(conn, anna, gamma(NEW_END), beta("9.00"))
        assert heard(conn, "tasks/confirmed") == [
            "*Confirmed: Gamma Travel* till 26 May 2027\n"
            "Table of 26 Nov 09:01. You paid €473.85. W-1 closed.\n"
            "Nothing more to do."
        ]
        assert state(conn) == "confirmed"
        assert conn.execute(select(transfer.c.state)).scalars().all() == ["posted"]
        assert billing.check(conn).ok

    await db.write(story)


async def test_in_russian(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna = world(conn, language="ru")
        quote = anna.ask("продли gamma")
        assert quote.text.splitlines()[0] == "*Продлить Gamma Travel в Wazzup?* Pro, 3 канала"
        assert quote.text.splitlines()[2] == "Источник данных: таблица Wazzup, сегодня 09:00"
        assert quote.text.splitlines()[3] == "В Wazzup это может только человек: пришлю шаги."
        [todo] = anna.tap(quote, "Подтвердить")
        assert todo.text.splitlines() == [
            "*Задача W-1: Gamma Travel* https://app.wazzup24.com/48210033",
            "1. Партнёрский счёт: отправьте 729.00 на ID 48210033",
            "2. Сразу: Финансы, подписка, Продлить, Pro, 6 месяцев",
        ]
        [noted] = anna.say("сделано")
        assert noted.text == "Записано 09:00, *не подтверждено*: сверю со следующей таблицей."
        show(conn, anna, gamma(NEW_END), beta("9.00"))
        [told] = heard(conn, "tasks/confirmed")
        assert told.splitlines()[0] == "*Подтверждено: Gamma Travel* до 26 мая 2027"

    await db.write(story)


async def test_an_old_table_opens_it_again_and_the_buttons_work_on(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna = world(conn)
        todo = renewal(anna)
        anna.tap(todo, "Done")
        show(conn, anna, gamma(OLD_END), beta("9.00"))
        [again] = heard(conn, "tasks/reopened")
        assert again.splitlines()[:2] == [
            "*To do again W-1: Gamma Travel* ID 48210033",
            "Table of 26 Nov 09:01 still shows till 25 Nov 2026",
        ]
        assert state(conn) == "open"
        show(conn, anna, gamma(OLD_END), beta("9.00"))
        assert len(heard(conn, "tasks/reopened")) == 1
        assert anna.tap(todo, "Done")[0].template == "tasks/noted"
        show(conn, anna, gamma(NEW_END), beta("9.00"))
        assert anna.tap(todo, "Done")[0].text == "W-1 is confirmed already. Nothing more to do."
        show(conn, anna, gamma(OLD_END), beta("9.00"))
        assert state(conn) == "open"
        assert conn.execute(select(transfer.c.state)).scalars().all() == ["pending"]
        assert len(heard(conn, "tasks/reopened")) == 2

    await db.write(story)


async def test_a_table_confirms_without_a_word(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna = world(conn)
        renewal(anna)
        show(conn, anna, gamma(NEW_END))
        assert state(conn) == "confirmed"

    await db.write(story)


async def test_a_table_that_does_not_hold_the_client_says_nothing(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna = world(conn)
        anna.tap(renewal(anna), "Done")
        show(conn, anna, beta("9.00"))
        assert state(conn) == "done"

    await db.write(story)


async def test_money_confirms_a_top_up_after_the_guard(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna = world(conn)
        guard = anna.ask("topup beta 100")
        assert guard.template == "tasks/quote_guard_sourced"
        assert list(guard.buttons) == ["Subscribe, then pay", "Only top up", "Cancel"]
        assert guard.text.splitlines()[1:3] == [
            "€100.00 alone goes on daily payments, gone by 23 Dec",
            "Better: Pro, 2 channels, till 26 Dec: €90.00 (sample price). You pay €52.65 (-35%)",
        ]
        [todo] = anna.tap(guard, "Only top up")
        assert todo.text.splitlines()[1] == "1. Partner account: send 100.00 to ID 48210025"
        anna.tap(todo, "Done")
        show(conn, anna, gamma(OLD_END), beta("9.00"))
        assert state(conn) == "open"
        show(conn, anna, gamma(OLD_END), beta("109.00"))
        assert heard(conn, "tasks/confirmed_topup")[0].startswith("*Confirmed: Beta Kids* got €100.00\n")
        show(conn, anna, gamma(OLD_END), beta("50.00"))
        assert state(conn) == "confirmed"

    await db.write(story)


async def test_a_better_way_beyond_the_limit_is_named_and_has_no_button(db: Database) -> None:
    """A task costs the partner as much as the book would: what would be refused with the yes has no button."""

    def story(conn: Connection) -> None:
        marta = world(conn)
        small = SpendingLimits({"EUR": Decimal(20)}, {"EUR": Decimal(2000)})
        marta.env = replace(marta.env, around=replace(marta.env.around, spending=small))
        asked = marta.ask("topup beta 3")
        assert asked.template == "tasks/quote_guard_over_sourced"
        assert asked.text.splitlines()[1:] == [
            "€3.00 alone goes on daily payments, gone by 29 Nov",
            "Better: Pro, 2 channels, till 26 Dec: €90.00 (sample price)",
            "That takes €52.65, but you may spend €20.00 at once. Without a limit: nobody yet.",
            "Source: Wazzup table of today 09:00",
            "Only topping up: you pay €1.95 (-35%). Wazzup lets only a person do this: you get the steps.",
        ]
        assert list(asked.buttons) == ["Only top up", "Cancel"]
        [todo] = marta.tap(asked, "Only top up")
        assert todo.template.startswith("tasks/todo_topup")

    await db.write(story)


async def test_subscription_first_then_channels_then_money(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna = world(conn)
        [todo] = anna.tap(anna.ask("topup beta 100"), "Subscribe, then pay")
        assert todo.text.splitlines()[1:] == [
            "1. Finance, add a subscription: Pro, 1 month",
            "2. Add to it: 2 channels",
            "3. Then the partner account: send 81.00 to ID 48210025",
        ]

    await db.write(story)


@pytest.mark.parametrize(("title", "word"), [("Did not work", "failed"), ("Cancel", "cancelled")])
async def test_a_task_that_is_given_up(db: Database, title: str, word: str) -> None:
    def story(conn: Connection) -> None:
        anna = world(conn)
        todo = renewal(anna)
        assert anna.tap(todo, title)[0].template == f"tasks/{word}"
        assert state(conn) == word
        assert conn.execute(select(transfer.c.state)).scalars().all() == ["voided"]
        assert anna.tap(todo, "Done")[0].template == "tasks/over_closed"
        show(conn, anna, gamma(OLD_END))
        assert anna.ask("renew gamma").template == "tasks/quote_renew_sourced"

    await db.write(story)


@pytest.mark.parametrize("done", [False, True])
async def test_cancelling_what_was_confirmed_cancels_its_task(db: Database, done: bool) -> None:
    """The quote's own button, still in the chat: no task is left that nobody wants, and which would be done twice."""

    def story(conn: Connection) -> None:
        anna = world(conn)
        quote = anna.ask("renew gamma")
        [todo] = anna.tap(quote, "Confirm")
        if done:
            anna.tap(todo, "Done")
        assert anna.tap(quote, "Cancel")[0].template == "replies/cancelled"
        assert state(conn) == "cancelled"
        assert conn.execute(select(transfer.c.state, transfer.c.reason)).all() == [("voided", "cancelled")]
        assert anna.tap(todo, "Done")[0].template == "tasks/over_closed"
        assert anna.tap(quote, "Cancel")[0].template == "replies/cancelled"
        show(conn, anna, gamma(OLD_END))
        assert anna.ask("renew gamma").template == "tasks/quote_renew_sourced"

    await db.write(story)


async def test_asking_again_shows_the_task_that_waits(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna = world(conn)
        quote = anna.ask("renew gamma")
        [todo] = anna.tap(quote, "Confirm")
        assert anna.tap(quote, "Confirm")[0].text == todo.text
        assert anna.ask("renew gamma").text == todo.text
        listed = anna.ask("tasks")
        assert listed.text.splitlines()[1] == "1. W-1 Gamma Travel: €729.00, to do since 26 Nov 09:00"
        assert anna.ask("1").text == todo.text
        anna.tap(todo, "Done")
        assert "done 26 Nov 09:00, not confirmed" in anna.ask("tasks").text

    await db.write(story)


async def test_numbers_count_within_the_partner(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna = world(conn)
        renewal(anna)
        anna.tap(anna.ask("topup beta 100"), "Only top up")
        assert [one.name for one in tasks.waiting(conn, RIGA)] == ["W-1", "W-2"]
        assert tasks.load(conn, tasks.waiting(conn, RIGA)[0].id, PartnerId("other")) is None

    await db.write(story)


async def test_what_cannot_be_followed_from_here_comes_with_its_steps(db: Database) -> None:
    """Changes of a running subscription, one created first, renewing by itself: told how, and nothing is written."""

    def story(conn: Connection) -> None:
        anna = world(conn, role="owner")
        show(conn, anna, gamma(NEW_END), beta("9.00"))
        before = conn.execute(select(transfer.c.id)).all()
        for words, step in (
            ("upgrade gamma max", "2. Finance, open the subscription, choose plan Max, confirm"),
            (
                "add channel gamma telegram my shop",
                "2. Finance, open the subscription, add the channel: my shop, confirm",
            ),
            (
                "subscribe beta pro 1m unpaid",
                "2. Finance, add, choose the subscription (Pro), add its channels; send the money right after that",
            ),
        ):
            told = anna.ask(words).text.splitlines()
            company, account = ("Beta Kids", "48210025") if "beta" in words else ("Gamma Travel", "48210033")
            assert told == [
                f"*{company}*: at Wazzup only a person can do this. Nothing was done here; the steps:",
                f"1. Partner section, Clients: open ID {account}",
                step,
                "3. The next table or poll shows it here by itself.",
            ]
        anna.ask("remove channel gamma")
        [leaves] = anna.say("1")
        assert "take out the channel: " in leaves.text
        assert "Finance, the subscription, automatic renewal" in anna.ask("autorenew gamma on").text
        assert conn.execute(select(transfer.c.id)).all() == before
        assert conn.execute(select(auto_renewal.c.client_id)).all() == []

    await db.write(story)
