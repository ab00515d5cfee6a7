"""Alarms leave by a road of their own: once an hour, offered again until taken; a heartbeat after each good look."""

import json
from datetime import timedelta

import httpx
import respx
from prometheus_client import CollectorRegistry
from sqlalchemy import Connection, insert, select, update

from bot.alerts import watch
from bot.app.operations import Operations
from bot.clock import ManualClock
from bot.directory import service as directory
from bot.directory.people import Role
from bot.messaging import contacts
from bot.settings import CanarySettings, OperationsSettings
from bot.storage.engine import Database
from bot.storage.tables import alert_due, delivery
from tests.integration.alert_world import ALFA, ENV, NOW, RIGA, add_client, add_curator, add_partner, scan

HOOK, BEAT = "https://chat.example.com/hook", "https://monitor.example.com/ping"
OFF = CanarySettings(enabled=False)
SETTINGS = OperationsSettings(webhook_url=HOOK, heartbeat_url=BEAT)


def late(conn: Connection) -> None:
    add_partner(conn)
    client = add_client(conn, ALFA, told=False)
    row = {"client_id": client, "partner_id": RIGA, "kind": "ending", "stage": 7, "cycle": "2026-12-03", "due_at": NOW}
    conn.execute(insert(alert_due).values(**row))


def operations(db: Database, clock: ManualClock, registry: CollectorRegistry | None = None) -> Operations:
    return Operations(db, clock, SETTINGS, registry or CollectorRegistry(), canary=OFF, speaks=True)


@respx.mock
async def test_a_late_alert_is_an_alarm_once_an_hour_from_whichever_process(db: Database) -> None:
    await db.write(late)
    clock, registry = ManualClock(NOW), CollectorRegistry()
    hook, beat = respx.post(HOOK).respond(200), respx.get(BEAT).respond(200)
    one, other = operations(db, clock, registry), operations(db, clock)
    await one.look()
    assert (hook.call_count, beat.call_count) == (0, 1)
    clock.advance(minutes=11)
    for _ in range(3):
        await one.look()
        await other.look()
    assert hook.call_count == 1
    said = json.loads(hook.calls[0].request.content)
    assert (said["alarm"], said["title"]) == ("alerts_late", "the oldest due alert waits for 11 minutes")
    assert "/readyz" in said["text"]
    assert registry.get_sample_value("curatorbot_oldest_due_alert_seconds") == 660
    assert registry.get_sample_value("curatorbot_alarms_total", {"alarm": "alerts_late"}) == 1
    clock.advance(hours=1)
    await one.look()
    assert hook.call_count == 2


@respx.mock
async def test_an_alarm_that_the_webhook_did_not_take_is_offered_again(db: Database) -> None:
    await db.write(late)
    clock = ManualClock(NOW + timedelta(minutes=11))
    hook = respx.post(HOOK).mock(side_effect=[httpx.ConnectError("no"), httpx.Response(500), httpx.Response(200)])
    respx.get(BEAT).mock(side_effect=httpx.ConnectError("no"))
    watching = operations(db, clock)
    for _ in range(5):
        await watching.look()
    assert hook.call_count == 3


async def test_addresses_with_a_line_break_do_not_end_the_looking(db: Database) -> None:
    """As they come out of a file or a copied variable."""
    await db.write(late)
    settings, registry = OperationsSettings(webhook_url=f"{HOOK}\n", heartbeat_url=f"{BEAT}\n"), CollectorRegistry()
    clock = ManualClock(NOW + timedelta(minutes=11))
    watching = Operations(db, clock, settings, registry, canary=OFF, speaks=True)
    await watching.look()
    await watching.look()
    assert registry.get_sample_value("curatorbot_alarms_total", {"alarm": "alerts_late"}) == 1


@respx.mock
async def test_messages_that_all_fail_are_an_alarm_although_nothing_is_late(db: Database) -> None:
    def failing(conn: Connection) -> None:
        add_partner(conn)
        for name in ("Anna", "Marta", "Olga", "Igor", "Ilze"):
            add_curator(conn, name)
        add_client(conn, ALFA)
        scan(conn)
        conn.execute(update(delivery).values(state="failed"))

    await db.write(failing)
    hook = respx.post(HOOK).respond(204)
    respx.get(BEAT).respond(200)
    await operations(db, ManualClock(NOW)).look()
    assert [json.loads(call.request.content)["alarm"] for call in hook.calls] == ["sending_fails"]


@respx.mock
async def test_a_dead_database_is_said_and_the_heartbeat_falls_silent(db: Database) -> None:
    class Dead:
        async def read(self, *args: object) -> None:
            raise OSError("gone")

        write = read

    hook, beat = respx.post(HOOK).respond(200), respx.get(BEAT).respond(200)
    watching = Operations(Dead(), ManualClock(NOW), SETTINGS, CollectorRegistry(), canary=OFF, speaks=True)  # type: ignore[arg-type]
    await watching.look()
    await watching.look()
    assert hook.call_count == 1
    assert beat.call_count == 0


async def test_without_addresses_it_only_measures_and_logs(db: Database) -> None:
    await db.write(late)
    quiet = Operations(
        db, ManualClock(NOW + timedelta(hours=1)), OperationsSettings(), CollectorRegistry(), canary=OFF, speaks=True
    )
    await quiet.look()


@respx.mock
async def test_a_person_who_blocked_us_is_heard_of_once_whoever_looks_and_however_often(db: Database) -> None:
    """Raised just before a full hour; a second process looks after it, both start anew, and hours go by."""
    raised_at = NOW.replace(minute=59, second=30)

    def blocked(conn: Connection) -> None:
        add_partner(conn)
        add_curator(conn, "Olga", role=Role.OWNER)
        anna = add_curator(conn, "Anna")
        address = directory.get_curator(conn, anna).address
        assert address is not None
        row = {"sender": ENV.sender, "address": address, "stopped_at": NOW, "stopped_reason": "recipient"}
        contacts.stop_contacts(conn, [row])

    def watch_again(conn: Connection) -> None:
        found = watch.find(conn, RIGA, now=clock.now(), env=ENV)
        watch.tell(conn, RIGA, found, now=clock.now(), env=ENV)

    await db.write(blocked)
    hook, clock = respx.post(HOOK).respond(200), ManualClock(raised_at)
    respx.get(BEAT).respond(200)
    for minutes in (0, 1, 30, 45, 60, 300):
        clock.advance(minutes=minutes)
        await db.write(watch_again)
        for each in (operations(db, clock), operations(db, clock)):
            await each.look()
    heard = [json.loads(call.request.content)["alarm"] for call in hook.calls]
    assert [name.partition(":")[0] for name in heard if name.startswith("unreachable")] == ["unreachable"]
    owners = select(delivery.c.id).where(delivery.c.template == "watch/unreachable")
    assert len(await db.read(lambda conn: conn.execute(owners).all())) == 1


@respx.mock
async def test_what_lasts_is_said_again_an_hour_later_not_at_the_full_hour(db: Database) -> None:
    await db.write(late)
    clock = ManualClock(NOW.replace(minute=59) + timedelta(hours=1))
    hook = respx.post(HOOK).respond(200)
    respx.get(BEAT).respond(200)
    for minutes in (0, 2, 30):
        clock.advance(minutes=minutes)
        await operations(db, clock).look()
    assert hook.call_count == 1
    clock.advance(minutes=30)
    await operations(db, clock).look()
    assert hook.call_count == 2
