"""The consent to renew without asking: whose it is, up to how much, who gave it and when; one client's at a time."""

from datetime import date, timedelta

import pytest
from sqlalchemy import Connection, update

from bot.billing import auto_renewal
from bot.billing import service as billing
from bot.billing.changed import Changed
from bot.billing.consent import AutoRenewal
from bot.billing.repository import update_subscription
from bot.errors import UserError
from bot.ids import ClientId, PartnerId
from bot.money import Money, as_json, of
from bot.storage import audit
from bot.storage.engine import Database
from bot.storage.tables import partner
from tests.integration.billing_world import ALFA, BOOK, GAMMA, NORD, NOW, Wanted, add_client, add_partner, euro

HOUR = timedelta(hours=1)
SUED = PartnerId("sued")


def on(conn: Connection, client_id: ClientId, limit: Money | None = None, by: str = "Olga") -> list[Changed]:
    stands = billing.standing(conn, client_id, NOW, BOOK)
    return auto_renewal.switch_on(conn, BOOK, stands, limit=limit, by=by, now=NOW)


def consent(conn: Connection, client_id: ClientId) -> AutoRenewal | None:
    return auto_renewal.of_clients(conn, [client_id]).get(client_id)


def refused(conn: Connection, client_id: ClientId, limit: Money | None) -> tuple[str, object]:
    with pytest.raises(UserError) as caught:
        on(conn, client_id, limit)
    return caught.value.key, caught.value.facts


def test_it_is_kept_with_its_limit_and_by_whom_and_given_anew(db: Database) -> None:
    def unit(conn: Connection) -> None:
        add_partner(conn)
        alfa = add_client(conn, ALFA)
        assert on(conn, alfa, euro("0.01")) == [Changed(NORD, alfa, "auto_renewal")]
        auto_renewal.note(conn, alfa, look_at=NOW + HOUR, failed_for=date(2026, 12, 3), failed_why="client_short")
        noted = AutoRenewal(alfa, NORD, euro("0.01"), "Olga", NOW, date(2026, 12, 3), "client_short")
        assert consent(conn, alfa) == noted
        assert not auto_renewal.is_due(conn, NOW)
        on(conn, alfa, euro("200.00"), "Boris")
        assert consent(conn, alfa) == AutoRenewal(alfa, NORD, euro("200.00"), "Boris", NOW)
        assert auto_renewal.is_due(conn, NOW)
        (latest, *_) = audit.records(conn, NORD)
        assert latest.action == "auto_renewal.on"
        said = [{"client": alfa, "limit": as_json(limit)} for limit in (euro("200.00"), euro("0.01"))]
        assert [one.facts for one in audit.records(conn, NORD)] == said

    db.write_now(unit)


def test_it_ends_for_one_client_and_only_by_the_own_partner(db: Database) -> None:
    def unit(conn: Connection) -> None:
        add_partner(conn)
        add_partner(conn, SUED)
        alfa, other = add_client(conn, ALFA), add_client(conn, GAMMA)
        on(conn, alfa)
        billing.set_subscription(conn, NORD, other, plan="Pro", end_date=date(2027, 1, 3), months=6, as_of=NOW, now=NOW)
        on(conn, other)
        assert auto_renewal.switch_off(conn, SUED, alfa, by="Olga", now=NOW) == []
        assert consent(conn, alfa) is not None
        assert auto_renewal.switch_off(conn, NORD, alfa, by="Olga", now=NOW) == [Changed(NORD, alfa, "auto_renewal")]
        assert auto_renewal.switch_off(conn, NORD, alfa, by="Olga", now=NOW) == []
        assert (consent(conn, alfa), consent(conn, other) is None) == (None, False)
        ended = [one for one in audit.records(conn, NORD) if one.action == "auto_renewal.off"]
        assert [(one.who, one.facts) for one in ended] == [("Olga", {"client": alfa})]

    db.write_now(unit)


def test_the_longest_waiting_is_looked_at_first(db: Database) -> None:
    def unit(conn: Connection) -> None:
        add_partner(conn)
        clients = sorted(
            add_client(conn, one)
            for one in (ALFA, Wanted("48210077", ends=ALFA.ends, plan="Pro", months=1, channels=1))
        )
        for one in clients:
            on(conn, one)
        early, late = clients[1], clients[0]
        auto_renewal.note(conn, early, look_at=NOW - HOUR, failed_for=None, failed_why=None)
        assert [one.client_id for one in auto_renewal.to_look_at(conn, NOW, 5)] == [early, late]
        assert [one.client_id for one in auto_renewal.to_look_at(conn, NOW, 1)] == [early]
        auto_renewal.note(conn, early, look_at=NOW + HOUR, failed_for=None, failed_why=None)
        assert [one.client_id for one in auto_renewal.to_look_at(conn, NOW, 5)] == [late]

    db.write_now(unit)


def test_a_subscription_must_run_or_wait_for_its_payment(db: Database) -> None:
    def unit(conn: Connection) -> None:
        add_partner(conn)
        gamma = add_client(conn, GAMMA)
        (one,) = billing.standing(conn, gamma, NOW, BOOK).subscriptions
        for state in ("ended", "closed"):
            update_subscription(conn, one.id, state=state)
            assert refused(conn, gamma, euro("5.00")) == ("no_running_subscription", {})
        for state, due in (("active", None), ("unpaid", 4_500)):
            update_subscription(conn, one.id, state=state, end_date=date(2026, 12, 25), due_minor=due)
            assert on(conn, gamma, euro("5.00")) == [Changed(NORD, gamma, "auto_renewal")]

    db.write_now(unit)


def test_without_a_limit_it_is_todays_price_if_there_is_one(db: Database) -> None:
    def unit(conn: Connection) -> None:
        add_partner(conn)
        alfa = add_client(conn, ALFA)
        on(conn, alfa)
        agreed = consent(conn, alfa)
        assert agreed is not None
        assert agreed.limit == billing.standing(conn, alfa, NOW, BOOK).renewal == euro("1440.00")
        reais = add_client(conn, Wanted("48210077", "BRL", ends=ALFA.ends, plan="Pro", months=1, channels=1))
        facts = {"plan": "pro", "transport": "?", "currency": "BRL"}
        assert refused(conn, reais, None) == ("price_unknown", facts)
        nameless = add_client(conn, Wanted("48210078", "BRL", ends=ALFA.ends, channels=1))
        assert refused(conn, nameless, None) == ("price_unknown", facts | {"plan": "?"})

    db.write_now(unit)


def test_what_cannot_be_agreed_to_says_why(db: Database) -> None:
    def unit(conn: Connection) -> None:
        add_partner(conn)
        alfa = add_client(conn, ALFA)
        facts = {"least": as_json(euro("0.01")), "amount": as_json(euro("0.00"))}
        assert refused(conn, alfa, euro("0.00")) == ("amount_too_small", facts)
        assert refused(conn, alfa, of("5", "USD")) == ("wrong_currency", {"expected": "EUR", "given": "USD"})
        conn.execute(update(partner).where(partner.c.id == NORD).values(gateway="wazzup"))
        where = {"company": "Client 48210017", "account_id": "48210017"}
        assert refused(conn, alfa, euro("5.00")) == ("auto_renewal_elsewhere", where)
        assert consent(conn, alfa) is None

    db.write_now(unit)
