"""What of Wazzup the settings switch on: a channel to send by, the webhook's door, and looking at clients' accounts."""

from collections.abc import Sequence

import structlog

from bot.alerts.surroundings import Surroundings
from bot.app.account_polls import AccountPolls
from bot.billing.gateways.wazzup.accounts_api import AccountsApi
from bot.clock import Clock
from bot.ids import Address
from bot.jobs.port import Handler, Job, Jobs
from bot.messaging.masking import Bodies
from bot.messaging.outbox import RELAY_JOB
from bot.messaging.relay import Relay
from bot.messaging.transports.wazzup import PER_SECOND, WazzupTransport, sameness
from bot.messaging.transports.wazzup_contents import WazzupContents
from bot.messaging.transports.wazzup_request import SENDER_PREFIX
from bot.settings import Settings, WazzupSettings
from bot.storage.engine import Database
from bot.web.deps import WazzupDoor

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
        self.polls = AccountPolls(db, clock, around, self.api)
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
                bodies=Bodies(settings.delivery.bodies),
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

        return {RELAY_JOB: by_sender, **self.polls.handlers()}

    async def close(self) -> None:
        """Finish sends under way and close every connection."""
        if self.relay is not None:
            await self.relay.close()
        if self.transport is not None:
            await self.transport.close()
        if self.api is not None:
            await self.api.close()


def _api(settings: WazzupSettings, clock: Clock) -> AccountsApi | None:
    if settings.login is None or settings.password is None:
        return None
    password = settings.password.get_secret_value()
    return AccountsApi(settings.tech_api_url, settings.login, password, clock, timeout_seconds=settings.timeout_seconds)
