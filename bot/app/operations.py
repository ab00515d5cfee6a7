"""Alarms to operations by a road of their own, not by the WhatsApp that may be failing; and a heartbeat every minute.

An alarm is one log line with a recipe, a metric, and a post to a webhook; each at most once an hour, and only once what
happened at one moment, such as a person who cannot be reached any more.
"""

import asyncio
from datetime import datetime, timedelta

import httpx
import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge
from sqlalchemy import Connection, select

from bot.app.canary_watch import CanaryWatch
from bot.app.vital_signs import Alarm, VitalSigns, alarms, measure
from bot.clock import Clock
from bot.settings import CanarySettings, OperationsSettings
from bot.storage.engine import Database
from bot.storage.queries import insert_if_absent
from bot.storage.tables import tick

log = structlog.get_logger(__name__)
EVERY_SECONDS = 60.0
_AGAIN = timedelta(hours=1)
_TIMEOUT_SECONDS = 10.0
_UNHEARD = (httpx.HTTPError, httpx.InvalidURL)
"""An address that is none must not end the looking: nobody would hear of anything any more."""
_DATABASE = Alarm(
    "database", "the database cannot be read", "check that it runs and has room; the log line beside this says why"
)


class Operations:
    """Looks at the installation once a minute, from every process; the database sees to it that one of them speaks."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        settings: OperationsSettings,
        registry: CollectorRegistry,
        *,
        canary: CanarySettings,
        speaks: bool,
    ) -> None:
        """`speaks`: this process raises alarms and beats; the others only measure."""
        self._db = db
        self._clock = clock
        self._settings = settings
        self._speaks = speaks
        self.registry = registry
        self._canary = CanaryWatch(canary, registry, clock.now())
        self._raised: dict[str, datetime] = {}
        self._unheard: dict[str, Alarm] = {}
        self._alert_age = Gauge(
            "curatorbot_oldest_due_alert_seconds",
            "Age of the oldest alert that is due and not raised",
            registry=registry,
        )
        self._message_age = Gauge(
            "curatorbot_oldest_message_seconds", "Age of the oldest message that should have left", registry=registry
        )
        self._books_wrong = Gauge(
            "curatorbot_ledger_problems",
            "Problems that the last check of the books found, at most 20",
            registry=registry,
        )
        self._measured_at = Gauge(
            "curatorbot_measured_timestamp_seconds", "When the installation was last looked at", registry=registry
        )
        self._alarms = Counter("curatorbot_alarms", "Alarms raised", ("alarm",), registry=registry)

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            await self.look()

    async def look(self) -> None:
        """One look: measure, raise what is alarming, beat. Never raises."""
        try:
            signs = await self._db.read(measure, self._clock.now())
            canary = await self._db.read(self._canary.measure)
        except Exception as error:
            log.error("operations.unreadable", error=repr(error))
            if self._speaks:
                await self._raise(_DATABASE)
            return
        self._show(signs)
        late = self._canary.show(canary, self._clock.now())
        if self._speaks:
            await self._post_again()
            for alarm in [*alarms(signs, self._settings), *late]:
                await self._raise(alarm)
            await self._beat()

    def _show(self, signs: VitalSigns) -> None:
        self._alert_age.set(signs.alert_age)
        self._message_age.set(signs.message_age)
        self._books_wrong.set(len(signs.books_wrong))
        self._measured_at.set(self._clock.now().timestamp())

    async def _raise(self, alarm: Alarm) -> None:
        """Say it, unless this or another process has said it within the hour."""
        now = self._clock.now()
        last = self._raised.get(alarm.name)
        if last is not None and timedelta() <= now - last < _AGAIN:
            return
        self._raised[alarm.name] = now
        if not await self._is_first(alarm, now):
            return
        self._alarms.labels(alarm.name.partition(":")[0]).inc()
        log.error("alarm", alarm=alarm.name, title=alarm.title, recipe=alarm.recipe)
        if self._settings.webhook_url is not None and not await self._post(self._settings.webhook_url, alarm, now):
            self._unheard[alarm.name] = alarm

    async def _post_again(self) -> None:
        """What the webhook did not take is offered with every look until it does."""
        url = self._settings.webhook_url
        for alarm in list(self._unheard.values()):
            if url is None or await self._post(url, alarm, self._clock.now()):
                del self._unheard[alarm.name]

    async def _is_first(self, alarm: Alarm, now: datetime) -> bool:
        """Whether no other process has said it this hour; yes when that cannot be known."""
        try:
            return bool(await self._db.write(_note, alarm, now))
        except Exception:
            return True

    async def _post(self, url: str, alarm: Alarm, now: datetime) -> bool:
        text = f"curatorbot: {alarm.title}. First: {alarm.recipe}."
        body = {"text": text, "alarm": alarm.name, "title": alarm.title, "recipe": alarm.recipe, "at": now.isoformat()}
        try:
            async with httpx.AsyncClient(timeout=_TIMEOUT_SECONDS) as wire:
                (await wire.post(url, json=body)).raise_for_status()
        except _UNHEARD as error:
            log.error("alarm.not_posted", alarm=alarm.name, error=type(error).__name__)
            return False
        return True

    async def _beat(self) -> None:
        if self._settings.heartbeat_url is None:
            return
        try:
            async with httpx.AsyncClient(timeout=_TIMEOUT_SECONDS) as wire:
                (await wire.get(self._settings.heartbeat_url)).raise_for_status()
        except _UNHEARD as error:
            log.warning("heartbeat.not_heard", error=type(error).__name__)


def _note(conn: Connection, alarm: Alarm, now: datetime) -> bool:
    """Whether nobody has said it: ever, of what happened at one moment; within the hour, of what lasts."""
    name = f"alarm:{alarm.name}"[:64]
    if alarm.since is None:
        lately = select(tick.c.at).where(tick.c.name == name, tick.c.at > now - _AGAIN)
        if conn.execute(lately.limit(1)).first() is not None:
            return False
    moment = alarm.since or now.replace(second=0, microsecond=0)
    return bool(insert_if_absent(conn, tick, [{"name": name, "at": moment}]))
