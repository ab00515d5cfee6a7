"""The rules and terms of a partner: on their page, in its JSON twin, by chat."""

from typing import Any

import pytest
from sqlalchemy import Connection, update

from bot.clock import ManualClock
from bot.directory.partners import apply_for_status
from bot.directory.referrals import link_code
from bot.partnership.channels import add_channel_to
from bot.partnership.status import grant_status, own_accounts
from bot.storage.engine import Database
from bot.storage.tables import partner
from tests.integration.alert_world import RIGA, add_curator, add_partner, surroundings
from tests.integration.billing_world import BOOK
from tests.integration.chat_world import phone_of
from tests.integration.web_door import open_door


async def shown(db: Database, clock: ManualClock) -> tuple[str, Any]:
    async with open_door(db, clock) as client:
        page = await client.get("/rules", headers={"Accept-Language": "en"})
        twin = await client.get("/api/rules")
        assert (page.status, twin.status) == (200, 200)
        return await page.text(), await twin.json()


async def test_the_page_tells_what_holds_for_an_official_partner(db: Database, clock: ManualClock) -> None:
    def unit(conn: Connection) -> str:
        now, env = clock.now(), surroundings()
        applied = apply_for_status(conn, "10000017", name="Riga", now=now, time_zone="Europe/Riga")
        granted = grant_status(conn, BOOK, applied.id, now=now, program="tiered")
        main, _ = own_accounts(conn, granted.id)
        add_channel_to(conn, main, "vk", "zoo", free=True, env=env, now=now, by="operator")
        return link_code(conn, granted.id, now)

    code = db.write_now(unit)
    html, facts = await shown(db, clock)
    assert (facts["kind"], facts["program"], facts["joined_on"], facts["rate"]) == (
        "official", "tiered", "2026-11-26", "0.35",
    )  # fmt: skip
    assert [(one["clients"], one["rate"]) for one in facts["tiers"]] == [(1, "0.35"), (10, "0.50")]
    assert (facts["free_until"], facts["own_discount"], facts["freezing"], facts["refunds"]) == (
        "2029-11-26", "0.35", False, False,
    )  # fmt: skip
    assert [(one["kind"], one["free_used"]) for one in facts["own"]] == [("main", 1), ("demo", 0)]
    assert (facts["referral"]["code"], facts["referral"]["rate"], facts["referral"]["months"]) == (code, "0.20", 12)
    assert {one["currency"]: one["amount"] for one in facts["welcome"]} == {
        "EUR": "10.00", "RUB": "500.00", "USD": "10.00",
    }  # fmt: skip
    for words in ("till 26 Nov 2029", "1 of 2 Max channels", f"/r/{code}", "Freezing a subscription"):
        assert words in html


async def test_an_applicant_reads_that_the_table_has_not_begun(sqlite_db: Database, clock: ManualClock) -> None:
    sqlite_db.write_now(lambda conn: apply_for_status(conn, "10000017", name="Riga", now=clock.now()))
    html, facts = await shown(sqlite_db, clock)
    assert (facts["kind"], facts["joined_on"], facts["free_until"]) == ("applicant", None, None)
    assert "The Clients table begins with the grant" in html


@pytest.mark.parametrize(
    ("language", "asked", "words"),
    [
        ("en", "rules", ["official partner", "35%", "From 10 clients: 50%", "till 26 Nov 2029", "20% of every bill"]),
        ("ru", "правила", ["официальный партнёр", "35\u00a0%", "От 10 клиентов", "до 26 ноября 2029", "заморозка"]),
    ],
)
def test_the_chat_tells_them_too(db: Database, language: str, asked: str, words: list[str]) -> None:
    def unit(conn: Connection) -> None:
        add_partner(conn)
        conn.execute(update(partner).where(partner.c.id == RIGA).values(program="tiered", joined_on="2026-11-26"))
        phone = phone_of(conn, add_curator(conn, "Anna", language=language))
        answer = phone.ask(asked)
        for part in words:
            assert part in answer.text, part
        assert phone.outcome() == "rules"

    db.write_now(unit)
