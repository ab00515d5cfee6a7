"""Wazzup's webhook on both databases: what it says of channels and messages, and that its secret is told to nobody."""

import json
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
import respx
from sqlalchemy import Connection, select, update
from structlog.testing import capture_logs

from bot.app.wazzup import Wazzup
from bot.billing import service as billing
from bot.billing.gateways.wazzup import channels
from bot.billing.gateways.wazzup.account_view import read_account
from bot.directory import service as directory
from bot.handlers.dispatcher import handle_next
from bot.handlers.env import Env
from bot.ids import Address, JobId
from bot.jobs.port import Job
from bot.messaging.outbox import RELAY_JOB
from bot.messaging.transports.wazzup import WazzupTransport
from bot.storage.engine import Database
from bot.storage.tables import delivery, partner
from bot.web.deps import WazzupDoor
from tests.integration.alert_world import BOOK, NOW, RIGA, Remembered, surroundings
from tests.integration.chat_world import phone_of
from tests.integration.wazzup_world import ACCOUNT, SECRET, Hurried, settings, world
from tests.integration.web_door import open_door


def channels_known(conn: Connection, at: datetime) -> None:
    """The channels as a poll tells of them."""
    view = read_account("48210033", json.dumps(ACCOUNT).encode(), "Europe/Riga", at.date())
    [one] = directory.list_clients(conn, RIGA)
    channels.see(conn, RIGA, one.id, view.channels or (), at)


async def test_a_webhook_says_that_channels_stand_still(db: Database) -> None:
    clock = Hurried(NOW + timedelta(hours=1))
    await db.write(world)
    await db.write(channels_known, clock.now())
    door = WazzupDoor(SECRET, surroundings(Remembered()))
    at = int((clock.now() + timedelta(minutes=1)).timestamp() * 1000)
    clock.advance(minutes=2)

    async def post(client: Any, path: str, body: object) -> int:
        answer = await client.post(path, data=json.dumps(body), headers={"Content-Type": "application/json"})
        return int(answer.status)

    path = f"/webhooks/wazzup/{SECRET}"
    async with open_door(db, clock, wazzup=door) as web:
        assert await post(web, path, {"test": True}) == 200
        assert await post(web, "/webhooks/wazzup/another-secret-there", {"test": True}) == 403
        assert await post(web, path, []) == 400
        stopped = {"channelId": "c-1", "state": "notEnoughMoney", "timestamp": at}
        updates = [stopped, {"channelId": "not-ours", "state": "x"}]
        assert await post(web, path, {"channelsUpdates": updates}) == 200
        assert await states(db) == ["active", "notEnoughMoney", "active"]
        old = [{"channelId": "c-1", "state": "active", "timestamp": at - 60_000}]
        assert await post(web, path, {"channelsUpdates": old}) == 200
        assert await states(db) == ["active", "notEnoughMoney", "active"]
        news = [{"channelId": "c-1", "state": "active", "timestamp": at + 1}]
        assert await post(web, path, {"channelsUpdates": news}) == 200
        assert await states(db) == ["active", "active", "active"]
    async with open_door(db, clock) as web:
        assert await post(web, path, {"test": True}) == 404


async def states(db: Database) -> list[str]:
    def look(conn: Connection) -> list[str]:
        [one] = directory.list_clients(conn, RIGA)
        return [channel.state for channel in billing.standing(conn, one.id, NOW, BOOK).channels]

    return await db.read(look)


async def test_a_partners_messages_go_by_its_own_channel(db: Database) -> None:
    keys = {"api_url": "https://wazzup.test", "api_key": "k" * 32, "channel_id": "chan-1"}
    clock = Hurried(NOW)
    jobs = Remembered()

    def ask(conn: Connection) -> str:
        world(conn)
        conn.execute(update(partner).values(sender="wazzup:chan-1"))
        anna = phone_of(conn, directory.list_curators(conn, RIGA)[0].id)
        anna.ask("renew gamma")
        return str(anna.address)

    address = await db.write(ask)
    with respx.mock as mocked:
        answer = httpx.Response(201, json={"messageId": "m-1"})
        sent = mocked.post("https://wazzup.test/v3/message").mock(return_value=answer)
        house = Wazzup(settings(**keys), db, clock, jobs, surroundings(jobs))

        async def nobody(job: Job) -> None:
            raise AssertionError("the usual relay")

        await house.handlers(nobody)[RELAY_JOB](Job(JobId("j"), RELAY_JOB, "wazzup:chan-1", 1))
        await house.close()
    body = json.loads(sent.calls[0].request.content)
    assert body["chatId"] == address.removeprefix("whatsapp:+")
    assert body["text"].splitlines()[0].startswith("*Renew Gamma Travel in Wazzup?*")
    assert body["text"].splitlines()[-3:] == ["1. Confirm", "2. Other period", "3. Cancel"]
    rows = await db.read(lambda conn: conn.execute(select(delivery.c.state, delivery.c.provider_id)).all())
    assert [tuple(row) for row in rows] == [("sent", "m-1")]


async def test_a_message_by_the_webhook_is_answered_where_it_was_written_to(db: Database) -> None:
    clock, jobs = Hurried(NOW), Remembered()
    await db.write(world)
    transport = WazzupTransport(settings(api_url="https://wazzup.test", api_key="k" * 32, channel_id="chan-1").wazzup)
    door = WazzupDoor(SECRET, surroundings(jobs), transport)
    item = {"messageId": "in-1", "channelId": "chan-1", "chatType": "whatsapp", "chatId": "79991112233"}
    said = item | {"type": "text", "status": "inbound", "text": "hello", "isEcho": False}
    echo = said | {"messageId": "in-2", "isEcho": True}
    async with open_door(db, clock, wazzup=door) as web:
        for _ in range(2):
            answer = await web.post(f"/webhooks/wazzup/{SECRET}", json={"messages": [said, echo]})
            assert answer.status == 200
    await transport.close()

    def handle(conn: Connection) -> list[tuple[str, str]]:
        address = Address("whatsapp:+79991112233")
        assert handle_next(conn, address, now=clock.now(), env=Env(surroundings(jobs)))
        assert not handle_next(conn, address, now=clock.now(), env=Env(surroundings(jobs)))
        rows = conn.execute(select(delivery.c.template, delivery.c.sender)).all()
        return [(row.template, row.sender) for row in rows]

    assert await db.write(handle) == [("people/refusal", "wazzup:chan-1")]


async def test_the_secret_stays_out_of_the_log(db: Database) -> None:
    def broken(conn: Connection, *_: object) -> None:
        raise RuntimeError("the disk is gone")

    door = WazzupDoor(SECRET, surroundings(Remembered()))
    with pytest.MonkeyPatch.context() as patch, capture_logs() as logs:
        patch.setattr("bot.web.wazzup_webhook._note_channels", broken)
        async with open_door(db, Hurried(NOW), wazzup=door) as web:
            body = {"channelsUpdates": [{"channelId": "c", "state": "active"}]}
            assert (await web.post(f"/webhooks/wazzup/{SECRET}", json=body)).status == 500
    assert logs
    assert SECRET not in str(logs)
