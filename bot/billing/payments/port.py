"""The port of payment providers: what is asked of one and what one reports, in the product's own words. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

from bot.errors import PermanentError, TransientError
from bot.ids import CheckoutId, PartnerId
from bot.money import Money, as_json

SessionState = Literal["open", "processing", "paid", "failed", "expired"]
"""`processing`: the payer has done everything, the money is on its way (a bank debit)."""


class PaymentsDown(TransientError):
    """The provider did not answer, or wants to be asked later."""


class PaymentsRefused(PermanentError):
    """The provider says no, and will say it again."""


class BadSignature(ValueError):
    """A report that the provider did not sign, or too long ago."""


@dataclass(frozen=True, slots=True)
class Opening:
    """A payment page to be opened. The same `checkout_id` opens the same page, however often it is asked for."""

    checkout_id: CheckoutId
    partner_id: PartnerId
    amount: Money
    language: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class SessionView:
    """A payment page as the provider has it. `checkout_id` is ours, as the provider keeps it for us."""

    id: str
    checkout_id: CheckoutId | None
    state: SessionState
    amount: Money
    payment_id: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Reversal:
    """Money of a payment that the payer or his bank took back; `returned`: it came back to us after all."""

    id: str
    payment_id: str
    amount: Money
    why: Literal["refund", "dispute"]
    returned: bool = False


@dataclass(frozen=True, slots=True)
class PaymentEvent:
    """What the provider reports. `ask_refunds_of`: a payment of which only the provider can say what was refunded."""

    id: str
    kind: str
    created_at: datetime
    session: SessionView | None = None
    reversal: Reversal | None = None
    ask_refunds_of: str | None = None

    @property
    def payment_id(self) -> str | None:
        """The payment that it is about."""
        if self.session is not None:
            return self.session.payment_id
        return self.reversal.payment_id if self.reversal else self.ask_refunds_of


class PaymentProvider(Protocol):
    """Takes payments from partners."""

    name: str

    async def open(self, wanted: Opening) -> SessionView:
        """Open a payment page. PaymentsDown, PaymentsRefused."""
        ...

    async def fetch(self, session_id: str) -> SessionView:
        """A payment page as it is now. PaymentsDown, PaymentsRefused."""
        ...

    async def events_since(self, moment: datetime) -> Sequence[PaymentEvent]:
        """What was reported since then, delivered or not, the oldest first. PaymentsDown, PaymentsRefused."""
        ...

    async def refunds_of(self, payment_id: str) -> Sequence[Reversal]:
        """Every refund of a payment. PaymentsDown, PaymentsRefused."""
        ...

    def read_event(self, body: bytes, signature: str) -> PaymentEvent | None:
        """The report in a webhook; None for one that says nothing of interest. BadSignature, ValueError."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


def reversal_facts(reversal: Reversal) -> dict[str, Any]:
    """A reversal as plain JSON."""
    return {
        "id": reversal.id,
        "payment_id": reversal.payment_id,
        "amount": as_json(reversal.amount),
        "why": reversal.why,
        "returned": reversal.returned,
    }


def reversal_from(facts: Mapping[str, Any]) -> Reversal:
    """The reversal that `reversal_facts` wrote."""
    money = Money(facts["amount"]["minor"], facts["amount"]["currency"])
    return Reversal(facts["id"], facts["payment_id"], money, facts["why"], facts["returned"])
