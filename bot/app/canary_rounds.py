"""The canary's rounds: a client of a hidden partner whose channel stands still from now on, and what came of it.

The facts are of a real kind, so that what follows is the product's own: ladder, scan, alert, outbox, relay, report.
No money moves, so that no book knows of it. A round is a client; retention takes it with all its traces.
"""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Select, delete, func, select

from bot.alerts import service as alerts
from bot.alerts.surroundings import Surroundings
from bot.billing import repository as billing
from bot.billing.changed import Changed
from bot.billing.channels import insert_channel
from bot.billing.daily import STOPPED
from bot.directory import service as directory
from bot.directory.hidden import ensure_hidden, ensure_listener
from bot.directory.people import ClientData
from bot.directory.public_holidays import is_public_holiday
from bot.ids import Address, PartnerId
from bot.phone import country_of
from bot.storage.tables import alert, alert_due, attempt, channel, client, curator, delivery, notification, status_event

LOOPBACK, REAL = PartnerId("~canary"), PartnerId("~canary-real")
SENDER = Address("whatsapp:+15005550001")
"""What the rounds on this machine come from, and `_NUMBER` where they go: numbers that belong to nobody."""
EVERY_MINUTES = 10
_NUMBER = "+15005550006"
_REAL_FROM = time(9)
_CHUNK = 200
_KEPT = {LOOPBACK: timedelta(days=2), REAL: timedelta(days=14)}


@dataclass(frozen=True, slots=True)
class Round:
    """A round that arrived, or has not yet: when the threshold was crossed, when the message was on the phone."""

    crossed_at: datetime
    arrived_at: datetime | None

    @property
    def lag_seconds(self) -> float:
        """From the threshold to the phone; 0 while it has not arrived."""
        return (self.arrived_at - self.crossed_at).total_seconds() if self.arrived_at else 0.0


@dataclass(frozen=True, slots=True)
class Rounds:
    """Of one road: the newest round, the newest that arrived, and the oldest that is kept."""

    newest: Round | None
    arrived: Round | None
    oldest: Round | None = None

    def heard_at(self, since: datetime) -> datetime:
        """When a round arrived last; if none ever did, since when one was waited for, at the latest `since`."""
        if self.arrived is not None and self.arrived.arrived_at is not None:
            return self.arrived.arrived_at
        return since if self.oldest is None else min(since, self.oldest.crossed_at)


def cross(conn: Connection, now: datetime, env: Surroundings) -> bool:
    """Begin the round of these ten minutes on this machine; False when it was begun before."""
    number = int(now.timestamp()) // 60 // EVERY_MINUTES * EVERY_MINUTES
    return _cross(conn, LOOPBACK, f"{number:08d}", _NUMBER, SENDER, now, env)


def cross_for_real(conn: Connection, phone: str, day: str, now: datetime, env: Surroundings) -> bool:
    """Begin the round of a day (`YYYYMMDD`) to a real phone, from the usual sender; False when it was begun before."""
    return _cross(conn, REAL, day, phone, None, now, env)


def real_day(phone: str, time_zone: str, now: datetime) -> str | None:
    """The day whose real round may begin, `YYYYMMDD`: a working day of the number's country, from nine on."""
    local = now.astimezone(ZoneInfo(time_zone))
    country = country_of(phone)
    off = local.isoweekday() > 5 or (country is not None and is_public_holiday(country, local.date()))
    return None if off or local.time() < _REAL_FROM else f"{local:%Y%m%d}"


def look(conn: Connection, partner_id: PartnerId) -> Rounds:
    """What came of the rounds of one road that are still kept."""
    arrived_at = func.coalesce(delivery.c.delivered_at, delivery.c.read_at)
    told = delivery.c.curator_id.in_(select(curator.c.id).where(curator.c.partner_id == partner_id))
    found = {
        row.client_id: row.at for row in conn.execute(select(delivery.c.client_id, arrived_at.label("at")).where(told))
    }
    begun = select(client.c.id, client.c.created_at).where(client.c.partner_id == partner_id)
    rounds = [
        Round(row.created_at, found.get(row.id)) for row in conn.execute(begun.order_by(client.c.created_at.desc()))
    ]
    arrived = next((one for one in rounds if one.arrived_at is not None), None)
    return Rounds(next(iter(rounds), None), arrived, rounds[-1] if rounds else None)


def forget(conn: Connection, partner_id: PartnerId, now: datetime) -> int:
    """Delete some rounds that are long over, with all their traces; how many. 0: none is left."""
    old = client.c.partner_id == partner_id, client.c.created_at < now - _KEPT[partner_id]
    ids = list(conn.execute(select(client.c.id).where(*old).limit(_CHUNK)).scalars())
    if ids:
        told = delivery.c.curator_id.in_(select(curator.c.id).where(curator.c.partner_id == partner_id))
        _delete_messages(conn, select(delivery.c.id).where(told, delivery.c.client_id.in_(ids)))
        raised = select(alert.c.id).where(alert.c.client_id.in_(ids))
        conn.execute(delete(notification).where(notification.c.alert_id.in_(raised)))
        for table in (alert, alert_due, channel):
            conn.execute(delete(table).where(table.c.client_id.in_(ids)))
        conn.execute(delete(client).where(client.c.id.in_(ids)))
    return len(ids)


def _cross(
    conn: Connection,
    partner_id: PartnerId,
    account_id: str,
    phone: str,
    sender: Address | None,
    now: datetime,
    env: Surroundings,
) -> bool:
    ensure_hidden(conn, partner_id, "Canary", sender=sender, now=now)
    ensure_listener(conn, partner_id, phone, now)
    if directory.client_by_account(conn, partner_id, account_id) is not None:
        return False
    data = ClientData(account_id, "Canary", currency="EUR", language="en", time_zone="UTC", source="book")
    client_id = directory.add_client(conn, partner_id, data, now).id
    held = billing.holdings_of(conn, client_id)
    insert_channel(conn, held, "whatsapp", "canary", state=STOPPED, free_until=None, now=now)
    alerts.apply(conn, [Changed(partner_id, client_id, "stopped")], now=now, env=env)
    return True


def _delete_messages(conn: Connection, which: Select[tuple[str]]) -> None:
    ids = list(conn.execute(which).scalars())
    conn.execute(delete(status_event).where(status_event.c.delivery_id.in_(ids)))
    conn.execute(delete(attempt).where(attempt.c.delivery_id.in_(ids)))
    conn.execute(delete(delivery).where(delivery.c.id.in_(ids)))
