"""Replenishing over both wires, with Stripe's own SDK and signatures: reports lost, doubled, late; one credit."""

import json
import time
from typing import Any

import pytest
import stripe

from bot.billing.opening import deposit
from bot.billing.payments import replenishing
from bot.storage.engine import Database
from tests.integration.payment_wire import Wire, wired

CREDITED = "*Partner account replenished* by €500.00"
SECRET = "whsec_simulator"


async def test_from_words_to_the_credit(db: Database) -> None:
    async with wired(db) as wire:
        [link] = await wire.says("replenish 500")
        page = (await wire.pages())[0]
        assert page.url is not None
        assert page.url in link.text
        assert link.text.startswith("*Replenish the partner account* by €500.00")
        async with wire.http.post(page.url, data={"act": "pay"}) as answer:
            assert f"{wire.house.url}/pay/done?lang=en&amp;session={page.session_id}" in await answer.text()
        assert (await wire.firsts())[1:] == [CREDITED]
        assert await wire.account() == "1700.00"
        [again] = (await wire.says("replenish 500"))[2:]
        assert page.url not in again.text


async def test_the_landing_pages_credit_nothing(db: Database) -> None:
    async with wired(db) as wire:
        session = await wire.opened()
        for path, word in (("done?lang=ru&session=" + session, "Спасибо"), ("cancelled", "Nothing was paid")):
            async with wire.http.get(f"{wire.house.url}/pay/{path}") as answer:
                text = await answer.text()
                assert answer.status == 200
            assert word in text
            assert session not in text
        for path, status in (("style.css", 200), ("icon.svg", 200), ("other", 404)):
            async with wire.http.get(f"{wire.house.url}/pay/{path}") as answer:
                assert answer.status == status
        assert await wire.account() == "1200.00"


@pytest.mark.parametrize("weather", ["event_duplicated", "event_lost", "event_out_of_order", ""])
@pytest.mark.parametrize("way", ["card", "debit"])
async def test_one_credit_in_any_weather(db: Database, weather: str, way: str) -> None:
    async with wired(db) as wire:
        session, till = await wire.opened(), wire.simulator.stripe.till
        if weather:
            wire.simulator.faults.add(weather, times=None)
        if way == "card":
            await till.pay(session)
        else:
            await till.pay_later(session)
            await wire.quiet()
            assert await wire.account() == "1200.00"
            await till.bank_answers(session, paid=True)
        await wire.quiet()
        await wire.reconcile()
        await wire.reconcile()
        assert (await wire.firsts()).count(CREDITED) == 1
        assert await wire.account() == "1700.00"


async def test_a_debit_that_fails_and_a_page_that_expires_are_told_even_when_no_report_came(db: Database) -> None:
    async with wired(db) as wire:
        wire.simulator.faults.add("event_lost", times=None)
        session = await wire.opened()
        await wire.simulator.stripe.till.pay_later(session)
        await wire.reconcile()
        assert (await wire.firsts())[-1] == "*Payment on its way*: €500.00 for the partner account"
        await wire.simulator.stripe.till.bank_answers(session, paid=False)
        await wire.reconcile()
        assert (await wire.firsts())[-1] == "*The payment failed*: €500.00 for the partner account"
        await wire.opened("600")
        wire.clock.advance(hours=23)
        await wire.reconcile()
        assert (await wire.firsts())[-1] == "*The payment link has expired*: €600.00 for the partner account"
        assert [page.state for page in await wire.pages()] == ["expired", "failed"]
        assert await wire.account() == "1200.00"


@pytest.mark.parametrize("lost", ["refund.created", "charge.refunded", ""])
async def test_refunds_are_taken_back_once_whichever_report_comes(db: Database, lost: str) -> None:
    async with wired(db) as wire:
        session, till = await wire.opened(), wire.simulator.stripe.till
        paid = await till.pay(session)
        await wire.quiet()
        if lost:
            wire.simulator.faults.add("event_lost", to=lost)
        refund = await till.refund(paid["payment_intent"], 20_000)
        await wire.quiet()
        assert await wire.account() == "1500.00"
        await till.fail_refund(refund["id"])
        await wire.reconcile()
        assert await wire.account() == "1700.00"
        firsts = await wire.firsts()
        assert "*Stripe took €200.00 back*: the payment was refunded" in firsts
        assert firsts[-1] == "*Stripe gave €200.00 back*, the partner account has it again"


async def test_a_dispute_that_nobody_reported_is_found(db: Database) -> None:
    async with wired(db) as wire:
        session, till = await wire.opened("2000"), wire.simulator.stripe.till
        paid = await till.pay(session)
        await wire.reconcile()
        wire.simulator.faults.add("event_lost", times=None)
        dispute = await till.dispute(paid["payment_intent"])
        await wire.reconcile()
        assert (await wire.firsts())[-1] == "*Stripe took €2,000.00 back*: the payment was disputed by the payer"
        assert await wire.account() == "1200.00"
        await till.close_dispute(dispute["id"], won=True)
        await wire.reconcile()
        assert await wire.account() == "3200.00"


async def test_an_answer_that_was_lost_opens_no_second_page(db: Database) -> None:
    async with wired(db) as wire:
        wire.simulator.faults.add("connection_closed_after_accept", on="checkout")
        [link] = await wire.says("replenish 500")
        assert link.text.startswith("*Replenish")
        async with wire.http.get(
            f"{wire.simulator.url}/v1/checkout/sessions", headers={"Authorization": "Bearer sk_test_simulator"}
        ) as answer:
            assert len((await answer.json())["data"]) == 1


async def test_a_provider_that_is_down_is_told_and_asked_again(db: Database) -> None:
    async with wired(db) as wire:
        wire.simulator.faults.add("429", on="checkout", times=2)
        [later] = await wire.says("replenish 500")
        assert later.text.startswith("Stripe does not answer just now.")
        wire.clock.advance(minutes=2)
        await wire.quiet()
        wire.clock.advance(minutes=2)
        assert (await wire.firsts())[-1] == "*Replenish the partner account* by €500.00"
        assert (await wire.firsts()).count(later.text.splitlines()[0]) == 1


async def test_a_key_that_is_refused_is_said_at_once(db: Database) -> None:
    async with wired(db, stripe_key="sk_test_other") as wire:
        [answer] = await wire.says("replenish 500")
        assert answer.text.startswith("There is no payment link for €500.00: Stripe did not give one.")
        assert [page.state for page in await wire.pages()] == ["failed"]


async def test_without_a_provider_there_is_neither_link_nor_webhook(db: Database) -> None:
    async with wired(db, payments=False) as wire:
        [answer] = await wire.says("replenish 500")
        assert answer.text.startswith("There is no payment by card in €: pay by bank transfer")
        assert await wire.post({"id": "evt_1"}) == 404
        await wire.reconcile()


async def test_only_what_stripe_signed_lately_counts(db: Database) -> None:
    async with wired(db) as wire:
        session = await wire.opened()
        await wire.simulator.stripe.till.pay(session)
        await wire.quiet()
        event = {"id": "evt_1", "object": "event", "type": "checkout.session.completed", "created": 1,
                 "livemode": False, "data": {"object": await forged(wire, session)}}  # fmt: skip
        body = json.dumps(event)
        sign = stripe.WebhookSignature.generate_signature_header
        assert await wire.post(body, "") == 400
        assert await wire.post(body, "t=1,v1=00") == 400
        assert await wire.post(body, sign(body, "whsec_other")) == 400
        assert await wire.post(body, sign(body, SECRET, int(time.time()) - 400)) == 400
        assert await wire.post(body + " ", sign(body, SECRET)) == 400
        assert await wire.post("[]") == 400
        assert await wire.post("{") == 400
        assert await wire.post({"id": "evt_2", "type": "checkout.session.expired", "livemode": False}) == 400
        assert await wire.post("x" * 300_000, "") == 413
        assert await wire.post(event | {"livemode": True}) == 200
        assert await wire.post(event | {"type": "customer.created"}) == 200
        assert await wire.account() == "1700.00"
        async with wire.http.get(wire.house.url + "/webhooks/stripe") as answer:
            assert answer.status == 405
        assert await wire.post(event) == 200
        assert await wire.post(event) == 200
        assert await wire.account() == "1700.00"


async def forged(wire: Wire, session_id: str) -> dict[str, Any]:
    """The session as Stripe has it."""
    return await wire.simulator.stripe.till.session(session_id)


async def test_a_break_between_report_and_posting_loses_and_doubles_nothing(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with wired(db) as wire:
        session = await wire.opened()
        broken = iter([True, False, False, False])

        def stumbling(*args: Any, **more: Any) -> Any:
            done = deposit(*args, **more)
            if next(broken):
                raise RuntimeError("the process died here")
            return done

        monkeypatch.setattr(replenishing, "deposit", stumbling)
        await wire.simulator.stripe.till.pay(session)
        assert (await wire.firsts()).count(CREDITED) == 1
        assert await wire.account() == "1700.00"
