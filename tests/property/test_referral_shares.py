"""Referral shares over random histories: every bill of the year is shared once, whatever the zone and the pauses."""

from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, insert, select, update

from bot.billing import ledger
from bot.billing.accounts import lock_accounts, open_account, system_account
from bot.billing.checking import check
from bot.billing.ledger import Draft
from bot.billing.plan import PriceBook
from bot.billing.posting import Origin, post
from bot.billing.referral_credits import credit_referrals
from bot.billing.referral_share import CLOSED_AFTER, Line, months_over, shared_bills
from bot.billing.welcome import give_welcome
from bot.id_generator import new_id
from bot.ids import AccountId, ClientId
from bot.money import Money, round_half_up
from bot.storage.tables import client, ledger_transaction, partner, posting, referral
from tests.conftest import fresh_sqlite
from tests.integration.billing_world import BOOK, NORD, Wanted, add_client, add_partner, euro, give

ZONES = ("UTC", "Europe/Riga", "America/Sao_Paulo", "Asia/Almaty", "Pacific/Kiritimati", "Pacific/Pago_Pago")
START = datetime(2026, 1, 1, tzinfo=UTC)
moments = st.integers(0, 370 * 24 * 60).map(lambda minutes: START + timedelta(minutes=minutes))


@example(
    registered=START + timedelta(minutes=99_960),
    looks=[(7_469, "UTC"), (2_160, "Asia/Almaty"), (722, "Europe/Riga"), (808, "America/Sao_Paulo")],
    zone="Pacific/Kiritimati",
)
@given(
    registered=moments,
    looks=st.lists(st.tuples(st.integers(1, 90 * 24), st.sampled_from(ZONES)), max_size=25),
    zone=st.sampled_from(ZONES),
)
def test_months_follow_each_other_without_gap_or_overlap(
    registered: datetime, looks: list[tuple[int, str]], zone: str
) -> None:
    now, name, until, seen = registered, None, None, []
    for hours, where in [*looks, (24 * 800, zone)]:
        now += timedelta(hours=hours)
        for month in months_over(registered, 12, where, now, after=name, since=until):
            assert month.start == (until or registered)
            assert month.start <= month.end <= now - CLOSED_AFTER
            name, until = month.name, month.end
            seen.append(month)
    names = [one.name for one in seen]
    assert names == sorted(set(names))
    assert 12 <= len(names) <= 15
    assert abs(seen[-1].end - registered - timedelta(days=365)) < timedelta(days=3)
    assert not list(months_over(registered, 12, zone, now + timedelta(days=4000), after=name, since=until))


@given(
    lines=st.lists(st.tuples(st.integers(0, 400), st.integers(1, 500), st.booleans(), st.booleans()), max_size=30),
    cuts=st.lists(st.integers(0, 400), max_size=6),
)
def test_parts_of_a_span_make_the_span_and_never_more_than_own_money(
    lines: list[tuple[int, int, bool, bool]], cuts: list[int]
) -> None:
    known = [Line(START + timedelta(days=day), amount, is_bill, own) for day, amount, is_bill, own in sorted(lines)]
    edges = [START, *(START + timedelta(days=one) for one in sorted(cuts)), START + timedelta(days=401)]
    parts = [shared_bills(known, start, end) for start, end in pairwise(edges)]
    whole = shared_bills(known, edges[0], edges[-1])
    bills = sum(one.amount for one in known if one.is_bill)
    given_money = sum(one.amount for one in known if not one.is_bill and not one.own)
    assert sum(parts) == whole
    assert max(bills - given_money, 0) <= whole <= bills


amounts = st.integers(0, 90_000)
steps = st.lists(st.tuples(st.integers(1, 50 * 24), amounts, amounts, amounts, st.integers(0, 2)), max_size=14)
"""Hours that pass, then own money, discounted money, a bill, and how often shares are looked for."""


class _World:
    """A referred user, and beside the books a second account of what must be shared, kept in the plainest way."""

    def __init__(self, conn: Connection, zone: str, *, discounted_earns: bool) -> None:
        self.conn, self.zone, self.now = conn, zone, START
        self.earns = discounted_earns
        add_partner(conn)
        conn.execute(update(partner).values(time_zone=zone))
        give(conn, euro("1000000"))
        self.client_id = add_client(conn, Wanted())
        conn.execute(update(client).values(kind="referral"))
        give_welcome(conn, BOOK, NORD, self.client_id, self.now)
        row: dict[str, Any] = {
            "id": new_id(),
            "partner_id": NORD,
            "state": "confirmed",
            "email": "a@b.lv",
            "company": "A",
        }
        row |= {"language": "en", "registered_at": self.now, "client_id": self.client_id}
        conn.execute(insert(referral), row)
        self.given, self.balance = 1_000, 1_000
        self.months: dict[str, int] = defaultdict(int)

    def come(self, amount: int, *, discounted: bool) -> None:
        if not amount:
            return
        own = open_account(self.conn, NORD, "client", self.client_id, "EUR").id
        moves = [(system_account(self.conn, NORD, "opening", "EUR"), own, Money(amount, "EUR"))]
        if discounted:
            pays = Money(amount, "EUR").share(Decimal("0.65"))
            partners = open_account(self.conn, NORD, "partner", NORD, "EUR").id
            discount = system_account(self.conn, NORD, "discount", "EUR")
            moves = [(partners, own, pays), (discount, own, Money(amount, "EUR") - pays)]
        self._post("topup" if discounted else "adjust", moves)
        gift = discounted and amount - moves[0][2].minor > 0
        self.given += amount if gift and not self.earns else 0
        self.balance += amount

    def bill(self, amount: int) -> None:
        amount = min(amount, self.balance)
        if not amount:
            return
        own = open_account(self.conn, NORD, "client", self.client_id, "EUR").id
        revenue = system_account(self.conn, NORD, "revenue", "EUR")
        self._post("daily", [(own, revenue, Money(amount, "EUR"))])
        self.balance -= amount
        gift = min(self.given, amount)
        self.given -= gift
        local, begun = self.now.astimezone(ZoneInfo(self.zone)), START.astimezone(ZoneInfo(self.zone))
        if local.date() < begun.date().replace(year=begun.year + 1):
            self.months[f"{local:%Y-%m}"] += amount - gift

    def share(self) -> None:
        credit_referrals(self.conn, BOOK if not self.earns else GENEROUS, self.now)

    def _post(self, kind: str, moves: list[tuple[AccountId, AccountId, Money]]) -> None:
        draft = Draft(new_id(), kind, ledger.entries(*moves))
        locked = lock_accounts(self.conn, [one for move in moves for one in move[:2]])
        post(self.conn, [draft], Origin(NORD, self.now, self.client_id), locked=locked)


def _generous() -> PriceBook:
    programs = {name: replace(one, referral_on_discounted=True) for name, one in BOOK.programs.items()}
    return replace(BOOK, programs=programs)


GENEROUS = _generous()


@settings(max_examples=40)
@given(history=steps, zone=st.sampled_from(ZONES), earns=st.booleans())
def test_each_month_is_credited_exactly_once(history: list[tuple[int, ...]], zone: str, earns: bool) -> None:
    with fresh_sqlite() as db:

        def story(conn: Connection) -> None:
            world = _World(conn, zone, discounted_earns=earns)
            for hours, own, discounted, bill, looks in history:
                world.now += timedelta(hours=hours)
                world.come(own, discounted=False)
                world.come(discounted, discounted=True)
                world.bill(bill)
                for _ in range(looks):
                    world.share()
            world.now += timedelta(days=800)
            for _ in range(3):
                world.share()
            rows = conn.execute(
                select(ledger_transaction.c.key, posting.c.amount)
                .join(posting, posting.c.transaction_id == ledger_transaction.c.id)
                .where(ledger_transaction.c.kind == "referral")
            )
            shared = {key.rsplit(":", 1)[1]: amount for key, amount in rows}
            expected = {month: round_half_up(bills * Decimal("0.20")) for month, bills in world.months.items()}
            assert shared == {month: amount for month, amount in expected.items() if amount}
            assert check(conn).ok

        db.write_now(story)


@given(currencies=st.lists(st.sampled_from(["EUR", "USD", "RUB", "KZT"]), max_size=6), again=st.integers(1, 3))
@settings(max_examples=25)
def test_welcome_credits_conserve_money(currencies: list[str], again: int) -> None:
    with fresh_sqlite() as db:

        def story(conn: Connection) -> None:
            add_partner(conn)
            clients: list[tuple[ClientId, str]] = [
                (add_client(conn, Wanted(str(48_210_000 + n), currency)), currency)
                for n, currency in enumerate(currencies)
            ]
            for _ in range(again):
                for client_id, _currency in clients:
                    give_welcome(conn, BOOK, NORD, client_id, START)
            for client_id, currency in clients:
                credit = BOOK.terms(currency).welcome
                held = open_account(conn, NORD, "client", client_id, currency)
                assert held.balance == (credit or Money(0, currency))
            assert check(conn).ok

        db.write_now(story)
