"""The account table: opening, looking up and locking accounts, and what the partner may see of his own."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, bindparam, select

from bot.billing.prepared import Prepared
from bot.id_generator import new_id
from bot.ids import AccountId, ClientId, PartnerId
from bot.money import Money
from bot.storage.queries import insert_if_absent
from bot.storage.reading import Reading
from bot.storage.tables import account

Kind = Literal["partner", "client", "outside", "discount", "bonus", "revenue", "opening"]
WITH_FLOOR: frozenset[str] = frozenset({"partner", "client"})
"""Accounts of people: they have a floor and a running balance. The others are the books' other side."""


@dataclass(frozen=True, slots=True)
class Account:
    """An account as stored. `posted` and `held` in minor units; what may be spent is `available`."""

    id: AccountId
    partner_id: PartnerId
    kind: str
    owner_id: str
    currency: str
    posted: int
    held: int
    floor: int | None

    @property
    def balance(self) -> Money:
        """What is on the account, money held for something included."""
        return Money(self.posted, self.currency)

    @property
    def available(self) -> Money:
        """What is neither spent nor held."""
        return Money(self.posted - self.held, self.currency)


@dataclass(frozen=True, slots=True)
class AccountView:
    """A partner account for showing: the balance, how much of it is held, what can be spent."""

    currency: str
    balance: Money
    held: Money
    available: Money


_COLUMNS = (
    account.c.id,
    account.c.partner_id,
    account.c.kind,
    account.c.owner_id,
    account.c.currency,
    account.c.posted,
    account.c.held,
    account.c.floor,
)
"""In the order of the fields of Account."""
_BY_OWNER = Prepared(
    select(*_COLUMNS).where(
        account.c.partner_id == bindparam("partner"),
        account.c.kind == bindparam("kind"),
        account.c.owner_id == bindparam("owner"),
        account.c.currency == bindparam("currency"),
    )
)
_OF_CLIENTS = Reading(
    select(*_COLUMNS).where(account.c.kind == "client", account.c.owner_id.in_(bindparam("owners", expanding=True)))
)
_FEW = ("a", "b", "c", "d")
_GUARDED = select(*_COLUMNS).where(account.c.floor.is_not(None)).order_by(account.c.id).with_for_update(of=account)
_LOCK_FEW = Prepared(_GUARDED.where(account.c.id.in_([bindparam(name) for name in _FEW])))


def open_account(conn: Connection, partner_id: PartnerId, kind: Kind, owner_id: str, currency: str) -> Account:
    """The account of that owner and currency, opened when there is none. Floor 0 for partner and client."""
    found = find_account(conn, partner_id, kind, owner_id, currency)
    if found is not None:
        return found
    row = {
        "id": new_id(),
        "partner_id": partner_id,
        "kind": kind,
        "owner_id": owner_id,
        "currency": currency,
        "floor": 0 if kind in WITH_FLOOR else None,
    }
    insert_if_absent(conn, account, [row])
    opened = find_account(conn, partner_id, kind, owner_id, currency)
    assert opened is not None
    return opened


def system_account(conn: Connection, partner_id: PartnerId, kind: Kind, currency: str) -> AccountId:
    """The other side of the books: outside, discount, bonus, revenue or opening of a partner in a currency."""
    return open_account(conn, partner_id, kind, "", currency).id


def find_account(conn: Connection, partner_id: PartnerId, kind: Kind, owner_id: str, currency: str) -> Account | None:
    """The account of that owner and currency, or None."""
    wanted = {"partner": partner_id, "kind": kind, "owner": owner_id, "currency": currency}
    return next((Account(*row) for row in _BY_OWNER.rows(conn, wanted)), None)


def lock_accounts(conn: Connection, ids: Collection[AccountId]) -> dict[AccountId, Account]:
    """Read those accounts that have a floor and keep others from changing them until the unit ends.

    In id order, against deadlocks. The books' other side is left out: it has nothing to guard.
    """
    wanted = sorted(ids)
    rows: Iterable[Sequence[Any]] = ()
    if len(wanted) > len(_FEW):
        rows = conn.execute(_GUARDED.where(account.c.id.in_(wanted)))
    elif wanted:
        padded = wanted + wanted[-1:] * (len(_FEW) - len(wanted))
        rows = _LOCK_FEW.rows(conn, dict(zip(_FEW, padded, strict=True)))
    return {one.id: one for one in (Account(*row) for row in rows)}


def lock_client_accounts(conn: Connection, client_ids: Collection[ClientId]) -> None:
    """Keep others from changing these clients' money, subscriptions and channels until the unit ends.

    Whoever changes any of them holds the lock of the client's account.
    """
    if conn.dialect.name != "sqlite":  # where a unit is alone by itself
        wanted = select(account.c.id).where(account.c.kind == "client", account.c.owner_id.in_(list(client_ids)))
        conn.execute(wanted.order_by(account.c.id).with_for_update(of=account)).all()


def client_accounts(conn: Connection, clients: Mapping[ClientId, str]) -> dict[ClientId, Account]:
    """Accounts of clients in their own currency, given as client to currency; a client without one is left out."""
    if not clients:
        return {}
    found = (Account(*row) for row in _OF_CLIENTS.rows(conn, owners=list(clients)))
    return {one: held for held in found if held.currency == clients[one := ClientId(held.owner_id)]}


def partner_accounts(conn: Connection, partner_id: PartnerId) -> list[AccountView]:
    """The partner's own accounts, one per currency, by currency code."""
    query = select(*_COLUMNS).where(account.c.partner_id == partner_id, account.c.kind == "partner")
    found = [Account(*row) for row in conn.execute(query.order_by(account.c.currency))]
    return [AccountView(one.currency, one.balance, Money(one.held, one.currency), one.available) for one in found]
