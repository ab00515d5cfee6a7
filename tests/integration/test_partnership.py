"""Partner status, clients that are added and attached, welcome credits and free channels, on both databases."""

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import Connection, select

from bot.alerts.surroundings import Surroundings
from bot.billing import service as billing
from bot.billing.free_channels import renew_free_channels
from bot.billing.local_day import first_instant
from bot.clock import ManualClock
from bot.directory import service as directory
from bot.directory.partners import apply_for_status, grant
from bot.directory.people import Client, Partner
from bot.errors import UserError
from bot.ids import PartnerId
from bot.imports.apply import import_table
from bot.imports.reader import read_table
from bot.money import Money, of
from bot.partnership.channels import add_channel_to
from bot.partnership.clients import NewClient, add_new_client, attach_client
from bot.partnership.rules import partner_terms
from bot.partnership.status import end_partnership, grant_status, own_accounts
from bot.storage.audit import records
from bot.storage.engine import Database
from bot.storage.tables import channel, posting
from tests.integration.alert_world import surroundings
from tests.integration.billing_world import BOOK

ZONE = "Europe/Riga"
ALFA = NewClient("Admin@Alfa.lv ", "Alfa  Dental", "lv", "EUR")


@pytest.fixture
def env() -> Surroundings:
    return surroundings()


def applied(conn: Connection, now: datetime) -> Partner:
    return apply_for_status(conn, "10000017", name="Riga Partners", now=now, time_zone=ZONE)


def official(conn: Connection, now: datetime, program: str = "seed") -> Partner:
    return grant_status(conn, BOOK, applied(conn, now).id, now=now, program=program)


def own(conn: Connection, partner: Partner) -> tuple[Client, Client]:
    main, demo = own_accounts(conn, partner.id)
    assert (main.kind, demo.kind) == ("main", "demo")
    return main, demo


def refused(conn: Connection, key: str, call: object, *args: object, **named: object) -> None:
    assert callable(call)
    with pytest.raises(UserError) as caught:
        call(conn, *args, **named)
    assert caught.value.key == key


def balance(conn: Connection, client: Client, now: datetime) -> Money:
    return billing.standing(conn, client.id, now, BOOK).balance


def test_the_clients_table_begins_with_the_grant(db: Database, env: Surroundings, clock: ManualClock) -> None:
    table = read_table(b"ID,Company,Balance\n48210017,Alfa,9.00 EUR\n", "clients.csv")

    def story(conn: Connection) -> None:
        now = clock.now()
        waiting = applied(conn, now)
        assert (waiting.kind, waiting.account_id) == ("applicant", "10000017")
        refused(conn, "partner_applicant", import_table, waiting.id, table, env=env, now=now, by="Anna")
        refused(conn, "partner_applicant", add_new_client, waiting.id, ALFA, env=env, now=now, by="Anna")
        granted = grant_status(conn, BOOK, waiting.id, now=now + timedelta(days=10), program="tiered")
        assert (granted.kind, granted.program, granted.joined_on) == ("official", "tiered", date(2026, 12, 6))
        main, demo = own(conn, granted)
        assert (main.account_id, demo.company) == ("10000017", "Demo account")
        report = import_table(conn, granted.id, table, env=env, now=now, by="Anna")
        assert (len(report.added), report.missing) == (1, ())
        assert [one.action for one in records(conn, granted.id)] == ["partner.granted"]
        refused(conn, "already_granted", grant, granted.id, "official", now=now)
        refused(conn, "partner_official", apply_for_status, "10000017", name=None, now=now, partner_id=granted.id)
        refused(conn, "account_taken", apply_for_status, "10000017", name="Another", now=now)

    db.write_now(story)


def test_a_referral_partner_brings_no_clients_and_may_become_official(
    db: Database, env: Surroundings, clock: ManualClock
) -> None:
    def story(conn: Connection) -> None:
        now = clock.now()
        partner = grant_status(conn, BOOK, applied(conn, now).id, now=now, kind="referral")
        assert own_accounts(conn, partner.id) == []
        refused(conn, "partner_not_official", add_new_client, partner.id, ALFA, env=env, now=now, by="Anna")
        for name in (None, "Riga Partners", " Riga Partners "):
            assert apply_for_status(conn, "10000017", name=name, now=now + timedelta(days=1)) == partner
        again = apply_for_status(conn, "10000017", name=None, now=now, partner_id=partner.id)
        assert again.kind == "referral"
        assert grant_status(conn, BOOK, partner.id, now=now).kind == "official"

    db.write_now(story)


def test_the_default_partner_is_official_and_gets_its_accounts_when_the_number_is_told(
    db: Database, env: Surroundings, clock: ManualClock
) -> None:
    def story(conn: Connection) -> None:
        partner = directory.ensure_default_partner(conn, clock.now())
        later = clock.now() + timedelta(days=400)
        refused(conn, "already_granted", grant_status, BOOK, partner.id, now=later)
        granted = grant_status(conn, BOOK, partner.id, now=later, account_id="10000017")
        assert granted.joined_on == partner.joined_on
        own(conn, granted)

    db.write_now(story)


@pytest.mark.parametrize(("currency", "credit"), [("EUR", "10.00"), ("USD", "10.00"), ("RUB", "500.00"), ("KZT", None)])
def test_a_client_who_is_added_finds_the_welcome_credit_that_the_program_pays(
    db: Database, env: Surroundings, clock: ManualClock, currency: str, credit: str | None
) -> None:
    def story(conn: Connection) -> None:
        now = clock.now()
        partner = official(conn, now)
        added = add_new_client(
            conn, partner.id, NewClient("a@b.lv", "Alfa", "en", currency), env=env, now=now, by="operator"
        )
        assert added.welcome == (of(credit, currency) if credit else None)
        assert balance(conn, added.client, now) == (added.welcome or Money(0, currency))
        assert billing.partner_accounts(conn, partner.id) == []
        assert billing.check(conn).ok
        moved = [row.kind for row in billing.client_movements(conn, partner.id, added.client.id, currency)]
        assert moved == (["Welcome credit"] if credit else [])
        refused(conn, "email_known", add_new_client, partner.id, ALFA_TWICE, env=env, now=now, by="operator")
        note = records(conn, partner.id)[0]
        assert (note.action, note.facts["email"], note.who) == ("client.added", "a@b.lv", "operator")

    db.write_now(story)


ALFA_TWICE = NewClient(" A@B.LV", "Alfa again", "en", "EUR")


def test_all_financial_curators_hear_of_a_new_client(db: Database, env: Surroundings, clock: ManualClock) -> None:
    def story(conn: Connection) -> None:
        now = clock.now()
        partner = official(conn, now)
        people = [
            directory.add_curator(conn, partner.id, name=name, phone=phone, consent="form", now=now)
            for name, phone in (("Anna", "+37120000101"), ("Boris", "+37120000102"))
        ]
        client = add_new_client(conn, partner.id, ALFA, env=env, now=now, by="operator").client
        assert (client.company, client.email, client.language, client.time_zone) == (
            "Alfa Dental", "admin@alfa.lv", "lv", ZONE,
        )  # fmt: skip
        assert len(client.account_id) == 8
        told = directory.recipients(conn, [client.id])[client.id]
        assert set(told.curators) == {one.id for one in people}

    db.write_now(story)


def test_attaching_needs_a_reason_gives_no_credit_and_is_audited(
    db: Database, env: Surroundings, clock: ManualClock
) -> None:
    def story(conn: Connection) -> None:
        now = clock.now()
        partner = official(conn, now)
        wanted = NewClient(None, "Beta", "ru", "EUR")
        refused(conn, "reason_needed", attach_client, partner.id, "48210017", wanted, reason=" ", env=env, now=now)
        client = attach_client(conn, partner.id, "48210017", wanted, reason="letter of 3 May", env=env, now=now)
        assert not balance(conn, client, now)
        assert conn.execute(select(posting)).all() == []
        note = records(conn, partner.id)[0]
        assert (note.action, note.who, note.facts["reason"]) == ("client.attached", "operator", "letter of 3 May")
        again = {"reason": "again", "env": env, "now": now}
        refused(conn, "client_exists", attach_client, partner.id, "48210017", wanted, **again)
        refused(conn, "bad_account_id", attach_client, partner.id, "4821001", wanted, **again)
        other = directory.create_partner(conn, "Other", now=now)
        refused(conn, "client_of_another", attach_client, other.id, "48210017", wanted, **again)

    db.write_now(story)


def test_free_channels_within_their_limits(db: Database, env: Surroundings, clock: ManualClock) -> None:
    def story(conn: Connection) -> None:
        now = clock.now()
        partner = official(conn, now)
        main, demo = own(conn, partner)

        def add(client: Client, transport: str, name: str = "x") -> None:
            add_channel_to(conn, client, transport, name, free=True, env=env, now=now, by="operator")

        def no(key: str, client: Client, transport: str, name: str = "x") -> None:
            with pytest.raises(UserError) as caught:
                add(client, transport, name)
            assert caught.value.key == key

        add(main, "whatsapp", "+37120000017")
        no("channel_exists", main, "WhatsApp", "+37120000017")
        add(main, "telegram")
        no("free_limit", main, "vk")
        no("free_demo_transport", demo, "telegram")
        add(demo, "whatsapp")
        no("free_demo_twice", demo, "whatsapp", "y")
        add(demo, "instagram")
        no("free_demo_twice", demo, "instagram", "y")
        no("unknown_transport", demo, "icq")
        no("bad_channel_name", demo, "whatsapp", "  ")
        client = add_new_client(conn, partner.id, ALFA, env=env, now=now, by="operator").client
        no("free_not_own", client, "whatsapp")
        until = set(conn.execute(select(channel.c.free_until)).scalars())
        assert until == {"2029-11-26"}
        terms = partner_terms(conn, BOOK, partner, now)
        assert (terms.free_until, terms.clients, terms.free_plan) == (date(2029, 11, 26), 1, "Max")

    db.write_now(story)


def charge_until(conn: Connection, start: datetime, end: datetime) -> None:
    """Every hour-wide look would be the same: charging works by days."""
    now = start
    while now <= end:
        renew_free_channels(conn, BOOK, now)
        while billing.is_waiting(conn, now):
            billing.charge_due(conn, BOOK, now)
        now += timedelta(days=40)


def test_free_channels_cost_nothing_and_are_renewed_while_the_partnership_goes_on(
    sqlite_db: Database, clock: ManualClock
) -> None:
    env = surroundings()

    def story(conn: Connection) -> None:
        now = clock.now()
        partner = official(conn, now)
        main, _ = own(conn, partner)
        add_channel_to(conn, main, "whatsapp", "free", free=True, env=env, now=now, by="operator")
        billing.deposit(conn, partner.id, of("65", "EUR"), reason="bank", by="operator", key="1", now=now)
        quote = billing.quote_top_up(
            conn, BOOK, partner_id=partner.id, client_id=main.id, amount=of("100", "EUR"), asked_by=None,
            asked_from=None, now=now,
        )  # fmt: skip
        assert (str(quote.rate), quote.partner_pays) == ("0.35", of("65", "EUR"))
        billing.adjust_balance(
            conn, partner.id, main.id, of("20", "EUR"), reason="test", by="operator", key="a", now=now
        )
        charge_until(conn, now, now + timedelta(days=365 * 3 + 40))
        assert balance(conn, main, now) == of("20", "EUR")
        assert set(conn.execute(select(channel.c.free_until)).scalars()) == {"2030-11-26"}
        end_partnership(conn, partner.id, "moved on", now + timedelta(days=365 * 3 + 50))
        last = first_instant(date(2030, 11, 26), ZONE) + timedelta(hours=12)
        renew_free_channels(conn, BOOK, last)
        while billing.is_waiting(conn, last):
            billing.charge_due(conn, BOOK, last)
        assert balance(conn, main, last) == of("20", "EUR")
        after = first_instant(date(2030, 11, 27), ZONE)
        assert len(renew_free_channels(conn, BOOK, after)) == 1
        assert renew_free_channels(conn, BOOK, after) == []
        while billing.is_waiting(conn, after):
            billing.charge_due(conn, BOOK, after)
        assert balance(conn, main, after) == of("18", "EUR")
        assert billing.check(conn).ok

    sqlite_db.write_now(story)


def test_a_further_channel_is_paid_from_its_first_day(db: Database, env: Surroundings, clock: ManualClock) -> None:
    def story(conn: Connection) -> None:
        now = clock.now()
        partner = official(conn, now)
        client = add_new_client(conn, partner.id, ALFA, env=env, now=now, by="operator").client
        for name in ("one", "two"):
            add_channel_to(conn, client, "whatsapp", name, free=False, env=env, now=now, by="operator")
        assert balance(conn, client, now) == of("6", "EUR")
        tomorrow = now + timedelta(days=1)
        billing.charge_due(conn, BOOK, tomorrow)
        assert balance(conn, client, tomorrow) == of("2", "EUR")
        later = tomorrow + timedelta(days=1)
        billing.charge_due(conn, BOOK, later)
        standing = billing.standing(conn, client.id, later, BOOK)
        assert (standing.balance, standing.stopped) == (of("0", "EUR"), 1)
        add_channel_to(conn, client, "vk", "three", free=False, env=env, now=later, by="operator")
        assert billing.standing(conn, client.id, later, BOOK).stopped == 2

    db.write_now(story)


def test_own_accounts_are_no_clients_for_the_tiers(db: Database, env: Surroundings, clock: ManualClock) -> None:
    def story(conn: Connection) -> None:
        now = clock.now()
        partner = official(conn, now, "tiered")
        for n in range(10):
            assert str(partner_terms(conn, BOOK, partner, now).rate) == "0.35"
            wanted = NewClient(f"a{n}@b.lv", f"Client {n}", "en", "EUR")
            add_new_client(conn, partner.id, wanted, env=env, now=now, by="operator")
        assert str(partner_terms(conn, BOOK, partner, now).rate) == "0.50"
        main, _ = own(conn, partner)
        billing.deposit(conn, partner.id, of("65", "EUR"), reason="bank", by="operator", key="1", now=now)
        quote = billing.quote_top_up(
            conn, BOOK, partner_id=partner.id, client_id=main.id, amount=of("100", "EUR"), asked_by=None,
            asked_from=None, now=now, save=False,
        )  # fmt: skip
        assert str(quote.rate) == "0.35"

    db.write_now(story)


def test_partners_see_nothing_of_each_other(db: Database, env: Surroundings, clock: ManualClock) -> None:
    def story(conn: Connection) -> None:
        now = clock.now()
        partner = official(conn, now)
        client = add_new_client(conn, partner.id, ALFA, env=env, now=now, by="operator").client
        other = directory.create_partner(conn, "Other", now=now)
        assert records(conn, other.id) == []
        assert add_new_client(conn, other.id, ALFA, env=env, now=now, by="operator").client.id != client.id
        assert records(conn, PartnerId("nobody")) == []

    db.write_now(story)
