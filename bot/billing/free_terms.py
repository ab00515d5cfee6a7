"""How long a partner's free channels are free, and how many of which kind each of his two accounts may have. Pure.

Two on the main account, of any messenger; two on the demo account, one WhatsApp and one Instagram; on the Max plan, for
three years from joining, renewed year by year while the partnership goes on (help page "Official Partner Program").
"""

from collections.abc import Iterable
from datetime import date

from bot.billing.subscription import add_months
from bot.errors import UserError

FREE_PLAN = "max"
DEMO_TRANSPORTS = ("whatsapp", "instagram")
"""What the demo account may have free, one of each."""
RENEWED_MONTHS = 12
"""How much a renewal after the first term adds: the longest period that is sold."""
_YEAR = 12


def free_until(joined_on: date, years: int, today: date) -> date:
    """The last free day of the term that `today` lies in: the first, or the renewal that follows it."""
    months = years * _YEAR
    end = add_months(joined_on, months, joined_on.day)
    while end < today:
        months += RENEWED_MONTHS
        end = add_months(joined_on, months, joined_on.day)
    return end


def refuse_free(kind: str, transport: str, free: Iterable[str], allowed: int) -> None:
    """Whether one more free channel may be added to an account of that kind which has free ones of these transports.

    UserError free_not_own, free_limit, free_demo_transport, free_demo_twice.
    """
    there = list(free)
    if kind not in ("main", "demo"):
        raise UserError("free_not_own")
    if kind == "demo" and transport not in DEMO_TRANSPORTS:
        raise UserError("free_demo_transport", transport=transport)
    if kind == "demo" and transport in there:
        raise UserError("free_demo_twice", transport=transport)
    if len(there) >= allowed:
        raise UserError("free_limit", most=allowed)
