"""Who is next in a long queue: replies before everything, and every partner its share of each kind."""

from collections import Counter
from datetime import timedelta
from functools import partial

from sqlalchemy import Connection, insert, select

from bot.ids import Address, PartnerId
from bot.messaging.claims import Claim, claim
from bot.messaging.message import Kind
from bot.storage.engine import Database
from bot.storage.tables import delivery, partner
from tests.integration.messaging_support import ANNA, NOW, SENDER, alert, put


def fill(conn: Connection, counts: dict[str, int]) -> None:
    """So many alerts of each partner, those of the first partner first."""
    conn.execute(
        insert(partner), [{"id": one, "name": one, "joined_on": "2026-01-01", "created_at": NOW} for one in counts]
    )
    template = conn.execute(select(delivery).where(delivery.c.id == put(conn, alert("first", ANNA)))).one()
    rows = [
        template._asdict()
        | {"id": f"{which}{n:06}", "key": f"{which}{n}", "partner_id": which, "to_address": f"whatsapp:+{which}{n:06}"}
        for which, number in counts.items()
        for n in range(number)
    ]
    conn.execute(delivery.delete())
    conn.execute(insert(delivery), rows)


def whose(claimed: Claim) -> dict[str, int]:
    return Counter(one.id[0] for one in claimed.taken)


async def test_a_reply_behind_many_alerts_is_claimed_first(db: Database) -> None:
    def story(conn: Connection) -> None:
        fill(conn, {"a": 3000})
        reply = alert("r", ANNA, kind=Kind.REPLY, partner_id=PartnerId("a"))
        wanted = put(conn, reply, now=NOW + timedelta(minutes=1))
        receipt = put(conn, alert("p", ANNA, kind=Kind.RECEIPT), now=NOW)
        later = NOW + timedelta(minutes=1)
        assert [one.id for one in claim(conn, SENDER, later, 1).taken] == [wanted]
        taken = claim(conn, SENDER, later, 3).taken
        assert [one.id for one in taken] == ["a000000", "a000001", "a000002"]  # the receipt waits for the reply
        assert receipt not in [one.id for one in taken]

    await db.write(story)


async def test_partners_take_turns(db: Database) -> None:
    await db.write(fill, {"a": 500, "b": 3, "c": 40})
    take = partial(claim, sender=SENDER, now=NOW)
    first = await db.write(lambda conn: take(conn, limit=30))
    assert whose(first) == {"a": 10 + 7, "b": 3, "c": 10}
    assert [one.id for one in first.taken if one.id[0] == "c"] == [f"c{n:06}" for n in range(10)]
    second = await db.write(lambda conn: take(conn, limit=30, after=first.after))
    assert whose(second) == {"a": 15, "c": 15}
    assert len({one.id for one in (*first.taken, *second.taken)}) == 60
    rest = await db.write(lambda conn: take(conn, limit=1000))
    assert whose(rest) == {"a": 500 - 32, "c": 15}


async def test_with_less_room_than_partners_the_turn_goes_round(db: Database) -> None:
    await db.write(fill, dict.fromkeys("abcde", 4))
    after, seen = "", []
    for _ in range(5):
        claimed = await db.write(claim, SENDER, NOW, 2, after)
        after = claimed.after
        seen += [one.id[0] for one in claimed.taken]
    assert Counter(seen) == dict.fromkeys("abcde", 2)


async def test_what_belongs_to_nobody_is_not_forgotten(db: Database) -> None:
    def story(conn: Connection) -> None:
        fill(conn, {"a": 10})
        mine = put(conn, alert("x", Address("whatsapp:+37120000033")))
        assert mine in [one.id for one in claim(conn, SENDER, NOW, 2).taken]

    await db.write(story)
