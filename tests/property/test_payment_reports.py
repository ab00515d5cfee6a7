"""Whatever becomes of a provider's reports, lost, doubled, in any order: the books end as the provider's do."""

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from bot.billing.payments import replenishing
from bot.billing.payments.port import PaymentEvent, SessionView
from tests.conftest import fresh_sqlite
from tests.integration.alert_world import Remembered
from tests.integration.billing_world import NOW, add_partner, euro
from tests.integration.payment_world import SESSION, ask, event, has, posted, refund, see, view


@dataclass(frozen=True)
class Truth:
    """How a payment went at the provider: what was reported, and how the page stands in the end."""

    reports: tuple[PaymentEvent, ...]
    last: SessionView
    credited: bool
    account: str
    keys: frozenset[str]


WAYS = ("card", "debit", "debit_fails", "expires", "refund", "refund_fails", "dispute_lost", "dispute_won")


def truth(way: str, asked: str) -> Truth:
    """Every report of one way, as the provider made them in turn."""
    page = {state: view(asked, state) for state in ("open", "processing", "paid", "failed", "expired")}  # type: ignore[arg-type]
    deposit = f"deposit:{SESSION}"
    if way == "expires":
        return Truth((event(page["expired"]),), page["expired"], False, "none", frozenset())
    if way == "debit_fails":
        reports = event(page["processing"]), event(page["failed"])
        return Truth(reports, page["failed"], False, "none", frozenset())
    paid = (event(page["processing"]), event(page["paid"])) if way == "debit" else (event(page["paid"]),)
    if way in ("card", "debit"):
        return Truth(paid, page["paid"], True, "500.00", frozenset({deposit}))
    why = "dispute" if way.startswith("dispute") else "refund"
    back = way in ("refund_fails", "dispute_won")
    taken = [event(reversal=refund("200.00", why=why)) for _ in range(2)]
    returned = [event(reversal=refund("200.00", why=why, returned=True))] if back else []
    keys = {deposit, "stripe:re_1"} | ({"stripe:re_1:returned"} if back else set())
    account = "500.00" if back else "300.00"
    return Truth((*paid, *taken, *returned), page["paid"], True, account, frozenset(keys))


def play(conn: Connection, way: str, data: st.DataObject) -> None:
    add_partner(conn)
    asked = ask(conn, euro("500.00"))
    real = truth(way, asked.id)
    if data.draw(st.booleans(), label="link recorded first"):
        see(conn, asked.id, "open")
    delivered = data.draw(st.lists(st.sampled_from(real.reports), max_size=8), label="delivered")
    told: list[str] = []
    for one in delivered:
        told += [news.what for news in replenishing.hear(conn, "stripe", one, NOW, Remembered()).news]
        assert posted(conn).count(f"deposit:{SESSION}") <= 1
        has(conn)
    # the reconciler: asks about the page, and for every report since
    told += [news.what for news in replenishing.see(conn, asked.id, real.last, NOW, Remembered()).news]
    for one in real.reports:
        told += [news.what for news in replenishing.hear(conn, "stripe", one, NOW, Remembered()).news]
    assert set(posted(conn)) == real.keys
    assert len(posted(conn)) == len(real.keys)
    assert has(conn) == real.account
    assert told.count("credited") == int(real.credited)


@settings(max_examples=150)
@given(way=st.sampled_from(WAYS), data=st.data())
def test_reports_end_in_exactly_one_credit(way: str, data: st.DataObject) -> None:
    with fresh_sqlite() as db:
        db.write_now(play, way, data)
