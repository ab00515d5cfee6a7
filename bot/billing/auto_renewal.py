"""Which clients renew by themselves: the table of the owner's consents."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, select, update

from bot.billing.accounts import lock_client_accounts
from bot.billing.changed import Changed
from bot.billing.consent import AutoRenewal
from bot.billing.plan import PriceBook
from bot.billing.standing import Standing
from bot.errors import UserError
from bot.ids import ClientId, PartnerId
from bot.money import Money, as_json
from bot.storage.audit import record
from bot.storage.queries import upsert
from bot.storage.reading import Reading
from bot.storage.tables import auto_renewal, client, partner

_CHUNK = 500


def of_clients(conn: Connection, client_ids: Iterable[ClientId]) -> Mapping[ClientId, AutoRenewal]:
    """Those of the clients that renew by themselves."""
    found: dict[ClientId, AutoRenewal] = {}
    wanted = sorted(set(client_ids))
    for start in range(0, len(wanted), _CHUNK):
        rows = _OF_CLIENTS.rows(conn, ids=wanted[start : start + _CHUNK])
        found |= {ClientId(row.client_id): _read(row) for row in rows}
    return found


def switch_on(
    conn: Connection,
    book: PriceBook,
    stands: Standing,
    *,
    limit: Money | None,
    by: str,
    now: datetime,
) -> list[Changed]:
    """The owner agrees that the client is renewed without asking, each time for `limit` at most: by default what
    renewing costs today. Saying it again replaces the limit.

    UserError auto_renewal_elsewhere (at Wazzup only a person renews), no_running_subscription, price_unknown (no limit
    given and no price known), amount_too_small, wrong_currency.
    """
    _refuse_elsewhere(conn, stands.client_id)
    if not any(one.state in ("active", "unpaid") for one in stands.subscriptions):
        raise UserError("no_running_subscription")
    most = stands.renewal if limit is None else limit
    if most is None:
        raise UserError("price_unknown", plan=stands.plan or "?", transport="?", currency=stands.currency)
    if most.currency != stands.currency:
        raise UserError("wrong_currency", expected=stands.currency, given=most.currency)
    if most.minor <= 0:
        raise UserError("amount_too_small", least=as_json(Money(1, stands.currency)), amount=as_json(most))
    lock_client_accounts(conn, [stands.client_id])
    row = {
        "client_id": stands.client_id,
        "partner_id": stands.partner_id,
        "limit_minor": most.minor,
        "agreed_by": by,
        "agreed_at": now,
        "look_at": now,
        "failed_for": None,
        "failed_why": None,
    }
    upsert(conn, auto_renewal, [row])
    facts = {"client": stands.client_id, "limit": as_json(most)}
    record(conn, stands.partner_id, "auto_renewal.on", facts, who=by, now=now)
    return [Changed(stands.partner_id, stands.client_id, "auto_renewal")]


def _refuse_elsewhere(conn: Connection, client_id: ClientId) -> None:
    query = select(client.c.company, client.c.account_id, partner.c.gateway)
    who = conn.execute(query.join(partner, partner.c.id == client.c.partner_id).where(client.c.id == client_id)).one()
    if who.gateway != "book":
        raise UserError("auto_renewal_elsewhere", company=who.company, account_id=who.account_id)


def switch_off(
    conn: Connection, partner_id: PartnerId, client_id: ClientId, *, by: str, now: datetime
) -> list[Changed]:
    """The client is no longer renewed without asking; nothing when it was not."""
    gone = delete(auto_renewal).where(auto_renewal.c.client_id == client_id, auto_renewal.c.partner_id == partner_id)
    if not conn.execute(gone).rowcount:
        return []
    record(conn, partner_id, "auto_renewal.off", {"client": client_id}, who=by, now=now)
    return [Changed(partner_id, client_id, "auto_renewal")]


def to_look_at(conn: Connection, now: datetime, limit: int) -> Sequence[AutoRenewal]:
    """Consents whose clients are due to be looked at, the longest waiting first."""
    query = _COLUMNS.where(auto_renewal.c.look_at <= now).order_by(auto_renewal.c.look_at, auto_renewal.c.client_id)
    return [_read(row) for row in conn.execute(query.limit(limit).with_for_update(of=auto_renewal, skip_locked=True))]


def is_due(conn: Connection, now: datetime) -> bool:
    """Whether a client is due to be looked at."""
    return _FIRST_DUE.one(conn, now=now) is not None


def note(
    conn: Connection, client_id: ClientId, *, look_at: datetime, failed_for: date | None, failed_why: str | None
) -> None:
    """Remember how a look went, and when the next one is due."""
    values = {
        "look_at": look_at,
        "failed_for": failed_for.isoformat() if failed_for else None,
        "failed_why": failed_why,
    }
    conn.execute(update(auto_renewal).where(auto_renewal.c.client_id == client_id).values(**values))


_COLUMNS = select(auto_renewal, client.c.currency).join(client, client.c.id == auto_renewal.c.client_id)
_OF_CLIENTS = Reading(_COLUMNS.where(auto_renewal.c.client_id.in_(bindparam("ids", expanding=True))))
_FIRST_DUE = Reading(select(auto_renewal.c.client_id).where(auto_renewal.c.look_at <= bindparam("now")).limit(1))


def _read(row: Any) -> AutoRenewal:
    return AutoRenewal(
        client_id=ClientId(row.client_id),
        partner_id=PartnerId(row.partner_id),
        limit=Money(row.limit_minor, row.currency),
        agreed_by=row.agreed_by,
        agreed_at=row.agreed_at,
        failed_for=date.fromisoformat(row.failed_for) if row.failed_for else None,
        failed_why=row.failed_why,
    )
