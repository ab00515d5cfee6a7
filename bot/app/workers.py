"""What each background job does: opens units, asks the rooms, hands what changed to the alerts."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.alerts import overnight
from bot.alerts import service as alerts
from bot.alerts.report import ScanReport
from bot.app.settling import settle
from bot.billing import renewing
from bot.billing.changed import Changed
from bot.billing.charging import charge_due, is_waiting
from bot.billing.confirming import expire_quotes
from bot.clock import Clock
from bot.handlers.dispatcher import dispatch
from bot.handlers.env import Env
from bot.ids import Address, ReferralId
from bot.jobs.port import Handler, Job
from bot.messaging import inbox, outbox
from bot.messaging.forgetting import forget_old
from bot.messaging.relay import Relay
from bot.partnership.channels import renew_free
from bot.partnership.referrals import credit_months
from bot.scheduler import entries
from bot.scheduler.ticks import prune
from bot.storage.engine import Database

_SCAN_CLIENTS = 100
"""Clients raised in one unit of a scan: it shares the writer with people who wait for an answer."""
Chunk = Callable[[Connection, datetime], list[Changed]]


class Workers:
    """The handlers of all jobs. Each is idempotent and works in chunks, a unit each, so that nobody waits for it."""

    def __init__(self, db: Database, clock: Clock, env: Env, relay: Relay) -> None:
        self._db = db
        self._clock = clock
        self._env = env
        self._relay = relay

    def handlers(self) -> dict[str, Handler]:
        """Each job's name, with what runs it."""
        return {
            inbox.DISPATCH_JOB: self.dispatch,
            outbox.RELAY_JOB: self._relay.run_job,
            entries.SCAN: self.scan,
            entries.CHARGE: self.charge,
            entries.SETTLE: self.settle,
            entries.RENEW: self.renew,
            entries.EXPIRE: self.expire,
            entries.SWEEP: self.sweep,
            entries.REFERRALS: self.referrals,
            entries.FREE_CHANNELS: self.free_channels,
            entries.PRUNE: self.prune,
        }

    async def dispatch(self, job: Job) -> None:
        """Handle what one address has sent, message by message."""
        await dispatch(self._db, Address(job.key), clock=self._clock, env=self._env)

    async def scan(self, job: Job) -> None:
        """Raise what is due."""
        while (await self._db.write(self._scan_chunk, self._clock.now(), bulk=True)).more:
            pass

    async def charge(self, job: Job) -> None:
        """Take daily payments, end subscriptions, stop channels without money; then look who must be told.

        After a standstill renewals that were missed come first: what they cover is not paid by the day as well.
        """
        await self.renew(job)
        changed = 0
        while await self._db.read(is_waiting, self._clock.now()):
            changed += len(await self._db.write(self._apply, self._charges, self._clock.now(), bulk=True))
        if changed:
            await self._db.write(self._enqueue_scan)

    async def renew(self, job: Job) -> None:
        """Renew the clients that renew by themselves; then look who must be told of those that cannot be."""
        changed = 0
        while await self._db.read(renewing.is_due, self._clock.now()):
            changed += len(await self._db.write(self._apply, self._renewals, self._clock.now(), bulk=True))
        if changed:
            await self._db.write(self._enqueue_scan)

    async def settle(self, job: Job) -> None:
        """Post, or void, what waited its time."""
        while await self._db.write(settle, self._clock.now(), self._env.around, bulk=True):
            pass

    async def expire(self, job: Job) -> None:
        """Close quotes and messages whose time is over."""
        now = self._clock.now()
        await self._db.write(expire_quotes, now)
        await self._db.write(outbox.expire, now)

    async def sweep(self, job: Job) -> None:
        """Look again at every queue that is not empty, so that none is lost; alerts stay at night."""
        now, jobs = self._clock.now(), self._env.around.jobs
        if woken := await self._db.read(overnight.woken, now, self._env.around):
            while await self._db.write(overnight.put_off, woken, now, self._env.around, bulk=True):
                pass
        await self._db.write(inbox.sweep, now, jobs)
        await self._db.write(outbox.sweep, now, jobs)

    async def referrals(self, job: Job) -> None:
        """Share with partners what referred users paid in months that are over."""
        after: ReferralId | None = None
        while True:
            after = await self._db.write(self._share, after, self._clock.now(), bulk=True)
            if after is None:
                return

    async def free_channels(self, job: Job) -> None:
        """Begin the next free term of channels whose last one is over, or have them paid."""
        while await self._db.write(self._renew_free, self._clock.now(), bulk=True):
            pass

    async def prune(self, job: Job) -> None:
        """Forget what nobody asks for any more."""
        now, days = self._clock.now(), self._env.limits.log_days
        await self._db.write(prune, now, bulk=True)
        while days and await self._db.write(forget_old, now - timedelta(days=days), now, bulk=True):
            pass

    def _charges(self, conn: Connection, now: datetime) -> list[Changed]:
        return charge_due(conn, self._env.around.book, now)

    def _renewals(self, conn: Connection, now: datetime) -> list[Changed]:
        return renewing.renew_due(conn, self._env.around.book, now)

    def _apply(self, conn: Connection, chunk: Chunk, now: datetime) -> Sequence[Changed]:
        changes = chunk(conn, now)
        alerts.apply(conn, changes, now=now, env=self._env.around)
        return changes

    def _share(self, conn: Connection, after: ReferralId | None, now: datetime) -> ReferralId | None:
        return credit_months(conn, after, env=self._env.around, now=now)

    def _renew_free(self, conn: Connection, now: datetime) -> int:
        return renew_free(conn, env=self._env.around, now=now)

    def _scan_chunk(self, conn: Connection, now: datetime) -> ScanReport:
        return alerts.scan(conn, now=now, env=self._env.around, limit=_SCAN_CLIENTS)

    def _enqueue_scan(self, conn: Connection) -> None:
        self._env.around.jobs.enqueue(conn, entries.SCAN, entries.SCAN, self._clock.now())
