"""Referral links and the registrations that come by them. Only the operator makes a registration an account."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, func, select, update

from bot.directory.email import normal_email
from bot.directory.partners import require_granted
from bot.directory.service import get_partner
from bot.errors import UserError
from bot.i18n import supported
from bot.id_generator import new_id
from bot.ids import ClientId, PartnerId, ReferralId
from bot.storage.queries import insert_if_absent
from bot.storage.tables import referral, referral_link

COMPANY_LENGTH_MAX = 120
REGISTRATIONS_A_DAY_MAX = 100
"""By one link: more is no audience but a machine."""
_SIGNS = "23456789abcdefghjkmnpqrstuvwxyz"
_CODE_LENGTH = 8
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Referral:
    """A user who registered by a link. `state`: registered, confirmed (there is an account), declined.

    `credited_month` (`2026-11`) is the last month whose bills were shared, `credited_until` the moment it ended.
    """

    id: ReferralId
    partner_id: PartnerId
    state: str
    email: str
    company: str
    language: str
    registered_at: datetime
    client_id: ClientId | None
    settled_at: datetime | None
    reason: str | None
    credited_month: str | None
    credited_until: datetime | None


def link_code(conn: Connection, partner_id: PartnerId, now: datetime) -> str:
    """The code of a partner's referral link, made when first asked for. UserError partner_applicant."""
    require_granted(get_partner(conn, partner_id))
    row = {"code": _new_code(), "partner_id": partner_id, "created_at": now}
    insert_if_absent(conn, referral_link, [row])
    found = select(referral_link.c.code).where(referral_link.c.partner_id == partner_id)
    return str(conn.execute(found).scalar_one())


def known_code(conn: Connection, partner_id: PartnerId) -> str | None:
    """The code of a partner's link, None while nobody has asked for one."""
    return conn.execute(select(referral_link.c.code).where(referral_link.c.partner_id == partner_id)).scalar()


def link_owner(conn: Connection, code: str) -> PartnerId:
    """Whose link it is. UserError link_unknown; so is the link of a partner who has left."""
    found = conn.execute(select(referral_link.c.partner_id).where(referral_link.c.code == code)).scalar()
    if found is None or get_partner(conn, PartnerId(found)).left_on is not None:
        raise UserError("link_unknown", code=code)
    return PartnerId(found)


def register(conn: Connection, code: str, *, email: str, company: str, language: str, now: datetime) -> bool:
    """Note a registration by a link; False for an address that had registered before: the first link counts.

    UserError link_unknown, link_busy, bad_email, company_needed.
    """
    partner_id = link_owner(conn, code)
    address, name = normal_email(email), " ".join(company.split())
    if not name or len(name) > COMPANY_LENGTH_MAX or not name.isprintable():
        raise UserError("company_needed", most=COMPANY_LENGTH_MAX)
    recent = (referral.c.partner_id == partner_id, referral.c.registered_at > now - _DAY)
    if conn.execute(select(func.count()).where(*recent)).scalar_one() >= REGISTRATIONS_A_DAY_MAX:
        raise UserError("link_busy")
    row = {
        "id": new_id(),
        "partner_id": partner_id,
        "state": "registered",
        "email": address,
        "company": name,
        "language": supported(language),
        "registered_at": now,
    }
    return bool(insert_if_absent(conn, referral, [row]))


def list_referrals(conn: Connection, partner_id: PartnerId) -> list[Referral]:
    """A partner's registrations, the newest first."""
    query = select(referral).where(referral.c.partner_id == partner_id)
    return [
        _referral(row) for row in conn.execute(query.order_by(referral.c.registered_at.desc(), referral.c.id.desc()))
    ]


def get_referral(conn: Connection, partner_id: PartnerId, wanted: str) -> Referral:
    """A registration by its id or e-mail. UserError referral_unknown."""
    same = (referral.c.id == wanted) | (referral.c.email == wanted.strip().lower())
    query = select(referral).where(referral.c.partner_id == partner_id, same).order_by(referral.c.registered_at.desc())
    row = conn.execute(query.limit(1)).first()
    if row is None:
        raise UserError("referral_unknown", referral=wanted)
    return _referral(row)


def settle(
    conn: Connection,
    found: Referral,
    state: str,
    *,
    by: str,
    now: datetime,
    client_id: ClientId | None = None,
    reason: str | None = None,
) -> None:
    """A registration becomes an account, or is declined; once. UserError referral_settled."""
    values = {"state": state, "client_id": client_id, "settled_at": now, "settled_by": by, "reason": reason}
    waits = referral.c.id == found.id, referral.c.state == "registered"
    if conn.execute(update(referral).where(*waits).values(**values)).rowcount != 1:
        raise UserError("referral_settled", state=found.state)


def _new_code() -> str:
    return "".join(secrets.choice(_SIGNS) for _ in range(_CODE_LENGTH))


def _referral(row: Row[*tuple[Any, ...]]) -> Referral:
    return Referral(
        id=ReferralId(row.id),
        partner_id=PartnerId(row.partner_id),
        state=row.state,
        email=row.email,
        company=row.company,
        language=row.language,
        registered_at=row.registered_at,
        client_id=None if row.client_id is None else ClientId(row.client_id),
        settled_at=row.settled_at,
        reason=row.reason,
        credited_month=row.credited_month,
        credited_until=row.credited_until,
    )
