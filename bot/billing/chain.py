"""The hash that ties each transaction of a partner to all before it. Pure."""

import hashlib
import json
from datetime import UTC

from bot.billing.record import Transaction

GENESIS = "0" * 64
"""What the first transaction of a partner is tied to."""


def link(previous: str, one: Transaction) -> str:
    """SHA-256 over the hash before and everything the transaction says, its postings in order; 64 hex digits."""
    at = one.at.astimezone(UTC).isoformat(timespec="microseconds")
    said = [
        previous,
        *(one.id, one.partner_id, one.key, one.kind, at, one.client_id, one.transfer_id, one.curator_id),
        *(one.receipt, one.rate, one.note, one.reverses),
        [[line.n, line.from_id, line.to_id, line.amount.currency, line.amount.minor] for line in one.lines],
    ]
    canonical = json.dumps(said, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()
