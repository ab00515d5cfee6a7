"""Sends what is in the outbox: claims, hands over to the transport, records; in order per person, at the sender's pace.

Nothing here is remembered that must survive: a process that dies leaves claimed messages, which the sweep finds.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from time import perf_counter

import structlog

from bot.clock import Clock
from bot.ids import Address
from bot.jobs.port import Job, Jobs
from bot.messaging import claims, outbox
from bot.messaging.attempts import Ended, record_attempts
from bot.messaging.claims import Claimed
from bot.messaging.masking import Bodies, kept, private_of, told
from bot.messaging.message import ErrorClass
from bot.messaging.pace import Bucket, PeoplePace
from bot.messaging.preparation import Contents, Ready, prepare
from bot.messaging.reach import Reach
from bot.messaging.sameness import Sameness
from bot.messaging.transport import OutMessage, Rejected, Result, Transport, Unknown
from bot.messaging.window import Mode
from bot.storage.engine import Database

CHUNK = 500
"""So many messages a job sends at most; then it asks for another."""
_LOOK_AGAIN_SECONDS = 0.05
"""While sends are under way, newer messages are looked for so often: a reply does not wait for a slow send."""
_BREATH_SECONDS = 0.05
"""At full pace so much is saved up for each claim."""
_PAUSE = timedelta(minutes=1)
"""After our account or sender was refused, nothing is tried for so long."""
_APPROVAL_WAIT = timedelta(minutes=5)
_log = structlog.get_logger(__name__)


class Relay:
    """Drains outboxes. One drain of a sender at a time is enough; several do no harm."""

    def __init__(
        self,
        db: Database,
        transport: Transport,
        clock: Clock,
        jobs: Jobs,
        contents: Contents,
        *,
        per_second: float = 80.0,
        at_a_time: int = 128,
        people_per_day: int | None = None,
        sameness: Sameness | None = None,
        bodies: Bodies = Bodies.MASKED,
        jitter: Callable[[], float] = random.random,
        patience_seconds: float = 1.0,
    ) -> None:
        """`per_second` is the pace of each sender, `at_a_time` how many sends of it may be under way, `people_per_day`
        with how many people it may open a conversation (WhatsApp's tier; None: any number), `sameness` how often the
        same words may go, `bodies` what the log keeps of requests and answers; a sender that is slower than
        `patience_seconds` leaves the rest to a later job."""
        self._db = db
        self._transport = transport
        self._clock = clock
        self._jobs = jobs
        self._contents = contents
        self._per_second = per_second
        self._at_a_time = at_a_time
        self._bodies = bodies
        self._jitter = jitter
        self._patience_seconds = patience_seconds
        self._record = partial(record_attempts, jobs=jobs)
        self._buckets: dict[Address, Bucket] = {}
        self._people = PeoplePace()
        self._sameness = sameness
        self._claim = partial(claims.claim, has_window=transport.capabilities.window)
        self._reach = Reach(db, clock, people_per_day)
        self._lanes: dict[Address, set[asyncio.Task[None]]] = {}
        self._under_way: dict[Address, int] = {}
        self._paused_until: dict[Address, datetime] = {}
        self._after: dict[Address, str] = {}
        self._heeded: dict[Address, datetime] = {}

    async def run_job(self, job: Job) -> None:
        """Handler of the job `relay`; its key is the sender."""
        await self.drain(Address(job.key))

    async def drain(self, sender: Address) -> int:
        """Send what may go now, up to a chunk; returns how many messages were handed to the transport."""
        sent = 0
        while sent < CHUNK:
            if (until := self._paused_until.get(sender)) and until > self._clock.now():
                await self._db.write(outbox.ask, self._jobs, sender, until)
                return sent
            room = await self._room(sender)
            if room == 0:
                await self._db.write(outbox.ask, self._jobs, sender, self._bucket(sender).next_at(1, self._clock.now()))
                return sent
            claimed = await self._db.write(self._claim, sender, self._clock.now(), room, self._after.get(sender, ""))
            self._after[sender] = claimed.after
            self._heed(sender, claimed.too_fast_at)
            self._bucket(sender).take(len(claimed.taken), self._clock.now())
            sent += len(claimed.taken)
            for lane in _lanes(claimed.taken):
                self._start(sender, lane)
            if len(claimed.taken) + claimed.dropped < room:
                if not self._lanes.get(sender):
                    return sent
                await self._one_done(sender, _LOOK_AGAIN_SECONDS)
        await self._db.write(outbox.ask, self._jobs, sender, self._clock.now())
        return sent

    async def close(self) -> None:
        """Wait for sends under way; what cannot be recorded is left to the sweep."""
        under_way = [task for tasks in self._lanes.values() for task in tasks]
        await asyncio.gather(*under_way, return_exceptions=True)

    def _heed(self, sender: Address, too_fast_at: datetime | None) -> None:
        """What was taken and then failed for being too fast slows the sender down, once for each burst."""
        now, heeded = self._clock.now(), self._heeded.get(sender)
        if too_fast_at is None or now - too_fast_at > _PAUSE or (heeded is not None and too_fast_at <= heeded):
            return
        self._heeded[sender] = too_fast_at
        self._bucket(sender).slow_down(now)
        _log.warning("relay.slower", sender=sender, per_second=self._bucket(sender).rate)

    async def _room(self, sender: Address) -> int:
        """Wait until there is room for some messages, since each claim costs; how many, 0 when not soon."""
        while self._under_way.get(sender, 0) > self._at_a_time // 2:
            await self._one_done(sender, None)
        bucket = self._bucket(sender)
        if bucket.available(self._clock.now()) < 1:
            some = max(1, int(bucket.rate * _BREATH_SECONDS))
            with suppress(TimeoutError):
                async with asyncio.timeout(self._patience_seconds):
                    await self._clock.sleep_until(bucket.next_at(some, self._clock.now()))
        free = self._at_a_time - self._under_way.get(sender, 0)
        return min(free, max(bucket.available(self._clock.now()), 0))

    def _bucket(self, sender: Address) -> Bucket:
        return self._buckets.setdefault(sender, Bucket(self._per_second))

    def _start(self, sender: Address, lane: Sequence[Claimed]) -> None:
        task = asyncio.create_task(self._run_lane(sender, lane))
        self._lanes.setdefault(sender, set()).add(task)
        self._under_way[sender] = self._under_way.get(sender, 0) + len(lane)
        task.add_done_callback(partial(self._ended, sender, len(lane)))

    def _ended(self, sender: Address, number: int, task: asyncio.Task[None]) -> None:
        self._lanes[sender].discard(task)
        self._under_way[sender] -= number
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("relay.lane_broke", sender=sender, error=repr(error))

    async def _one_done(self, sender: Address, seconds: float | None) -> None:
        if lanes := self._lanes.get(sender):
            await asyncio.wait(lanes, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)

    async def _run_lane(self, sender: Address, lane: Sequence[Claimed]) -> None:
        """One person's messages one after the other. When one must wait, those after it are given back."""
        for n, claimed in enumerate(lane):
            too_fast_until = self._people.wait_until(claimed.to, self._clock.now())
            if too_fast_until is not None:
                await self._put_back(sender, lane[n:], too_fast_until)
                return
            same_until = self._too_much_alike(claimed)
            if same_until is not None:
                await self._put_back(sender, lane[n:], same_until)
                return
            full_until = await self._reach.wait_until(sender, claimed.to) if claimed.mode is Mode.TEMPLATE else None
            if full_until is not None:
                _log.warning("relay.tier_full", sender=sender, until=full_until.isoformat())
                await self._put_back(sender, lane[n:], full_until)
                return
            if await self._send(sender, claimed):
                if rest := lane[n + 1 :]:
                    await self._db.write(claims.release, rest)
                return

    def _too_much_alike(self, claimed: Claimed) -> datetime | None:
        if self._sameness is None:
            return None
        return self._sameness.wait_until(claimed.to, claimed.body, self._clock.now())

    async def _put_back(self, sender: Address, messages: Sequence[Claimed], until: datetime) -> None:
        await self._db.write(claims.release, messages, until)
        await self._db.write(outbox.ask, self._jobs, sender, until)

    async def _send(self, sender: Address, claimed: Claimed) -> bool:
        """Send one message; True when it waits to be tried again."""
        prepared = await prepare(claimed, self._contents, self._clock.now())
        note: str | None = None
        result: Result
        started = perf_counter()
        match prepared:
            case Ready():
                result, note = await self._hand_over(prepared.message), prepared.note
            case Rejected():
                result = prepared
            case None:
                await self._put_back(sender, [claimed], self._clock.now() + _APPROVAL_WAIT)
                return True
        took = int((perf_counter() - started) * 1000)
        exchange = result.exchange
        request, response = (exchange.request, exchange.response) if exchange else (None, None)
        private = private_of(claimed.to, claimed.body)
        if isinstance(result, Rejected):
            self._notice(sender, claimed, replace(result, message=told(result.message, Bodies.MASKED, private)))
            result = replace(result, message=told(result.message, self._bodies, private))
        ended = Ended(
            claimed,
            result,
            self._clock.now(),
            took,
            self._jitter(),
            note,
            kept(request, self._bodies, private),
            kept(response, self._bodies, private),
        )
        return await self._db.write_many(self._record, ended)

    async def _hand_over(self, message: OutMessage) -> Result:
        try:
            return await self._transport.send(message)
        except Exception as error:
            _log.exception("relay.transport_broke", delivery=message.delivery_id)
            return Unknown(f"broke: {type(error).__name__}")

    def _notice(self, sender: Address, claimed: Claimed, result: Rejected) -> None:
        grave = result.error_class in (ErrorClass.PERMANENT, ErrorClass.CONFIGURATION)
        _log.log(
            logging.ERROR if grave else logging.WARNING,
            "message.refused",
            delivery=claimed.id,
            error_class=result.error_class,
            code=result.code,
            error=result.message,
        )
        if result.error_class is ErrorClass.THROTTLE:
            self._bucket(sender).slow_down(self._clock.now())
        if result.error_class is ErrorClass.CONFIGURATION:
            self._paused_until[sender] = self._clock.now() + _PAUSE


def _lanes(taken: Sequence[Claimed]) -> list[list[Claimed]]:
    """Messages by person, in order."""
    lanes: dict[Address, list[Claimed]] = {}
    for claimed in taken:
        lanes.setdefault(claimed.to, []).append(claimed)
    return list(lanes.values())
