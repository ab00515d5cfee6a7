"""Asks a new curator whether messages are welcome; until the answer is yes no data goes to that number."""

from datetime import datetime

from sqlalchemy import Connection

from bot.alerts.surroundings import Surroundings
from bot.directory import service as directory
from bot.directory.people import Curator
from bot.handlers.payload import payload_of
from bot.handlers.reply import Reply
from bot.ids import DeliveryId
from bot.messaging import outbox
from bot.messaging.message import Kind, Outgoing
from bot.messaging.templates import Button

BUTTONS = (Button("agree", payload_of("consent", "yes")), Button("refuse", payload_of("consent", "no")))


def invite(conn: Connection, curator: Curator, *, now: datetime, env: Surroundings) -> DeliveryId | None:
    """Send the invitation that names partner and content; None when it was sent before or need not be."""
    if curator.consent_at is not None or curator.address is None:
        return None
    partner = directory.get_partner(conn, curator.partner_id)
    message = Outgoing(
        key=f"invite:{curator.id}",
        to=curator.address,
        kind=Kind.INVITATION,
        template="people/invitation",
        language=curator.language,
        facts={"name": curator.name, "partner": partner.name},
        buttons=BUTTONS,
        partner_id=curator.partner_id,
        curator_id=curator.id,
    )
    sent = outbox.enqueue(conn, message, sender=env.sender, now=now, jobs=env.jobs)
    if sent is not None:
        directory.note_invited(conn, curator.id, now)
    return sent


def asked_again(curator: Curator, partner_name: str) -> Reply:
    """The same question as an answer to anything but a yes or no."""
    return Reply("people/invitation", {"name": curator.name, "partner": partner_name}, BUTTONS, kind=Kind.INVITATION)
