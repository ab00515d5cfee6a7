"""What /metrics says of messages: the queues, the attempts, and how long each step took, each counted once."""

from datetime import timedelta
from typing import Any

from prometheus_client import CollectorRegistry
from sqlalchemy import Connection

from bot.clock import ManualClock
from bot.messaging import costs, inbox
from bot.messaging.message import Price
from bot.messaging.transport import Accepted, Unknown
from bot.storage import switches
from bot.storage.engine import Database
from tests.conftest import START
from tests.integration.messaging_support import ANNA, BORIS, RecordingJobs, alert, inbound, put, record, report, take
from tests.integration.web_door import open_door


def story(conn: Connection) -> None:
    """Written at once, sent after 3 s, read after 50; a tap comes after 100 s, another later. One more waits."""
    at = START.__add__
    anna, boris = put(conn, alert("1", ANNA), now=START), put(conn, alert("2", BORIS), now=START)
    first, second = sorted(take(conn, at(timedelta(seconds=3))), key=lambda one: one.id)
    record(conn, first, Accepted("SM1", "queued", 201), at(timedelta(seconds=3)))
    record(conn, second, Unknown("silence"), at(timedelta(seconds=4)))
    report(conn, "read", sid="SM1", d=anna, now=at(timedelta(seconds=50)))
    for seconds in (100, 150):
        jobs: Any = RecordingJobs()
        tap = inbound(f"IN{seconds}", ANNA, "Renew", at(timedelta(seconds=seconds)))
        inbox.accept(
            conn, type(tap)(**{name: getattr(tap, name) for name in tap.__slots__} | {"replied_to": "SM1"}), jobs
        )
    put(conn, alert("3", ANNA), now=at(timedelta(seconds=170)))
    costs.note_price(conn, anna, Price(26_200, "USD"))
    switches.pause(conn, switches.Switch.MONEY, who="o", reason="r", now=START)
    assert boris == second.id


async def test_messages_in_the_metrics(db: Database, clock: ManualClock) -> None:
    async with open_door(db, clock, registry=CollectorRegistry()) as client:
        await db.write(story)
        clock.advance(seconds=200)
        for _ in range(2):
            lines = (await (await client.get("/metrics")).text()).splitlines()
            for line in (
                'curatorbot_queue_messages{queue="outbox"} 1.0',
                'curatorbot_queue_age_seconds{queue="outbox"} 30.0',
                'curatorbot_queue_messages{queue="inbox"} 2.0',
                'curatorbot_queue_age_seconds{queue="inbox"} 100.0',
                'curatorbot_paused{switch="money"} 1.0',
                'curatorbot_paused{switch="sending"} 0.0',
                'curatorbot_sends_total{outcome="accepted"} 1.0',
                'curatorbot_sends_total{outcome="unknown"} 1.0',
                'curatorbot_message_cost_micros{currency="USD",kind="alert"} 26200.0',
                'curatorbot_message_seconds_sum{kind="alert",step="sent"} 3.0',
                'curatorbot_message_seconds_sum{kind="alert",step="delivered"} 50.0',
                'curatorbot_message_seconds_sum{kind="alert",step="read"} 50.0',
                'curatorbot_message_seconds_sum{kind="alert",step="action"} 100.0',
                'curatorbot_message_seconds_count{kind="alert",step="action"} 1.0',
            ):
                assert line in lines, line
            clock.advance(seconds=0)
