"""A small world for tests of alerts: a partner with money, curators, clients as an import brings them."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zlib import crc32

from sqlalchemy import Connection, Row, select

from bot.alerts import service as alerts
from bot.alerts.policy import policy
from bot.alerts.report import ScanReport
from bot.alerts.repository import RAISED
from bot.alerts.surroundings import Surroundings
from bot.billing import service as billing
from bot.billing.changed import Changed
from bot.billing.limits import SpendingLimits
from bot.directory import service as directory
from bot.directory.people import ClientData
from bot.ids import Address, ClientId, CuratorId, PartnerId
from bot.jobs.port import Jobs
from bot.money import of
from bot.storage.tables import alert, delivery, notification
from tests.unit.billing_book import shipped_book

NOW = datetime(2026, 11, 26, 7, 0, tzinfo=UTC)
"""Thursday 26 Nov 2026, nine in the morning in Riga."""
RIGA = PartnerId("riga")
BOOK = shipped_book()
SHIPPED = policy(tomllib.loads((Path(__file__).parents[2] / "config" / "alerts.toml").read_text(encoding="utf-8")))
POLICY = replace(SHIPPED, brake=None, respect_hours=False)
"""The shipped policy; nothing waits for a yes, nor for anybody's hour."""
SENDER = Address("whatsapp:+14155238886")


NO_LIMITS = SpendingLimits({"EUR": Decimal(0), "USD": Decimal(0)}, {"EUR": Decimal(0), "USD": Decimal(0)})
"""Any curator may spend any amount: what a person may spend is a subject of its own."""


class Remembered:
    """A queue of jobs that only remembers what was asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def enqueue(
        self, conn: Connection, name: str, key: str, run_after: datetime, priority: int = 0, payload: Any = None
    ) -> None:
        self.asked.append((name, key))

    def enqueue_many(self, conn: Connection, name: str, run_after: Mapping[str, datetime], priority: int = 0) -> None:
        self.asked += [(name, key) for key in run_after]


def surroundings(jobs: Jobs | None = None) -> Surroundings:
    """What the app would hand to alerts. A yes is carried out at once: time for an Undo is a subject of its own."""
    return Surroundings(
        book=BOOK, policy=POLICY, sender=SENDER, jobs=jobs or Remembered(), undo_seconds=0, spending=NO_LIMITS
    )


ENV = surroundings()


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a client is to have."""

    account_id: str
    company: str
    balance: str = "0.00"
    ends: date | None = None
    plan: str | None = None
    months: int | None = None
    channels: int = 0
    daily: str | None = None
    zone: str = "Europe/Riga"
    contact: str | None = "Ilze"


ALFA = Wanted("48210017", "Alfa Dental", ends=date(2026, 12, 3), plan="Inbox", months=12, channels=5)
BETA = Wanted("48210025", "Beta Kids", balance="9.00", channels=2, daily="4.00")
GAMMA = Wanted("48210033", "Gamma Travel", ends=date(2026, 11, 25), plan="Pro", months=6, channels=3)


def add_partner(conn: Connection, money: str = "1200.00") -> None:
    """A partner in Riga with some euro on its account."""
    directory.create_partner(conn, "Riga", now=NOW, time_zone="Europe/Riga", partner_id=RIGA)
    billing.deposit(conn, RIGA, of(money, "EUR"), reason="bank transfer", by="operator", key="bank-1", now=NOW)


def add_curator(conn: Connection, name: str = "Anna", **given: Any) -> CuratorId:
    """A curator who agreed to be told."""
    number = "+3712000" + f"{crc32(name.encode()) % 10000:04d}"
    consent = given.pop("consent", "asked")
    return directory.add_curator(conn, RIGA, name=name, phone=number, now=NOW, consent=consent, **given).id


def add_client(conn: Connection, wanted: Wanted = ALFA, *, now: datetime = NOW, told: bool = True) -> ClientId:
    """A client as an import brings it; `told`: alerts hear of it."""
    data = ClientData(
        account_id=wanted.account_id,
        company=wanted.company,
        currency="EUR",
        language="en",
        time_zone=wanted.zone,
        contact_name=wanted.contact,
        contact_phone="+37120000017" if wanted.contact else None,
        as_of=now,
    )
    client_id = directory.add_client(conn, RIGA, data, now).id
    billing.open_client(conn, RIGA, client_id, of(wanted.balance, "EUR"), now=now)
    if wanted.ends is not None:
        move_end(conn, client_id, wanted.ends, plan=wanted.plan, months=wanted.months, now=now, told=False)
    names = [("whatsapp", f"{wanted.account_id}-{n}") for n in range(wanted.channels)]
    daily = of(wanted.daily, "EUR") if wanted.daily else None
    billing.set_channels(conn, RIGA, client_id, names, daily, wanted.ends is not None, now)
    if told:
        imported(conn, [client_id], now)
    return client_id


def move_end(
    conn: Connection,
    client_id: ClientId,
    ends: date,
    *,
    now: datetime = NOW,
    plan: str | None = None,
    months: int | None = None,
    told: bool = True,
) -> None:
    """Another table shows another end date."""
    billing.set_subscription(conn, RIGA, client_id, plan=plan, end_date=ends, months=months, as_of=now, now=now)
    if told:
        imported(conn, [client_id], now)


def imported(conn: Connection, client_ids: Sequence[ClientId], now: datetime = NOW) -> None:
    """Tell alerts that an import changed these clients."""
    alerts.apply(conn, [Changed(RIGA, client_id, "imported") for client_id in client_ids], now=now, env=ENV)


def charge(conn: Connection, now: datetime) -> None:
    """Take the daily payments up to a moment, and tell alerts."""
    while billing.is_waiting(conn, now):
        alerts.apply(conn, billing.charge_due(conn, BOOK, now), now=now, env=ENV)


def scan(conn: Connection, now: datetime = NOW, **given: Any) -> ScanReport:
    """One scan."""
    return alerts.scan(conn, now=now, env=ENV, **given)


def top_up(conn: Connection, client_id: ClientId, amount: str, asker: CuratorId, *, now: datetime = NOW) -> None:
    """A curator tops a client up and confirms at once."""
    address = directory.get_curator(conn, asker).addresses[0]
    quote = billing.quote_top_up(
        conn,
        BOOK,
        partner_id=RIGA,
        client_id=client_id,
        amount=of(amount, "EUR"),
        asked_by=asker,
        asked_from=address,
        now=now,
    )
    done = billing.confirm(conn, transfer_id=quote.id, curator_id=asker, address=address, now=now)
    alerts.apply(conn, done.changes, now=now, env=ENV)


def renew(conn: Connection, client_id: ClientId, asker: CuratorId, *, now: datetime = NOW) -> None:
    """A curator renews a client and confirms at once."""
    address = directory.get_curator(conn, asker).addresses[0]
    quote = billing.quote_renewal(
        conn, BOOK, partner_id=RIGA, client_id=client_id, asked_by=asker, asked_from=address, now=now
    )
    done = billing.confirm(conn, transfer_id=quote.id, curator_id=asker, address=address, now=now)
    alerts.apply(conn, done.changes, now=now, env=ENV)


def messages(conn: Connection, curator_id: CuratorId | None = None) -> list[Row[Any]]:
    """Everything in the outbox, or what one person gets, in the order it was written."""
    query = select(delivery).order_by(delivery.c.id)
    if curator_id is not None:
        query = query.where(delivery.c.curator_id == curator_id)
    return list(conn.execute(query).all())


def raised(conn: Connection) -> list[tuple[str, int, str]]:
    """Kind, stage and state of every alert, in the order they were raised; without notes of what was over before."""
    query = select(alert.c.kind, alert.c.stage, alert.c.state).where(RAISED).order_by(alert.c.id)
    return [tuple(row) for row in conn.execute(query)]


def outcomes(conn: Connection) -> list[tuple[str, str | None]]:
    """Outcome and reason of every notification."""
    query = select(notification.c.outcome, notification.c.reason).order_by(notification.c.alert_id)
    return [tuple(row) for row in conn.execute(query)]
