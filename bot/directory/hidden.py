"""Partners that are none but the installation's own, with somebody who hears of their clients; no list shows them."""

from datetime import datetime

from sqlalchemy import Connection

from bot.directory import arrangements, repository
from bot.directory.people import Curator, Role
from bot.directory.service import add_curator, create_partner, list_curators, remove_curator
from bot.ids import Address, PartnerId
from bot.phone import whatsapp_address

CONSENT = "set up by operations"


def ensure_hidden(conn: Connection, partner_id: PartnerId, name: str, *, sender: Address | None, now: datetime) -> None:
    """Make the hidden partner of this id unless it is there. `sender`: what its messages come from, None: the usual."""
    if repository.partner_by_id(conn, partner_id) is None:
        create_partner(conn, name, now=now, partner_id=partner_id)
        repository.update_partner(conn, partner_id, hidden=True, sender=sender)


def ensure_listener(conn: Connection, partner_id: PartnerId, phone: str, now: datetime) -> Curator:
    """The one person of a hidden partner, told at any hour under this number; whoever it was before is taken off.

    UserError bad_phone.
    """
    address = whatsapp_address(phone)
    known = list_curators(conn, partner_id)
    for one in known:
        if one.address == address:
            return one
        remove_curator(conn, one.id, now)
    made = add_curator(conn, partner_id, name="Operations", phone=phone, now=now, role=Role.VIEWER, consent=CONSENT)
    arrangements.set_hours(conn, made.id, any_hour=True, all_clear="never")
    return made
