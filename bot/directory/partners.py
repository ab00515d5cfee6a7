"""Partner status: applied for with an account number, granted by the operator, ended by him."""

from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from bot.directory import repository
from bot.directory.people import Partner
from bot.directory.service import create_partner, get_partner
from bot.errors import UserError
from bot.ids import PartnerId

Granted = Literal["official", "referral"]
ACCOUNT_DIGITS = 8


def set_roads(conn: Connection, partner_id: PartnerId, **roads: str | None) -> None:
    """Choose where a partner's clients live (`gateway`) and what its messages come from (`sender`, None: the usual)."""
    repository.update_partner(conn, partner_id, **roads)


def apply_for_status(
    conn: Connection,
    account_id: str,
    *,
    name: str | None,
    now: datetime,
    partner_id: PartnerId | None = None,
    language: str = "en",
    time_zone: str = "UTC",
) -> Partner:
    """An application for partner status, with the number of the applicant's own account.

    A new applicant, or a known one, such as a referral partner, who asks to become official; asking twice, by id or
    by the same account and name, changes nothing. UserError bad_account_id, partner_official, account_taken,
    partner_unknown, and those of `create_partner`.
    """
    account = known_account_id(account_id)
    partner_id = partner_id or _known_by(conn, account, name)
    _refuse_taken(conn, account, partner_id)
    if partner_id is None or repository.partner_by_id(conn, partner_id) is None:
        made = create_partner(
            conn, name or account, now=now, partner_id=partner_id, language=language, time_zone=time_zone
        )
        repository.update_partner(conn, made.id, kind="applicant", account_id=account, applied_at=now)
        return get_partner(conn, made.id)
    known = get_partner(conn, partner_id)
    if known.kind == "official":
        raise UserError("partner_official", partner=known.id)
    if known.account_id not in (None, account):
        raise UserError("account_other", partner=known.id, account_id=known.account_id)
    repository.update_partner(conn, known.id, account_id=account, applied_at=known.applied_at or now)
    return get_partner(conn, known.id)


def grant(
    conn: Connection,
    partner_id: PartnerId,
    kind: Granted,
    *,
    now: datetime,
    program: str | None = None,
    account_id: str | None = None,
) -> Partner:
    """The operator makes an applicant an official or a referral partner, or a referral partner an official one.

    From this moment the Clients table counts: the joining date is today in the partner's zone. To an official partner
    only an account that was unknown is added. UserError already_granted, bad_account_id, account_taken,
    account_missing, partner_unknown.
    """
    known = get_partner(conn, partner_id)
    account = known.account_id if account_id is None else known_account_id(account_id)
    if known.account_id not in (None, account):
        raise UserError("account_other", partner=known.id, account_id=known.account_id)
    if known.kind == "official" and (kind == "referral" or account == known.account_id):
        raise UserError("already_granted", partner=known.id, kind=known.kind)
    if known.kind == kind == "referral":
        raise UserError("already_granted", partner=known.id, kind=known.kind)
    if account is None:
        raise UserError("account_missing", partner=known.id)
    _refuse_taken(conn, account, partner_id)
    values: dict[str, object] = {"account_id": account, "program": program or known.program}
    if known.kind != "official":
        today = now.astimezone(ZoneInfo(known.time_zone)).date()
        values |= {"kind": kind, "joined_on": today.isoformat(), "granted_at": now, "left_on": None}
    repository.update_partner(conn, partner_id, **values)
    return get_partner(conn, partner_id)


def leave(conn: Connection, partner_id: PartnerId, now: datetime) -> Partner:
    """The partnership ends today: free channels run to the end of their term and are not renewed any more.

    UserError already_left, partner_applicant.
    """
    known = get_partner(conn, partner_id)
    require_granted(known)
    if known.left_on is not None:
        raise UserError("already_left", partner=known.id, day=known.left_on.isoformat())
    today = now.astimezone(ZoneInfo(known.time_zone)).date()
    repository.update_partner(conn, partner_id, left_on=today.isoformat())
    return get_partner(conn, partner_id)


def require_granted(known: Partner) -> None:
    """UserError partner_applicant while the application waits: the Clients table begins with the grant."""
    if known.kind == "applicant":
        raise UserError("partner_applicant", partner=known.id)


def require_official(known: Partner) -> None:
    """UserError partner_applicant, partner_not_official: only an official partner brings clients in."""
    require_granted(known)
    if known.kind != "official":
        raise UserError("partner_not_official", partner=known.id)


def known_account_id(text: str) -> str:
    """An account number: 8 digits. UserError bad_account_id."""
    digits = text.strip()
    if len(digits) != ACCOUNT_DIGITS or not (digits.isascii() and digits.isdigit()):
        raise UserError("bad_account_id", text=text)
    return digits


def _known_by(conn: Connection, account_id: str, name: str | None) -> PartnerId | None:
    """Who has given this account as his own, and this name if any: the same applicant once more."""
    wanted = None if name is None else name.strip()
    mine = (one for one in repository.partners(conn) if one.account_id == account_id)
    return next((one.id for one in mine if wanted in (None, one.name)), None)


def _refuse_taken(conn: Connection, account_id: str, partner_id: PartnerId | None) -> None:
    """An account is one partner's own; UserError account_taken names nobody."""
    if any(one.account_id == account_id and one.id != partner_id for one in repository.partners(conn)):
        raise UserError("account_taken", account_id=account_id)
