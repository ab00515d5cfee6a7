"""What people type on the command line: clients, amounts, periods, moments, spans."""

import re
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Connection

from bot.directory.matching import Exact, Nothing, Several
from bot.directory.people import Client, Partner
from bot.directory.service import find_client, get_client
from bot.errors import UserError
from bot.handlers.amount import AmountProblem, parse_amount
from bot.money import Money, normal_currency, of

_PERIOD = re.compile(r"^(\d{1,2})\s*(m|mo|month|months|y|year|years)?$", re.IGNORECASE)
_SPAN = re.compile(r"^(\d{1,4})\s*([dw]?)$", re.IGNORECASE)


def client_of(conn: Connection, partner: Partner, query: str) -> Client:
    """The client that is meant. UserError client_not_found, client_several."""
    match find_client(conn, partner.id, query):
        case Exact(client=one):
            return get_client(conn, one.id)
        case Several(clients=found):
            raise UserError(
                "client_several", query=query, found=", ".join(f"{x.company} {x.account_id}" for x in found)
            )
        case Nothing(nearest=nearest):
            raise UserError("client_not_found", query=query, nearest=", ".join(x.company for x in nearest) or "–")


def amount_of(text: str, currency: str) -> Money:
    """Money from `1440`, `1440.50` or `1 440,50 €`, read as the chat reads it.

    UserError bad_amount, wrong_currency, or unclear_amount for what can be read in two ways (`1,440`).
    """
    found = parse_amount(text)
    if isinstance(found, AmountProblem):
        raise UserError("bad_amount", text=text)
    if found.currency not in (None, currency):
        raise UserError("wrong_currency", asked=found.currency, currency=currency)
    if found.other is not None:
        raise UserError("unclear_amount", text=text, one=format(found.value, "f"), other=format(found.other, "f"))
    try:
        return of(found.value, currency)
    except ValueError as error:
        raise UserError("bad_amount", text=text) from error


def currency_of(text: str) -> str:
    """ISO code from `EUR`, `€` or `RUR`. UserError bad_currency."""
    code = normal_currency(text)
    if code not in ("EUR", "USD", "KZT", "RUB"):
        raise UserError("bad_currency", text=text)
    return code


def months_of(text: str) -> int:
    """Months from `12`, `12m` or `1y`. UserError bad_period."""
    found = _PERIOD.match(text.strip())
    if not found:
        raise UserError("bad_period", text=text)
    number = int(found[1])
    return number * 12 if (found[2] or "").lower().startswith("y") else number


def moment_of(text: str) -> datetime:
    """A moment from ISO 8601; a bare day is its midnight, a time without offset is UTC. UserError bad_moment."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UserError("bad_moment", text=text) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def day_of(text: str) -> date:
    """A day from `2026-11-26`. UserError bad_day."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError as error:
        raise UserError("bad_day", text=text) from error


def span_of(text: str) -> timedelta:
    """A span from `14d`, `2w` or `14`. UserError bad_span."""
    found = _SPAN.match(text.strip())
    if not found:
        raise UserError("bad_span", text=text)
    return timedelta(days=int(found[1]) * (7 if found[2].lower() == "w" else 1))
