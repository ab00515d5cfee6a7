"""The payment adapter on a real wire: Stripe's own SDK against the simulator, in good weather and in bad."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
import respx
import stripe

from bot.billing.payments import stripe_checkout
from bot.billing.payments.port import BadSignature, Opening, PaymentProvider, PaymentsDown, PaymentsRefused
from bot.billing.payments.stripe_checkout import StripeCheckout
from bot.billing.payments.stripe_http import StripeHttp
from bot.billing.payments.stripe_reading import KINDS
from bot.ids import CheckoutId, PartnerId
from bot.money import Money
from tests.contract.stripe_world import SECRET, StripeWorld, stripe_simulated


def adapter(api_url: str, **more: Any) -> StripeCheckout:
    known: dict[str, Any] = {
        "secret_key": "sk_test_simulator", "webhook_secret": SECRET, "api_url": api_url,
        "public_url": "https://bot.example.com", "timeout_seconds": 2.0, "tolerance_seconds": 300,
    }  # fmt: skip
    return StripeCheckout(**(known | more))


@asynccontextmanager
async def connected(**more: Any) -> AsyncIterator[tuple[StripeWorld, PaymentProvider]]:
    async with stripe_simulated() as world:
        provider = adapter(**({"api_url": world.simulator.url} | more))
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
        assert (
            adapter(world.simulator.url, secret_key="sk_live_x").read_event(body, sign(body.decode(), SECRET)) is None
        )


STRIPE = "https://stripe.test"
SESSION = {
    "id": "cs_1", "object": "checkout.session", "status": "open", "amount_total": 50_000, "currency": "eur",
    "client_reference_id": "01J", "metadata": {"checkout": "01J"}, "url": "https://pay.example",
}  # fmt: skip
OPENED = {
    "mode": "payment",
    "line_items[0][price_data][currency]": "eur",
    "line_items[0][price_data][unit_amount]": "50000",
    "line_items[0][price_data][product_data][name]": "Partner account",
    "line_items[0][quantity]": "1",
    "adaptive_pricing[enabled]": "false",
    "client_reference_id": "01J",
    "metadata[checkout]": "01J",
    "metadata[partner]": "nord",
    "payment_intent_data[metadata][checkout]": "01J",
    "payment_intent_data[metadata][partner]": "nord",
    "success_url": "https://bot.example.com/pay/done?lang=pt&session={CHECKOUT_SESSION_ID}",
    "cancel_url": "https://bot.example.com/pay/cancelled?lang=pt",
    "locale": "pt",
    "expires_at": "1790000000",
}
"""The request that opens a page, whole: what is paid in is what was asked for, in that currency and no other."""


@pytest.mark.parametrize(
    ("language", "title"), [("pt", "Partner account"), ("en", "Partner account"), ("ru", "Партнёрский счёт")]
)
async def test_the_request_for_a_page_is_this_and_nothing_else(language: str, title: str) -> None:
    ends = datetime.fromtimestamp(1_790_000_000, UTC)
    opening = Opening(CheckoutId("01J"), PartnerId("nord"), Money(50_000, "EUR"), language, ends)
    with respx.mock as wire:
        route = wire.post(f"{STRIPE}/v1/checkout/sessions").mock(return_value=httpx.Response(200, json=SESSION))
        provider = adapter(STRIPE)
        await provider.open(opening)
        await provider.close()
    request = route.calls.last.request
    changed = {"locale": language, "line_items[0][price_data][product_data][name]": title}
    urls = {name: OPENED[name].replace("lang=pt", f"lang={language}") for name in ("success_url", "cancel_url")}
    assert dict(parse_qsl(request.content.decode())) == OPENED | changed | urls
    assert request.headers["Idempotency-Key"] == "replenish:01J:session:1"
    assert request.headers["Authorization"] == "Bearer sk_test_simulator"
    assert request.extensions["timeout"] == {"connect": 2.0, "read": 2.0, "write": 2.0, "pool": 2.0}


async def test_refunds_are_those_of_one_payment_however_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stripe_checkout, "_PAGE", 2)
    async with connected() as (world, provider):
        till = world.simulator.stripe.till
        first, second = [await till.pay((await provider.open(wanted(world, name))).id) for name in ("01J", "01K")]
        made = [await till.refund(first["payment_intent"], 100) for _ in range(5)]
        await till.refund(second["payment_intent"], 100)
        listed = await provider.refunds_of(first["payment_intent"])
        assert {one.id for one in listed} == {one["id"] for one in made}


async def test_no_more_reports_are_read_at_once_than_a_process_can_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stripe_checkout, "_EVENTS_MAX", 3)
    async with connected() as (world, provider):
        session = await world.simulator.stripe.till.pay((await provider.open(wanted(world))).id)
        for _ in range(3):
            await world.simulator.stripe.till.refund(session["payment_intent"], 100)
        assert len(await provider.events_since(world.clock.now() - timedelta(minutes=1))) == 3


async def test_two_bad_answers_in_a_row_are_tried_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(StripeHttp, "sleep_async", lambda _, secs: asyncio.sleep(0))
    async with connected() as (world, provider):
        world.simulator.faults.add("500", on="checkout", times=2)
        assert (await provider.open(wanted(world))).state == "open"
        world.simulator.faults.add("500", on="checkout", times=3)
        with pytest.raises(PaymentsDown):
            await provider.open(wanted(world, "01K"))


async def test_a_line_that_broke_twice_is_tried_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(StripeHttp, "sleep_async", lambda _, secs: asyncio.sleep(0))
    with respx.mock as wire:
        gone = httpx.ConnectError("gone")
        wire.route().mock(side_effect=[gone, httpx.ReadTimeout("slow"), httpx.Response(200, json=SESSION)])
        provider = adapter(STRIPE)
        assert (await provider.fetch("cs_1")).state == "open"
        await provider.close()


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (httpx.ConnectError("no route to sk_test_simulator"), PaymentsDown, "Stripe was not reached: ConnectError"),
        (httpx.Response(429, json={"error": {"message": "Slow down"}}), PaymentsDown, "Slow down"),
        (httpx.Response(500, json={"error": {"message": "Our fault"}}), PaymentsDown, "Our fault"),
        (httpx.Response(400, json={"error": {"message": "No such page"}}), PaymentsRefused, "No such page"),
        (httpx.Response(401, json={"error": {"message": "Invalid key"}}), PaymentsRefused, "Invalid key"),
        (httpx.Response(403, json={"error": {"message": "Not allowed"}}), PaymentsRefused, "Not allowed"),
    ],
)
async def test_the_words_of_a_refusal_are_kept_for_operations(
    monkeypatch: pytest.MonkeyPatch, answer: httpx.Response | Exception, kind: type[Exception], words: str
) -> None:
    monkeypatch.setattr(StripeHttp, "sleep_async", lambda _, secs: asyncio.sleep(0))
    with respx.mock as wire:
        wire.route().mock(side_effect=answer if isinstance(answer, Exception) else lambda _: answer)
        provider = adapter(STRIPE)
        with pytest.raises(kind) as caught:
            await provider.fetch("cs_1")
        await provider.close()
    assert words in str(caught.value)
    assert "sk_test_simulator" not in str(caught.value)


async def test_reports_and_refunds_are_asked_for_by_kind_by_payment_and_by_the_hundred() -> None:
    empty = httpx.Response(200, json={"object": "list", "data": [], "has_more": False, "url": "/v1/x"})
    with respx.mock as wire:
        wire.route().mock(return_value=empty)
        provider = adapter(STRIPE)
        assert await provider.events_since(datetime.fromtimestamp(1_790_000_000, UTC)) == []
        assert await provider.refunds_of("pi_1") == []
        await provider.close()
        events, refunds = [call.request.url for call in wire.calls]
    kinds = {f"types[{n}]": kind for n, kind in enumerate(sorted(KINDS))}
    assert (events.path, dict(events.params)) == ("/v1/events", {"created[gte]": "1790000000", "limit": "100", **kinds})
    assert (refunds.path, dict(refunds.params)) == ("/v1/refunds", {"payment_intent": "pi_1", "limit": "100"})


@pytest.mark.parametrize(("age", "believed"), [(0, True), (270, True), (330, False), (86_400, False)])
def test_a_report_signed_long_ago_is_not_believed(age: int, believed: bool) -> None:
    """Somebody who caught a report may not send it again tomorrow."""
    body = '{"type": "customer.created", "livemode": false}'
    signed = stripe.WebhookSignature.generate_signature_header(body, SECRET, timestamp=int(time.time()) - age)
    provider = adapter(STRIPE)
    if believed:
        assert provider.read_event(body.encode(), signed) is None
    else:
        with pytest.raises(BadSignature):
            provider.read_event(body.encode(), signed)


def test_a_report_that_cannot_be_believed_or_read_says_why() -> None:
    provider, sign = adapter(STRIPE), stripe.WebhookSignature.generate_signature_header
    with pytest.raises(BadSignature, match="signature"):
        provider.read_event(b"{}", sign("{}", "whsec_other"))
    with pytest.raises(ValueError, match=r"^an event is an object$"):
        provider.read_event(b"[]", sign("[]", SECRET))
