"""A partner that speaks by its own Wazzup channel, from the alert to the delivery log, from a curator's number to the
answer: the whole process on a real socket, Wazzup on another."""

import json
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
import httpx
import pytest
from sqlalchemy import Connection, select, update
from structlog.testing import capture_logs

from bot.app.house import House, build
from bot.billing import service as billing
from bot.clock import ManualClock
from bot.messaging.deliveries import Filter, list_deliveries, show
from bot.scheduler import entries
from bot.settings import Settings
from bot.storage.engine import Database
from bot.storage.tables import attempt, contact_window, curator_address, delivery, inbox, partner, transfer
from tests.contract.wazzup_fake import CHANNEL, HOOK, KEY, SECRET, refusal
from tests.contract.wazzup_server import ServedWazzup, served
from tests.integration.alert_world import ALFA, NOW, RIGA, add_client, add_curator, add_partner
from tests.integration.wazzup_world import dump

ANNA = "37120000101"


@dataclass(slots=True)
class Wired:
    """The process with its other end."""

    house: House
    wazzup: ServedWazzup
    clock: ManualClock

    async def fire(self, *names: str) -> None:
        """The clock strikes: these jobs run, and all that they leave to do."""

        def strike(conn: Connection, name: str) -> None:
            self.house.jobs.enqueue(conn, name, name, self.clock.now())

        for name in names:
            await self.house.db.write(strike, name)
            await self.house.until_quiet()

    async def says(self, text: str, message_id: str) -> list[str]:
        """Anna writes; the first lines of what goes back by Wazzup."""
        before = len(self.wazzup.fake.sent)
        self.clock.advance(seconds=10)
        assert await self.wazzup.person_writes(text, ANNA, message_id) == 200
        await self.house.until_quiet()
        return [one["text"] for one in self.wazzup.fake.sent[before:]]

    async def log(self) -> list[tuple[str, str, str]]:
        """Kind, state and sender of each message."""
        query = select(delivery.c.kind, delivery.c.state, delivery.c.sender).order_by(delivery.c.created_at)
        return await self.house.db.read(lambda conn: [tuple(row) for row in conn.execute(query)])


@pytest.fixture
def sock() -> Iterator[socket.socket]:
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        yield made


@pytest.fixture
async def wired(db: Database, sock: socket.socket) -> AsyncIterator[Wired]:
    async with _wired(db, sock) as made:
        yield made


@asynccontextmanager
async def _wired(db: Database, sock: socket.socket) -> AsyncIterator[Wired]:
    def people(conn: Connection) -> None:
        add_partner(conn)
        conn.execute(update(partner).where(partner.c.id == RIGA).values(sender=f"wazzup:{CHANNEL}"))
        anna = add_curator(conn, role="owner")
        mine = curator_address.c.curator_id == anna
        conn.execute(update(curator_address).where(mine).values(address=f"whatsapp:+{ANNA}"))
        add_client(conn, ALFA)

    await db.write(people)
    clock = ManualClock(NOW)
    public = f"http://127.0.0.1:{sock.getsockname()[1]}"
    async with served() as wazzup:
        twilio = {"account_sid": "AC" + "1" * 32, "auth_token": "t", "api_url": "http://127.0.0.1:9"}
        wazzup_keys = {"api_url": wazzup.url, "api_key": KEY, "channel_id": CHANNEL, "webhook_secret": SECRET}
        settings = Settings.model_validate(
            {"public_url": public, "twilio": twilio, "wazzup": wazzup_keys, "alerts": {"respect_hours": False}}
        )
        house = build(settings, db, clock=clock, role="web")
        await house.start(sock)
        wazzup.hook = public + HOOK
        try:
            yield Wired(house, wazzup, clock)
        finally:
            await house.stop()


async def test_an_alert_goes_by_the_channel_and_its_reports_reach_the_log(wired: Wired) -> None:
    await wired.fire(entries.SCAN)
    [body] = wired.wazzup.fake.sent
    assert (body["channelId"], body["chatId"], body["chatType"]) == (CHANNEL, ANNA, "whatsapp")
    assert body["text"].splitlines()[0] == "Finances: *Alfa Dental* ends in 7 days"
    assert body["text"].splitlines()[-3:] == ["1. Renew", "2. I'm on it", "3. Remind me later"]
    assert await wired.wazzup.echoes("m-1") == 200
    await wired.wazzup.reports("m-1", "delivered", "sent")
    await wired.wazzup.reports("m-1", "read", "read")
    assert await wired.log() == [("alert", "read", f"wazzup:{CHANNEL}")]
    page = await wired.house.db.read(list_deliveries, Filter(partner_id=RIGA))
    shown = await wired.house.db.read(show, page.deliveries[0].id)
    assert shown is not None
    assert [(one.outcome, one.http_status, one.provider_id) for one in shown.attempts] == [("accepted", 201, "m-1")]
    assert {one.status for one in shown.reports} == {"sent", "delivered", "read"}
    assert await wired.house.db.read(lambda conn: conn.execute(select(inbox.c.id)).all()) == []


async def test_a_number_renews_and_everything_goes_back_by_the_channel(wired: Wired) -> None:
    await wired.fire(entries.SCAN)
    [quote] = await wired.says("1", "in-1")
    assert quote.splitlines()[0] == "*Renew Alfa Dental?* ID 48210017"
    assert quote.splitlines()[-3:] == ["1. Confirm", "2. Other period", "3. Cancel"]
    again = await wired.says("1", "in-2")
    assert len(again) == 1
    assert await _renewed(wired) == []
    [quote] = await wired.says("renew alfa", "in-3")
    assert quote.splitlines()[-3] == "1. Confirm"
    assert await wired.says("1", "in-4")
    wired.clock.advance(minutes=2)
    await wired.fire(entries.SETTLE)
    assert await _renewed(wired) == ["posted"]
    assert any(one["text"].startswith("*Renewed: Alfa Dental*") for one in wired.wazzup.fake.sent)
    assert {sender for _, _, sender in await wired.log()} == {f"wazzup:{CHANNEL}"}
    assert (await wired.house.db.read(billing.check)).ok


async def test_a_message_that_comes_twice_is_answered_once(wired: Wired) -> None:
    assert len(await wired.says("balance alfa", "in-1")) == 1
    assert await wired.says("balance alfa", "in-1") == []
    assert len(await wired.house.db.read(lambda conn: conn.execute(select(inbox.c.id)).all())) == 1


async def test_an_answer_goes_back_by_the_channel_though_the_partner_speaks_by_another(wired: Wired) -> None:
    await wired.house.db.write(usual_sender)
    assert len(await wired.says("balance alfa", "in-1")) == 1
    assert await wired.log() == [("reply", "sent", f"wazzup:{CHANNEL}")]


def usual_sender(conn: Connection) -> None:
    conn.execute(update(partner).values(sender=None))


async def test_a_list_and_then_an_alert_the_number_answers_what_stands_last(wired: Wired) -> None:
    [listed] = await wired.says("clients", "in-1")
    assert "1. " in listed
    wired.clock.advance(minutes=1)
    await wired.fire(entries.SCAN)
    [quote] = await wired.says("1", "in-2")
    assert quote.startswith("*Renew Alfa Dental?*")


@pytest.mark.parametrize(
    ("code", "stored", "stopped"),
    [
        ("BAD_CONTACT", "BAD_CONTACT", True),
        ("badContact", "BAD_CONTACT", True),
        ("SOMETHING_NEW", "SOMETHING_NEW", False),
    ],
)
async def test_a_report_of_failure_names_its_code(wired: Wired, code: str, stored: str, stopped: bool) -> None:
    await wired.fire(entries.SCAN)
    await wired.wazzup.reports("m-1", "error", error={"error": code, "description": "no"})

    def look(conn: Connection) -> tuple[str, object]:
        row = conn.execute(select(delivery.c.state, delivery.c.error_code)).one()
        return row.state, row.error_code

    found = await wired.house.db.read(look)
    assert found[1] == stored
    assert found[0] in ("failed", "undelivered")
    reasons = await wired.house.db.read(
        lambda conn: conn.execute(select(contact_window.c.stopped_reason)).scalars().all()
    )
    assert any(reasons) == stopped


async def test_a_refusal_names_its_code_too(wired: Wired) -> None:
    wired.wazzup.fake.weather.append(refusal("channelNoMoney"))
    await wired.fire(entries.SCAN)
    codes = await wired.house.db.read(lambda conn: conn.execute(select(delivery.c.error_code)).scalars().all())
    assert codes == ["CHANNEL_NO_MONEY"]


async def test_a_refusal_that_repeats_everything_is_recorded_without_it(wired: Wired) -> None:
    """Half a character, the person's number, the text and our key: nothing of it stays, and the attempt does."""
    text = "Finances: *Alfa Dental* ends in 7 days"
    said = {"error": "VALIDATION_ERROR", "description": f"\ud800 chat {ANNA} text {text} key Bearer {KEY}"}
    wired.wazzup.fake.weather.append(httpx.Response(400, content=json.dumps(said)))
    with capture_logs() as logs:
        await wired.fire(entries.SCAN)
    assert await wired.log() == [("alert", "failed", f"wazzup:{CHANNEL}")]
    attempts = await wired.house.db.read(lambda conn: conn.execute(select(attempt)).all())
    assert [one.outcome for one in attempts] == ["rejected"]
    for private in (KEY, ANNA, text):
        assert private not in str(attempts) + str(logs)


async def test_half_a_character_in_a_webhook_spoils_nothing(wired: Wired) -> None:
    """JSON can name one; no database takes it."""
    await wired.fire(entries.SCAN)
    await wired.wazzup.reports("m-1", "error", error={"error": "x\ud800", "description": "\ud800\x00"})
    assert [state for _, state, _ in await wired.log()] == ["failed"]
    assert len(await wired.says("balance alfa \ud83d", "in-1")) == 1


async def test_the_address_is_the_proof_and_is_told_to_nobody(wired: Wired, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    right = wired.wazzup.hook
    with capture_logs() as logs:
        async with aiohttp.ClientSession() as http:
            for address, status in (
                (right, 200),
                (right[:-1], 403),
                (right + "x", 403),
                (right.rsplit("/", 1)[0] + "/", 404),
                (right + "/more", 404),
                (right.upper().replace("HTTP", "http", 1).replace("/WEBHOOKS/WAZZUP", "/webhooks/wazzup"), 403),
            ):
                async with http.post(address, data=b'{"test": true}') as answer:
                    assert (answer.status, SECRET in await answer.text()) == (status, False), address
            async with http.get(right) as answer:
                assert answer.status == 405
            async with http.post(right, data=b"x" * 300_000) as answer:
                assert answer.status == 413
            async with http.post(right, data=b"{") as answer:
                assert answer.status == 400
            async with http.get(wired.house.url + "/metrics") as answer:
                assert SECRET not in await answer.text()
    await wired.says("balance alfa", "in-1")
    for secret in (SECRET, KEY):
        assert secret not in str(logs) + caplog.text
        assert secret not in await wired.house.db.read(dump)


async def _renewed(wired: Wired) -> list[str]:
    query = select(transfer.c.state).where(transfer.c.state == "posted")
    return await wired.house.db.read(lambda conn: list(conn.execute(query).scalars()))
