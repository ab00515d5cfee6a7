"""The simulated Stripe: shapes of Stripe's own examples, its SDK as client, its helper for signatures, every fault."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import stripe

from bot.billing.payments.stripe_http import StripeHttp
from bot.simulator.settings import SimulatorSettings
from bot.simulator.stripe_form import parse_form
from tests.contract.stripe_world import StripeWorld, asked, check_shape, client_of, stripe_simulated

PAID = ["charge.succeeded", "payment_intent.succeeded", "checkout.session.completed"]
PAYLOAD = """{
  "id": "evt_test_webhook",
  "object": "event",
  "data": { "object": { "id": "rdr_123", "object": "terminal.reader" } }
}"""


async def raw(world: StripeWorld, path: str) -> dict[str, Any]:
    """An object as it is on the wire."""
    headers = {"Authorization": "Bearer sk_test_simulator"}
    async with aiohttp.ClientSession(headers=headers) as http, http.get(world.simulator.url + path) as answer:
        found: dict[str, Any] = await answer.json()
        return found


async def test_every_object_has_the_fields_of_stripes_examples() -> None:
    async with stripe_simulated() as world:
        session = await world.opened()
        check_shape(await raw(world, f"/v1/checkout/sessions/{session.id}"), "checkout.session")
        paid = await world.simulator.stripe.till.pay(session.id)
        payment_id = paid["payment_intent"]
        await world.simulator.stripe.till.refund(payment_id, 100)
        await world.simulator.stripe.till.dispute(payment_id)
        await world.settled()
        check_shape(await raw(world, f"/v1/checkout/sessions/{session.id}"), "checkout.session")
        check_shape(await raw(world, f"/v1/payment_intents/{payment_id}"), "payment_intent")
        check_shape((await raw(world, "/v1/disputes"))["data"][0], "dispute")
        check_shape((await raw(world, "/v1/refunds"))["data"][0], "refund")
        charge = next(event for event in world.shop.events if event["type"] == "charge.succeeded")
        check_shape({**charge["data"]["object"], "refunds": {}}, "charge")
        check_shape(charge, "event")


async def test_a_session_is_opened_fetched_listed_and_expired_by_the_sdk() -> None:
    async with stripe_simulated() as world:
        sessions = world.client.v1.checkout.sessions
        session = await world.opened(locale="ru")
        assert (session.status, session.payment_status, session.amount_total) == ("open", "unpaid", 50_000)
        assert (session.client_reference_id, session.metadata.to_dict()) == ("01J", {"checkout": "01J"})
        assert session.url == f"{world.simulator.url}/pay/c/{session.id}"
        assert (await sessions.retrieve_async(session.id)).url == session.url
        second = await world.opened(700)
        page = await sessions.list_async({"limit": 1})
        assert [found.id async for found in page.auto_paging_iter()] == [second.id, session.id]
        expired = await sessions.expire_async(session.id)
        assert (expired.status, expired.url) == ("expired", None)
        assert await world.settled() == ["checkout.session.expired"]
        with pytest.raises(stripe.InvalidRequestError, match="expired"):
            await sessions.expire_async(session.id)


async def test_paying_reports_what_stripe_reports_and_in_its_order() -> None:
    async with stripe_simulated() as world:
        session = await world.opened()
        await world.simulator.stripe.till.decline(session.id)
        assert (await world.client.v1.checkout.sessions.retrieve_async(session.id)).status == "open"
        await world.simulator.stripe.till.pay(session.id)
        assert await world.settled() == ["payment_intent.payment_failed", *PAID]
        told = world.shop.events[-1]["data"]["object"]
        assert (told["status"], told["payment_status"], told["url"]) == ("complete", "paid", None)
        whole = await world.client.v1.checkout.sessions.retrieve_async(session.id, {"expand": ["payment_intent"]})
        assert whole.payment_intent.status == "succeeded"  # type: ignore[union-attr]
        assert whole.payment_intent.metadata.to_dict() == {"checkout": "01J"}  # type: ignore[union-attr]


@pytest.mark.parametrize("paid", [True, False])
async def test_a_bank_debit_is_complete_first_and_paid_or_failed_later(paid: bool) -> None:
    async with stripe_simulated() as world:
        session = await world.opened()
        await world.simulator.stripe.till.pay_later(session.id)
        assert (await world.settled())[-1] == "checkout.session.completed"
        assert world.shop.events[-1]["data"]["object"]["payment_status"] == "unpaid"
        await world.simulator.stripe.till.bank_answers(session.id, paid=paid)
        await world.settled()
        word = "succeeded" if paid else "failed"
        assert world.shop.kinds[-1] == f"checkout.session.async_payment_{word}"
        assert world.shop.events[-1]["data"]["object"]["payment_status"] == ("paid" if paid else "unpaid")


async def test_refunds_and_disputes_come_and_go() -> None:
    async with stripe_simulated() as world:
        session = await world.opened()
        till = world.simulator.stripe.till
        payment = (await till.pay(session.id))["payment_intent"]
        refund = await world.client.v1.refunds.create_async({"payment_intent": payment, "amount": 20_000})
        await till.fail_refund(refund.id)
        dispute = await till.dispute(payment)
        await till.close_dispute(dispute["id"], won=True)
        assert (await world.settled())[3:] == [
            "refund.created", "charge.refunded", "refund.updated", "refund.failed", "charge.dispute.created",
            "charge.dispute.funds_withdrawn", "charge.dispute.closed", "charge.dispute.funds_reinstated",
        ]  # fmt: skip
        listed = await world.client.v1.refunds.list_async({"payment_intent": payment})
        assert [(found.id, found.status) for found in listed.data] == [(refund.id, "failed")]
        with pytest.raises(stripe.InvalidRequestError, match="unrefunded"):
            await world.client.v1.refunds.create_async({"payment_intent": payment, "amount": 60_000})


async def test_events_can_be_asked_for_since_a_moment_and_by_kind() -> None:
    async with stripe_simulated() as world:
        first = await world.opened()
        await world.simulator.stripe.till.pay(first.id)
        world.clock.advance(hours=1)
        second = await world.opened()
        await world.simulator.stripe.till.pay(second.id)
        since = int((world.clock.now() - timedelta(minutes=5)).timestamp())
        page = await world.client.v1.events.list_async({"created": {"gte": since}, "types": [PAID[2]]})
        assert [event.data.object.id async for event in page.auto_paging_iter()] == [second.id]
        page = await world.client.v1.events.list_async({"limit": 2})
        assert [event.type async for event in page.auto_paging_iter()] == (PAID[::-1]) * 2


async def test_the_same_key_gives_the_same_session_and_no_other_request() -> None:
    async with stripe_simulated() as world:
        create = world.client.v1.checkout.sessions.create_async
        first, second = await asyncio.gather(*(create(asked(), {"idempotency_key": "k"}) for _ in range(2)))
        assert first.id == second.id
        with pytest.raises(stripe.IdempotencyError):
            await create(asked(700), {"idempotency_key": "k"})
        assert (await create(asked(), {"idempotency_key": "other"})).id != first.id


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"mode": "subscription"}, "mode"),
        ({"success_url": ""}, "success_url"),
        ({"cancel_url": "javascript:1"}, "cancel_url"),
        ({"line_items": []}, "line_items"),
        ({"expires_at": 1}, "expires_at"),
        ({"colour": "red"}, "colour"),
        ({"client_reference_id": "x" * 201}, "client_reference_id"),
    ],
)
async def test_a_request_that_stripe_would_refuse_is_refused(change: dict[str, Any], param: str) -> None:
    async with stripe_simulated() as world:
        with pytest.raises(stripe.InvalidRequestError) as caught:
            await world.opened(**change)
        assert caught.value.param == param


@pytest.mark.parametrize(("minor", "code"), [(49, "amount_too_small"), (100_000_000, "amount_too_large")])
async def test_amounts_have_limits(minor: int, code: str) -> None:
    async with stripe_simulated() as world:
        with pytest.raises(stripe.InvalidRequestError) as caught:
            await world.opened(minor)
        assert caught.value.code == code


async def test_without_the_key_nothing_is_answered() -> None:
    async with stripe_simulated() as world:
        http = StripeHttp(5)
        stranger = client_of(world.simulator.url, http, "sk_test_other")
        with pytest.raises(stripe.AuthenticationError):
            await stranger.v1.events.list_async()
        await http.close_async()
        with pytest.raises(stripe.InvalidRequestError, match="No such"):
            await world.client.v1.checkout.sessions.retrieve_async("cs_test_none")


async def test_a_session_expires_by_the_simulators_clock() -> None:
    async with stripe_simulated() as world:
        session = await world.opened(expires_at=int(world.clock.now().timestamp()) + 3600)
        world.clock.advance(minutes=59)
        assert (await world.client.v1.checkout.sessions.retrieve_async(session.id)).status == "open"
        world.clock.advance(minutes=2)
        assert (await world.client.v1.checkout.sessions.retrieve_async(session.id)).status == "expired"
        assert await world.settled() == ["checkout.session.expired"]


async def test_events_are_lost_duplicated_and_out_of_order_on_demand() -> None:
    async with stripe_simulated() as world:
        faults, till = world.simulator.faults, world.simulator.stripe.till
        faults.add("event_lost", to="charge.succeeded")
        faults.add("event_duplicated", to="checkout.session.completed")
        await till.pay((await world.opened()).id)
        assert await world.settled() == [PAID[1], PAID[2], PAID[2]]
        assert world.shop.events[1]["id"] == world.shop.events[2]["id"]
        world.shop.events.clear()
        faults.add("event_out_of_order", to="payment_intent.succeeded")
        await till.pay((await world.opened()).id)
        assert await world.settled() == [PAID[0], PAID[2], PAID[1]]


async def test_an_event_that_is_not_taken_comes_again() -> None:
    async with stripe_simulated() as world:
        world.shop.statuses = [500, 503]
        await world.simulator.stripe.till.expire((await world.opened()).id)
        assert await world.settled() == ["checkout.session.expired"] * 3


async def test_the_api_can_stumble_after_it_has_accepted() -> None:
    async with stripe_simulated() as world:
        world.simulator.faults.add("connection_closed_after_accept", on="checkout")
        create = world.client.v1.checkout.sessions.create_async
        with pytest.raises(stripe.APIConnectionError):
            await create(asked(), {"idempotency_key": "k"})
        again = await create(asked(), {"idempotency_key": "k"})
        page = await world.client.v1.checkout.sessions.list_async()
        assert [found.id for found in page.data] == [again.id]
        world.simulator.faults.add("429", on="checkout")
        with pytest.raises(stripe.RateLimitError):
            await create(asked())


async def test_what_was_opened_survives_a_restart(tmp_path: Path) -> None:
    async with stripe_simulated(db_path=tmp_path / "sim.sqlite3") as world:
        session = await world.opened()
    async with stripe_simulated(db_path=tmp_path / "sim.sqlite3") as world:
        assert (await world.client.v1.checkout.sessions.retrieve_async(session.id)).status == "open"


async def test_the_page_pays_and_leads_back() -> None:
    async with stripe_simulated(partner_name="Nord") as world, aiohttp.ClientSession() as http:
        session = await world.opened(locale="ru")
        async with http.get(session.url) as answer:
            page = await answer.text()
        assert "500,00\u00a0€" in page
        assert "Оплатить" in page
        async with http.post(session.url, data={"act": "pay"}, headers={"Sec-Fetch-Site": "cross-site"}) as answer:
            assert answer.status == 403
        async with http.post(session.url, data={"act": "decline"}) as answer:
            assert "Карта отклонена" in await answer.text()
        async with http.post(session.url, data={"act": "pay"}) as answer:
            page = await answer.text()
        assert f"https://bot.example.com/pay/done?session={session.id}" in page
        async with http.post(session.url, data={"act": "pay"}) as answer:
            assert answer.status == 200
        assert (await world.settled()).count("checkout.session.completed") == 1
        async with http.get(f"{world.simulator.url}/pay/c/none") as answer:
            assert answer.status == 404


@pytest.mark.parametrize(
    ("payload", "signature"),
    [
        (PAYLOAD, "3bfab77baf5f7b6991a46c9b53b6547d7afc56148b10468fcad9f35c1992ffbd"),
        (
            "\n".join(PAYLOAD.splitlines()[:2]) + '\n  "object": "event"\n}',
            "4f1cd7feda9826e746b7d482c4badebb657398df1099e1046364f6196a230150",
        ),
    ],
)
def test_stripes_helper_signs_as_it_always_did(payload: str, signature: str) -> None:
    made = stripe.WebhookSignature.generate_signature_header(payload, "whsec_test_secret", 1_700_000_000)
    assert made == f"t=1700000000,v1={signature}"


def test_bracketed_names_become_nested_data() -> None:
    text = "a[0][b]=1&a[0][c][d]=2&e=%D0%B6&x[]=1&x[]=2"
    assert parse_form(text) == {"a": [{"b": "1", "c": {"d": "2"}}], "e": "ж", "x": ["1", "2"]}
    for senseless in ("a[=1", "a=1&a[b]=2", "a=1&a=2"):
        with pytest.raises(ValueError, match="Field"):
            parse_form(senseless)


def test_the_default_secrets_open_nothing_real() -> None:
    settings = SimulatorSettings()
    assert json.dumps([settings.stripe_key, settings.stripe_webhook_secret]).count("simulator") == 2
