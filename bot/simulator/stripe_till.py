"""What happens to a payment: opened, paid, declined, expired, refunded, disputed; and what is reported of it."""

import asyncio
from typing import Any

from bot.clock import Clock
from bot.simulator.stripe_error import StripeError, missing
from bot.simulator.stripe_objects import (
    Object,
    charge_object,
    dispute_object,
    event_object,
    new_object_id,
    payment_object,
    refund_object,
    session_object,
)
from bot.simulator.stripe_post import StripePost
from bot.simulator.stripe_store import StripeStore

_CARD, _BANK = "pm_card_visa", "pm_sepa_debit"
_DECLINED = {
    "type": "card_error",
    "code": "card_declined",
    "decline_code": "generic_decline",
    "message": "Your card was declined.",
}
_DAY = 86_400


class StripeTill:
    """The state of every session and payment. One change at a time, so that each is whole."""

    def __init__(self, store: StripeStore, post: StripePost, clock: Clock) -> None:
        self._store = store
        self._post = post
        self._clock = clock
        self._turn = asyncio.Lock()

    async def open(self, asked: Object, total: int, base_url: str, key: str | None) -> Object:
        """A new session."""
        now = self._now()
        session_id = new_object_id("cs_test")
        session = session_object(
            session_id,
            asked,
            total=total,
            created=now,
            expires_at=int(asked.get("expires_at", now + _DAY)),
            url=f"{base_url}/pay/c/{session_id}",
        )
        kept = {
            "metadata": asked.get("payment_intent_data", {}).get("metadata", {}),
            "title": _title(asked),
            "key": key,
        }
        await self._store.save(session, hidden=kept)
        return session

    async def session(self, session_id: str) -> Object:
        """A session as it is now, expired when its time is over. StripeError when there is none."""
        async with self._turn:
            return await self._session(session_id)

    async def title(self, session_id: str) -> str:
        """What is paid for."""
        return str((await self._store.hidden(session_id)).get("title", ""))

    async def payment(self, payment_id: str) -> Object:
        """The payment of an id. StripeError when there is none."""
        return await self._load("payment_intent", payment_id)

    async def pay(self, session_id: str) -> Object:
        """The payer's card is charged at once."""
        async with self._turn:
            session = await self._open_session(session_id)
            payment = await self._start_payment(session, _CARD)
            charge = await self._charge(payment)
            session |= {"status": "complete", "payment_status": "paid", "payment_intent": payment["id"], "url": None}
            session |= _payer()
            await self._store.save(session, payment=payment["id"])
            await self._report(
                session_id,
                ("charge.succeeded", charge),
                ("payment_intent.succeeded", payment),
                ("checkout.session.completed", session),
            )
            return session

    async def decline(self, session_id: str) -> Object:
        """The payer's card is refused; the page stays open."""
        async with self._turn:
            session = await self._open_session(session_id)
            payment = await self._start_payment(session, _CARD)
            payment |= {"status": "requires_payment_method", "last_payment_error": _DECLINED, "payment_method": None}
            await self._store.save(payment)
            await self._report(session_id, ("payment_intent.payment_failed", payment))
            return session

    async def pay_later(self, session_id: str) -> Object:
        """The payer orders a bank debit: the session is complete, the money is not there yet."""
        async with self._turn:
            session = await self._open_session(session_id)
            payment = await self._start_payment(session, _BANK)
            session |= {"status": "complete", "payment_intent": payment["id"], "url": None} | _payer()
            await self._store.save(session, payment=payment["id"])
            await self._report(
                session_id, ("payment_intent.processing", payment), ("checkout.session.completed", session)
            )
            return session

    async def bank_answers(self, session_id: str, *, paid: bool) -> Object:
        """The bank debit comes through, or fails."""
        async with self._turn:
            session = await self._session(session_id)
            payment = await self._load("payment_intent", session["payment_intent"] or "")
            if payment["status"] != "processing":
                raise StripeError(400, "This payment does not wait for a bank.")
            if not paid:
                payment |= {"status": "requires_payment_method", "last_payment_error": _DECLINED}
                await self._store.save(payment)
                await self._report(
                    session_id,
                    ("payment_intent.payment_failed", payment),
                    ("checkout.session.async_payment_failed", session),
                )
                return session
            charge = await self._charge(payment)
            session["payment_status"] = "paid"
            await self._store.save(session)
            await self._report(
                session_id,
                ("charge.succeeded", charge),
                ("payment_intent.succeeded", payment),
                ("checkout.session.async_payment_succeeded", session),
            )
            return session

    async def expire(self, session_id: str) -> Object:
        """Close an open session."""
        async with self._turn:
            session = await self._open_session(session_id)
            return await self._expired(session)

    async def expire_overdue(self) -> None:
        """Close the sessions whose time is over."""
        for session_id in await self._store.overdue(self._now()):
            await self.session(session_id)

    async def refund(self, payment_id: str, amount: int | None = None) -> Object:
        """Give money of a payment back, all that is left of it by default."""
        async with self._turn:
            charge = await self._charge_of(payment_id)
            left = charge["amount"] - charge["amount_refunded"]
            amount = left if amount is None else amount
            if not 0 < amount <= left:
                raise StripeError(400, f"Refund amount is greater than unrefunded amount on charge ({left}).")
            refund = refund_object(charge, amount, self._now())
            charge["amount_refunded"] += amount
            charge["refunded"] = charge["amount_refunded"] == charge["amount"]
            await self._store.save(refund, payment=payment_id)
            await self._store.save(charge)
            await self._report(payment_id, ("refund.created", refund), ("charge.refunded", charge))
            return refund

    async def fail_refund(self, refund_id: str) -> Object:
        """The payer's bank does not take a refund: the money comes back."""
        async with self._turn:
            refund = await self._load("refund", refund_id)
            refund |= {"status": "failed", "failure_reason": "lost_or_stolen_card"}
            charge = await self._charge_of(refund["payment_intent"])
            charge |= {"amount_refunded": charge["amount_refunded"] - refund["amount"], "refunded": False}
            await self._store.save(refund)
            await self._store.save(charge)
            await self._report(refund["payment_intent"], ("refund.updated", refund), ("refund.failed", refund))
            return refund

    async def dispute(self, payment_id: str) -> Object:
        """The payer's bank takes the money back."""
        async with self._turn:
            charge = await self._charge_of(payment_id)
            dispute = dispute_object(charge, self._now())
            charge["disputed"] = True
            await self._store.save(dispute, payment=payment_id)
            await self._store.save(charge)
            events = ("charge.dispute.created", dispute), ("charge.dispute.funds_withdrawn", dispute)
            await self._report(payment_id, *events)
            return dispute

    async def close_dispute(self, dispute_id: str, *, won: bool) -> Object:
        """It is decided who was right; won: the money comes back."""
        async with self._turn:
            dispute = await self._load("dispute", dispute_id)
            dispute["status"] = "won" if won else "lost"
            await self._store.save(dispute)
            events = [("charge.dispute.closed", dispute)]
            if won:
                events.append(("charge.dispute.funds_reinstated", dispute))
            await self._report(dispute["payment_intent"], *events)
            return dispute

    def _now(self) -> int:
        return int(self._clock.now().timestamp())

    async def _session(self, session_id: str) -> Object:
        session = await self._load("checkout.session", session_id)
        over = session["status"] == "open" and session["expires_at"] <= self._now()
        return await self._expired(session) if over else session

    async def _open_session(self, session_id: str) -> Object:
        session = await self._session(session_id)
        if session["status"] != "open":
            raise StripeError(400, f"Only Checkout Sessions with a status in [\"open\"] can be changed; this one is "
                              f"{session['status']}.")  # fmt: skip
        return session

    async def _expired(self, session: Object) -> Object:
        session |= {"status": "expired", "url": None}
        await self._store.save(session)
        await self._report(session["id"], ("checkout.session.expired", session))
        return session

    async def _start_payment(self, session: Object, method: str) -> Object:
        metadata = (await self._store.hidden(session["id"])).get("metadata", {})
        payment = payment_object(session, metadata, self._now(), method)
        await self._store.save(payment, payment=payment["id"])
        return payment

    async def _charge(self, payment: Object) -> Object:
        charge = charge_object(payment, self._now())
        payment |= {"status": "succeeded", "amount_received": payment["amount"], "latest_charge": charge["id"]}
        await self._store.save(payment)
        await self._store.save(charge, payment=payment["id"])
        return charge

    async def _charge_of(self, payment_id: str) -> Object:
        found = await self._store.of_payment("charge", payment_id)
        if not found:
            raise missing("payment_intent", payment_id)
        return found[-1]

    async def _load(self, kind: str, object_id: str) -> Object:
        found = await self._store.load(kind, object_id)
        if found is None:
            raise missing(kind, object_id)
        return found

    async def _report(self, line: str, *happened: tuple[str, Object]) -> None:
        """Keep the events and post them."""
        events = [event_object(kind, about, self._now()) for kind, about in happened]
        for event in events:
            await self._store.save(event)
        self._post.report(line, events)


def _payer() -> Object:
    return {
        "customer_details": {
            "address": None,
            "business_name": None,
            "email": "payer@example.com",
            "individual_name": None,
            "name": "Test Payer",
            "phone": None,
            "tax_exempt": "none",
            "tax_ids": [],
        }
    }


def _title(asked: dict[str, Any]) -> str:
    return str(asked["line_items"][0]["price_data"]["product_data"]["name"])
