"""Stripe Checkout as payment provider, through Stripe's own SDK; the SDK is loaded when it is first needed."""

import json
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from bot.billing.payments.port import (
    BadSignature,
    Opening,
    PaymentEvent,
    PaymentsDown,
    PaymentsRefused,
    Reversal,
    SessionView,
)
from bot.billing.payments.stripe_reading import KINDS, event_of, refund_of, session_of

if TYPE_CHECKING:
    from stripe import StripeClient

    from bot.billing.payments.stripe_http import StripeHttp

T = TypeVar("T")
_TITLES = {"en": "Partner account", "ru": "Партнёрский счёт"}
_RETRIES = 2
_PAGE = 100
_EVENTS_MAX = 10_000


class StripeCheckout:
    """Payment pages hosted by Stripe: card data never passes through us."""

    name = "stripe"

    def __init__(
        self,
        *,
        secret_key: str,
        webhook_secret: str,
        api_url: str,
        public_url: str,
        timeout_seconds: float,
        tolerance_seconds: int,
    ) -> None:
        self._secret_key = secret_key
        self._webhook_secret = webhook_secret
        self._api_url = api_url
        self._public_url = public_url
        self._timeout_seconds = timeout_seconds
        self._tolerance_seconds = tolerance_seconds
        self._live = "_live_" in secret_key
        self._http: StripeHttp | None = None
        self._client: StripeClient | None = None

    async def open(self, wanted: Opening) -> SessionView:
        """Open a session. The idempotency key makes a repetition give the same one."""
        params: Any = _opening(wanted, self._public_url)
        options: Any = {"idempotency_key": f"replenish:{wanted.checkout_id}:session:1"}
        made = await self._asked(lambda client: client.v1.checkout.sessions.create_async(params, options))
        return session_of(made.to_dict())

    async def fetch(self, session_id: str) -> SessionView:
        """A session with its payment, which alone tells a debit that failed from one on its way."""
        params: Any = {"expand": ["payment_intent"]}
        found = await self._asked(lambda client: client.v1.checkout.sessions.retrieve_async(session_id, params))
        return session_of(found.to_dict())

    async def events_since(self, moment: datetime) -> Sequence[PaymentEvent]:
        """Events of the kinds that matter, the oldest first. Stripe keeps them for 30 days."""
        params: Any = {"created": {"gte": int(moment.timestamp())}, "types": sorted(KINDS), "limit": _PAGE}

        async def all_pages(client: "StripeClient") -> list[PaymentEvent]:
            page = await client.v1.events.list_async(params)
            found: list[PaymentEvent] = []
            async for event in page.auto_paging_iter():
                read = event_of(event.to_dict())
                if read is not None and event.livemode == self._live:
                    found.append(read)
                if len(found) >= _EVENTS_MAX:
                    break
            return found

        return (await self._asked(all_pages))[::-1]

    async def refunds_of(self, payment_id: str) -> Sequence[Reversal]:
        """Every refund of a payment."""
        params: Any = {"payment_intent": payment_id, "limit": _PAGE}

        async def all_pages(client: "StripeClient") -> list[Reversal]:
            page = await client.v1.refunds.list_async(params)
            read = [refund_of(found.to_dict()) async for found in page.auto_paging_iter()]
            return [one for one in read if one is not None]

        return await self._asked(all_pages)

    def read_event(self, body: bytes, signature: str) -> PaymentEvent | None:
        """Check by Stripe's own helper that Stripe signed exactly these bytes, lately; then read them."""
        from stripe import SignatureVerificationError, WebhookSignature

        try:
            WebhookSignature.verify_header(body, signature, self._webhook_secret, self._tolerance_seconds)
        except (SignatureVerificationError, UnicodeDecodeError) as error:
            raise BadSignature(str(error)) from error
        found = json.loads(body)
        if not isinstance(found, dict):
            raise ValueError("an event is an object")
        return event_of(found) if found.get("livemode") == self._live else None

    async def close(self) -> None:
        """Let go of connections."""
        if self._http is not None:
            await self._http.close_async()
        self._http = self._client = None

    async def _asked(self, call: Callable[["StripeClient"], Awaitable[T]]) -> T:
        """Ask; what Stripe's errors mean here."""
        import stripe

        try:
            return await call(self._opened())
        except (stripe.APIConnectionError, stripe.RateLimitError) as error:
            raise PaymentsDown(str(error)) from error
        except (
            stripe.InvalidRequestError, stripe.IdempotencyError, stripe.AuthenticationError, stripe.PermissionError
        ) as error:  # fmt: skip
            raise PaymentsRefused(str(error)) from error
        except stripe.StripeError as error:
            raise PaymentsDown(str(error)) from error

    def _opened(self) -> "StripeClient":
        if self._client is None:
            from stripe import StripeClient

            from bot.billing.payments.stripe_http import StripeHttp

            self._http = StripeHttp(self._timeout_seconds)
            self._client = StripeClient(
                self._secret_key,
                base_addresses={"api": self._api_url},
                max_network_retries=_RETRIES,
                http_client=self._http,
            )
        return self._client


def _opening(wanted: Opening, public_url: str) -> dict[str, Any]:
    """What opens a session: one line, our id in every place from which a report can bring it back."""
    metadata = {"checkout": wanted.checkout_id, "partner": wanted.partner_id}
    price = {
        "currency": wanted.amount.currency.lower(),
        "unit_amount": wanted.amount.minor,
        "product_data": {"name": _TITLES.get(wanted.language, _TITLES["en"])},
    }
    return {
        "mode": "payment",
        "line_items": [{"price_data": price, "quantity": 1}],
        "adaptive_pricing": {"enabled": False},
        "client_reference_id": wanted.checkout_id,
        "metadata": metadata,
        "payment_intent_data": {"metadata": metadata},
        "success_url": f"{public_url}/pay/done?lang={wanted.language}&session={{CHECKOUT_SESSION_ID}}",
        "cancel_url": f"{public_url}/pay/cancelled?lang={wanted.language}",
        "locale": wanted.language,
        "expires_at": int(wanted.expires_at.timestamp()),
    }
