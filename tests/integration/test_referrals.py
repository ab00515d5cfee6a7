"""From a registration by link to the monthly share on the partner account, on both databases."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, insert, select, update

from bot.billing import ledger
from bot.billing import service as billing
from bot.billing.accounts import lock_accounts, open_account, system_account
from bot.billing.changed import Changed
from bot.billing.ledger import Draft
from bot.billing.posting import Origin, post
from bot.billing.referral_credits import Credited, credit_referrals, earned_by
from bot.billing.repository import holdings_of
from bot.clock import ManualClock
from bot.directory import service as directory
from bot.directory.partners import apply_for_status
from bot.directory.people import Partner
from bot.directory.referrals import get_referral, link_code, link_owner, list_referrals, register
from bot.errors import UserError
from bot.id_generator import RECEIPT_LENGTH, new_id
from bot.ids import ClientId, PartnerId, ReferralId
from bot.money import Money, of
from bot.partnership.channels import add_channel_to
from bot.partnership.clients import NewClient, attach_client
from bot.partnership.referrals import confirm_referral, credit_months, decline_referral
from bot.partnership.status import end_partnership, grant_status
from bot.storage import tables
from bot.storage.audit import records
from bot.storage.engine import Database
from tests.integration.alert_world import surroundings
from tests.integration.billing_world import BOOK, NORD, Wanted, add_client, add_partner, euro, give

DETAILS = NewClient(None, "", "", "EUR", "Europe/Riga")
ENV = surroundings()


def referral_partner(conn: Connection, now: datetime) -> Partner:
    applied = apply_for_status(conn, "10000017", name="Riga", now=now, time_zone="Europe/Riga")
    return grant_status(conn, BOOK, applied.id, now=now, kind="referral")


def signed_up(conn: Connection, partner: Partner, now: datetime, email: str = "ilze@zoo.lv") -> bool:
    code = link_code(conn, partner.id, now)
    return register(conn, code, email=email, company="Zoo", language="lv", now=now)


def charge_daily(conn: Connection, start: datetime, end: datetime) -> None:
    """Take daily payments as the job does, soon after each midnight."""
    now = start
    while now <= end:
        while billing.is_waiting(conn, now):
            billing.charge_due(conn, BOOK, now)
        now += timedelta(hours=1)


def key_of(conn: Connection, call: object, *args: object, **named: object) -> str:
    assert callable(call)
    with pytest.raises(UserError) as caught:
        call(conn, *args, **named)
    return caught.value.key


def money(conn: Connection, partner: Partner) -> str:
    return ", ".join(str(one.balance) for one in billing.partner_accounts(conn, partner.id))


def test_a_registration_becomes_an_account_whose_bills_are_shared(db: Database, clock: ManualClock) -> None:
    def story(conn: Connection) -> None:
        now = clock.now()
        partner = referral_partner(conn, now)
        assert signed_up(conn, partner, now)
        assert not signed_up(conn, partner, now + timedelta(hours=1))
        added = confirm_referral(conn, partner.id, "Ilze@zoo.lv", DETAILS, env=ENV, now=now)
        assert (added.client.kind, added.client.email, added.welcome) == ("referral", "ilze@zoo.lv", euro("10"))
        assert (
            key_of(conn, confirm_referral, partner.id, "ilze@zoo.lv", DETAILS, env=ENV, now=now) == "referral_settled"
        )
        billing.adjust_balance(
            conn, partner.id, added.client.id, euro("110"), reason="paid by card", by="operator", key="1", now=now
        )
        for name in ("one", "two"):
            add_channel_to(conn, added.client, "whatsapp", name, free=False, env=ENV, now=now, by="operator")
        end = datetime(2026, 12, 1, tzinfo=UTC)
        charge_daily(conn, now, end)
        # five days of 4.00 in November, of which 10.00 was a gift; in Riga December begins at 22:00 UTC
        assert credit_months(conn, None, env=ENV, now=datetime(2026, 11, 30, 22, 59, tzinfo=UTC)) is None
        assert money(conn, partner) == ""
        for hours in (0, 1, 700):
            credit_months(conn, None, env=ENV, now=end + timedelta(hours=hours))
        assert money(conn, partner) == "2.00 EUR"
        (row,) = billing.movements(conn, partner.id, "EUR")
        assert (row.kind, row.amount, row.client_id) == ("Referral", euro("2.00"), added.client.id)
        assert earned_by(conn, partner.id) == {added.client.id: [euro("2.00")]}
        assert get_referral(conn, partner.id, "ilze@zoo.lv").credited_month == "2026-11"
        assert billing.check(conn).ok
        assert [one.action for one in records(conn, partner.id)][:2] == ["channel.added", "channel.added"]

    db.write_now(story, slow=True)


def test_a_referral_that_is_attached_is_a_client_and_still_earns(db: Database, clock: ManualClock) -> None:
    def story(conn: Connection) -> None:
        now = clock.now()
        partner = referral_partner(conn, now)
        signed_up(conn, partner, now)
        added = confirm_referral(conn, partner.id, "ilze@zoo.lv", DETAILS, env=ENV, now=now).client
        grant_status(conn, BOOK, partner.id, now=now)
        attached = attach_client(conn, partner.id, added.account_id, DETAILS, reason="asked", env=ENV, now=now)
        assert (attached.id, attached.kind) == (added.id, "client")
        assert get_referral(conn, partner.id, "ilze@zoo.lv").client_id == added.id

    db.write_now(story)


def test_a_declined_address_may_register_again(db: Database, clock: ManualClock) -> None:
    def story(conn: Connection) -> None:
        now = clock.now()
        partner = referral_partner(conn, now)
        signed_up(conn, partner, now)
        assert key_of(conn, decline_referral, partner.id, "ilze@zoo.lv", " ", now) == "reason_needed"
        assert decline_referral(conn, partner.id, "ilze@zoo.lv", "a test", now).state == "declined"
        assert signed_up(conn, partner, now + timedelta(minutes=1))
        assert [one.state for one in list_referrals(conn, partner.id)] == ["registered", "declined"]
        assert key_of(conn, get_referral, partner.id, "nobody@zoo.lv") == "referral_unknown"

    db.write_now(story)


def test_the_first_link_counts_and_partners_see_their_own_only(db: Database, clock: ManualClock) -> None:
    def story(conn: Connection) -> None:
        now = clock.now()
        partner = referral_partner(conn, now)
        other = directory.create_partner(conn, "Other", now=now)
        assert signed_up(conn, partner, now)
        assert not signed_up(conn, other, now)
        assert list_referrals(conn, other.id) == []
        assert key_of(conn, confirm_referral, other.id, "ilze@zoo.lv", DETAILS, env=ENV, now=now) == "referral_unknown"

    db.write_now(story)


def test_links_are_for_partners_only(db: Database, clock: ManualClock) -> None:
    def story(conn: Connection) -> None:
        now = clock.now()
        applied = apply_for_status(conn, "10000017", name="Riga", now=now)
        assert key_of(conn, link_code, applied.id, now) == "partner_applicant"
        grant_status(conn, BOOK, applied.id, now=now)
        code = link_code(conn, applied.id, now)
        assert link_owner(conn, code) == applied.id
        end_partnership(conn, applied.id, "moved on", now)
        assert key_of(conn, link_owner, code) == "link_unknown"

    db.write_now(story)


def test_many_referrals_are_walked_through_in_parts(db: Database, clock: ManualClock) -> None:
    def story(conn: Connection) -> None:
        now = clock.now()
        partner = referral_partner(conn, now)
        for n in range(53):
            signed_up(conn, partner, now, f"a{n}@zoo.lv")
            added = confirm_referral(conn, partner.id, f"a{n}@zoo.lv", DETAILS, env=ENV, now=now).client
            billing.adjust_balance(
                conn, partner.id, added.id, of("12", "EUR"), reason="card", by="operator", key=str(n), now=now
            )
            add_channel_to(conn, added, "max", "one", free=False, env=ENV, now=now, by="operator")
        later = datetime(2026, 12, 31, 23, tzinfo=UTC)
        charge_daily(conn, now, now + timedelta(days=6))
        after: ReferralId | None = None
        rounds = 0
        while rounds == 0 or after is not None:
            after = credit_months(conn, after, env=ENV, now=later)
            rounds += 1
        assert (rounds, money(conn, partner)) == (2, "21.20 EUR")

    db.write_now(story, slow=True)


MARCH = datetime(2027, 3, 1, 1, tzinfo=UTC)
"""February of UTC is over for the time that is waited before it is shared."""
_FEBRUARY = datetime(2027, 2, 1, tzinfo=UTC)


def referred(conn: Connection, n: int, *, currency: str = "EUR", partner_id: PartnerId = NORD) -> ClientId:
    """A referred user of a partner in UTC, registered on 1 February; the referrals are in the order of `n`."""
    account_id = f"4821000{n}" if partner_id == NORD else f"4822000{n}"
    client_id = add_client(conn, Wanted(account_id, currency), partner_id=partner_id)
    conn.execute(update(tables.partner).values(time_zone="UTC"))
    conn.execute(update(tables.client).where(tables.client.c.id == client_id).values(kind="referral"))
    row = {"id": f"r{n}-{partner_id}", "partner_id": partner_id, "state": "confirmed", "email": f"{n}@{partner_id}.lv"}
    row |= {"company": "Zoo", "language": "lv"}
    conn.execute(insert(tables.referral), [row | {"registered_at": _FEBRUARY, "client_id": client_id}])
    return client_id


def moved(conn: Connection, client_id: ClientId, what: str, *amounts: int, day: float = 2, key: str = "") -> None:
    """Money of a kind on the user's account, or a bill, on a day of February; a top-up has a paid and a given part."""
    held = holdings_of(conn, client_id)
    own = open_account(conn, held.partner_id, "client", client_id, held.currency).id
    partners = open_account(conn, held.partner_id, "partner", held.partner_id, held.currency).id
    system = {kind: system_account(conn, held.partner_id, kind, held.currency) for kind in ("opening", "revenue")}
    given = [system_account(conn, held.partner_id, kind, held.currency) for kind in ("discount", "bonus")]
    ways = {
        "adjust": [(system["opening"], own)],
        "topup": [(partners, own), (given[0], own)],
        "welcome": [(given[1], own)],
        "daily": [(own, system["revenue"])],
        "renew": [(own, system["revenue"])],
        "taken": [(own, system["opening"])],
    }
    moves = [(*way, Money(amount, held.currency)) for way, amount in zip(ways[what], amounts, strict=True)]
    draft = Draft(key or new_id(), "adjust" if what == "taken" else what, ledger.entries(*moves))
    locked = lock_accounts(conn, [one for move in moves for one in move[:2]])
    post(conn, [draft], Origin(held.partner_id, _FEBRUARY + timedelta(days=day), client_id), locked=locked)


@pytest.mark.parametrize(
    ("story", "earned"),
    [
        ([("adjust", 1_000), ("renew", 1_000)], 200),
        ([("adjust", 1_000), ("taken", 400), ("daily", 600)], 120),
        ([("welcome", 1_000), ("adjust", 500), ("daily", 1_500)], 100),
        ([("topup", 650, 350), ("daily", 1_000)], 0),
        ([("adjust", 1_000), ("topup", 650, 350), ("daily", 2_000)], 200),
        ([("welcome", 1_000), ("daily", 1_000)], 0),
        ([("adjust", 1_000)], 0),
    ],
)
def test_what_of_a_month_is_shared(db: Database, story: list[tuple[str, int]], earned: int) -> None:
    """A fifth of the bills paid with the user's own money; what is of one instant keeps the order it was written in."""

    def play(conn: Connection) -> None:
        add_partner(conn)
        give(conn, euro("100"))
        client_id = referred(conn, 1)
        for what, *amounts in story:
            moved(conn, client_id, what, *amounts)
        made = credit_referrals(conn, BOOK, MARCH)
        assert made == Credited((Changed(NORD, None, "deposited"),) if earned else (), None)
        rows = [row for row in billing.movements(conn, NORD, "EUR") if row.kind == "Referral"]
        assert [row.amount for row in rows] == ([Money(earned, "EUR")] if earned else [])
        found = select(tables.ledger_transaction).where(tables.ledger_transaction.c.kind == "referral")
        written = conn.execute(found).all()
        assert [(row.key, row.rate, row.client_id) for row in written] == (
            [(f"referral:r1-{NORD}:2027-02", "0.20", client_id)] if earned else []
        )
        assert all(len(row.receipt) == RECEIPT_LENGTH for row in written)
        remembered = conn.execute(select(tables.referral.c.credited_month, tables.referral.c.credited_until)).one()
        assert remembered == ("2027-02", datetime(2027, 3, 1, tzinfo=UTC))
        assert billing.check(conn).ok

    db.write_now(play)


def test_bills_and_gifts_are_taken_by_their_moments(db: Database) -> None:
    """A gift written down earlier than a bill, but for a later day, has not paid that bill."""

    def play(conn: Connection) -> None:
        add_partner(conn)
        client_id = referred(conn, 1)
        moved(conn, client_id, "adjust", 1_000, day=1)
        moved(conn, client_id, "welcome", 1_000, day=9)
        moved(conn, client_id, "daily", 1_000, day=5)
        credit_referrals(conn, BOOK, MARCH)
        assert earned_by(conn, NORD) == {client_id: [euro("2.00")]}

    db.write_now(play)


def test_a_month_is_credited_once_even_where_that_was_forgotten(db: Database) -> None:
    """The ledger knows the month's key: without the note on the referral it still pays no second time."""

    def play(conn: Connection) -> None:
        add_partner(conn)
        client_id = referred(conn, 1)
        moved(conn, client_id, "adjust", 1_000)
        moved(conn, client_id, "daily", 1_000)
        first = credit_referrals(conn, BOOK, MARCH)
        conn.execute(update(tables.referral).values(credited_month=None, credited_until=None))
        assert (len(first.changes), credit_referrals(conn, BOOK, MARCH).changes) == (1, ())
        assert earned_by(conn, NORD) == {client_id: [euro("2.00")]}

    db.write_now(play)


def test_a_month_that_was_shared_is_followed_by_the_next_in_its_first_moment(db: Database) -> None:
    """28 days after January, and not a look earlier."""

    def play(conn: Connection) -> None:
        add_partner(conn)
        client_id = referred(conn, 1)
        moved(conn, client_id, "adjust", 1_000)
        moved(conn, client_id, "daily", 1_000)
        conn.execute(update(tables.referral).values(credited_month="2027-01", credited_until=_FEBRUARY))
        assert credit_referrals(conn, BOOK, MARCH - timedelta(microseconds=1)).changes == ()
        assert credit_referrals(conn, BOOK, MARCH).changes == (Changed(NORD, None, "deposited"),)

    db.write_now(play)


def test_each_look_takes_a_part_and_says_where_the_next_goes_on(db: Database) -> None:
    """In the order of their ids, whoever was written first; a full part may have more after it, an empty one not."""

    def play(conn: Connection) -> None:
        add_partner(conn)
        for n in (4, 2, 3, 1):
            client_id = referred(conn, n)
            moved(conn, client_id, "adjust", 1_000)
            moved(conn, client_id, "daily", 1_000)
        seen: list[tuple[ReferralId | None, int]] = []
        after: ReferralId | None = None
        while not seen or after is not None:
            made = credit_referrals(conn, BOOK, MARCH, after, 2)
            after = made.after
            seen.append((after, len(earned_by(conn, NORD))))
        assert seen == [(f"r2-{NORD}", 2), (f"r4-{NORD}", 4), (None, 4)]

    db.write_now(play)


def test_those_whose_month_is_not_over_keep_nobody_waiting(db: Database) -> None:
    """One at a time: three registered lately, the one after them is shared all the same, and the round ends."""

    def play(conn: Connection) -> None:
        add_partner(conn)
        clients = [referred(conn, n) for n in (1, 2, 3, 4)]
        table = tables.referral
        conn.execute(update(table).where(table.c.client_id.in_(clients[:3])).values(registered_at=MARCH))
        moved(conn, clients[3], "adjust", 1_000)
        moved(conn, clients[3], "daily", 1_000)
        after: ReferralId | None = None
        seen = []
        for _ in range(5):
            after = credit_referrals(conn, BOOK, MARCH, after, 1).after
            seen.append(after)
        assert seen == [*(f"r{n}-{NORD}" for n in (1, 2, 3, 4)), None]
        assert earned_by(conn, NORD) == {clients[3]: [euro("2.00")]}

    db.write_now(play)


def test_a_month_goes_on_where_the_last_one_ended_although_the_partner_has_moved(db: Database) -> None:
    """February ended at ten in the morning of UTC, by the zone he had; what came after is March's, and shared once."""

    def play(conn: Connection) -> None:
        add_partner(conn)
        client_id = referred(conn, 1)
        conn.execute(update(tables.partner).values(time_zone="Pacific/Kiritimati"))
        moved(conn, client_id, "adjust", 10_000)
        moved(conn, client_id, "daily", 1_000)
        credit_referrals(conn, BOOK, datetime(2027, 2, 28, 11, tzinfo=UTC))
        conn.execute(update(tables.partner).values(time_zone="UTC"))
        moved(conn, client_id, "daily", 3_000, day=27.5)
        found = tables.ledger_transaction
        credit_referrals(conn, BOOK, datetime(2027, 4, 1, 1, tzinfo=UTC))
        query = select(found.c.key, tables.posting.c.amount).join(tables.posting)
        rows = conn.execute(query.where(found.c.kind == "referral").order_by(found.c.id)).all()
        assert [(row.key.rpartition(":")[2], row.amount) for row in rows] == [("2027-02", 200), ("2027-03", 600)]

    db.write_now(play)


def test_what_a_referred_user_earned_is_told_by_user_and_currency_and_to_his_partner(db: Database) -> None:
    def play(conn: Connection) -> None:
        south = PartnerId("sued")
        clients = {}
        for partner_id in (NORD, south):
            add_partner(conn, partner_id)
            for n, currency in ((1, "EUR"), (2, "USD")):
                clients[partner_id, n] = referred(conn, n, currency=currency, partner_id=partner_id)
                for _ in range(n):
                    moved(conn, clients[partner_id, n], "adjust", 1_000)
                    moved(conn, clients[partner_id, n], "daily", 1_000)
        credit_referrals(conn, BOOK, MARCH)
        own = open_account(conn, NORD, "partner", NORD, "USD").id
        bonus = system_account(conn, NORD, "bonus", "USD")
        draft = Draft("referral:by hand", "referral", ledger.entries((bonus, own, of("7", "USD"))))
        origin = Origin(NORD, MARCH, clients[NORD, 1])
        post(conn, [draft], origin, locked=lock_accounts(conn, [own]))
        assert earned_by(conn, NORD) == {
            clients[NORD, 1]: [euro("2"), of("7", "USD")],
            clients[NORD, 2]: [of("4", "USD")],
        }
        assert earned_by(conn, south) == {clients[south, 1]: [euro("2")], clients[south, 2]: [of("4", "USD")]}

    db.write_now(play)


def test_a_registration_without_an_account_is_not_looked_at(db: Database) -> None:
    def play(conn: Connection) -> None:
        add_partner(conn)
        client_id = referred(conn, 1)
        moved(conn, client_id, "adjust", 1_000)
        moved(conn, client_id, "daily", 1_000)
        conn.execute(update(tables.referral).values(state="declined"))
        assert credit_referrals(conn, BOOK, MARCH) == Credited((), None)
        assert earned_by(conn, NORD) == {}

    db.write_now(play)
