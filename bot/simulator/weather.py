"""How a fault of the API feels to the caller: an error answer, silence, or a closed connection."""

import asyncio

from aiohttp import web

from bot.simulator.background import Background
from bot.simulator.faults import Fault, FaultKind
from bot.simulator.refusals import Refusal

_LOOK_AGAIN_SECONDS = 0.05


async def before_accepting(request: web.Request, fault: Fault | None, background: Background) -> None:
    """Let a fault strike that keeps the request from having any effect."""
    if fault is None:
        return
    if fault.kind is FaultKind.RATE_LIMITED:
        raise Refusal(20429)
    if fault.kind is FaultKind.SERVER_ERROR:
        raise Refusal(20500)
    if fault.kind is FaultKind.TIMEOUT_BEFORE_ACCEPT:
        await _say_nothing(request, fault.seconds, background)
        raise Refusal(20500)
    if fault.kind is FaultKind.CLOSED:
        _hang_up(request)
        raise Refusal(20500)


async def after_accepting(request: web.Request, fault: Fault | None, background: Background) -> None:
    """Let a fault strike that hides from the caller that the request was accepted."""
    if fault is None:
        return
    if fault.kind is FaultKind.TIMEOUT_AFTER_ACCEPT:
        await _say_nothing(request, fault.seconds, background)
    elif fault.kind is FaultKind.CLOSED_AFTER_ACCEPT:
        _hang_up(request)


async def _say_nothing(request: web.Request, seconds: float, background: Background) -> None:
    """Hold the answer back until the caller has gone, the time is over, or the simulator stops."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while loop.time() < end and request.transport is not None and not await _stopping(background):
        pass


async def _stopping(background: Background) -> bool:
    try:
        async with asyncio.timeout(_LOOK_AGAIN_SECONDS):
            await background.stopping.wait()
    except TimeoutError:
        return False
    return True


def _hang_up(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()
