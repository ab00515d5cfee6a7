"""The rules and terms of one partner, as every door shows them."""

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from bot.billing.plan import PriceBook
from bot.billing.repository import count_clients
from bot.billing.terms import Terms, terms_of
from bot.directory.people import Partner


def partner_terms(conn: Connection, book: PriceBook, partner: Partner, now: datetime) -> Terms:
    """What holds for this partner today in his own zone. UserError unknown_program."""
    return terms_of(
        book,
        partner.program,
        joined_on=partner.joined_on if partner.kind == "official" else None,
        left_on=partner.left_on,
        clients=count_clients(conn, partner.id),
        on=now.astimezone(ZoneInfo(partner.time_zone)).date(),
    )
