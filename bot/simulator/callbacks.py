"""Reports each state of a message to its StatusCallback address, in order unless a fault says otherwise."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta

from bot.clock import Clock
from bot.simulator.background import Background
from bot.simulator.faults import CALLBACK_KINDS, Fault, FaultKind, Faults
from bot.simulator.message import Message
from bot.simulator.postman import Postman
from bot.simulator.wire import status_form

_COMPLETE = ("delivered", "failed", "undelivered", "read")


@dataclass(slots=True)
class _Line:
    """The callbacks of one message: posted one after the other."""

    faults: dict[FaultKind, Fault]
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    held: list[Message] = field(default_factory=list)


class StatusCallbacks:
    """Posts status callbacks beside the work that caused them; a slow product never slows the API."""

    def __init__(
        self, account_sid: str, postman: Postman, faults: Faults, background: Background, clock: Clock
    ) -> None:
        self._account_sid = account_sid
        self._postman = postman
        self._faults = faults
        self._background = background
        self._clock = clock
        self._lines: dict[str, _Line] = {}

    def report(self, message: Message) -> None:
        """Queue the callback for the state this message is in now."""
        if not message.status_callback:
            return
        line = self._line(message)
        if FaultKind.CALLBACK_OUT_OF_ORDER in line.faults:
            line.held.append(message)
            if message.status in _COMPLETE:
                held, line.held = line.held[::-1], []
                self._background.start(self._post_in_turn(line, held))
        else:
            self._background.start(self._post_in_turn(line, [message]))

    def _line(self, message: Message) -> _Line:
        line = self._lines.get(message.sid)
        if line is None:
            line = self._lines[message.sid] = _Line(self._faults_of(message))
        if message.status in _COMPLETE:
            # A later `read` starts afresh, without faults; so nothing is kept for ever.
            del self._lines[message.sid]
        return line

    def _faults_of(self, message: Message) -> dict[FaultKind, Fault]:
        if message.status == "read":
            return {}
        taken = (self._faults.take(kind, to=message.address) for kind in CALLBACK_KINDS)
        return {fault.kind: fault for fault in taken if fault is not None}

    async def _post_in_turn(self, line: _Line, messages: list[Message]) -> None:
        async with line.turn:
            for message in messages:
                await self._post(line, message)

    async def _post(self, line: _Line, message: Message) -> None:
        lost = line.faults.get(FaultKind.CALLBACK_LOST)
        if lost is not None and lost.status in ("", message.status):
            return
        late = line.faults.get(FaultKind.CALLBACK_LATE)
        if late is not None:
            await self._clock.sleep_until(self._clock.now() + timedelta(seconds=late.seconds))
        form = status_form(message, self._account_sid)
        for _ in range(2 if FaultKind.CALLBACK_DUPLICATED in line.faults else 1):
            await self._postman.post(message.status_callback, form)
