"""Drafts of ledger transactions: what they do to each account, and the keys that make them happen once. Pure."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from bot.ids import AccountId, ChannelId, ClientId, ReferralId, SubscriptionId, TransactionId, TransferId
from bot.money import Money


@dataclass(frozen=True, slots=True)
class Entry:
    """Money moving from one account to another of the same currency; the amount is above zero."""

    from_id: AccountId
    to_id: AccountId
    amount: Money

    def __post_init__(self) -> None:
        if self.amount.minor <= 0:
            raise ValueError("an entry moves an amount above zero")
        if self.from_id == self.to_id:
            raise ValueError("an entry moves money between two accounts")


@dataclass(frozen=True, slots=True)
class Draft:
    """A ledger transaction to be: a key that can be posted once, a kind, and its entries."""

    key: str
    kind: str
    entries: tuple[Entry, ...]


def entries(*moves: tuple[AccountId, AccountId, Money]) -> tuple[Entry, ...]:
    """Entries of the moves that move anything: a part that rounds to nothing leaves no line."""
    return tuple(Entry(*move) for move in moves if move[2])


def net(drafts: Iterable[Draft]) -> dict[AccountId, int]:
    """What posting all of them together adds to each account, in minor units; given counts as minus."""
    sums: dict[AccountId, int] = defaultdict(int)
    for draft in drafts:
        for entry in draft.entries:
            sums[entry.from_id] -= entry.amount.minor
            sums[entry.to_id] += entry.amount.minor
    return dict(sums)


def outflow(drafts: Iterable[Draft]) -> dict[AccountId, int]:
    """What must be there before, and is held while waiting: the net amount that leaves each account."""
    return {account: -change for account, change in net(drafts).items() if change < 0}


def as_json(drafts: Iterable[Draft]) -> list[dict[str, Any]]:
    """Drafts in the shape that a transfer keeps until they are posted."""
    return [
        {
            "key": draft.key,
            "kind": draft.kind,
            "entries": [
                [entry.from_id, entry.to_id, entry.amount.minor, entry.amount.currency] for entry in draft.entries
            ],
        }
        for draft in drafts
    ]


def from_json(data: list[dict[str, Any]]) -> tuple[Draft, ...]:
    """The drafts that `as_json` wrote."""
    return tuple(
        Draft(
            one["key"],
            one["kind"],
            tuple(
                Entry(AccountId(source), AccountId(target), Money(minor, currency))
                for source, target, minor, currency in one["entries"]
            ),
        )
        for one in data
    )


def deposit_key(key: str) -> str:
    """Money into the partner account; `key` is the bank's or the session's own id."""
    return f"deposit:{key}"


def top_up_key(transfer: TransferId) -> str:
    """The transfer to a client within a quote."""
    return f"topup:{transfer}"


def renew_key(transfer: TransferId) -> str:
    """The subscription bought or renewed within a quote."""
    return f"renew:{transfer}"


def subscribe_key(subscription: SubscriptionId) -> str:
    """The first payment of a subscription that was created unpaid."""
    return f"subscribe:{subscription}"


def daily_key(channel: ChannelId, day: date) -> str:
    """The daily payment of one channel for one day of the client's own calendar."""
    return f"daily:{channel}:{day.isoformat()}"


def usage_key(client: ClientId, ref: str) -> str:
    """What a client used: `ref` is the event's own id, or the day when a whole day is recorded."""
    return f"usage:{client}:{ref}"


BOUGHT = ":bought"
"""How the key of an adjustment ends that is no use of a balance."""
REVERSED = "reverse:"


def reverse_key(transaction: TransactionId) -> str:
    """What takes a transaction back, once."""
    return f"{REVERSED}{transaction}"


def opening_key(client: ClientId) -> str:
    """The balance a client came with."""
    return f"opening:{client}"


def adjust_key(key: str, *, bought: bool = False) -> str:
    """A balance put right once. `bought`: what showed it showed a new end date too, so it paid for a subscription."""
    return f"adjust:{key}{BOUGHT if bought else ''}"


def welcome_key(client: ClientId) -> str:
    """What a new client finds on the balance."""
    return f"welcome:{client}"


def referral_key(referral: ReferralId, month: str) -> str:
    """The partner's share of what a referred user paid in a month (`2026-11`)."""
    return f"referral:{referral}:{month}"
