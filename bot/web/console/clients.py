"""The partner's clients, with balance and what is next for each."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from bot.billing.service import Standing, standings
from bot.directory import service as directory
from bot.directory.matching import Exact, Several
from bot.directory.people import Client
from bot.web.ask import Ask, BadQuery
from bot.web.console.outlook import Outlook, outlooks
from bot.web.page import MoneyView, Page, Parameter, Reading

_PAGE_MAX = 100_000


@dataclass(frozen=True, slots=True)
class ClientLine:
    """One client in the list; `next` is None while nothing of it ends."""

    id: str
    account_id: str
    company: str
    balance: MoneyView
    channels: int
    tags: tuple[str, ...]
    as_of: datetime | None
    missing_since: datetime | None
    next: Outlook | None


@dataclass(frozen=True, slots=True)
class ClientList:
    """A page of the list, by company. `nearest`: nobody is called that, and these look alike."""

    clients: tuple[ClientLine, ...]
    total: int
    found: int
    page: int
    pages: int
    nearest: bool


def read_clients(conn: Connection, reading: Reading) -> ClientList:
    """The page `?page=` of the clients that `?q=` finds."""
    everybody = directory.list_clients(conn, reading.partner.id)
    query = reading.ask.text("q")
    hits, nearest = _hits(conn, reading, everybody, query) if query else (everybody, False)
    size = reading.ask.limit()
    pages = max(1, -(-len(hits) // size))
    page = min(_page_number(reading.ask), pages)
    shown = hits[(page - 1) * size : page * size]
    return ClientList(_lines(conn, reading, shown), len(everybody), len(hits), page, pages, nearest)


def _page_number(ask: Ask) -> int:
    value = ask.text("page") or "1"
    if not (value.isascii() and value.isdigit() and 0 < int(value[:9]) <= _PAGE_MAX):
        raise BadQuery("page")
    return int(value)


def _hits(conn: Connection, reading: Reading, everybody: list[Client], query: str) -> tuple[list[Client], bool]:
    """What holds the words as they are; else whom the chat would understand by them; else what looks alike."""
    wanted = query.casefold()
    plain = [one for one in everybody if wanted in _haystack(one)]
    if plain:
        return plain, False
    match = directory.find_client(conn, reading.partner.id, query)
    if isinstance(match, Exact):
        chosen, nearest = [match.client], False
    elif isinstance(match, Several):
        chosen, nearest = list(match.clients), False
    else:
        chosen, nearest = list(match.nearest), True
    known = {one.id: one for one in everybody}
    return [known[one.id] for one in chosen if one.id in known], nearest


def _haystack(one: Client) -> str:
    return "\n".join((one.company, one.account_id, one.contact_name or "", one.email or "", *one.tags)).casefold()


def _lines(conn: Connection, reading: Reading, shown: list[Client]) -> tuple[ClientLine, ...]:
    stands = standings(conn, [one.id for one in shown], reading.now, reading.book)
    ahead = {one.client: one for one in outlooks(conn, reading, shown)}
    return tuple(_line(one, stands[one.id], ahead.get(one.id)) for one in shown)


def _line(one: Client, standing: Standing, ahead: Outlook | None) -> ClientLine:
    return ClientLine(
        id=one.id,
        account_id=one.account_id,
        company=one.company,
        balance=standing.balance,
        channels=len(standing.channels),
        tags=one.tags,
        as_of=one.as_of,
        missing_since=one.missing_since,
        next=ahead,
    )


PAGE = Page(
    name="clients",
    path="/clients",
    api_path="/api/clients",
    summary="The partner's clients",
    view=ClientList,
    read=read_clients,
    parameters=(
        Parameter("q", "part of a name, ID, contact, e-mail or tag; typos and either script are understood"),
        Parameter("page", "which page, from 1 on"),
        Parameter("limit", "clients on a page, 1 to 200, 50 unless told"),
    ),
)
