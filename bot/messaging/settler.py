"""Asks the provider what became of messages that nobody can vouch for, and decides about each."""

from collections.abc import Collection

import structlog

from bot.clock import Clock
from bot.errors import PermanentError, TransientError
from bot.ids import Address
from bot.jobs.port import Job, Jobs
from bot.messaging import settlement
from bot.messaging.settlement import SLACK, Doubtful
from bot.messaging.status import State
from bot.messaging.transport import Seen, Transport
from bot.storage.engine import Database

_log = structlog.get_logger(__name__)


class Settler:
    """Settles doubtful messages; run now and then, by one process or many."""

    def __init__(
        self, db: Database, transport: Transport, clock: Clock, jobs: Jobs, silent: Collection[Address] = ()
    ) -> None:
        """`silent`: senders of another transport, which cannot be asked about a message."""
        self._db = db
        self._transport = transport
        self._clock = clock
        self._jobs = jobs
        self._silent = frozenset(silent)

    async def run_job(self, job: Job) -> None:
        """Handler of the job `ask_provider`."""
        await self.settle()

    async def settle(self, limit: int = 50) -> dict[State, int]:
        """Ask for what is due; how many messages are in which state afterwards. Stops when the provider is away; one
        message that it cannot be asked about at all waits, and holds up no other."""
        after: dict[State, int] = {}
        for doubtful in await self._db.read(settlement.due, self._clock.now(), limit):
            try:
                seen = await self._ask(doubtful)
            except TransientError as error:
                _log.warning("settle.cannot_ask", delivery=doubtful.id, error=str(error))
                break
            except PermanentError as error:
                _log.error("settle.cannot_ask", delivery=doubtful.id, error=str(error))
                await self._db.write(settlement.ask_later, doubtful, self._clock.now())
                continue
            state = await self._decide(doubtful, seen)
            _log.info("message.settled", delivery=doubtful.id, state=state, found=seen is not None)
            after[state] = after.get(state, 0) + 1
        return after

    async def _ask(self, doubtful: Doubtful) -> Seen | None:
        if doubtful.sender in self._silent:
            return None
        if doubtful.provider_id is not None:
            return await self._transport.fetch(doubtful.provider_id)
        seen = await self._transport.lookup(doubtful.to, doubtful.tried_at - SLACK)
        ids = [one.provider_id for one in seen]
        return settlement.match(doubtful, seen, await self._db.read(settlement.known_provider_ids, ids))

    async def _decide(self, doubtful: Doubtful, seen: Seen | None) -> State:
        now = self._clock.now()
        if seen is not None:
            return await self._db.write(settlement.found, doubtful, seen, now, self._jobs)
        if doubtful.sender in self._silent and doubtful.provider_id is not None:
            return await self._db.write(settlement.unheard, doubtful)
        return await self._db.write(settlement.not_found, doubtful, now, self._jobs)
