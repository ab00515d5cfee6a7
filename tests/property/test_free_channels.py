"""Free channels over random times: never charged while they are free, whenever somebody looks."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, select, update

from bot.billing import service as billing
from bot.billing.free_channels import add_free_channel, renew_free_channels
from bot.billing.free_terms import free_until
from bot.billing.ledger import daily_key
from bot.billing.local_day import days_from, local_date
from bot.billing.subscription import add_months
from bot.ids import ChannelId
from bot.money import of
from bot.storage.tables import channel, client, ledger_transaction, partner
from tests.conftest import fresh_sqlite
from tests.integration.billing_world import BOOK, NORD, Wanted, add_client, add_partner

days = st.dates(date(2020, 1, 1), date(2040, 12, 31))


@given(joined=days, later=st.integers(0, 6000) | st.sampled_from([1095, 1096, 1461]))
def test_the_free_term_holds_the_day_and_begins_with_three_years(joined: date, later: int) -> None:
    today = joined + timedelta(days=later)
    until = free_until(joined, 3, today)
    assert until >= today
    first = free_until(joined, 3, joined)
    assert until == first or add_months(until, -12, joined.day) < today
    assert until.day == joined.day or (joined.month, joined.day) == (2, 29)
    assert abs((first - joined).days - 1096) <= 1


@settings(max_examples=20)
@given(
    waits=st.lists(st.integers(1, 24 * 600), min_size=1, max_size=8),
    zone=st.sampled_from(["UTC", "Europe/Riga", "Pacific/Kiritimati", "Pacific/Pago_Pago"]),
    leaves_after=st.one_of(st.none(), st.integers(0, 7)),
)
def test_a_free_channel_is_charged_on_no_day_of_its_terms(
    waits: list[int], zone: str, leaves_after: int | None
) -> None:
    with fresh_sqlite() as db:

        def story(conn: Connection) -> None:
            now = datetime(2026, 11, 26, 7, tzinfo=UTC)
            add_partner(conn)
            conn.execute(update(partner).values(joined_on="2026-11-26", time_zone=zone))
            own = add_client(conn, Wanted(balance="90.00", zone=zone), now=now)
            conn.execute(update(client).values(kind="main"))
            add_free_channel(conn, BOOK, NORD, own, "whatsapp", "one", now)
            free = ChannelId(conn.execute(select(channel.c.id)).scalar_one())
            for n, hours in enumerate(waits):
                if n == leaves_after:
                    conn.execute(update(partner).values(left_on=local_date(now, zone).isoformat()))
                now += timedelta(hours=hours)
                free_before = conn.execute(select(channel.c.free_until)).scalar()
                while renew_free_channels(conn, BOOK, now):
                    pass
                while billing.is_waiting(conn, now):
                    billing.charge_due(conn, BOOK, now)
                term = conn.execute(select(channel.c.free_until)).scalar()
                assert term is None or term >= local_date(now, zone).isoformat()
                last = date.fromisoformat(term or free_before or "2026-11-26")
                keys = set(conn.execute(select(ledger_transaction.c.key)).scalars())
                for day in days_from(date(2026, 11, 26), last, zone):
                    assert daily_key(free, day) not in keys
                if leaves_after is None or n < leaves_after:
                    assert term is not None
                    assert billing.standing(conn, own, now, BOOK).balance == of("90.00", "EUR")

        db.write_now(story)
