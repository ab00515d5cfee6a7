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
    question = asked(conn, curator)
    message = Outgoing(
        key=f"invite:{curator.id}",
        to=curator.address,
        kind=Kind.INVITATION,
        template=question.template,
        language=curator.language,
        facts=question.facts,
        buttons=question.buttons,
        partner_id=curator.partner_id,
        curator_id=curator.id,
    )
    sent = outbox.enqueue(conn, message, sender=env.sender, now=now, jobs=env.jobs)
    if sent is not None:
        directory.note_invited(conn, curator.id, now)
    return sent


def asked(conn: Connection, curator: Curator) -> Reply:
    """The question that names partner and content, also the answer to anything but a yes or no. A client's own curator
    is asked about that client alone."""
    facts = {"name": curator.name, "partner": directory.get_partner(conn, curator.partner_id).name}
    if curator.client_id is None:
        return Reply("people/invitation", facts, BUTTONS, kind=Kind.INVITATION)
    company = directory.get_client(conn, curator.client_id).company
    return Reply("people/invitation_own", {**facts, "company": company}, BUTTONS, kind=Kind.INVITATION)


def thanks(conn: Connection, curator: Curator) -> Reply:
    """The answer to a yes: what happens from now on."""
    if curator.client_id is None:
        partner = directory.get_partner(conn, curator.partner_id)
        return Reply("people/agreed", {"name": curator.name, "partner": partner.name})
    company = directory.get_client(conn, curator.client_id).company
    return Reply("people/agreed_own", {"name": curator.name, "company": company})
