"""From a registration by link to the monthly share on the partner account, on both databases."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection

from bot.billing import service as billing
from bot.billing.referral_credits import earned_by
from bot.clock import ManualClock
from bot.directory import service as directory
from bot.directory.partners import apply_for_status
from bot.directory.people import Partner
from bot.directory.referrals import get_referral, link_code, link_owner, list_referrals, register
from bot.errors import UserError
from bot.ids import ReferralId
from bot.money import of
from bot.partnership.channels import add_channel_to
from bot.partnership.clients import NewClient, attach_client
from bot.partnership.referrals import confirm_referral, credit_months, decline_referral
from bot.partnership.status import end_partnership, grant_status
from bot.storage.audit import records
from bot.storage.engine import Database
from tests.integration.alert_world import surroundings
from tests.integration.billing_world import BOOK, euro

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
