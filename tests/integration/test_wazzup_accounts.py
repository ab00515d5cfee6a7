"""Polled accounts on both databases: read in any shape, taken like a table; and what webhooks say of channels."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import httpx
import pytest
import respx
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, select, update
from structlog.testing import capture_logs

from bot.app.wazzup import Wazzup
from bot.billing import service as billing
from bot.billing.gateways.wazzup.account_view import AccountView, ChannelView, read_account
from bot.clock import ManualClock
from bot.config import Settings
from bot.directory import service as directory
from bot.handlers.dispatcher import handle_next
from bot.handlers.env import Env
from bot.ids import Address, JobId
from bot.jobs.port import Job
from bot.messaging.outbox import RELAY_JOB
from bot.messaging.transports.wazzup import WazzupTransport
from bot.money import of
from bot.storage.engine import Database
from bot.storage.tables import client, dashboard_task, delivery, import_run, partner, wazzup_channel
from bot.web.deps import WazzupDoor
from tests.integration.alert_world import (
    BOOK,
    GAMMA,
    NOW,
    RIGA,
    Remembered,
    add_client,
    add_curator,
    add_partner,
    surroundings,
)
from tests.integration.chat_world import phone_of
from tests.integration.web_door import open_door

TECH = "https://tech.test"
SECRET = "a-secret-of-the-webhook"
TODAY = date(2026, 11, 26)
ACCOUNT: dict[str, Any] = {
    "data": {
        "account": {"account_id": 48210033, "name": "Gamma Travel", "lang": "en"},
        "billing": {"paidBy": "partner", "balance": 12.5, "currency": "EUR"},
        "subscriptions": [{"id": "s", "tariff": "pro", "period": 6, "endDate": "2027-05-26", "state": "active"}],
        "channels": [
            {"channel_id": f"c-{n}", "transport": "whatsapp", "status": "active", "phone": f"3712000000{n}"}
            for n in range(3)
        ],
    },
    "meta": {"timestamp": 1_795_676_400},
}


def settings(**changes: Any) -> Settings:
    wazzup = {"tech_api_url": TECH, "login": "partner@example.com", "password": "s3cret-word", "webhook_secret": SECRET}
    return Settings.model_validate({"wazzup": wazzup | changes})


def read(answer: object, zone: str = "Europe/Riga") -> AccountView:
    return read_account("48210033", json.dumps(answer).encode(), zone, TODAY)


def test_an_answer_is_read() -> None:
    view = read(ACCOUNT)
    assert (view.balance, view.end, view.plan, view.months) == (of("12.50", "EUR"), date(2027, 5, 26), "pro", 6)
    assert view.channels is not None
    assert view.channels[0] == ChannelView("c-0", "whatsapp", "37120000000", "active")
    assert view.unread == ()


@pytest.mark.parametrize(
    ("billing_part", "expected"),
    [
        ({"balance": "1440.50", "currency": "RUR"}, "1440.50 RUB"),
        ({"balance": {"value": 10, "currency_code": "rub"}}, "10.00 RUB"),
        ({"balance": 10, "currency": "KZT"}, "10.00 KZT"),
        ({"balance": -3, "currency": "USD"}, "-3.00 USD"),
        ({"balance": 10}, None),
        ({"balance": "ten", "currency": "USD"}, None),
        ({"balance": True, "currency": "USD"}, None),
        ({"balance": 1e30, "currency": "USD"}, None),
        ({}, None),
        (None, None),
        ([], None),
    ],
)
def test_balances_in_any_spelling(billing_part: object, expected: str | None) -> None:
    found = read({"data": {"billing": billing_part}}).balance
    assert (str(found) if found is not None else None) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-12-03", date(2026, 12, 3)),
        ("2026-12-03T22:00:00Z", date(2026, 12, 3)),
        ("2026-12-03T22:00:01Z", date(2026, 12, 4)),
        ("2026-12-04T00:00:00+02:00", date(2026, 12, 3)),
        (1_796_335_200, date(2026, 12, 3)),
        (1_796_335_200_000, date(2026, 12, 3)),
        ("soon", None),
        (True, None),
    ],
)
def test_end_dates_in_any_spelling(value: object, expected: date | None) -> None:
    view = read({"data": {"subscriptions": {"items": [{"paid_till": value}]}}})
    assert view.end == expected
    assert view.unread == (() if expected else ("subscription: end date",))


def test_the_subscription_that_needs_renewing_first() -> None:
    ends = [{"end_date": day} for day in ("2027-02-01", "2026-12-03", "2026-10-01")]
    assert read({"data": {"subscriptions": ends}}).end == date(2026, 12, 3)
    over = [{"end_date": "2026-10-01"}, {"end_date": "2026-11-01"}]
    assert read({"data": {"subscriptions": over}}).end == date(2026, 11, 1)
    assert read({"data": {"subscriptions": [{"end_date": "2027-02-01", "status": "Deleted"}]}}).end is None


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'{"data": 1}', b'{"data": {"account_id": 1}}', b"\xff"])
def test_what_is_no_answer_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError):
        read_account("48210033", body, "UTC", TODAY)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=10,
)
NAMES = ["end_date", "tariff", "period", "channelId", "transport", "state", "deleted", "id"]
PART = JSON | st.lists(st.dictionaries(st.sampled_from(NAMES), JSON))
ANSWER = {"billing": JSON, "subscriptions": PART, "channels": PART, "balance": JSON, "currency": JSON}


@given(st.fixed_dictionaries(ANSWER))
def test_no_answer_breaks_the_reading(data: dict[str, Any]) -> None:
    view = read({"data": data})
    assert view.balance is None or abs(view.balance.minor) <= 10**15


class Hurried(ManualClock):
    """A clock that nobody waits for."""

    async def sleep_until(self, when: datetime) -> None:
        self.move_to(max(when, self.now()))


class Wire:
    """The partner API: an answer for each account, by its id."""

    def __init__(self) -> None:
        self.answers: dict[str, httpx.Response] = {}
        self.asked: list[httpx.Request] = []

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        found = self.answers.get(request.url.path.rsplit("/", 1)[1], httpx.Response(404))
        return httpx.Response(found.status_code, content=found.content)


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    made = Wire()
    with respx.mock(assert_all_called=False) as mocked:
        mocked.get(url__startswith=f"{TECH}/v2/accounts/").mock(side_effect=made.answer)
        yield made


def account(**changes: Any) -> httpx.Response:
    return httpx.Response(200, json={"data": {**ACCOUNT["data"], **changes}})


def world(conn: Connection) -> None:
    add_partner(conn)
    conn.execute(update(partner).where(partner.c.id == RIGA).values(gateway="wazzup"))
    add_curator(conn)
    add_client(conn, replace(GAMMA, balance="12.50"))


async def polled(db: Database, clock: ManualClock, **changes: Any) -> None:
    jobs = Remembered()
    house = Wazzup(settings(**changes), db, clock, jobs, surroundings(jobs))
    await house.poll(Job(JobId("j"), "poll", "poll", 1))
    await house.close()


async def test_a_poll_enters_like_a_table(db: Database, wire: Wire) -> None:
    clock = Hurried(NOW + timedelta(hours=1))
    await db.write(world)
    wire.answers["48210033"] = account(unheard_of={"x": 1})
    await polled(db, clock)

    def look(conn: Connection) -> None:
        [one] = directory.list_clients(conn, RIGA)
        stands = billing.standing(conn, one.id, NOW, BOOK)
        assert (str(stands.balance), stands.next_end) == ("12.50 EUR", date(2027, 5, 26))
        assert len(stands.channels) == 3
        assert one.as_of == clock.now()
        assert one.missing_since is None
        assert conn.execute(select(wazzup_channel.c.id)).scalars().all() == ["c-0", "c-1", "c-2"]
        assert len(conn.execute(select(import_run.c.id)).all()) == 1

    await db.read(look)
    clock.advance(minutes=30)
    await polled(db, clock)

    def look_again(conn: Connection) -> None:
        assert len(conn.execute(select(import_run.c.id)).all()) == 1
        assert conn.execute(select(client.c.as_of)).scalar_one() == clock.now()

    await db.read(look_again)
    assert wire.asked[0].url.query == b"expand=billing%2Cchannels%2Csubscriptions"
    assert wire.asked[0].headers["Authorization"].startswith("Basic ")


async def test_a_poll_confirms_a_task(db: Database, wire: Wire) -> None:
    def ask(conn: Connection) -> None:
        world(conn)
        anna = phone_of(conn, directory.list_curators(conn, RIGA)[0].id)
        [todo] = anna.tap(anna.ask("renew gamma"), "Confirm")
        anna.tap(todo, "Done")

    await db.write(ask)
    clock = Hurried(NOW + timedelta(hours=1))
    wire.answers["48210033"] = account(subscriptions=[{"endDate": "2026-11-25"}])
    await polled(db, clock)
    assert await db.read(lambda conn: conn.execute(select(dashboard_task.c.state)).scalar_one()) == "open"
    clock.advance(minutes=30)
    wire.answers["48210033"] = account()
    await polled(db, clock)
    assert await db.read(lambda conn: conn.execute(select(dashboard_task.c.state)).scalar_one()) == "confirmed"
    texts = await db.read(lambda conn: set(conn.execute(select(delivery.c.template)).scalars()))
    assert {"tasks/reopened", "tasks/confirmed"} <= texts


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500])
async def test_an_account_that_cannot_be_read_is_not_missing(db: Database, wire: Wire, status: int) -> None:
    def two(conn: Connection) -> None:
        world(conn)
        add_client(conn, replace(GAMMA, account_id="48210041", company="Delta"))

    await db.write(two)
    wire.answers["48210041"] = httpx.Response(status)
    wire.answers["48210033"] = account()
    with capture_logs() as logs:
        await polled(db, Hurried(NOW + timedelta(hours=1)))
    missing = await db.read(lambda conn: conn.execute(select(client.c.missing_since)).scalars().all())
    assert missing == [None, None]
    assert "s3cret-word" not in str(logs)
    assert "partner@example.com" not in str(logs)


async def test_nothing_is_asked_without_a_login(db: Database, wire: Wire) -> None:
    await db.write(world)
    await polled(db, Hurried(NOW), login=None, password=None)
    assert wire.asked == []


async def test_the_pace_stays_far_below_the_limit(db: Database, wire: Wire) -> None:
    def many(conn: Connection) -> None:
        world(conn)
        for n in range(20):
            add_client(conn, replace(GAMMA, account_id=f"4900{n:04d}", company=f"Client {n}"), told=False)

    await db.write(many)
    clock = Hurried(NOW)
    for n in range(20):
        wire.answers[f"4900{n:04d}"] = httpx.Response(404)
    await polled(db, clock)
    assert clock.now() - NOW >= timedelta(seconds=1.9)


async def test_a_webhook_says_that_channels_stand_still(db: Database, wire: Wire) -> None:
    clock = Hurried(NOW + timedelta(hours=1))
    await db.write(world)
    wire.answers["48210033"] = account()
    await polled(db, clock)
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
