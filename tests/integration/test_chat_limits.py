"""What a curator who is no owner may spend: said with the quote, held to with the yes, raised by the operator."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from sqlalchemy import Connection, select

from bot.app.settling import settle
from bot.billing import limits
from bot.billing import service as billing
from bot.billing.limits import SpendingLimits
from bot.directory import service as directory
from bot.money import of
from bot.storage.engine import Database
from bot.storage.tables import audit
from tests.integration.alert_world import ALFA, BETA, RIGA, add_client, add_curator, add_partner
from tests.integration.chat_world import Answer, Phone, phone_of

SHIPPED = SpendingLimits({"EUR": Decimal(500)}, {"EUR": Decimal(2000)})


def world(conn: Connection, **given: str) -> Phone:
    """Marta is a curator with the shipped limits; Anna owns. A yes waits a minute."""
    add_partner(conn, "5000.00")
    add_client(conn, ALFA)
    add_curator(conn, "Anna", role="owner")
    return limited(phone_of(conn, add_curator(conn, "Marta", **given)))


def limited(phone: Phone) -> Phone:
    around = replace(phone.env.around, undo_seconds=60, spending=SHIPPED)
    return replace(phone, env=replace(phone.env, around=around))


def available(conn: Connection) -> str:
    return str(billing.partner_accounts(conn, RIGA)[0].available)


async def test_beyond_one_operation_is_said_at_once(db: Database) -> None:
    def story(conn: Connection) -> None:
        marta = world(conn)
        refused = marta.ask("renew alfa")
        assert refused.template == "replies/error_operation_limit"
        assert refused.text == (
            "You may spend up to €500.00 at once, and this takes €936.00. Nothing was done. "
            "For today €2,000.00 is left. Without a limit: Anna."
        )
        assert marta.ask("yes").template == "replies/nothing_open"
        assert available(conn) == "5000.00 EUR"

    await db.write(story)


async def test_in_russian(sqlite_db: Database) -> None:
    def story(conn: Connection) -> None:
        marta = world(conn, language="ru")
        assert marta.ask("продли альфу").text.replace("\xa0", " ") == (
            "За один раз вы можете потратить до 500,00 €, а здесь нужно 936,00 €. Ничего не сделано. "
            "На сегодня осталось 2 000,00 €. Без лимита: Anna."
        )

    await sqlite_db.write(story)


async def test_an_owner_has_none(db: Database) -> None:
    def story(conn: Connection) -> None:
        world(conn)
        [anna] = [one for one in directory.list_curators(conn, RIGA) if one.name == "Anna"]
        phone = limited(phone_of(conn, anna.id))
        phone.ask("renew alfa")
        assert phone.ask("yes").template == "replies/pending_renew"

    await db.write(story)


async def test_a_day_counts_what_is_held_and_posted(db: Database) -> None:
    """Four of 480.00 are confirmed; the fifth is refused until the partner's own midnight."""

    def story(conn: Connection) -> None:
        marta = world(conn)

        def top_up() -> list[Answer]:
            marta.now += timedelta(minutes=11)
            settle(conn, marta.now, marta.env.around)
            asked = marta.ask("topup alfa 738.46")
            return [asked] if "error" in asked.template else [asked, marta.ask("yes")]

        done = [top_up()[1] for _ in range(4)]
        assert {one.template for one in done} == {"replies/pending_topup"}
        [refused] = top_up()
        assert refused.template == "replies/error_day_limit"
        assert refused.text.startswith("You may spend up to €2,000.00 a day. For today €80.00 is left")
        marta.now -= timedelta(minutes=11)
        add_more = marta.ask("topup alfa 100")
        waiting = marta.tap(add_more, "Confirm")[0]
        [refused] = top_up()
        assert "For today €15.00 is left" in refused.text
        assert marta.tap(waiting, "Undo")[0].template == "replies/error_too_late"
        midnight_in_riga = marta.now.replace(hour=22, minute=0)
        marta.now = midnight_in_riga - timedelta(minutes=12)
        assert len(top_up()) == 1
        assert len(top_up()) == 2

    await db.write(story)


async def test_undone_gives_the_day_back_and_two_quotes_do_not_pass_together(db: Database) -> None:
    """Both quotes fit when they are asked; together they do not, and the second yes is refused."""

    def story(conn: Connection) -> None:
        marta = world(conn)
        small = SpendingLimits({"EUR": Decimal(500)}, {"EUR": Decimal(100)})
        marta.env = replace(marta.env, around=replace(marta.env.around, spending=small))
        add_client(conn, replace(ALFA, account_id="48210018", company="Omega"))
        first, second = marta.ask("topup alfa 100"), marta.ask("topup omega 100")
        [waiting] = marta.tap(first, "Confirm")
        assert waiting.template == "replies/pending_topup"
        assert marta.tap(second, "Confirm")[0].template == "replies/error_day_limit"
        marta.tap(waiting, "Undo")
        assert marta.tap(second, "Confirm")[0].template == "replies/pending_topup"
        assert available(conn) == "4935.00 EUR"

    await db.write(story)


async def test_the_operator_gives_one_curator_another_limit(db: Database) -> None:
    def story(conn: Connection) -> None:
        marta = world(conn)
        [who] = [one.id for one in directory.list_curators(conn, RIGA) if one.name == "Marta"]
        limits.set_own_limit(conn, RIGA, who, "operation", "EUR", of(1000, "EUR"), by="operator", now=marta.now)
        marta.ask("renew alfa")
        assert marta.ask("yes").template == "replies/pending_renew"
        limits.set_own_limit(conn, RIGA, who, "day", "EUR", of(936, "EUR"), by="operator", now=marta.now)
        assert marta.ask("topup alfa 1").template == "replies/error_day_limit"
        limits.set_own_limit(conn, RIGA, who, "day", "EUR", None, by="operator", now=marta.now)
        assert marta.ask("topup alfa 1").template == "replies/quote_topup"
        limits.drop_own_limit(conn, RIGA, who, "operation", "EUR", by="operator", now=marta.now)
        assert marta.ask("topup alfa 1000").template == "replies/error_operation_limit"
        assert conn.execute(select(audit.c.action)).scalars().all().count("curator.limit") == 4

    await db.write(story)


async def test_a_better_way_beyond_the_limit_is_named_and_has_no_button(db: Database) -> None:
    """Neither a button, nor a yes, nor a code leads to what would be refused; topping up alone still works."""

    def story(conn: Connection) -> None:
        marta = world(conn)
        add_client(conn, BETA)
        small = SpendingLimits({"EUR": Decimal(20)}, {"EUR": Decimal(2000)})
        marta.env = replace(marta.env, around=replace(marta.env.around, spending=small))
        asked = marta.ask("topup beta 10")
        assert asked.template == "replies/quote_guard_over"
        assert list(asked.buttons) == ["Only top up", "Cancel"]
        assert asked.text.splitlines()[3:] == [
            "That takes €52.65, but you may spend €20.00 at once. Without a limit: Anna.",
            "Only topping up: you pay €6.50 (-35%), account €5,000.00 → €4,993.50. Good for 10 minutes.",
        ]
        assert marta.ask("yes").template == "replies/pending_topup"
        assert available(conn) == "4993.50 EUR"
        marta.now += timedelta(seconds=61)
        settle(conn, marta.now, marta.env.around)
        again = marta.ask("topup beta 10")
        assert again.template == "replies/quote_topup_again"
        assert list(again.buttons) == ["Confirm", "Cancel"]

    await db.write(story)


async def test_a_better_way_beyond_what_is_left_today_in_russian(sqlite_db: Database) -> None:
    def story(conn: Connection) -> None:
        marta = world(conn, language="ru")
        add_client(conn, BETA)
        small = SpendingLimits({"EUR": Decimal(500)}, {"EUR": Decimal(40)})
        marta.env = replace(marta.env, around=replace(marta.env.around, spending=small))
        asked = marta.ask("бете 10")
        assert asked.text.replace("\xa0", " ").splitlines()[3] == (
            "Для этого нужно 52,65 €, но на сегодня осталось 40,00 €. Без лимита: Anna."
        )
        assert list(asked.buttons) == ["Только пополнить", "Отмена"]
        assert marta.tap(asked, "Отмена")[0].template == "replies/cancelled"
        assert available(conn) == "5000.00 EUR"

    await sqlite_db.write(story)
