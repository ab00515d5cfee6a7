"""The ledger page and its twin show the replenishments that are on their way, with the link while it can be paid."""

from sqlalchemy import Connection

from bot.billing.payments import replenishing
from bot.billing.payments.port import SessionView
from bot.billing.payments.terms import ReplenishTerms
from bot.clock import Clock
from bot.money import Money
from bot.storage.engine import Database
from tests.integration.alert_world import NOW, RIGA, Remembered, add_curator, add_partner
from tests.integration.web_door import open_door

TERMS = ReplenishTerms("stripe", frozenset({"EUR"}))


def asked(conn: Connection, minor: int, state: str) -> None:
    """A replenishment in some state."""
    by = add_curator(conn, f"Anna {minor}")
    made = replenishing.ask(
        conn, TERMS, partner_id=RIGA, amount=Money(minor, "EUR"), language="en", asked_by=by, asked_from=None,
        now=NOW, jobs=Remembered(),
    )  # fmt: skip
    paid = Money(minor if state != "held" else 1, "EUR")
    told = "paid" if state == "held" else state
    view = SessionView(f"cs_{minor}", made.id, told, paid, f"pi_{minor}", f"https://pay.example/{minor}")  # type: ignore[arg-type]
    replenishing.see(conn, made.id, view, NOW, Remembered())


async def test_what_is_on_its_way_is_shown(db: Database, clock: Clock) -> None:
    def world(conn: Connection) -> None:
        add_partner(conn)
        for minor, state in ((50_000, "open"), (60_000, "processing"), (70_000, "held"), (80_000, "paid")):
            asked(conn, minor, state)

    await db.write(world)
    async with open_door(db, clock) as client:
        found = await (await client.get("/api/ledger")).json()
        html = await (await client.get("/ledger")).text()
        russian = await (await client.get("/ledger?lang=ru")).text()
    lines = {one["state"]: one for one in found["replenishments"]}
    assert set(lines) == {"open", "processing", "held"}
    assert lines["open"]["url"] == "https://pay.example/50000"
    assert (lines["processing"]["url"], lines["held"]["url"]) == (None, None)
    assert 'href="https://pay.example/50000"' in html
    assert "https://pay.example/60000" not in html
    assert "asked for 700.00 EUR, paid 0.01 EUR" in html
    assert "Ждёт оплаты" in russian
