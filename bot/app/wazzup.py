"""What of Wazzup the settings switch on: a channel to send by, the webhook's door, and looking at clients' accounts."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

import structlog

from bot.alerts.surroundings import Surroundings
from bot.billing.gateways.wazzup.account_view import AccountView, read_account
from bot.billing.gateways.wazzup.accounts_api import AccountsApi, AccountUnknown, LoginRefused
from bot.billing.local_day import local_date
from bot.clock import Clock
from bot.config import Settings, WazzupSettings
from bot.directory.people import Client
from bot.errors import TransientError
from bot.ids import Address, PartnerId
from bot.imports import polling
from bot.jobs.port import Handler, Job, Jobs
from bot.messaging.outbox import RELAY_JOB
from bot.messaging.relay import Relay
from bot.messaging.transports.wazzup import PER_SECOND, WazzupTransport, sameness
from bot.messaging.transports.wazzup_contents import WazzupContents
from bot.messaging.transports.wazzup_request import SENDER_PREFIX
from bot.scheduler import entries
from bot.storage.engine import Database
from bot.web.deps import WazzupDoor

_FAILURES_MAX = 5
"""After so many accounts in a row that Wazzup could not answer for, the rest wait for the next round."""
_log = structlog.get_logger(__name__)


class Wazzup:
    """The parts of a process that speak with Wazzup; each is None while its settings are empty."""

    def __init__(self, settings: Settings, db: Database, clock: Clock, jobs: Jobs, around: Surroundings) -> None:
        self._db = db
        self._clock = clock
        self._around = around
        self._settings = settings.wazzup
        self.transport = WazzupTransport(settings.wazzup) if settings.wazzup.api_key is not None else None
        self.api = _api(settings.wazzup, clock)
        self.relay: Relay | None = None
        if self.transport is not None:
            needs_templates = settings.wazzup.transport == "wapi"
            self.relay = Relay(
                db,
                self.transport,
                clock,
                jobs,
                WazzupContents(clock, settings.wazzup.templates, needs_templates=needs_templates),
                per_second=min(PER_SECOND, settings.limits.sends_per_second),
                people_per_day=settings.limits.people_per_day or None,
                sameness=sameness(),
            )

    @property
    def senders(self) -> Sequence[Address]:
        """What messages may come from that cannot be asked about."""
        return [self.transport.sender] if self.transport is not None else []

    @property
    def door(self) -> WazzupDoor | None:
        """What the webhook needs."""
        secret = self._settings.webhook_secret
        return WazzupDoor(secret.get_secret_value(), self._around, self.transport) if secret is not None else None

    def handlers(self, relay: Handler) -> dict[str, Handler]:
        """The jobs; `relay` drains the outboxes of every other sender."""

        async def by_sender(job: Job) -> None:
            if not job.key.startswith(SENDER_PREFIX):
                await relay(job)
            elif self.relay is not None and job.key in self.senders:
                await self.relay.run_job(job)
            else:
                _log.error("wazzup.sender_not_set_up", sender=job.key)

        return {RELAY_JOB: by_sender, entries.POLL: self.poll}

    async def poll(self, job: Job) -> None:
        """Look at every account of the partners whose clients live at Wazzup; nothing while there is no login."""
        if self.api is None:
            return
        for partner_id, clients in await self._db.read(polling.polled):
            try:
                await self._poll_partner(self.api, partner_id, clients)
            except LoginRefused as error:
                _log.error("wazzup.login_refused", error=str(error))
                return

    async def close(self) -> None:
        """Finish sends under way and close every connection."""
        if self.relay is not None:
            await self.relay.close()
        if self.transport is not None:
            await self.transport.close()
        if self.api is not None:
            await self.api.close()

    async def _poll_partner(self, api: AccountsApi, partner_id: PartnerId, clients: Sequence[Client]) -> None:
        views: list[AccountView] = []
        unread: dict[str, str] = {}
        failures = 0
        for client in clients:
            if failures >= _FAILURES_MAX:
                unread[client.account_id] = "put off"
                continue
            try:
                found = await _look(api, client, self._clock.now())
            except TransientError as error:
                failures, found = failures + 1, str(error)
            else:
                failures = 0
            if isinstance(found, str):
                unread[client.account_id] = found
            else:
                views.append(found)
        names = sorted({name for view in views for name in view.unread})
        level = _log.warning if unread or names else _log.info
        level("wazzup.polled", partner=partner_id, read=len(views), not_read=len(unread), not_understood=names)
        if views:
            table = polling.table_of(views, unread)
            now = self._clock.now()
            await asyncio.to_thread(polling.take, self._db.write_now, partner_id, views, table, self._around, now)


async def _look(api: AccountsApi, client: Client, now: datetime) -> AccountView | str:
    """One account, or why it cannot be read. TransientError when Wazzup does not answer now."""
    try:
        body = await api.account(client.account_id)
        view = read_account(client.account_id, body, client.time_zone, local_date(now, client.time_zone))
    except (AccountUnknown, ValueError) as error:
        return str(error)
    if view.currency not in (None, client.currency):
        return f"the currency is {view.currency}, not {client.currency}"
    return view


def _api(settings: WazzupSettings, clock: Clock) -> AccountsApi | None:
    if settings.login is None or settings.password is None:
        return None
    password = settings.password.get_secret_value()
    return AccountsApi(settings.tech_api_url, settings.login, password, clock, timeout_seconds=settings.timeout_seconds)
