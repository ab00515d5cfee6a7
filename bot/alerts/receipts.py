"""Receipts: the asker gets the whole of it, the other curators hear that it was done, by whom and its number.

Of what was confirmed and could not be carried out the asker hears as well.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from bot.alerts import notifications, repository
from bot.alerts.alert import Alert, Kind
from bot.alerts.fingerprint import receipt_key, receipt_message_key
from bot.alerts.surroundings import Surroundings
from bot.billing import transfers
from bot.billing.changed import Changed
from bot.billing.receipts import ReceiptView, receipt
from bot.directory import service as directory
from bot.directory.people import Client, Curator
from bot.id_generator import new_id
from bot.ids import Address, AlertId, CuratorId, DeliveryId, InboxId, TransferId
from bot.messaging import message, outbox
from bot.messaging.message import Outgoing

_KINDS = {
    "topped_up": Kind.TOPPED_UP,
    "renewed": Kind.RENEWED,
    "subscribed": Kind.SUBSCRIBED,
    "changed": Kind.CHANGED,
}
_DONE = "receipt"
"""The resolution of an alert that only tells what was done."""


def write_receipts(
    conn: Connection, changes: Iterable[Changed], *, now: datetime, env: Surroundings, in_reply_to: InboxId | None
) -> None:
    """Write the receipts of these changes, each once whatever is repeated."""
    for change in changes:
        kind = _KINDS.get(change.what)
        if kind is not None and change.transfer_id is not None:
            _write(conn, kind, change.transfer_id, now, env, in_reply_to)
        elif change.what == "not_done" and change.transfer_id is not None:
            _tell_not_done(conn, change.transfer_id, now, env)


def _write(
    conn: Connection,
    kind: Kind,
    transfer_id: TransferId,
    now: datetime,
    env: Surroundings,
    in_reply_to: InboxId | None,
) -> None:
    view = receipt(conn, transfer_id)
    client = directory.get_client(conn, view.client_id)
    facts = {**view.facts(), "company": client.company, "account_id": client.account_id, "zone": client.time_zone}
    alert = _alert(kind, view, client, facts, now)
    if not repository.insert_alerts(conn, [alert]):
        return
    told: dict[CuratorId, DeliveryId] = {}
    for outgoing in _outgoings(conn, kind, view, client, facts, in_reply_to):
        delivery_id = outbox.enqueue(conn, outgoing, sender=env.sender, now=now, jobs=env.jobs)
        if delivery_id is not None and outgoing.curator_id is not None:
            told[outgoing.curator_id] = delivery_id
    notifications.insert_sent(conn, alert.id, told, now)


def _tell_not_done(conn: Connection, transfer_id: TransferId, now: datetime, env: Surroundings) -> None:
    """What was held is free again: say so to who waits for the receipt."""
    moved = transfers.read(conn, transfer_id)
    if moved is None or moved.client_id is None or moved.asked_by is None:
        return
    asker = directory.curators_by_id(conn, [moved.asked_by]).get(moved.asked_by)
    to = moved.asked_from or (asker.address if asker else None)
    if asker is None or to is None:
        return
    note = Outgoing(
        key=receipt_message_key(moved.id, asker.id),
        to=to,
        kind=message.Kind.RECEIPT,
        template="receipts/not_done",
        language=asker.language,
        facts={"company": directory.get_client(conn, moved.client_id).company, "receipt": moved.receipt},
        partner_id=moved.partner_id,
        curator_id=asker.id,
        client_id=moved.client_id,
    )
    outbox.enqueue(conn, note, sender=env.sender, now=now, jobs=env.jobs)


def _outgoings(
    conn: Connection,
    kind: Kind,
    view: ReceiptView,
    client: Client,
    facts: dict[str, Any],
    in_reply_to: InboxId | None,
) -> list[Outgoing]:
    others = directory.recipients(conn, [client.id])[client.id].informed
    wanted = {*others, *([view.asked_by] if view.asked_by else [])}
    people = directory.curators_by_id(conn, wanted)
    asker = people.get(view.asked_by) if view.asked_by else None
    named = {**facts, "who": asker.name if asker else None}
    found = [
        _outgoing(kind, view, one, named, one.address, full=False)
        for one in people.values()
        if one.id != view.asked_by and one.address is not None
    ]
    asked = transfers.read(conn, view.transfer_id)
    to = (asked.asked_from if asked else None) or (asker.address if asker else None)
    if asker is not None and to is not None:
        found.insert(0, _outgoing(kind, view, asker, named, to, full=True, in_reply_to=in_reply_to))
    return found


def _outgoing(
    kind: Kind,
    view: ReceiptView,
    curator: Curator,
    facts: dict[str, Any],
    to: Address,
    *,
    full: bool,
    in_reply_to: InboxId | None = None,
) -> Outgoing:
    return Outgoing(
        key=receipt_message_key(view.transfer_id, curator.id),
        to=to,
        kind=message.Kind.RECEIPT,
        template=f"receipts/{kind.value}" if full else f"receipts/{kind.value}_by",
        language=curator.language,
        facts={**facts, "zone": curator.time_zone},
        partner_id=curator.partner_id,
        curator_id=curator.id,
        client_id=view.client_id,
        in_reply_to=in_reply_to,
    )


def _alert(kind: Kind, view: ReceiptView, client: Client, facts: dict[str, Any], now: datetime) -> Alert:
    return Alert(
        id=AlertId(new_id()),
        partner_id=view.partner_id,
        client_id=client.id,
        key=receipt_key(view.transfer_id),
        kind=kind,
        stage=0,
        cycle=view.transfer_id,
        facts=facts,
        raised_at=now,
        resolved_at=now,
        resolution=_DONE,
    )
