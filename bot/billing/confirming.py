"""From quote to pending to posted or voided: who may confirm, what is held, and what happens exactly once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.billing import transfers
from bot.billing.accounts import Account, lock_accounts
from bot.billing.changed import Changed
from bot.billing.gateway import Gateway
from bot.billing.gateways.book import BookGateway
from bot.billing.gateways.wazzup.gateway import WazzupGateway
from bot.billing.ledger import net, outflow
from bot.billing.posting import hold, lock_people, release, shortfalls
from bot.billing.quote import Quote
from bot.billing.transfers import State, Transfer
from bot.errors import UserError
from bot.ids import AccountId, Address, CuratorId, TransferId
from bot.money import as_json

SETTLE_JOB = "settle"
"""The job that posts what has waited its time; also left for the very moment that a window closes."""
GATEWAYS: Mapping[str, Gateway] = {one.name: one for one in (BookGateway(), WazzupGateway())}


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What a confirmation led to. `again`: it had been confirmed before, and `changes` is empty."""

    state: State
    receipt: str
    changes: list[Changed]
    transfer: Transfer
    again: bool = False


def confirm(
    conn: Connection,
    *,
    transfer_id: TransferId | None = None,
    token: str | None = None,
    curator_id: CuratorId | None,
    address: Address | None,
    now: datetime,
    undo_seconds: int = 0,
) -> Confirmed:
    """Carry out a quote at once, or hold its money until `undo_seconds` have passed.

    Repeating it gives the same answer and moves nothing. Raises UserError quote_unknown, quote_not_yours,
    quote_expired, quote_cancelled, quote_stale (the facts have changed: ask again), already_pending, partner_short,
    client_short.
    """
    moved = _asked(conn, transfer_id, token, curator_id, address)
    if moved.state in ("pending", "posted"):
        return Confirmed(moved.state, moved.receipt, [], moved, again=True)
    _refuse_closed(moved, now)
    locked = lock_people(conn, moved.drafts)
    _refuse_changed(conn, moved)
    needed = {one: amount for one, amount in outflow(moved.drafts).items() if one in locked}
    _refuse_shortfalls(moved, locked, needed)
    _cancel_other(conn, moved, now)
    if undo_seconds > 0 and GATEWAYS[moved.effect["gateway"]].undoable:
        hold(conn, needed)
        post_at = now + timedelta(seconds=undo_seconds)
        moved = transfers.move_on(conn, moved, "pending", confirmed_at=now, post_at=post_at)
        return Confirmed(moved.state, moved.receipt, [], moved)
    moved, changes = _carry_out(conn, moved, locked, {}, now)
    return Confirmed(moved.state, moved.receipt, changes, moved)


def cancel(
    conn: Connection,
    *,
    transfer_id: TransferId | None = None,
    token: str | None = None,
    curator_id: CuratorId,
    address: Address,
    now: datetime,
) -> Transfer:
    """Take back a quote, or undo a pending transfer: nothing has moved, what was held is free again.

    Repeating it changes nothing. Raises UserError quote_unknown, quote_not_yours, too_late (already posted).
    """
    moved = _asked(conn, transfer_id, token, curator_id, address)
    if moved.state == "posted":
        raise UserError("too_late", receipt=moved.receipt)
    return _void(conn, moved, "cancelled", now)


def void(conn: Connection, transfer_id: TransferId, reason: str, now: datetime) -> Transfer:
    """Void a quote or pending transfer on the operator's word. Raises UserError quote_unknown, too_late."""
    moved = transfers.load(conn, transfer_id=transfer_id)
    if moved is None:
        raise UserError("quote_unknown")
    if moved.state == "posted":
        raise UserError("too_late", receipt=moved.receipt)
    return _void(conn, moved, reason, now)


def settle_due(conn: Connection, now: datetime, limit: int = 500) -> list[Changed]:
    """Post the pending transfers whose time has come; one that no longer fits the facts is voided, its reason kept.

    Whoever confirmed that one is to be told: of it comes a change `not_done`.
    """
    due = transfers.due(conn, now, limit)
    lock_accounts(conn, {one for moved in due for one in net(moved.drafts)})
    changes: list[Changed] = []
    for moved in due:
        reason = GATEWAYS[moved.effect["gateway"]].stale(conn, moved)
        if reason is not None:
            _void(conn, moved, f"stale: {reason}", now)
            changes.append(Changed(moved.partner_id, moved.client_id, "not_done", moved.id))
            continue
        locked = lock_people(conn, moved.drafts)
        changes += _carry_out(conn, moved, locked, _held(moved, locked), now)[1]
    return changes


def is_due(conn: Connection, now: datetime) -> bool:
    """Whether a pending transfer has waited its time."""
    return transfers.is_due(conn, now)


def expire_quotes(conn: Connection, now: datetime) -> int:
    """Close the quotes that nobody confirmed in time; returns how many."""
    return transfers.expire(conn, now)


def open_quotes(conn: Connection, curator_id: CuratorId, address: Address, now: datetime) -> list[Quote]:
    """What this person may confirm from this address now, the oldest first."""
    return [one.quote for one in transfers.open_of(conn, curator_id, address, now)]


def check_code(conn: Connection, curator_id: CuratorId, address: Address, code: str, now: datetime) -> TransferId:
    """The open quote that a typed code means. Raises UserError wrong_code; the door counts wrong ones."""
    for one in transfers.open_of(conn, curator_id, address, now):
        if one.code == code.strip():
            return one.id
    raise UserError("wrong_code")


def _asked(
    conn: Connection,
    transfer_id: TransferId | None,
    token: str | None,
    curator_id: CuratorId | None,
    address: Address | None,
) -> Transfer:
    """Only the asker, from the same address, may say yes or no: whoever else has the button has nothing.

    Nobody's quotes are those of the operator and of renewals by themselves: only their own code confirms them.
    """
    moved = transfers.load(conn, transfer_id=transfer_id, token=token)
    if moved is None:
        raise UserError("quote_unknown")
    if moved.asked_by != curator_id or moved.asked_from != address:
        raise UserError("quote_not_yours")
    return moved


def _refuse_closed(moved: Transfer, now: datetime) -> None:
    if moved.state == "voided":
        raise UserError("quote_cancelled", reason=moved.reason)
    if moved.state == "expired" or now >= moved.expires_at:
        raise UserError("quote_expired", expired_at=moved.expires_at.isoformat())


def _refuse_changed(conn: Connection, moved: Transfer) -> None:
    if ("subscription" in moved.effect or "change" in moved.effect) and moved.client_id is not None:
        waiting = transfers.pending_purchase(conn, moved.client_id)
        if waiting is not None:
            raise UserError("already_pending", receipt=waiting.receipt)
    reason = GATEWAYS[moved.effect["gateway"]].stale(conn, moved)
    if reason is not None:
        raise UserError("quote_stale", reason=reason)


def _refuse_shortfalls(moved: Transfer, locked: Mapping[AccountId, Account], needed: Mapping[AccountId, int]) -> None:
    for account_id, missing in shortfalls(locked, needed).items():
        found = locked[account_id]
        key = "partner_short" if found.kind == "partner" else "client_short"
        raise UserError(key, missing=as_json(missing), available=as_json(found.available))


def _cancel_other(conn: Connection, moved: Transfer, now: datetime) -> None:
    """The guard offers two ways; taking one closes the other."""
    other_id = moved.effect.get("other")
    other = transfers.load(conn, transfer_id=TransferId(other_id)) if other_id else None
    if other is not None and other.state == "quote":
        transfers.move_on(conn, other, "voided", settled_at=now, reason="other way taken")


def _carry_out(
    conn: Connection,
    moved: Transfer,
    locked: Mapping[AccountId, Account],
    released: Mapping[AccountId, int],
    now: datetime,
) -> tuple[Transfer, list[Changed]]:
    gateway = GATEWAYS[moved.effect["gateway"]]
    changes = gateway.carry_out(conn, moved, locked=locked, released=released, now=now)
    if changes is None:
        return transfers.load(conn, transfer_id=moved.id) or moved, []
    moves = net(moved.drafts)
    left = {one.kind: one.available.minor + moves[one.id] + released.get(one.id, 0) for one in locked.values()}
    confirmed_at = moved.confirmed_at or now
    return transfers.move_on(conn, moved, "posted", confirmed_at=confirmed_at, settled_at=now, left=left), changes


def _void(conn: Connection, moved: Transfer, reason: str, now: datetime) -> Transfer:
    if moved.state not in ("quote", "pending"):
        return moved
    if moved.state == "pending":
        release(conn, _held(moved, lock_people(conn, moved.drafts)))
        GATEWAYS[moved.effect["gateway"]].take_back(conn, moved, now)
    return transfers.move_on(conn, moved, "voided", settled_at=now, reason=reason)


def _held(moved: Transfer, locked: Mapping[AccountId, Account]) -> dict[AccountId, int]:
    """What a pending transfer holds: the net amount that will leave each account of the partner or a client."""
    return {one: amount for one, amount in outflow(moved.drafts).items() if one in locked}
