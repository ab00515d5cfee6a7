"""Free channels whose term is over: renewed or paid from now on, each in its partner's zone, the longest over first."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select, update

from bot.billing import repository
from bot.billing.changed import Changed
from bot.billing.free_channels import add_free_channel, renew_free_channels
from bot.errors import UserError
from bot.ids import ClientId, PartnerId
from bot.storage import tables
from bot.storage.engine import Database
from tests.integration.billing_world import BOOK, NORD, NOW, Wanted, add_client, add_partner

SUED = PartnerId("sued")


def own_account(conn: Connection, partner_id: PartnerId = NORD, account_id: str = "48210017") -> ClientId:
    client_id = add_client(conn, Wanted(account_id), partner_id=partner_id)
    conn.execute(update(tables.client).where(tables.client.c.id == client_id).values(kind="main"))
    return client_id


def put(conn: Connection, client_id: ClientId, name: str, until: str | None, partner_id: PartnerId = NORD) -> None:
    row: dict[str, Any] = {"id": name, "partner_id": partner_id, "client_id": client_id, "transport": "max"}
    row |= {"name": name, "state": "active", "free": True, "free_until": until, "created_at": NOW}
    conn.execute(insert(tables.channel), row)


def terms(conn: Connection) -> dict[str, tuple[bool, str | None]]:
    query = select(tables.channel.c.id, tables.channel.c.free, tables.channel.c.free_until)
    return {row.id: (row.free, row.free_until) for row in conn.execute(query)}


def looks(conn: Connection) -> dict[str, datetime]:
    query = select(tables.client_day.c.client_id, tables.client_day.c.next_at)
    return {row.client_id: row.next_at for row in conn.execute(query)}


@pytest.mark.parametrize(
    ("zone", "now", "over"),
    [
        ("Europe/Riga", "2026-11-26T21:59:59+00:00", "2026-11-25"),
        ("Europe/Riga", "2026-11-26T22:00:00+00:00", "2026-11-26"),
        ("Pacific/Kiritimati", "2026-11-26T10:00:00+00:00", "2026-11-26"),
        ("Pacific/Pago_Pago", "2026-11-26T10:59:59+00:00", "2026-11-24"),
    ],
)
def test_a_term_is_over_with_its_last_day_in_the_partners_zone(db: Database, zone: str, now: str, over: str) -> None:
    def unit(conn: Connection) -> None:
        add_partner(conn)
        conn.execute(update(tables.partner).values(time_zone=zone))
        client_id = own_account(conn)
        last = date.fromisoformat(over)
        for name, day in (("over", last), ("holds", last + timedelta(days=1))):
            put(conn, client_id, name, day.isoformat())
        put(conn, client_id, "always", None)
        assert renew_free_channels(conn, BOOK, datetime.fromisoformat(now)) == [Changed(NORD, client_id, "imported")]
        assert terms(conn) == {
            "over": (True, "2029-01-01"),
            "holds": (True, (last + timedelta(days=1)).isoformat()),
            "always": (True, None),
        }

    db.write_now(unit)


def test_after_the_partnership_they_are_paid_from_now_on(db: Database) -> None:
    """Only his whose partnership has ended; his client is looked at at once, the other partner's is not."""

    def unit(conn: Connection) -> None:
        add_partner(conn)
        add_partner(conn, SUED)
        conn.execute(update(tables.partner).where(tables.partner.c.id == SUED).values(left_on="2026-06-01"))
        mine, theirs = own_account(conn), own_account(conn, SUED, "48210025")
        for client_id, partner_id in ((mine, NORD), (theirs, SUED)):
            put(conn, client_id, f"one {partner_id}", "2026-11-25", partner_id)
            put(conn, client_id, f"two {partner_id}", "2026-11-24", partner_id)
            repository.wake_at(conn, partner_id, {client_id: NOW + timedelta(days=9)})
        made = renew_free_channels(conn, BOOK, NOW)
        assert set(made) == {Changed(NORD, mine, "imported"), Changed(SUED, theirs, "imported")}
        assert len(made) == 2
        assert terms(conn) == {
            "one nord": (True, "2029-01-01"),
            "two nord": (True, "2029-01-01"),
            "one sued": (False, None),
            "two sued": (False, None),
        }
        assert looks(conn) == {mine: NOW + timedelta(days=9), theirs: NOW}

    db.write_now(unit)


def test_the_longest_over_come_first(db: Database) -> None:
    def unit(conn: Connection) -> None:
        add_partner(conn)
        client_id = own_account(conn)
        for name, until in (("a", "2026-11-25"), ("b", "2026-11-23"), ("c", "2026-11-24")):
            put(conn, client_id, name, until)
        seen = []
        while renew_free_channels(conn, BOOK, NOW, 1):
            seen.append({name for name, (_, until) in terms(conn).items() if until == "2029-01-01"})
        assert seen == [{"b"}, {"b", "c"}, {"a", "b", "c"}]

    db.write_now(unit)


def test_a_new_one_is_given_till_the_end_of_the_present_term_and_to_no_former_partner(db: Database) -> None:
    def unit(conn: Connection) -> None:
        add_partner(conn)
        add_partner(conn, SUED)
        conn.execute(update(tables.partner).where(tables.partner.c.id == SUED).values(left_on="2026-06-01"))
        mine, theirs = own_account(conn), own_account(conn, SUED, "48210025")
        late = datetime(2029, 1, 1, 22, 30, tzinfo=UTC)
        (made,) = add_free_channel(conn, BOOK, NORD, mine, "telegram", "one", NOW)
        assert made == Changed(NORD, mine, "imported")
        add_free_channel(conn, BOOK, NORD, mine, "max", "two", late)
        (one, two) = repository.holdings_of(conn, mine).channels
        until = terms(conn)
        assert (until[one.id], until[two.id]) == ((True, "2029-01-01"), (True, "2030-01-01"))
        with pytest.raises(UserError) as caught:
            add_free_channel(conn, BOOK, SUED, theirs, "telegram", "one", NOW)
        assert (caught.value.key, caught.value.facts) == ("partner_left", {"day": "2026-06-01"})
        assert repository.holdings_of(conn, theirs).channels == ()

    db.write_now(unit)
