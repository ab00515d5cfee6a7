"""Brings the provider's store of texts up to ours: creates what is missing, submits it, asks for the decision."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from bot.clock import Clock
from bot.errors import BotError, TransientError
from bot.messaging import contents
from bot.messaging.contents import REFUSED, UNSUBMITTED, Stored
from bot.messaging.templates import Content, Registry, registry
from bot.messaging.transport import Approval, Transport
from bot.storage.engine import Database

_AT_A_TIME = 8
_REMEMBERED_FOR = timedelta(seconds=30)
"""So late it may be noticed here that a report of another process has changed a text's approval."""
_PENDING_FOR = timedelta(seconds=30)
"""A text that WhatsApp has not decided on is asked for so often at most."""
_REFUSED_FOR = timedelta(hours=1)
"""A paused text may come back by itself: it is asked for again so often."""
_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class SyncReport:
    """What a synchronisation did. `problems` holds one line per text that failed or was refused."""

    created: int = 0
    submitted: int = 0
    checked: int = 0
    problems: list[str] = field(default_factory=list)


class ContentSync:
    """Creates and submits texts at the provider, each wording once; remembers the ids it has seen."""

    def __init__(
        self, db: Database, transport: Transport, clock: Clock, texts: Callable[[], Registry] = registry
    ) -> None:
        self._db = db
        self._transport = transport
        self._clock = clock
        self._texts = texts
        self._known: dict[tuple[str, str, str], tuple[Stored, datetime]] = {}
        self._asked: dict[tuple[str, str, str], datetime] = {}
        self._creating: dict[tuple[str, str, str], asyncio.Lock] = {}

    async def sync(self) -> SyncReport:
        """Bring every text of the product up to date. A text that fails stands in the report and stops no other."""
        report = SyncReport()
        turns = asyncio.Semaphore(_AT_A_TIME)

        async def one(wanted: Content) -> None:
            async with turns:
                await self._sync_one(wanted, report)

        await asyncio.gather(*(one(wanted) for wanted in self._texts().contents()))
        return report

    async def stored(self, template: str, language: str, checksum: str) -> Stored | None:
        """A wording at the provider; created now when it is ours and missing. None when it is an old wording that
        the provider never got. TransientError when the provider cannot be asked now."""
        key = (template, language, checksum)
        known = self._known.get(key)
        if known and self._clock.now() - known[1] < _REMEMBERED_FOR:
            return known[0]
        async with self._creating.setdefault(key, asyncio.Lock()):
            found = await self._db.read(contents.find, *key)
            if found is None:
                wanted = self._texts().content(template, language)
                found = await self._create(wanted) if wanted.checksum == checksum else None
            if found is not None:
                self._remember(found)
        return found

    async def recheck(self, known: Stored) -> Stored:
        """Ask WhatsApp again about a wording that was not approved, submitting it if nobody has; seldom, however many
        messages wait for it. Errors as `stored`."""
        async with self._creating.setdefault(known.key, asyncio.Lock()):
            asked_at, patience = self._asked.get(known.key), _REFUSED_FOR if known.approval in REFUSED else _PENDING_FOR
            if asked_at and self._clock.now() - asked_at < patience:
                return self._known.get(known.key, (known, asked_at))[0]
            self._asked[known.key] = self._clock.now()
            approval = await self._transport.approval(known.content_id)
            if approval.status == UNSUBMITTED and (wanted := self._wanted(known)) is not None:
                approval = await self._transport.request_approval(known.content_id, wanted)
            found = await self._db.write(contents.decide, known, approval, self._clock.now())
            self._remember(found)
            return found

    def _wanted(self, known: Stored) -> Content | None:
        """The text of a wording while it is the present one and needs approval."""
        wanted = self._texts().content(known.template, known.language)
        return wanted if wanted.needs_approval and wanted.checksum == known.checksum else None

    async def _sync_one(self, wanted: Content, report: SyncReport) -> None:
        key = (wanted.template, wanted.language, wanted.checksum)
        try:
            known = await self._db.read(contents.find, *key)
            if known is None:
                known = await self._create(wanted)
                report.created += 1
                report.submitted += wanted.needs_approval
            elif wanted.needs_approval and known.approval != contents.APPROVED:
                known = await self._ask(wanted, known, report)
            self._remember(known)
        except BotError as error:
            report.problems.append(f"{wanted.name}: {error}")
            return
        if known.approval in REFUSED:
            report.problems.append(f"{wanted.name}: WhatsApp says {known.approval}")

    async def _ask(self, wanted: Content, known: Stored, report: SyncReport) -> Stored:
        if known.approval == UNSUBMITTED:
            report.submitted += 1
            approval = await self._transport.request_approval(known.content_id, wanted)
        else:
            report.checked += 1
            approval = await self._transport.approval(known.content_id)
        return await self._save(wanted, known.content_id, approval)

    async def _create(self, wanted: Content) -> Stored:
        content_id = await self._transport.create_content(wanted)
        stored = await self._save(wanted, content_id, Approval(UNSUBMITTED))
        if not wanted.needs_approval:
            return stored
        try:
            approval = await self._transport.request_approval(content_id, wanted)
        except TransientError as error:
            _log.warning("content.not_submitted", content=wanted.name, error=str(error))
            return stored
        return await self._save(wanted, content_id, approval)

    async def _save(self, wanted: Content, content_id: str, approval: Approval) -> Stored:
        stored = await self._db.write(contents.save, wanted, content_id, approval, self._clock.now())
        self._remember(stored)
        return stored

    def _remember(self, stored: Stored) -> None:
        self._known[stored.key] = (stored, self._clock.now())
