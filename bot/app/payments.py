"""Payments in the background: opens payment pages, asks the provider what was never reported, tells people."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

import structlog
from sqlalchemy import Connection

from bot.alerts.payment_notes import hear, tell
from bot.alerts.surroundings import Surroundings
from bot.billing.payments import checkouts, events, replenishing
from bot.billing.payments.news import Checkout, News, Outcome
from bot.billing.payments.port import (
    Opening,
    PaymentProvider,
    PaymentsDown,
    PaymentsRefused,
    Reversal,
    SessionView,
)
from bot.billing.payments.stripe_checkout import StripeCheckout
from bot.billing.payments.terms import ReplenishTerms
from bot.clock import Clock
from bot.ids import CheckoutId
from bot.jobs.port import Handler, Job
from bot.scheduler import entries
from bot.settings import Settings
from bot.storage.engine import Database

_ASK_AGAIN = timedelta(minutes=4)
"""The reconciler comes every five minutes; a page that was asked about since the last round is left alone."""
_CHUNK = 100
_PATIENCE = timedelta(hours=1)
"""So long a page is asked for before it is given up."""
_LOOK_BACK = timedelta(days=3)
"""How far back reports are asked for at first: so long the provider itself tries to deliver one."""
_OVERLAP = timedelta(minutes=10)
"""Reports may show up in the provider's list a little later than their time."""
_log = structlog.get_logger(__name__)


def provider_of(settings: Settings) -> PaymentProvider | None:
    """The payment provider that the settings name, if they name one."""
    stripe = settings.stripe
    if stripe.secret_key is None or stripe.webhook_secret is None:
        return None
    return StripeCheckout(
        secret_key=stripe.secret_key.get_secret_value(),
        webhook_secret=stripe.webhook_secret.get_secret_value(),
        api_url=stripe.api_url,
        public_url=settings.public_url,
        timeout_seconds=stripe.timeout_seconds,
        tolerance_seconds=stripe.tolerance_seconds,
    )


def terms_of(settings: Settings) -> ReplenishTerms:
    """What may be paid in, and how."""
    configured = settings.stripe.secret_key is not None
    return ReplenishTerms(
        provider="stripe" if configured else None,
        currencies=frozenset(settings.stripe.currencies) if configured else frozenset(),
        link_life=timedelta(hours=settings.stripe.link_hours),
        bank_details=settings.money.bank_details,
    )


class Payments:
    """The handlers of the jobs of payments. The network is asked between units, never inside one."""

    def __init__(self, db: Database, clock: Clock, env: Surroundings, provider: PaymentProvider | None) -> None:
        self._db = db
        self._clock = clock
        self._env = env
        self._provider = provider

    def handlers(self) -> dict[str, Handler]:
        """Each job's name, with what runs it."""
        return {
            replenishing.OPEN_JOB: self.open,
            replenishing.REFUNDS_JOB: self.ask_refunds,
            entries.RECONCILE: self.reconcile,
        }

    async def open(self, job: Job) -> None:
        """Open the page of one checkout and send its link; a provider that is down is asked again and again."""
        asked = await self._db.read(checkouts.read, CheckoutId(job.key))
        if self._provider is None or asked is None or asked.state != "asked":
            return
        try:
            view = await self._provider.open(_opening(asked))
        except PaymentsRefused as error:
            _log.error("payment.refused", checkout=asked.id, error=str(error))
            await self._db.write(self._give_up, asked.id, "refused by the provider")
        except PaymentsDown as error:
            if self._clock.now() - asked.created_at > _PATIENCE:
                _log.error("payment.given_up", checkout=asked.id, error=str(error))
                await self._db.write(self._give_up, asked.id, "the provider did not answer")
                return
            await self._db.write(self._later, asked)
            raise
        else:
            await self._db.write(self._see, asked.id, view)

    async def ask_refunds(self, job: Job) -> None:
        """A report said only that something was refunded: ask what."""
        if self._provider is not None:
            await self._take_back(await self._provider.refunds_of(job.key))

    async def reconcile(self, job: Job) -> None:
        """Ask about every page that waits, and for every report that was never delivered."""
        if self._provider is None:
            return
        await self._ask_pages(self._provider)
        await self._ask_events(self._provider)

    async def _ask_pages(self, provider: PaymentProvider) -> None:
        while pages := await self._db.read(self._unasked, provider.name):
            for page in pages:
                if page.session_id is None:
                    await self._db.write(self._open_again, page)
                    continue
                try:
                    view = await provider.fetch(page.session_id)
                except PaymentsRefused as error:
                    _log.error("payment.not_found", checkout=page.id, session=page.session_id, error=str(error))
                    await self._db.write(checkouts.note_checked, [page.id], self._clock.now())
                else:
                    await self._db.write(self._see, page.id, view)

    async def _ask_events(self, provider: PaymentProvider) -> None:
        now = self._clock.now()
        through = await self._db.read(events.cursor, provider.name)
        since = now - _LOOK_BACK if through is None else through - _OVERLAP
        for event in await provider.events_since(since):
            await self._db.write(partial(hear, provider=provider.name, now=self._clock.now(), env=self._env), event)
        await self._db.write(events.move_cursor, provider.name, now)

    async def _take_back(self, reversals: Sequence[Reversal]) -> None:
        for reversal in reversals:
            await self._db.write(self._reverse, reversal)

    def _unasked(self, conn: Connection, provider: str) -> list[Checkout]:
        return checkouts.waiting(conn, provider, self._clock.now() - _ASK_AGAIN, _CHUNK)

    def _open_again(self, conn: Connection, page: Checkout) -> None:
        """The job that should have opened it is lost, or gave up."""
        now = self._clock.now()
        checkouts.note_checked(conn, [page.id], now)
        self._env.jobs.enqueue(conn, replenishing.OPEN_JOB, page.id, now)

    def _see(self, conn: Connection, checkout_id: CheckoutId, view: SessionView) -> None:
        now = self._clock.now()
        self._tell(conn, replenishing.see(conn, checkout_id, view, now, self._env.jobs), now)

    def _give_up(self, conn: Connection, checkout_id: CheckoutId, reason: str) -> None:
        now = self._clock.now()
        self._tell(conn, replenishing.give_up(conn, checkout_id, reason, now), now)

    def _later(self, conn: Connection, asked: Checkout) -> None:
        self._tell(conn, Outcome(news=[News("link_later", asked, asked.amount)]), self._clock.now())

    def _reverse(self, conn: Connection, reversal: Reversal) -> None:
        assert self._provider is not None
        now = self._clock.now()
        self._tell(conn, replenishing.take_back(conn, self._provider.name, reversal, now), now)

    def _tell(self, conn: Connection, outcome: Outcome, now: datetime) -> None:
        tell(conn, outcome, now=now, env=self._env)


def _opening(asked: Checkout) -> Opening:
    return Opening(asked.id, asked.partner_id, asked.amount, asked.language, asked.expires_at)
