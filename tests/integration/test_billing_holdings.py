"""What is read of a client is what was stored, for one or for many; whose it is; the welcome credit and the rates."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select, update

from bot.billing import auto_renewal, rates, repository
from bot.billing import service as billing
from bot.billing.accounts import find_account
from bot.billing.holdings import Channel, Holdings, Subscription
from bot.billing.standings import standing, standings
from bot.billing.subscription import Term
from bot.billing.welcome import give_welcome
from bot.errors import UserError
from bot.ids import ChannelId, ClientId, PartnerId, SubscriptionId
from bot.money import of, zero
from bot.storage import tables
from bot.storage.engine import Database
from tests.integration.billing_world import (
    BOOK,
    NORD,
    NOW,
    Wanted,
    add_client,
    add_partner,
    ask_top_up,
    euro,
    give,
    say_yes,
)

SUED = PartnerId("sued")
NOBODY = ClientId("nobody")


def refused(call: Any, *args: Any) -> tuple[str, dict[str, Any]]:
    with pytest.raises(UserError) as caught:
        call(*args)
    return caught.value.key, caught.value.facts


def put_channel(conn: Connection, client_id: ClientId, name: str, **values: Any) -> None:
    row: dict[str, Any] = {"id": name, "partner_id": NORD, "client_id": client_id, "transport": "max"}
    row |= {"name": f"number {name}", "state": "active", "free": False, "created_at": NOW}
    conn.execute(insert(tables.channel), {**row, **values})


def test_every_fact_of_a_client_comes_back_as_it_was_stored(db: Database) -> None:
    def unit(conn: Connection) -> None:
        add_partner(conn)
        give(conn, euro("100"))
        client_id = add_client(conn, Wanted("48210017", balance="-6.00"))
        held = repository.holdings_of(conn, client_id)
        waits = Term(date(2026, 11, 26), date(2026, 11, 29), 29)
        runs = Term(date(2026, 11, 3), date(2026, 12, 2), 3)
        terms: list[tuple[str, str | None, int | None, Term, int | None]] = [
            ("b", "pro", 6, waits, 4_500),
            ("a", None, None, runs, None),
        ]
        for name, plan, months, term, due in terms:
            repository.insert_subscription(
                conn, held, SubscriptionId(name), plan=plan, months=months, term=term, now=NOW, as_of=NOW, due_minor=due
            )
        table = tables.subscription.c
        moments = conn.execute(select(table.partner_id, table.client_id, table.created_at, table.as_of)).all()
        assert set(moments) == {(NORD, client_id, NOW, NOW)}
        put_channel(conn, client_id, "2", state="notEnoughMoney", daily_minor=7, charged_through="2026-11-25")
        put_channel(conn, client_id, "1", subscription_id="a", created_at=NOW + timedelta(seconds=1))
        put_channel(conn, client_id, "3", free=True)
        say_yes(conn, ask_top_up(conn, client_id, euro("10")), undo_seconds=60)
        account = find_account(conn, NORD, "client", client_id, "EUR")
        assert account is not None
        assert repository.holdings_of(conn, client_id, NORD) == Holdings(
            client_id=client_id,
            partner_id=NORD,
            currency="EUR",
            time_zone="Europe/Riga",
            as_of=None,
            balance=euro("-6"),
            available=euro("-6"),
            floor=euro("-6"),
            account_id=account.id,
            subscriptions=(
                Subscription(SubscriptionId("a"), None, None, runs.start, runs.end, 3, "active"),
                Subscription(SubscriptionId("b"), "pro", 6, waits.start, waits.end, 29, "unpaid", 4_500),
            ),
            channels=(
                Channel(ChannelId("2"), "max", "number 2", "notEnoughMoney", False, None, 7, date(2026, 11, 25)),
                Channel(ChannelId("3"), "max", "number 3", "active", True, None, None, None),
                Channel(ChannelId("1"), "max", "number 1", "active", False, SubscriptionId("a"), None, None),
            ),
            source=None,
        )

    db.write_now(unit)


@pytest.mark.parametrize(("source", "how"), [("import", "table"), ("poll", "poll"), ("book", "table")])
def test_what_is_read_elsewhere_says_when_and_how(db: Database, source: str, how: str) -> None:
    """A client of the book is read once and then our own truth; one kept elsewhere has the moment and the way."""

    def unit(conn: Connection) -> None:
        add_partner(conn)
        client_id = add_client(conn)
        conn.execute(update(tables.client).values(source=source))
        assert (found := repository.holdings_of(conn, client_id)).as_of is None
        assert found.source is None
        conn.execute(update(tables.partner).values(gateway="wazzup"))
        found = repository.holdings_of(conn, client_id)
        assert (found.as_of, found.source) == (NOW, how)
        conn.execute(update(tables.client).values(as_of=None))
        found = repository.holdings_of(conn, client_id)
        assert (found.as_of, found.source) == (None, None)

    db.write_now(unit)


def test_a_client_without_an_account_has_nothing_and_owes_nothing(db: Database) -> None:
    def unit(conn: Connection) -> None:
        add_partner(conn)
        client_id = ClientId("new")
        row = {"id": client_id, "partner_id": NORD, "account_id": "48210017", "company": "New", "search_key": ""}
        row |= {"language": "en", "currency": "USD", "time_zone": "UTC"}
        conn.execute(insert(tables.client), [{**row, "tags": [], "created_at": NOW}])
        found = repository.holdings_of(conn, client_id)
        assert (found.balance, found.available, found.floor) == (zero("USD"),) * 3
        assert (found.account_id, found.subscriptions, found.channels) == (None, (), ())

    db.write_now(unit)


def test_nobody_and_somebody_elses_are_unknown(db: Database) -> None:
    def unit(conn: Connection) -> None:
        add_partner(conn)
        add_partner(conn, SUED)
        client_id = add_client(conn)
        assert refused(repository.holdings_of, conn, NOBODY) == ("unknown_client", {"client": NOBODY})
        assert refused(repository.holdings_of, conn, client_id, SUED) == ("unknown_client", {"client": client_id})
        assert refused(standing, conn, NOBODY, NOW, BOOK) == ("unknown_client", {"client": NOBODY})
        assert refused(give_welcome, conn, BOOK, SUED, client_id, NOW) == ("unknown_client", {"client": client_id})

    db.write_now(unit)


def test_many_clients_are_read_in_parts(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is read of many is what is read of each: holdings, last increases of the balance, consents to renew."""
    monkeypatch.setattr(repository, "_CHUNK", 2)
    monkeypatch.setattr(auto_renewal, "_CHUNK", 2)

    def unit(conn: Connection) -> None:
        add_partner(conn)
        clients = [
            add_client(
                conn, Wanted(f"4821000{n}", ends=date(2026, 12, 3), plan="Pro", months=1, channels=n, balance="1")
            )
            for n in range(1, 6)
        ]
        for one in sorted(clients)[2:]:
            stands = billing.standing(conn, one, NOW, BOOK)
            auto_renewal.switch_on(conn, BOOK, stands, limit=euro("5"), by="Olga", now=NOW)
        assert repository.holdings(conn, clients) == {one: repository.holdings_of(conn, one) for one in clients}
        increases = repository.last_increases(conn, clients)
        assert increases == {one: billing.client_movements(conn, NORD, one, "EUR")[0].transaction_id for one in clients}
        assert set(auto_renewal.of_clients(conn, clients)) == set(sorted(clients)[2:])
        stand = standings(conn, [*clients, NOBODY], NOW, BOOK)
        assert {one: found.last_increase for one, found in stand.items()} == increases
        assert {one for one, found in stand.items() if found.auto} == set(sorted(clients)[2:])

    db.write_now(unit)


def test_a_day_of_a_subscription_is_changed_for_that_one_alone(db: Database) -> None:
    def unit(conn: Connection) -> None:
        add_partner(conn)
        alfa, other = (
            add_client(conn),
            add_client(conn, Wanted("48210025", ends=date(2026, 12, 9), plan="Pro", months=1)),
        )
        (first,) = repository.holdings_of(conn, alfa).subscriptions
        repository.update_subscription(conn, first.id, end_date=date(2027, 1, 31), state="ended", plan=None)
        (changed,) = repository.holdings_of(conn, alfa).subscriptions
        assert (changed.end_date, changed.state, changed.plan) == (date(2027, 1, 31), "ended", None)
        (untouched,) = repository.holdings_of(conn, other).subscriptions
        assert (untouched.end_date, untouched.state) == (date(2026, 12, 9), "active")
        assert repository.holdings_of(conn, other).floor == euro("0")

    db.write_now(unit)


def test_an_earlier_look_stays_and_the_next_day_begins_at_the_clients_midnight(db: Database) -> None:
    def unit(conn: Connection) -> None:
        add_partner(conn)
        held = repository.holdings_of(conn, add_client(conn, Wanted(zone="America/New_York")))
        other = repository.holdings_of(conn, add_client(conn, Wanted("48210025")))
        midnight = datetime(2026, 11, 27, 5, tzinfo=UTC)

        def look(client_id: ClientId) -> datetime | None:
            day = tables.client_day.c
            return conn.execute(select(day.next_at).where(day.client_id == client_id)).scalar()

        repository.wake_at(conn, NORD, {held.client_id: NOW + timedelta(days=9), other.client_id: NOW})
        repository.wake_after_today(conn, held, NOW)
        assert (look(held.client_id), look(other.client_id)) == (midnight, NOW)
        repository.wake_no_later_than(conn, held, midnight + timedelta(microseconds=1))
        assert look(held.client_id) == midnight
        repository.wake_no_later_than(conn, held, midnight - timedelta(microseconds=1))
        assert look(held.client_id) == midnight - timedelta(microseconds=1)

    db.write_now(unit)


def test_the_welcome_credit_is_a_movement_of_its_client(db: Database) -> None:
    def unit(conn: Connection) -> None:
        add_partner(conn)
        client_id = add_client(conn, Wanted("48210017", currency="RUB"))
        assert give_welcome(conn, BOOK, NORD, client_id, NOW) == of("500", "RUB")
        assert give_welcome(conn, BOOK, NORD, client_id, NOW) is None
        (row,) = billing.client_movements(conn, NORD, client_id, "RUB")
        assert (row.kind, row.amount, row.client_id, row.at) == ("Welcome credit", of("500", "RUB"), client_id, NOW)
        tenge = add_client(conn, Wanted("48210025", currency="KZT"))
        assert give_welcome(conn, BOOK, NORD, tenge, NOW) is None
        assert billing.check(conn).ok

    db.write_now(unit)


def test_own_accounts_have_the_own_discount_and_are_no_clients(db: Database) -> None:
    """Ten accounts, of which nine are clients: the tier of ten is not reached; one more client and it is."""

    def unit(conn: Connection) -> None:
        add_partner(conn, program="tiered")
        add_partner(conn, SUED, program="tiered")
        clients = [add_client(conn, Wanted(f"482100{n:02}")) for n in range(10)]
        add_client(conn, Wanted("48220099"), partner_id=SUED)
        which = {"main": clients[0], "demo": clients[1]}
        for kind, client_id in which.items():
            conn.execute(update(tables.client).where(tables.client.c.id == client_id).values(kind=kind))
        conn.execute(update(tables.client).where(tables.client.c.id == clients[2]).values(kind="referral"))
        own = BOOK.program("tiered").own_channel_discount
        today = NOW.date()
        seven = rates.rates(conn, BOOK, NORD, dict.fromkeys(clients, today))
        assert seven == dict.fromkeys(clients, Decimal("0.35")) | {which["main"]: own, which["demo"]: own}
        for n in range(3):
            add_client(conn, Wanted(f"482101{n:02}"))
        assert rates.rate(conn, BOOK, repository.holdings_of(conn, clients[5]), today) == Decimal("0.50")
        assert rates.rate(conn, BOOK, repository.holdings_of(conn, clients[0]), today) == own == Decimal("0.35")

    db.write_now(unit)
