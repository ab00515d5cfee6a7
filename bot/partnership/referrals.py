"""A registration by link becomes an account on the operator's word; its bills are shared month by month."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from bot.alerts import service as alerts
from bot.alerts.surroundings import Surroundings
from bot.billing.referral_credits import credit_referrals
from bot.directory import referrals
from bot.directory.referrals import Referral
from bot.errors import UserError
from bot.ids import PartnerId, ReferralId
from bot.partnership.clients import Added, NewClient, add_new_client
from bot.storage.audit import OPERATOR, record


def confirm_referral(
    conn: Connection,
    partner_id: PartnerId,
    wanted: str,
    details: NewClient,
    *,
    env: Surroundings,
    now: datetime,
) -> Added:
    """The registration of that id or e-mail becomes an account with a welcome credit, as everybody's who signs up.

    `details` bring what the form did not ask: currency, time zone, account number. UserError referral_unknown,
    referral_settled, email_known, and those of `add_new_client`.
    """
    found = _waiting(conn, partner_id, wanted)
    asked = replace(details, email=found.email, company=found.company, language=found.language)
    added = add_new_client(conn, partner_id, asked, env=env, now=now, by=OPERATOR, kind="referral")
    referrals.settle(conn, found, "confirmed", by=OPERATOR, now=now, client_id=added.client.id)
    facts = {"referral_id": found.id, "client_id": added.client.id}
    record(conn, partner_id, "referral.confirmed", facts, who=OPERATOR, now=now)
    return added


def decline_referral(conn: Connection, partner_id: PartnerId, wanted: str, reason: str, now: datetime) -> Referral:
    """A registration that becomes nothing; the address may register again. UserError reason_needed, and as above."""
    if not reason.strip():
        raise UserError("reason_needed")
    found = _waiting(conn, partner_id, wanted)
    referrals.settle(conn, found, "declined", by=OPERATOR, now=now, reason=reason.strip())
    facts = {"referral_id": found.id, "reason": reason.strip()}
    record(conn, partner_id, "referral.declined", facts, who=OPERATOR, now=now)
    return referrals.get_referral(conn, partner_id, found.id)


def credit_months(conn: Connection, after: ReferralId | None, *, env: Surroundings, now: datetime) -> ReferralId | None:
    """Share the months that are over of some referred users; after whom to go on, None when nobody is left."""
    credited = credit_referrals(conn, env.book, now, after)
    alerts.apply(conn, credited.changes, now=now, env=env)
    return credited.after


def _waiting(conn: Connection, partner_id: PartnerId, wanted: str) -> Referral:
    found = referrals.get_referral(conn, partner_id, wanted)
    if found.state != "registered":
        raise UserError("referral_settled", state=found.state)
    return found
