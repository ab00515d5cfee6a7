"""The provider's webhooks: only the provider is heard, everything is kept once, nothing it sends breaks the door."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode

import pytest
from sqlalchemy import Connection, func, select

from bot.clock import ManualClock
from bot.messaging.message import Inbound
from bot.storage.engine import Database
from bot.storage.tables import inbox, job, status_event
from bot.storage.unit import Overloaded, Unavailable
from bot.web import webhooks
from tests.integration.web_door import INBOUND, STATUS, message, open_door, post, settings, signature

FORM = "application/x-www-form-urlencoded"


def bodies(conn: Connection) -> list[str]:
    """The texts in the inbox."""
    return list(conn.execute(select(inbox.c.body).order_by(inbox.c.received_at)).scalars())


def count(conn: Connection, table: Any) -> int:
    """How many rows a table has."""
    return conn.execute(select(func.count()).select_from(table)).scalar_one()


async def test_a_message_is_kept_and_answered_with_empty_twiml(db: Database, clock: ManualClock) -> None:
    async with open_door(db, clock) as client:
        answer = await post(client, INBOUND, message(body="Баланс альфа"))
        text = await answer.text()

    assert answer.status == 200
    assert answer.content_type == "text/xml"
    assert text == '<?xml version="1.0" encoding="UTF-8"?><Response/>'
    assert db.read_now(bodies) == ["Баланс альфа"]
    assert db.read_now(lambda conn: conn.execute(select(job.c.name)).scalars().all()) == ["dispatch"]


async def test_a_replayed_message_is_answered_and_kept_once(db: Database, clock: ManualClock) -> None:
    async with open_door(db, clock) as client:
        answers = [await post(client, INBOUND, message()) for _ in range(3)]

    assert [answer.status for answer in answers] == [200, 200, 200]
    assert db.read_now(bodies) == ["balance alfa"]


async def test_the_same_message_at_the_same_time_is_kept_once(sqlite_db: Database, clock: ManualClock) -> None:
    async with open_door(sqlite_db, clock) as client:
        answers = await asyncio.gather(*(post(client, INBOUND, message()) for _ in range(20)))

    assert {answer.status for answer in answers} == {200}
    assert sqlite_db.read_now(count, inbox) == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"X_Twilio_Signature": ""},
        {"X_Twilio_Signature": "Zm9yZ2Vk"},
        {"X_Twilio_Signature": signature(INBOUND, urlencode(message(body="another text")).encode())},
        {"X_Twilio_Signature": signature(STATUS, urlencode(message()).encode())},
        {"X_Twilio_Signature": "\u00e9"},
    ],
    ids=["missing", "forged", "of another message", "of another address", "not ASCII"],
)
async def test_a_message_that_is_not_the_providers_leaves_nothing(
    sqlite_db: Database, clock: ManualClock, headers: dict[str, str]
) -> None:
    async with open_door(sqlite_db, clock) as client:
        answer = await post(client, INBOUND, message(), **headers)

    assert answer.status == 403
    assert sqlite_db.read_now(count, inbox) == 0
    assert sqlite_db.read_now(count, job) == 0


async def test_too_large_a_body_is_refused(sqlite_db: Database, clock: ManualClock) -> None:
    async with open_door(sqlite_db, clock, settings=settings(body_bytes_max=2_000)) as client:
        answer = await post(client, INBOUND, message(body="x" * 2_000))

    assert answer.status == 413
    assert sqlite_db.read_now(count, inbox) == 0


async def test_a_body_that_never_ends_is_given_up(
    sqlite_db: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "READ_SECONDS", 0.05)

    async def forever() -> AsyncIterator[bytes]:
        yield b"Body="
        await asyncio.sleep(30)

    async with open_door(sqlite_db, clock) as client:
        answer = await client.post(INBOUND, data=forever(), headers={"Content-Type": FORM})

    assert answer.status == 408
    assert sqlite_db.read_now(count, inbox) == 0


@pytest.mark.parametrize("form", [b"", b"Body=hello", b"MessageSid=&From=", b"{}", b"%ff%fe&&&=", b"\x00\x01\x02"])
async def test_a_malformed_body_is_refused(sqlite_db: Database, clock: ManualClock, form: bytes) -> None:
    async with open_door(sqlite_db, clock) as client:
        answer = await post(client, INBOUND, form)

    assert answer.status == 400
    assert sqlite_db.read_now(count, inbox) == 0


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "application/json",
        "text/plain",
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded; charset=utf-7",
    ],
)
async def test_another_content_type_is_refused(sqlite_db: Database, clock: ManualClock, content_type: str) -> None:
    async with open_door(sqlite_db, clock) as client:
        answer = await post(client, INBOUND, message(), Content_Type=content_type)

    assert answer.status == 400
    assert sqlite_db.read_now(count, inbox) == 0


@pytest.mark.parametrize(
    "text",
    [
        "Ж" * 10_000,
        "🎉👨‍👩‍👧‍👦" * 100 + "🎉" * 9_200,
        "السلام عليكم \u202e gnihtyna",
        "\u200b\u200d\ufeff",
        "'; DROP TABLE inbox; --",
        "",
        " \n ",
        "a=b&c=d%00+",
    ],
    ids=["10,000 characters", "emoji", "right to left", "zero width", "SQL", "empty", "blank", "reserved"],
)
async def test_any_text_is_kept_as_it_came(db: Database, clock: ManualClock, text: str) -> None:
    async with open_door(db, clock) as client:
        answer = await post(client, INBOUND, message(body=text))

    assert answer.status == 200
    assert db.read_now(bodies) == [text]


async def test_unknown_fields_are_tolerated(sqlite_db: Database, clock: ManualClock) -> None:
    more = {f"NewField{n}": "{}" for n in range(50)}
    async with open_door(sqlite_db, clock) as client:
        answer = await post(client, INBOUND, message(**more))

    assert answer.status == 200
    assert sqlite_db.read_now(count, inbox) == 1


async def test_a_status_is_kept_once(db: Database, clock: ManualClock) -> None:
    form = {"MessageSid": "SM9", "MessageStatus": "delivered"}
    async with open_door(db, clock) as client:
        answers = [await post(client, f"{STATUS}?d=01M81X0BBZP5WVEM9P761GT576", form) for _ in range(2)]

    assert [answer.status for answer in answers] == [204, 204]
    assert db.read_now(count, status_event) == 1


@pytest.mark.parametrize(
    ("path", "form"),
    [(STATUS, message()), (INBOUND, {"MessageSid": "SM9", "MessageStatus": "delivered"})],
    ids=["a message at the status address", "a status at the message address"],
)
async def test_a_webhook_at_the_wrong_address_is_refused(
    sqlite_db: Database, clock: ManualClock, path: str, form: dict[str, str]
) -> None:
    async with open_door(sqlite_db, clock) as client:
        answer = await post(client, path, form)

    assert answer.status == 400
    assert sqlite_db.read_now(count, inbox) + sqlite_db.read_now(count, status_event) == 0


@pytest.mark.parametrize("error", [Overloaded("full"), Unavailable("closed")])
async def test_a_busy_database_asks_the_provider_to_come_again(
    sqlite_db: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    async def refuse(*_: object) -> list[bool]:
        raise error

    monkeypatch.setattr(sqlite_db, "write_many", refuse)
    async with open_door(sqlite_db, clock) as client:
        answer = await post(client, INBOUND, message())

    assert answer.status == 503
    assert int(answer.headers["Retry-After"]) > 0


async def test_what_nobody_foresaw_is_a_plain_500(
    sqlite_db: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def explode(*_: object) -> Inbound:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(sqlite_db, "write_many", explode)
    async with open_door(sqlite_db, clock) as client:
        answer = await post(client, INBOUND, message())
        text = await answer.text()

    assert answer.status == 500
    assert text == "500\n"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
async def test_only_post_is_a_webhook(sqlite_db: Database, clock: ManualClock, method: str) -> None:
    async with open_door(sqlite_db, clock) as client:
        answer = await client.request(method, INBOUND)

    assert answer.status == 405
    assert answer.headers["Allow"] == "POST"


async def test_an_unknown_webhook_is_a_plain_404(sqlite_db: Database, clock: ManualClock) -> None:
    async with open_door(sqlite_db, clock) as client:
        answer = await client.post("/webhooks/other")
        assert (answer.status, await answer.text()) == (404, "404\n")
