"""Replenishing the partner account by a payment page: asked for, opened, and credited exactly once, or not at all."""

from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection, select

from bot.billing import ledger
from bot.billing.accounts import partner_accounts
from bot.billing.opening import deposit
from bot.billing.payments import checkouts, events
from bot.billing.payments.news import Checkout, News, Outcome
from bot.billing.payments.port import PaymentEvent, Reversal, SessionView, reversal_from
from bot.billing.payments.reversals import apply_reversal
from bot.billing.payments.terms import ReplenishTerms
from bot.errors import UserError
from bot.id_generator import new_id
from bot.ids import Address, CheckoutId, CuratorId, InboxId, PartnerId
from bot.jobs.port import Jobs
from bot.money import Money, as_json
from bot.storage.audit import record
from bot.storage.tables import curator, ledger_transaction, partner

OPEN_JOB = "open_checkout"
"""Opens the payment page of a checkout; its key is the checkout's id."""
REFUNDS_JOB = "ask_refunds"
"""Asks the provider for the refunds of a payment; its key is the payment's id."""
OPEN_MAX = 20
"""So many pages of one partner may wait to be paid."""
_STILL_GOOD = timedelta(hours=1)
_log = structlog.get_logger(__name__)


def ask(
    conn: Connection,
    terms: ReplenishTerms,
    *,
    partner_id: PartnerId,
    amount: Money,
    language: str,
    asked_by: CuratorId | None,
    asked_from: Address | None,
    in_reply_to: InboxId | None = None,
    now: datetime,
    jobs: Jobs,
) -> Checkout:
    """Ask for a payment page; a job opens it. One that is open for the same person and amount is given again.

    Raises UserError not_official, bank_only, amount_too_small, amount_too_large, too_many_links.
    """
    _refuse(conn, terms, partner_id, amount)
    found = checkouts.same_open(conn, partner_id, amount, asked_by, now + _STILL_GOOD)
    if found is not None:
        return found
    if checkouts.count_open(conn, partner_id) >= OPEN_MAX:
        raise UserError("too_many_links", count=OPEN_MAX)
    assert terms.provider is not None
    asked = Checkout(
        id=CheckoutId(new_id()),
        partner_id=partner_id,
        provider=terms.provider,
        state="asked",
        amount=amount,
        language=language,
        asked_by=asked_by,
        asked_from=asked_from,
        in_reply_to=in_reply_to,
        session_id=None,
        payment_id=None,
        url=None,
        created_at=now,
        expires_at=now + terms.link_life,
        checked_at=now,
        settled_at=None,
        reason=None,
    )
    checkouts.add(conn, asked)
    jobs.enqueue(conn, OPEN_JOB, asked.id, now, priority=10)
    return asked


def give_up(conn: Connection, checkout_id: CheckoutId, reason: str, now: datetime) -> Outcome:
    """No page could be opened."""
    found = checkouts.lock(conn, checkout_id=checkout_id)
    if found is None or found.state != "asked":
        return Outcome()
    failed = checkouts.change(conn, found.id, state="failed", settled_at=now, reason=reason)
    return Outcome(news=[News("no_link", failed, failed.amount)])


def see(conn: Connection, checkout_id: CheckoutId, view: SessionView, now: datetime, jobs: Jobs) -> Outcome:
    """Take in what the provider answers about a page."""
    found = checkouts.lock(conn, checkout_id=checkout_id)
    if found is None:
        return Outcome()
    checkouts.note_checked(conn, [found.id], now)
    return _settle(conn, found, view, now, jobs)


def hear(conn: Connection, provider: str, event: PaymentEvent, now: datetime, jobs: Jobs) -> Outcome:
    """Take in a report of the provider: each once, in whatever order they come."""
    if not events.take(conn, provider, event, now):
        return Outcome()
    if event.session is not None:
        found = _of_session(conn, event.session)
        if found is None or found.provider != provider:
            return Outcome()
        events.conclude(conn, provider, event.id, "applied", found.id)
        return _settle(conn, found, event.session, now, jobs)
    payment_id = event.payment_id
    paid = checkouts.lock_payment(conn, provider, payment_id) if payment_id else None
    if paid is None or paid.state not in ("paid", "held"):
        events.conclude(conn, provider, event.id, "waiting", paid.id if paid else None)
        return Outcome()
    events.conclude(conn, provider, event.id, "applied", paid.id)
    if event.reversal is not None:
        return _reverse(conn, paid, event.reversal, now)
    jobs.enqueue(conn, REFUNDS_JOB, str(payment_id), now)
    return Outcome()


def take_back(conn: Connection, provider: str, reversal: Reversal, now: datetime) -> Outcome:
    """Take in a refund that the provider was asked for."""
    paid = checkouts.lock_payment(conn, provider, reversal.payment_id)
    if paid is None or paid.state not in ("paid", "held"):
        return Outcome()
    return _reverse(conn, paid, reversal, now)


def _refuse(conn: Connection, terms: ReplenishTerms, partner_id: PartnerId, amount: Money) -> None:
    kind = conn.execute(select(partner.c.kind).where(partner.c.id == partner_id)).scalar()
    if kind != "official":
        raise UserError("not_official", kind=kind or "unknown")
    if not terms.serves(amount.currency):
        raise UserError("bank_only", currency=amount.currency, details=terms.bank_details)
    if amount < terms.least(amount.currency):
        raise UserError("amount_too_small", least=as_json(terms.least(amount.currency)), amount=as_json(amount))
    if amount > terms.most(amount.currency):
        raise UserError("amount_too_large", most=as_json(terms.most(amount.currency)), amount=as_json(amount))


def _of_session(conn: Connection, view: SessionView) -> Checkout | None:
    """Ours, by the session's id; or by our own id in it while we have not heard yet which session it became."""
    found = checkouts.lock(conn, session_id=view.id)
    if found is not None or view.checkout_id is None:
        return found
    asked = checkouts.lock(conn, checkout_id=view.checkout_id)
    return asked if asked is not None and asked.session_id is None else None


def _settle(conn: Connection, found: Checkout, view: SessionView, now: datetime, jobs: Jobs) -> Outcome:
    if found.session_id not in (None, view.id) or view.checkout_id not in (None, found.id):
        _log.error("payment.other_session", checkout=found.id, session=view.id)
        return Outcome()
    known = checkouts.change(
        conn, found.id, session_id=view.id, url=found.url or view.url, payment_id=found.payment_id or view.payment_id
    )
    match view.state:
        case "open" if known.state == "asked":
            opened = checkouts.change(conn, known.id, state="open")
            return Outcome(news=[News("link", opened, opened.amount)])
        case "processing" if known.state in ("asked", "open"):
            return _closed(conn, known, "processing", None)
        case "failed" if known.state in checkouts.WAITING:
            return _closed(conn, known, "failed", now)
        case "expired" if known.state in ("asked", "open"):
            return _closed(conn, known, "expired", now)
        case "paid" if known.state not in ("paid", "held"):
            return _paid(conn, known, view, now, jobs)
    return Outcome()


def _closed(conn: Connection, known: Checkout, state: str, settled_at: datetime | None) -> Outcome:
    changed = checkouts.change(conn, known.id, state=state, settled_at=settled_at)
    assert changed.state in ("processing", "failed", "expired")
    return Outcome(news=[News(changed.state, changed, changed.amount)])


def _paid(conn: Connection, known: Checkout, view: SessionView, now: datetime, jobs: Jobs) -> Outcome:
    """Credit it: once, by the session's id, and only the amount and currency that were asked for."""
    if view.amount != known.amount:
        return _held(conn, known, view, now, jobs)
    paid = checkouts.change(conn, known.id, state="paid", settled_at=now)
    by = conn.execute(select(curator.c.name).where(curator.c.id == paid.asked_by)).scalar() or "operator"
    reason = f"{paid.provider} payment {view.payment_id}"
    changes = deposit(conn, paid.partner_id, paid.amount, reason=reason, by=by, key=view.id, now=now)
    if not changes:
        return Outcome()
    outcome = Outcome(changes, [_credited(conn, paid, view.id)])
    return _with_waiting(conn, paid, outcome, now, jobs)


def _credited(conn: Connection, paid: Checkout, session_id: str) -> News:
    query = select(ledger_transaction.c.receipt).where(
        ledger_transaction.c.partner_id == paid.partner_id,
        ledger_transaction.c.key == ledger.deposit_key(session_id),
    )
    left = next(one for one in partner_accounts(conn, paid.partner_id) if one.currency == paid.amount.currency)
    return News("credited", paid, paid.amount, left.available, conn.execute(query).scalar())


def _held(conn: Connection, known: Checkout, view: SessionView, now: datetime, jobs: Jobs) -> Outcome:
    """Somebody paid, but not what was asked: nothing is credited, operations decide."""
    reason = f"asked for {known.amount}, paid {view.amount}"
    held = checkouts.change(conn, known.id, state="held", settled_at=now, reason=reason)
    _audit(conn, held, "held", {"asked": as_json(known.amount), "paid": as_json(view.amount)}, now)
    return _with_waiting(conn, held, Outcome(news=[News("held", held, view.amount)]), now, jobs)


def _with_waiting(conn: Connection, paid: Checkout, outcome: Outcome, now: datetime, jobs: Jobs) -> Outcome:
    """What was reported of the payment before the payment itself."""
    if paid.payment_id is None:
        return outcome
    for event_id, facts in events.waiting_for(conn, paid.provider, paid.payment_id):
        events.conclude(conn, paid.provider, event_id, "applied", paid.id)
        if "reversal" in facts:
            more = _reverse(conn, paid, reversal_from(facts["reversal"]), now)
            outcome = Outcome([*outcome.changes, *more.changes], [*outcome.news, *more.news])
        else:
            jobs.enqueue(conn, REFUNDS_JOB, paid.payment_id, now)
    return outcome


def _reverse(conn: Connection, paid: Checkout, reversal: Reversal, now: datetime) -> Outcome:
    """Only what was credited can be taken back: a held payment never was, and another currency is for people."""
    if paid.state == "held" or reversal.amount.currency != paid.amount.currency or reversal.amount.minor <= 0:
        _audit(conn, paid, "reversal_not_posted", {"id": reversal.id, "amount": as_json(reversal.amount)}, now)
        return Outcome()
    return apply_reversal(conn, paid, reversal, now)


def _audit(conn: Connection, about: Checkout, action: str, facts: dict[str, object], now: datetime) -> None:
    """For operations: a row to find, and a line in the log that alarms."""
    _log.error(f"payment.{action}", checkout=about.id, session=about.session_id, **facts)
    whole = {"checkout": about.id, "session": about.session_id, **facts}
    record(conn, about.partner_id, f"payment.{action}", whole, who=about.provider, now=now)
