"""Looking at clients' accounts at Wazzup: a job per partner, page by page, that goes on where it was cut short."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection

from bot.alerts import poll_notes
from bot.alerts.surroundings import Surroundings
from bot.billing.gateways.wazzup import polls
from bot.billing.gateways.wazzup.account_view import AccountView, read_account
from bot.billing.gateways.wazzup.accounts_api import AccountsApi, AccountUnknown, Busy, LoginRefused
from bot.billing.gateways.wazzup.polls import Poll
from bot.billing.local_day import local_date
from bot.clock import Clock
from bot.directory.people import Client
from bot.errors import TransientError
from bot.ids import PartnerId
from bot.imports import polling
from bot.jobs.port import Handler, Job
from bot.scheduler import entries
from bot.storage.engine import Database

POLL_ACCOUNTS = "poll_accounts"
"""The job that reads one page of a partner's accounts; its key is the partner."""
PAGE = 50
_FAILURES_MAX = 5
"""After so many accounts in a row that Wazzup could not answer for, the round is put off."""
_AWAY = timedelta(minutes=5)
_log = structlog.get_logger(__name__)


_Page = tuple[Poll, Sequence[Client]]


@dataclass(slots=True)
class _Looked:
    """What came of a page: accounts that were read, those that were not, and why it ended early, if it did."""

    last_account: str
    views: list[AccountView] = field(default_factory=list)
    unread: dict[str, str] = field(default_factory=dict)
    put_off_until: datetime | None = None
    refused: str | None = None


class AccountPolls:
    """The jobs. `api` is None while there is no login: then nothing is asked. After a refusal nothing is asked until
    the process is started anew, with a better login, or somebody asks for it (`polls.forgive`)."""

    def __init__(self, db: Database, clock: Clock, env: Surroundings, api: AccountsApi | None) -> None:
        self._db = db
        self._clock = clock
        self._env = env
        self._api = api
        self._since = clock.now()

    def handlers(self) -> dict[str, Handler]:
        """Each job's name, with what runs it."""
        return {entries.POLL: self.begin, POLL_ACCOUNTS: self.go_on}

    async def begin(self, job: Job) -> None:
        """Have the accounts of each partner looked at whose clients live at Wazzup."""
        if self._api is not None:
            await self._db.write(self._ask, self._clock.now())

    async def go_on(self, job: Job) -> None:
        """Read the next page of one partner's accounts, and ask for the one after it."""
        partner_id = PartnerId(job.key)
        at = self._clock.now()
        page = await self._db.write(self._next_page, partner_id, at) if self._api is not None else None
        if page is None or self._api is None:
            return
        poll, clients = page
        looked = await self._look_at(self._api, poll.last_account or "", clients)
        self._tell_the_log(partner_id, looked)
        if looked.views:
            now = self._clock.now()
            await asyncio.to_thread(polling.take, self._db.write_now, partner_id, looked.views, at, self._env, now)
        await self._db.write(self._note, poll, looked, len(clients) < PAGE)

    def _ask(self, conn: Connection, now: datetime) -> None:
        for partner_id in polling.polled(conn):
            poll = polls.load(conn, partner_id)
            if not poll.refused_since(self._since):
                when = poll.not_before if poll.not_before is not None and poll.waits(now) else now
                self._env.jobs.enqueue(conn, POLL_ACCOUNTS, partner_id, when)

    def _next_page(self, conn: Connection, partner_id: PartnerId, now: datetime) -> _Page | None:
        """None while it must wait, or the partner's clients do not live at Wazzup any more."""
        known = polls.load(conn, partner_id)
        if partner_id not in polling.polled(conn) or known.refused_since(self._since):
            return None
        if known.not_before is not None and known.waits(now):
            self._env.jobs.enqueue(conn, POLL_ACCOUNTS, partner_id, known.not_before)
            return None
        poll = polls.begun(known, now)
        polls.store(conn, poll)
        return poll, polling.page_of(conn, partner_id, poll.last_account or "", PAGE)

    async def _look_at(self, api: AccountsApi, after: str, clients: Sequence[Client]) -> _Looked:
        looked = _Looked(after)
        failures = 0
        for client in clients:
            try:
                found = await _look(api, client, self._clock.now())
            except LoginRefused as error:
                looked.refused = str(error)
                break
            except Busy as error:
                looked.put_off_until = error.until
                break
            except TransientError as error:
                found, failures = str(error), failures + 1
            else:
                failures = 0
            looked.last_account = client.account_id
            if isinstance(found, str):
                looked.unread[client.account_id] = found
            else:
                looked.views.append(found)
            if failures >= _FAILURES_MAX:
                looked.put_off_until = self._clock.now() + _AWAY
                break
        return looked

    def _note(self, conn: Connection, before: Poll, looked: _Looked, was_last: bool) -> None:
        """Keep how far it is, in one unit with what follows: the next page, a later one, or the owner being told."""
        now = self._clock.now()
        poll = polls.went_on(before, looked.last_account, len(looked.views), looked.unread, now)
        if looked.refused is not None:
            if poll.refused_at is None:
                poll_notes.tell_refused(conn, poll.partner_id, now, now, self._env)
            poll = polls.refused(poll, looked.refused, now)
        elif looked.put_off_until is not None:
            why = next(reversed(looked.unread.values()), "wazzup: HTTP 429")
            poll = polls.put_off(poll, looked.put_off_until, why, now)
            self._env.jobs.enqueue(conn, POLL_ACCOUNTS, poll.partner_id, looked.put_off_until)
        elif was_last:
            poll = polls.finished(poll, now)
        else:
            self._env.jobs.enqueue(conn, POLL_ACCOUNTS, poll.partner_id, now)
        polls.store(conn, poll)

    def _tell_the_log(self, partner_id: PartnerId, looked: _Looked) -> None:
        names = sorted({name for view in looked.views for name in view.unread})
        if looked.refused is not None:
            _log.error("wazzup.login_refused", partner=partner_id, error=looked.refused)
        level = _log.warning if looked.unread or names or looked.put_off_until else _log.info
        read, not_read = len(looked.views), len(looked.unread)
        level("wazzup.polled", partner=partner_id, read=read, not_read=not_read, not_understood=names)


async def _look(api: AccountsApi, client: Client, now: datetime) -> AccountView | str:
    """One account, or why it cannot be read. LoginRefused, Busy, TransientError when no account can be read now."""
    try:
        body = await api.account(client.account_id)
        view = read_account(client.account_id, body, client.time_zone, local_date(now, client.time_zone))
    except (AccountUnknown, ValueError) as error:
        return str(error)
    if view.currency not in (None, client.currency):
        return f"the currency is {view.currency}, not {client.currency}"
    return view
