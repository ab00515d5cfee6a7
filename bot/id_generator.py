"""Makes ids: time-ordered 26-character ones, short receipt numbers, confirmation codes, opaque tokens."""

import secrets
import threading
import time

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O or U, so that a number read out on the phone is not misheard."""
RECEIPT_LENGTH = 5
CODE_DIGITS = 4


_lock = threading.Lock()
_last = 0


def new_id() -> str:
    """A ULID: 48 bits of milliseconds, 80 random bits. Sorts by the time it was made, in one process strictly."""
    global _last
    with _lock:
        value = _last = max((time.time_ns() // 1_000_000) << 80 | secrets.randbits(80), _last + 1)
    return "".join(_ALPHABET[(value >> shift) & 31] for shift in range(125, -1, -5))


def new_receipt() -> str:
    """A number a person can read out, such as 7KQ2M. The table's unique key settles the rare clash."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(RECEIPT_LENGTH))


def new_code() -> str:
    """Four random digits that confirm one quote."""
    return f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"


def new_token() -> str:
    """An unguessable token of 22 URL-safe characters for button payloads."""
    return secrets.token_urlsafe(16)
