"""A small world for tests of billing: a partner with money, a curator, clients with channels."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Connection, insert

from bot.billing import service as billing
from bot.billing.confirming import Confirmed
from bot.billing.quote import Quote
from bot.id_generator import new_id
from bot.ids import Address, ClientId, CuratorId, PartnerId
from bot.money import Money, of
from bot.storage import tables
from tests.unit.billing_book import shipped_book

NOW = datetime(2026, 11, 26, 7, 0, tzinfo=UTC)
"""Thursday 26 Nov 2026, nine in the morning in Riga."""
ANNA = CuratorId("anna")
BORIS = CuratorId("boris")
ANNAS = Address("whatsapp:+37120000001")
BORISES = Address("whatsapp:+37120000002")
NORD = PartnerId("nord")
BOOK = shipped_book()


def euro(amount: str) -> Money:
    """So many euro."""
    return of(amount, "EUR")


def add_partner(conn: Connection, partner_id: PartnerId = NORD, program: str = "seed") -> PartnerId:
    """A partner with two curators."""
    conn.execute(
        insert(tables.partner),
        {
            "id": partner_id,
            "name": partner_id.title(),
            "program": program,
            "joined_on": "2026-01-01",
            "created_at": NOW,
            "time_zone": "Europe/Riga",
        },
    )
    suffix = "" if partner_id == NORD else f"-{partner_id}"
    for curator_id in (ANNA, BORIS):
        conn.execute(
            insert(tables.curator),
            {
                "id": curator_id + suffix,
                "partner_id": partner_id,
                "name": curator_id.title(),
                "language": "en",
                "role": "curator",
                "time_zone": "Europe/Riga",
                "created_at": NOW,
            },
        )
    return partner_id


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a client of the world is to have."""

    account_id: str = "48210017"
    currency: str = "EUR"
    balance: str = "0.00"
    ends: date | None = None
    plan: str | None = None
    months: int | None = None
    channels: int = 0
    daily: str | None = None
    zone: str = "Europe/Riga"


ALFA = Wanted("48210017", ends=date(2026, 12, 3), plan="Inbox", months=12, channels=5)
BETA = Wanted("48210025", balance="9.00", channels=2, daily="4.00")
GAMMA = Wanted("48210033", ends=date(2026, 11, 25), plan="Pro", months=6, channels=3)


def add_client(
    conn: Connection, wanted: Wanted = ALFA, *, partner_id: PartnerId = NORD, now: datetime = NOW
) -> ClientId:
    """A client as an import brings it."""
    client_id = ClientId(new_id())
    row: dict[str, Any] = {
        "id": client_id,
        "partner_id": partner_id,
        "account_id": wanted.account_id,
        "company": f"Client {wanted.account_id}",
        "search_key": "",
        "language": "en",
        "currency": wanted.currency,
        "time_zone": wanted.zone,
        "tags": [],
        "as_of": now,
        "created_at": now,
    }
    conn.execute(insert(tables.client), row)
    billing.open_client(conn, partner_id, client_id, of(wanted.balance, wanted.currency), now=now)
    if wanted.ends is not None:
        billing.set_subscription(
            conn,
            partner_id,
            client_id,
            plan=wanted.plan,
            end_date=wanted.ends,
            months=wanted.months,
            as_of=now,
            now=now,
        )
    names = [("whatsapp", f"{wanted.account_id}-{n}") for n in range(wanted.channels)]
    daily = of(wanted.daily, wanted.currency) if wanted.daily else None
    billing.set_channels(conn, partner_id, client_id, names, daily, wanted.ends is not None, now)
    return client_id


def give(conn: Connection, amount: Money, *, partner_id: PartnerId = NORD, key: str = "bank-1") -> None:
    """Money on the partner account."""
    billing.deposit(conn, partner_id, amount, reason="bank transfer", by="operator", key=key, now=NOW)


def start(conn: Connection, wanted: Wanted = ALFA, money: str = "1200.00") -> ClientId:
    """A partner with two curators, so much euro and one client; that client."""
    add_partner(conn)
    client_id = add_client(conn, wanted)
    give(conn, euro(money))
    return client_id


def ask_top_up(conn: Connection, client_id: ClientId, amount: Money, *, now: datetime = NOW) -> Quote:
    """Anna asks to top up."""
    return billing.quote_top_up(
        conn, BOOK, partner_id=NORD, client_id=client_id, amount=amount, asked_by=ANNA, asked_from=ANNAS, now=now
    )


def ask_renewal(
    conn: Connection, client_id: ClientId, *, plan: str | None = None, months: int | None = None, now: datetime = NOW
) -> Quote:
    """Anna asks to renew."""
    return billing.quote_renewal(
        conn,
        BOOK,
        partner_id=NORD,
        client_id=client_id,
        plan=plan,
        months=months,
        asked_by=ANNA,
        asked_from=ANNAS,
        now=now,
    )


def say_yes(conn: Connection, quote: Quote, *, now: datetime = NOW, undo_seconds: int = 0) -> Confirmed:
    """Anna confirms."""
    return billing.confirm(
        conn, transfer_id=quote.id, curator_id=ANNA, address=ANNAS, now=now, undo_seconds=undo_seconds
    )


def balance_of(conn: Connection, client_id: ClientId, now: datetime = NOW) -> Money:
    """What the client has."""
    return billing.standing(conn, client_id, now, BOOK).balance


def partner_money(conn: Connection, currency: str = "EUR") -> tuple[Money, Money]:
    """Balance and hold of the partner account."""
    found = next(one for one in billing.partner_accounts(conn, NORD) if one.currency == currency)
    return found.balance, found.held
