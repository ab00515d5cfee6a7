"""A partner with a past for the console to show: clients that end, curators, messages in every state, money moved."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert

from bot.billing.service import confirm, deposit, open_client, quote_top_up, set_channels, set_subscription
from bot.directory import service as directory
from bot.directory.people import Client, ClientData, Curator, Partner
from bot.id_generator import new_id
from bot.ids import PartnerId
from bot.money import of
from bot.storage.tables import alert, attempt, delivery, notification, status_event
from tests.integration.web_door import BOOK, SENDER

ZONE = "Europe/Riga"


@dataclass(frozen=True, slots=True)
class Story:
    """Who and what there is."""

    partner: Partner
    alfa: Client
    beta: Client
    anna: Curator
    boris: Curator
    messages: dict[str, str]


def tell(conn: Connection, now: datetime) -> Story:
    """Alfa Dental's subscription ends in 7 days; Beta Kids has money for 2 days; messages are a minute apart."""
    partner = directory.create_partner(conn, "Riga Partners", now=now, time_zone=ZONE)
    alfa = _client(conn, partner.id, "48210017", "Alfa Dental", now)
    beta = _client(conn, partner.id, "48210025", "Бета <Kids> & Ко", now)
    anna = _curator(conn, partner.id, "Anna", "+37120000101", now)
    boris = _curator(conn, partner.id, "Борис", "+79160000102", now)
    _money(conn, partner, alfa, beta, anna, now)
    states = ("queued", "sent", "delivered", "read", "failed")
    messages = {
        state: write(conn, partner.id, anna if n % 2 else boris, alfa, state, now - timedelta(minutes=n + 1))
        for n, state in enumerate(states)
    }
    return Story(partner, alfa, beta, anna, boris, messages)


def write(
    conn: Connection,
    partner_id: PartnerId | None,
    curator: Curator,
    client: Client,
    state: str,
    at: datetime,
    **more: Any,
) -> str:
    """A message in a state, with its attempt, its reports and the alert that it carries. Returns its id."""
    message_id = new_id()
    sent = at + timedelta(seconds=1) if state not in ("queued", "failed") else None
    failed = at + timedelta(seconds=3) if state == "failed" else None
    sid = f"SM{message_id}"
    row: dict[str, Any] = {
        "id": message_id, "partner_id": partner_id, "curator_id": curator.id, "client_id": client.id,
        "key": f"alert:{message_id}", "kind": "alert", "priority": 50, "to_address": curator.address,
        "sender": SENDER, "template": "alerts/ending", "language": curator.language, "variables": {},
        "body": f"Finances: *{client.company}* ends in 7 days\nID {client.account_id}",
        "buttons": [["Renew", "renew:1"], ["I'm on it", "claim:1"]], "state": state,
        "attempts": 0 if state == "queued" else 1, "provider_id": None if state == "queued" else sid,
        "error_code": 63016 if failed else None, "not_before": at, "created_at": at, "sent_at": sent,
        "delivered_at": at + timedelta(seconds=2) if state in ("delivered", "read") else None,
        "read_at": at + timedelta(seconds=60) if state == "read" else None, "failed_at": failed,
    }  # fmt: skip
    conn.execute(insert(delivery).values(row | more))
    if state != "queued":
        _attempt(conn, message_id, sid, at)
        _reports(conn, message_id, sid, state, at)
    _alert(conn, partner_id, curator, client, message_id, at)
    return message_id


def _attempt(conn: Connection, message_id: str, sid: str, at: datetime) -> None:
    conn.execute(
        insert(attempt).values(
            delivery_id=message_id,
            n=1,
            mode="template",
            started_at=at + timedelta(milliseconds=100),
            finished_at=at + timedelta(milliseconds=184),
            outcome="accepted",
            http_status=201,
            provider_id=sid,
            duration_ms=84,
            request={"method": "POST", "form": {"To": "whatsapp:+37*******01", "ContentSid": "HX1"}},
            response={"status": 201, "body": {"sid": sid}},
        )
    )


def _reports(conn: Connection, message_id: str, sid: str, state: str, at: datetime) -> None:
    way = ("failed",) if state == "failed" else ("sent", "delivered", "read")
    for n, status in enumerate(way[: way.index(state) + 1]):
        conn.execute(
            insert(status_event).values(
                provider_id=sid,
                status=status,
                delivery_id=message_id,
                applied="applied",
                raw={},
                error_code=63016 if status == "failed" else None,
                received_at=at + timedelta(seconds=n + 1),
            )
        )


def _alert(
    conn: Connection, partner_id: PartnerId | None, curator: Curator, client: Client, message_id: str, at: datetime
) -> None:
    alert_id = new_id()
    conn.execute(
        insert(alert).values(
            id=alert_id,
            partner_id=curator.partner_id,
            client_id=client.id,
            key=f"alert:{alert_id}",
            kind="ending",
            stage=7,
            cycle=alert_id,
            state="open",
            facts={},
            raised_at=at,
        )
    )
    conn.execute(
        insert(notification).values(
            alert_id=alert_id, curator_id=curator.id, delivery_id=message_id, outcome="sent", at=at
        )
    )


def _client(conn: Connection, partner_id: PartnerId, account_id: str, company: str, now: datetime) -> Client:
    data = ClientData(
        account_id=account_id, company=company, currency="EUR", language="en", time_zone=ZONE, contact_name="Ilze",
        contact_phone="+37120000017", tags=("vip",), as_of=now,
    )  # fmt: skip
    return directory.add_client(conn, partner_id, data, now)


def _curator(conn: Connection, partner_id: PartnerId, name: str, phone: str, now: datetime) -> Curator:
    return directory.add_curator(
        conn, partner_id, name=name, phone=phone, language="en", role="owner", consent="form", now=now
    )


def _money(conn: Connection, partner: Partner, alfa: Client, beta: Client, anna: Curator, now: datetime) -> None:
    since = now - timedelta(days=2)
    deposit(conn, partner.id, of("1200", "EUR"), reason="bank transfer", by="Anna", key="deposit:1", now=since)
    open_client(conn, partner.id, alfa.id, of("0", "EUR"), now=since)
    open_client(conn, partner.id, beta.id, of("9", "EUR"), now=since)
    end = (now + timedelta(days=7)).date()
    set_subscription(conn, partner.id, alfa.id, plan="inbox", end_date=end, months=12, as_of=now, now=since)
    set_channels(conn, partner.id, alfa.id, [("whatsapp", "+37120000017")], None, True, since)
    set_channels(conn, partner.id, beta.id, [("telegram", "beta_kids")], of("4", "EUR"), False, since)
    quote = quote_top_up(
        conn, BOOK, partner_id=partner.id, client_id=alfa.id, amount=of("1440", "EUR"), asked_by=anna.id,
        asked_from=anna.address, now=now - timedelta(minutes=5),
    )  # fmt: skip
    assert anna.address
    confirm(conn, transfer_id=quote.id, curator_id=anna.id, address=anna.address, now=now - timedelta(minutes=4))
