"""Brings single clients in: a new one with its welcome credit, or an existing account through support."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from bot.alerts import service as alerts
from bot.alerts.surroundings import Surroundings
from bot.billing.accounts import partner_accounts
from bot.billing.changed import Changed
from bot.billing.opening import open_client
from bot.billing.welcome import give_welcome
from bot.directory import repository
from bot.directory import service as directory
from bot.directory.email import normal_email
from bot.directory.partners import known_account_id, require_official
from bot.directory.people import Client, ClientData, Partner
from bot.errors import UserError
from bot.ids import PartnerId
from bot.money import Money, as_json, zero
from bot.partnership.account_numbers import new_account_id
from bot.storage.audit import OPERATOR, record
from bot.storage.switches import Switch, refuse_while_paused

COMPANY_LENGTH_MAX = 120
DEFAULT_CURRENCY = "EUR"


@dataclass(frozen=True, slots=True)
class NewClient:
    """What the "Add client" window asks for, and what it takes from elsewhere: None is the partner's own."""

    email: str | None
    company: str
    language: str
    currency: str | None = None
    time_zone: str | None = None
    account_id: str | None = None


@dataclass(frozen=True, slots=True)
class Added:
    """A client that was brought in; `welcome` is None where nothing was credited."""

    client: Client
    welcome: Money | None


def add_new_client(
    conn: Connection,
    partner_id: PartnerId,
    wanted: NewClient,
    *,
    env: Surroundings,
    now: datetime,
    by: str,
    kind: str = "client",
) -> Added:
    """A client new to the service: its account is opened with the welcome credit of its currency.

    All financial curators of the partner hear of it from now on. UserError money_stopped (the operator has paused
    money, and the credit is given only now), partner_applicant, partner_not_official, bad_email, email_known,
    company_needed, bad_account_id, client_exists, client_of_another, bad_time_zone.
    """
    refuse_while_paused(conn, Switch.MONEY)
    partner = directory.get_partner(conn, partner_id)
    if kind == "client":
        require_official(partner)
    email = normal_email(wanted.email or "")
    _refuse_known_email(conn, partner_id, email)
    client = _insert(conn, partner, replace(wanted, email=email), now, kind)
    credit = give_welcome(conn, env.book, partner_id, client.id, now)
    facts = {"client_id": client.id, "account_id": client.account_id, "company": client.company, "email": email}
    record(conn, partner_id, "client.added", facts | {"welcome": as_json(credit) if credit else None}, who=by, now=now)
    alerts.apply(conn, [Changed(partner_id, client.id, "opened")], now=now, env=env)
    return Added(client, credit)


def attach_client(
    conn: Connection,
    partner_id: PartnerId,
    account_id: str,
    wanted: NewClient,
    *,
    reason: str,
    env: Surroundings,
    now: datetime,
) -> Client:
    """An account that exists already becomes a client of the partner, on the operator's word; no welcome credit.

    A referral of his becomes his client so; its year of shares goes on. UserError reason_needed, client_exists,
    client_of_another, and those of `add_new_client`.
    """
    if not reason.strip():
        raise UserError("reason_needed")
    partner = directory.get_partner(conn, partner_id)
    require_official(partner)
    account = known_account_id(account_id)
    known = directory.client_by_account(conn, partner_id, account)
    if known is not None and known.kind != "referral":
        raise UserError("client_exists", account_id=account)
    if known is not None:
        repository.set_client_kind(conn, known.id, "client")
        client = directory.get_client(conn, known.id)
    else:
        email = normal_email(wanted.email) if wanted.email else None
        client = _insert(conn, partner, replace(wanted, email=email, account_id=account), now, "client")
        open_client(conn, partner_id, client.id, zero(client.currency), now=now)
    facts = {"client_id": client.id, "account_id": account, "company": client.company, "reason": reason.strip()}
    record(conn, partner_id, "client.attached", facts, who=OPERATOR, now=now)
    alerts.apply(conn, [Changed(partner_id, client.id, "opened")], now=now, env=env)
    return client


def _insert(conn: Connection, partner: Partner, wanted: NewClient, now: datetime, kind: str) -> Client:
    company = " ".join(wanted.company.split())
    if not company or len(company) > COMPANY_LENGTH_MAX or not company.isprintable():
        raise UserError("company_needed", most=COMPANY_LENGTH_MAX)
    account_id = new_account_id(conn) if wanted.account_id is None else known_account_id(wanted.account_id)
    if any(holder != partner.id for holder in repository.account_holders(conn, account_id)):
        raise UserError("client_of_another", account_id=account_id)
    data = ClientData(
        account_id=account_id,
        company=company,
        currency=wanted.currency or _usual_currency(conn, partner.id),
        language=wanted.language,
        time_zone=wanted.time_zone or partner.time_zone,
        email=wanted.email,
        source="book",
    )
    return directory.add_client(conn, partner.id, data, now, kind)


def _usual_currency(conn: Connection, partner_id: PartnerId) -> str:
    """The currency of the partner account, where there is just one."""
    known = [one.currency for one in partner_accounts(conn, partner_id)]
    return known[0] if len(known) == 1 else DEFAULT_CURRENCY


def _refuse_known_email(conn: Connection, partner_id: PartnerId, email: str) -> None:
    """One administrator, one welcome credit."""
    for one in directory.list_clients(conn, partner_id):
        if (one.email or "").lower() == email:
            raise UserError("email_known", email=email, company=one.company, account_id=one.account_id)
