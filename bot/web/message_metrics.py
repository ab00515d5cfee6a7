"""Messages in the metrics: brought up to date from the tables whenever somebody asks, by whichever process."""

from datetime import datetime, timedelta

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from bot.clock import Clock
from bot.messaging import figures
from bot.messaging.costs import costs_by_kind
from bot.storage.engine import Database
from bot.storage.switches import Switch

_DAY = timedelta(hours=24)
_BUCKETS = (1, 2, 5, 10, 30, 60, 300, 900, 3600, 4 * 3600, 24 * 3600)


class MessageMetrics:
    """Counts from when the process began."""

    def __init__(self, registry: CollectorRegistry, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._counted_until = clock.now()
        self._waiting = Gauge("curatorbot_queue_messages", "Messages that wait", ("queue",), registry=registry)
        self._age = Gauge("curatorbot_queue_age_seconds", "Age of the oldest that waits", ("queue",), registry=registry)
        self._paused = Gauge("curatorbot_paused", "1 while the operator has stopped it", ("switch",), registry=registry)
        self._attempts = Counter(
            "curatorbot_sends", "Attempts to send: accepted, rejected, unknown", ("outcome",), registry=registry
        )
        self._steps = Histogram(
            "curatorbot_message_seconds",
            "From written to sent, delivered, read, first action",
            ("kind", "step"),
            buckets=_BUCKETS,
            registry=registry,
        )

        self._costs = Gauge(
            "curatorbot_message_cost_micros",
            "What the messages of the last 24 hours cost, in millionths of the currency",
            ("kind", "currency"),
            registry=registry,
        )

    async def update(self) -> None:
        """Take in what happened since the last time."""
        now, after = self._clock.now(), self._counted_until
        queues = await self._db.read(figures.queues)
        self._note("outbox", queues.to_send, now)
        self._note("inbox", queues.to_handle, now)
        for switch in Switch:
            self._paused.labels(switch.value).set(switch in queues.paused)
        self._costs.clear()
        for kind, currency, micros in await self._db.read(costs_by_kind, now - _DAY):
            self._costs.labels(kind, currency).set(micros)
        if now <= after:
            return
        self._counted_until = now
        found = await self._db.read(figures.happened, after, now)
        for outcome, number in found.attempts:
            self._attempts.labels(outcome).inc(number)
        for kind, step, seconds in found.steps:
            self._steps.labels(kind, step).observe(max(seconds, 0.0))

    def _note(self, queue: str, length: tuple[int, datetime | None], now: datetime) -> None:
        number, oldest = length
        self._waiting.labels(queue).set(number)
        self._age.labels(queue).set(max((now - oldest).total_seconds(), 0.0) if oldest else 0.0)
