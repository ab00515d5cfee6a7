"""The payment adapter on a real wire: Stripe's own SDK against the simulator, in good weather and in bad."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
import stripe

from bot.billing.payments.port import BadSignature, Opening, PaymentProvider, PaymentsDown, PaymentsRefused
from bot.billing.payments.stripe_checkout import StripeCheckout
from bot.ids import CheckoutId, PartnerId
from bot.money import Money
from tests.contract.stripe_world import SECRET, StripeWorld, stripe_simulated


def adapter(world: StripeWorld, **more: Any) -> StripeCheckout:
    known: dict[str, Any] = {
        "secret_key": "sk_test_simulator", "webhook_secret": SECRET, "api_url": world.simulator.url,
        "public_url": "https://bot.example.com", "timeout_seconds": 2.0,
    }  # fmt: skip
    return StripeCheckout(**(known | more))


@asynccontextmanager
async def connected(**more: Any) -> AsyncIterator[tuple[StripeWorld, PaymentProvider]]:
    async with stripe_simulated() as world:
        provider = adapter(world, **more)
        yield world, provider
        await provider.close()


def wanted(world: StripeWorld, which: str = "01J", **more: Any) -> Opening:
    values: dict[str, Any] = {
        "checkout_id": CheckoutId(which), "partner_id": PartnerId("nord"), "amount": Money(50_000, "EUR"),
        "language": "ru", "expires_at": world.clock.now() + timedelta(hours=23),
    }  # fmt: skip
    return Opening(**(values | more))


async def test_a_page_is_opened_once_with_our_id_everywhere() -> None:
    async with connected() as (world, provider):
        page = await provider.open(wanted(world))
        assert (page.state, page.checkout_id, page.amount) == ("open", "01J", Money(50_000, "EUR"))
        assert page.url is not None
        assert await provider.open(wanted(world)) == page
        assert (await provider.open(wanted(world, "01K"))).id != page.id
        kept = await world.simulator.stripe.till.session(page.id)
        assert (kept["locale"], kept["client_reference_id"]) == ("ru", "01J")
        assert kept["metadata"] == {"checkout": "01J", "partner": "nord"}
        assert kept["success_url"] == "https://bot.example.com/pay/done?lang=ru&session={CHECKOUT_SESSION_ID}"
        assert kept["expires_at"] == int((world.clock.now() + timedelta(hours=23)).timestamp())
        with pytest.raises(PaymentsRefused):
            await provider.open(wanted(world, amount=Money(60_000, "EUR")))


async def test_a_page_tells_how_it_stands() -> None:
    async with connected() as (world, provider):
        till = world.simulator.stripe.till
        paid, late = await provider.open(wanted(world)), await provider.open(wanted(world, "01K"))
        session = await till.pay(paid.id)
        view = await provider.fetch(paid.id)
        assert (view.state, view.payment_id) == ("paid", session["payment_intent"])
        await till.pay_later(late.id)
        assert (await provider.fetch(late.id)).state == "processing"
        await till.bank_answers(late.id, paid=False)
        assert (await provider.fetch(late.id)).state == "failed"
        with pytest.raises(PaymentsRefused):
            await provider.fetch("cs_none")


async def test_events_come_oldest_first_over_many_pages() -> None:
    async with connected() as (world, provider):
        till = world.simulator.stripe.till
        session = await till.pay((await provider.open(wanted(world))).id)
        refunds = [await till.refund(session["payment_intent"], 100) for _ in range(60)]
        heard = await provider.events_since(world.clock.now() - timedelta(minutes=1))
        assert [one.kind for one in heard[:3]] == ["checkout.session.completed", "refund.created", "charge.refunded"]
        assert len(heard) == 121
        assert [one.reversal.id for one in heard if one.reversal] == [one["id"] for one in refunds]
        listed = await provider.refunds_of(session["payment_intent"])
        assert {one.id for one in listed} == {one["id"] for one in refunds}
        world.clock.advance(hours=1)
        assert list(await provider.events_since(world.clock.now())) == []


@pytest.mark.parametrize("kind", ["429", "timeout_before_accept", "connection_closed", "500"])
async def test_bad_weather_passes_or_is_down(kind: str) -> None:
    async with connected(timeout_seconds=0.3) as (world, provider):
        world.simulator.faults.add(kind, on="checkout", times=None)
        with pytest.raises(PaymentsDown):
            await provider.open(wanted(world))
        world.simulator.faults.clear()
        assert (await provider.open(wanted(world))).state == "open"


async def test_a_key_that_is_refused_and_a_host_that_is_not_there() -> None:
    async with connected(secret_key="sk_test_other") as (world, provider):
        with pytest.raises(PaymentsRefused) as caught:
            await provider.open(wanted(world))
        assert "sk_test_other" not in str(caught.value)
    async with connected(api_url="http://127.0.0.1:9") as (world, provider):
        with pytest.raises(PaymentsDown):
            await provider.fetch("cs_1")


async def test_reports_are_read_only_when_signed_lately_and_of_the_same_mode() -> None:
    async with connected() as (world, provider):
        sign = stripe.WebhookSignature.generate_signature_header
        await world.simulator.stripe.till.expire((await provider.open(wanted(world))).id)
        await world.settled()
        body = json.dumps(world.shop.events[0]).encode()
        event = provider.read_event(body, sign(body.decode(), SECRET))
        assert event is not None
        assert event.session is not None
        assert (event.kind, event.session.state) == ("checkout.session.expired", "expired")
        rolled = sign(body.decode(), "whsec_old") + "," + sign(body.decode(), SECRET).split(",")[1]
        with pytest.raises(BadSignature):
            provider.read_event(body, "")
        with pytest.raises(BadSignature):
            provider.read_event(body + b" ", sign(body.decode(), SECRET))
        with pytest.raises(BadSignature):
            provider.read_event(b"\xff\xfe", sign(body.decode(), SECRET))
        assert provider.read_event(body, rolled) is not None
        assert adapter(world, secret_key="sk_live_x").read_event(body, sign(body.decode(), SECRET)) is None
