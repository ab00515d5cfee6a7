"""The third conversation as it should read on a phone, from the alert to the proof, in English and in Russian."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import Connection, select, update

from bot.alerts.task_notes import remind
from bot.imports.apply import import_table
from bot.imports.reader import read_table
from bot.storage.engine import Database
from bot.storage.tables import dashboard_task, delivery, partner
from tests.integration.alert_world import (
    BETA,
    ENV,
    GAMMA,
    NOW,
    RIGA,
    add_client,
    add_curator,
    add_partner,
    charge,
    scan,
)
from tests.integration.chat_world import Answer, Phone, phone_of

HEAD = "ID,Company,Balance,Currency,Subscription end date,Plan,Months,Channels,Contact,Phone\n"
MORNING = NOW.replace(hour=6, minute=15)
"""08:15 in Riga."""
ENGLISH = [
    [
        "Finances: *Gamma Travel* channels stopped",
        "ID 48210033, subscription ended Wed 25 Nov 2026",
        "Stopped: 3 channels, Pro",
        "Source: Wazzup table of today 08:15",
        "Contact: Līga, +371 20 000 033",
        "Ask the client first, or tap a button.",
        "[Renew] [I'm on it] [Remind me later]",
    ],
    [
        "*Renew Gamma Travel in Wazzup?* Pro, 3 channels",
        "6 months: €729.00",
        "You pay €364.50 (-50%)",
        "Wazzup lets only a person do this: you get the steps.",
        "[Confirm] [Other period] [Cancel]",
    ],
    [
        "*To do W-318: Gamma Travel* https://app.wazzup24.com/48210033",
        "1. Partner account: send 729.00 to ID 48210033",
        "2. At once: Finance, subscription, Renew, Pro, 6 months",
        "[Done] [Did not work] [Cancel]",
    ],
    ["Noted 10:02, *not confirmed*: I check the next table."],
    [
        "*Confirmed: Gamma Travel* till 26 May 2027",
        "Table of 27 Nov 08:15. You paid €364.50. W-318 closed.",
    ],
]
RUSSIAN = [
    [
        "Финансы: *Gamma Travel*, каналы отключены",
        "ID 48210033, подписка кончилась ср, 25 ноября 2026",
        "Отключено: 3 канала, Pro",
        "таблица Wazzup, сегодня 08:15",
        "Контакт: Līga, +371 20 000 033",
        "Сначала спросите клиента или нажмите кнопку ниже.",
        "[Продлить] [Беру на себя] [Напомнить позже]",
    ],
    [
        "*Продлить Gamma Travel в Wazzup?* Pro, 3 канала",
        "6 месяцев: 729,00 €",
        "Вы платите 364,50 € (-50 %)",
        "В Wazzup это может только человек: пришлю шаги.",
        "[Подтвердить] [Другой срок] [Отмена]",
    ],
    [
        "*Задача W-318: Gamma Travel* https://app.wazzup24.com/48210033",
        "1. Партнёрский счёт: отправьте 729.00 на ID 48210033",
        "2. Сразу: Финансы, подписка, Продлить, Pro, 6 месяцев",
        "[Сделано] [Не получилось] [Отмена]",
    ],
    ["Записано 10:02, *не подтверждено*: сверю со следующей таблицей."],
    [
        "*Подтверждено: Gamma Travel* до 26 мая 2027",
        "Таблица 27 ноября 08:15. Вы заплатили 364,50 €. W-318 закрыта.",
    ],
]


def bring(conn: Connection, end: str, at: datetime) -> None:
    """Wazzup's table of that moment."""
    table = read_table(f"{HEAD}48210033,Gamma Travel,0.00,EUR,{end},Pro,6,3,Līga,+37120000033\n".encode())
    assert not table.rejected
    import_table(conn, RIGA, table, env=ENV, now=at, by="operator", yes=True)


def curators_phone(conn: Connection, language: str) -> Phone:
    """A curator of a partner with ten clients on the program that then gives half; 317 tasks were there before."""
    add_partner(conn, "0.01")
    conn.execute(update(partner).where(partner.c.id == RIGA).values(gateway="wazzup", program="tiered"))
    anna = phone_of(conn, add_curator(conn, language=language))
    for n in range(9):
        other = replace(
            BETA if n == 0 else GAMMA, account_id=f"4822{n:04d}", company=f"Other {n}", ends=date(2027, 6, 1)
        )
        add_client(conn, replace(other, daily=None), told=False)
    [todo] = anna.tap(anna.ask("topup 48220003 10"), "Confirm" if language == "en" else "Подтвердить")
    anna.say("tasks")
    conn.execute(update(dashboard_task).values(number=317, state="confirmed", closed_at=NOW))
    assert todo.buttons
    return anna


def last(conn: Connection, phone: Phone) -> Answer:
    query = select(delivery).where(delivery.c.to_address == phone.address).order_by(delivery.c.id.desc()).limit(1)
    row = conn.execute(query).one()
    return Answer(row.template, row.body, dict(row.buttons), row.to_address, row.kind)


def stands(answer: Answer, lines: list[str]) -> None:
    """Every line stands there, in this order, whole or as the beginning of one that says more. Amounts do not break."""
    shown = [*answer.text.replace("\u00a0", " ").splitlines(), " ".join(f"[{title}]" for title in answer.buttons)]
    rest = "\n".join(shown)
    for line in lines:
        _, found, rest = rest.partition(line)
        assert found, (line, shown)
    assert len(shown) <= len(lines) + 3, shown


@pytest.mark.parametrize(("language", "talk"), [("en", ENGLISH), ("ru", RUSSIAN)])
async def test_the_third_conversation_word_by_word(db: Database, language: str, talk: list[list[str]]) -> None:
    def story(conn: Connection) -> None:
        anna = curators_phone(conn, language)
        bring(conn, "2026-11-25", MORNING)
        charge(conn, MORNING)
        scan(conn)
        alarm = last(conn, anna)
        stands(alarm, talk[0])
        anna.now = NOW + timedelta(hours=1)
        [quote] = anna.tap(alarm, next(iter(alarm.buttons)))
        stands(quote, talk[1])
        [todo] = anna.tap(quote, next(iter(quote.buttons)))
        stands(todo, talk[2])
        anna.now = NOW + timedelta(hours=1, minutes=2)
        [noted] = anna.tap(todo, next(iter(todo.buttons)))
        stands(noted, talk[3])
        bring(conn, "2027-05-26", MORNING + timedelta(days=1))
        stands(last(conn, anna), talk[4])
        states = conn.execute(select(dashboard_task.c.number, dashboard_task.c.state)).all()
        assert [tuple(row) for row in states if row.number == 318] == [(318, "confirmed")]

    await db.write(story)


async def test_two_curators_and_one_task(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna = curators_phone(conn, "en")
        boris = phone_of(conn, add_curator(conn, "Boris"))
        bring(conn, "2026-11-25", MORNING)
        [todo] = anna.tap(anna.ask("renew gamma"), "Confirm")
        assert boris.ask("renew gamma").text == todo.text
        assert boris.tap(todo, "Done")[0].text == anna.tap(todo, "Done")[0].text
        assert anna.tap(todo, "Cancel")[0].template == "tasks/cancelled"
        assert boris.tap(todo, "Did not work")[0].template == "tasks/over_closed"
        assert boris.tap(todo, "Done")[0].template == "tasks/over_closed"
        bring(conn, "2027-05-26", MORNING + timedelta(days=1))
        found = conn.execute(select(dashboard_task.c.state).where(dashboard_task.c.number == 318)).scalar_one()
        assert found == "cancelled"

    await db.write(story)


async def test_a_table_older_than_the_word_proves_nothing(db: Database) -> None:
    """It was downloaded before the work was done, and brought afterwards."""

    def story(conn: Connection) -> None:
        anna = curators_phone(conn, "en")
        bring(conn, "2026-11-25", MORNING)
        [todo] = anna.tap(anna.ask("renew gamma"), "Confirm")
        downloaded = anna.now + timedelta(minutes=1)
        anna.now += timedelta(minutes=5)
        anna.tap(todo, "Done")
        table = read_table(f"{HEAD}48210033,Gamma Travel,0.00,EUR,2026-11-25,Pro,6,3,Līga,+37120000033\n".encode())
        import_table(conn, RIGA, table, env=ENV, now=anna.now, by="operator", yes=True, as_of=downloaded)
        state = select(dashboard_task.c.state).where(dashboard_task.c.number == 318)
        assert conn.execute(state).scalar_one() == "done"
        import_table(conn, RIGA, table, env=ENV, now=anna.now + timedelta(minutes=1), by="operator", yes=True)
        assert conn.execute(state).scalar_one() == "open"

    await db.write(story)


async def test_a_part_of_the_money_is_no_proof(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna = curators_phone(conn, "en")
        add_client(conn, BETA)
        [todo] = anna.tap(anna.ask("topup 48210025 100"), "Only top up")
        anna.tap(todo, "Done")
        state = select(dashboard_task.c.state).where(dashboard_task.c.number == 318)
        for balance, expected in (("60.00", "open"), ("109.00", "confirmed")):
            anna.now += timedelta(minutes=10)
            table = read_table(f"ID,Company,Balance,Currency\n48210025,Beta Kids,{balance},EUR\n".encode())
            import_table(conn, RIGA, table, env=ENV, now=anna.now, by="operator", yes=True)
            assert conn.execute(state).scalar_one() == expected
            if expected == "open":
                assert "still shows €60.00" in last(conn, anna).text

    await db.write(story)


async def test_what_waits_for_days_is_asked_for_again(db: Database) -> None:
    def story(conn: Connection) -> None:
        anna = curators_phone(conn, "en")
        bring(conn, "2026-11-25", MORNING)
        [todo] = anna.tap(anna.ask("renew gamma"), "Confirm")
        anna.tap(todo, "Done")
        said = conn.execute(select(dashboard_task.c.done_at).where(dashboard_task.c.number == 318)).scalar_one()
        query = select(delivery.c.body).where(delivery.c.template == "wazzup/waiting").order_by(delivery.c.created_at)
        for hours, count in ((23, 0), (25, 1), (26, 1), (49, 1), (73, 2)):
            remind(conn, RIGA, said + timedelta(hours=hours), ENV)
            assert len(conn.execute(query).all()) == count, hours
        assert conn.execute(query).scalars().all()[0].splitlines() == [
            "*Still open W-318: Gamma Travel* ID 48210033",
            "Since 26 Nov 09:00: noted as done, but no table or poll shows it.",
            "Please look into the Wazzup dashboard, then tap a button.",
        ]
        bring(conn, "2027-05-26", said + timedelta(days=7))
        remind(conn, RIGA, said + timedelta(days=7, hours=1), ENV)
        assert len(conn.execute(query).all()) == 2

    await db.write(story)
