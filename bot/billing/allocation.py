"""Which payment of a client pays for which money credited to him: the same answer whenever it is asked. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.ids import ClientPaymentId, TransferId


@dataclass(frozen=True, slots=True)
class Credit:
    """Money that the client got through the partner, in minor units."""

    transfer_id: TransferId
    at: datetime
    minor: int
    receipt: str | None = None


@dataclass(frozen=True, slots=True)
class Payment:
    """Money that the partner got from the client, in minor units; `transfer_id`: what it was said to be for."""

    id: ClientPaymentId
    at: datetime
    minor: int
    transfer_id: TransferId | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """So much of a payment pays for a credit."""

    payment_id: ClientPaymentId
    transfer_id: TransferId
    minor: int


@dataclass(frozen=True, slots=True)
class Allocation:
    """What pays for what. Never both: `unpaid` credits, or `ahead`, payments that are not used up."""

    parts: tuple[Part, ...]
    unpaid: tuple[Credit, ...]
    ahead: tuple[Payment, ...]


def allocate(credits: Sequence[Credit], payments: Sequence[Payment]) -> Allocation:
    """First what was said, then equal amounts (the nearest in time), then the oldest with the oldest."""
    owed = {one.transfer_id: one.minor for one in credits}
    left = {one.id: one.minor for one in payments}
    credits = sorted(credits, key=lambda one: (one.at, one.transfer_id))
    payments = sorted(payments, key=lambda one: (one.at, one.id))
    parts: list[Part] = []

    def pay(payment: Payment, credit_id: TransferId) -> None:
        amount = min(left[payment.id], owed[credit_id])
        if amount > 0:
            left[payment.id] -= amount
            owed[credit_id] -= amount
            parts.append(Part(payment.id, credit_id, amount))

    for payment in payments:
        if payment.transfer_id in owed:
            pay(payment, payment.transfer_id)
    for payment in payments:
        equal = [one for one in credits if left[payment.id] and owed[one.transfer_id] == one.minor == left[payment.id]]
        if equal:
            pay(payment, min(equal, key=lambda one: (abs(one.at - payment.at), one.at)).transfer_id)
    for payment in payments:
        for credit in credits:
            pay(payment, credit.transfer_id)
    return Allocation(
        tuple(parts),
        tuple(Credit(one.transfer_id, one.at, owed[one.transfer_id], one.receipt) for one in credits
              if owed[one.transfer_id]),
        tuple(Payment(one.id, one.at, left[one.id], one.transfer_id) for one in payments if left[one.id]),
    )  # fmt: skip
