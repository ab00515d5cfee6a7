"""A process of the product that kills itself with SIGKILL when it reaches a named place of a send.

The places are put around functions from outside, so the product knows nothing of them. For a unit there are four:
`asked` (not begun), `begun`, `done` (not committed) and `durable` (nobody told yet); for a call two: before and after.
"""

import asyncio
import functools
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bot.app.house import build
from bot.app.simulation import bound_socket
from bot.clock import SystemClock
from bot.jobs import queue
from bot.log import set_up_logging
from bot.messaging import claims, contents, relay, statuses
from bot.messaging.templates import registry
from bot.messaging.transports import twilio
from bot.settings import AlertSettings, CanarySettings, LogSettings, Settings, TwilioSettings
from bot.simulator.settings import DEFAULT_ACCOUNT_SID, DEFAULT_AUTH_TOKEN
from bot.storage.engine import Database

UNITS = {
    "take_job": (queue, "claim"),
    "claim": (claims, "claim"),
    "text": (contents, "save"),
    "record": (relay, "record_attempts"),
    "report": (statuses, "apply_statuses"),
    "end_job": (queue, "finish"),
}
CALLS = {
    "prepare": (relay, "prepare"),
    "create": (twilio.TwilioTransport, "create_content"),
    "approve": (twilio.TwilioTransport, "request_approval"),
    "send": (twilio.TwilioTransport, "send"),
    "read_answer": (twilio, "read_answer"),
    "verify": (twilio.TwilioTransport, "verify"),
}
PLACES = [
    *(f"{unit}:{stage}" for unit in UNITS for stage in ("asked", "begun", "done", "durable")),
    *(f"{call}:{stage}" for call in CALLS for stage in ("before", "after")),
]
LIFE_SECONDS = 20.0
TEXTS = registry().contents()
"""Read before the process forks off, since every life needs them."""


@dataclass(frozen=True, slots=True)
class Life:
    """Where a process works, and the place that it dies at when it comes there for the `nth` time."""

    database_url: str
    api_url: str
    port: int
    place: str
    nth: int = 1


def settings_of(life: Life) -> Settings:
    """The product's settings in such a life."""
    account = TwilioSettings(
        account_sid=DEFAULT_ACCOUNT_SID, auth_token=DEFAULT_AUTH_TOKEN, api_url=life.api_url, content_url=life.api_url
    )
    url = f"http://127.0.0.1:{life.port}"
    alerts, canary = AlertSettings(respect_hours=False), CanarySettings(enabled=False)
    return Settings(public_url=url, twilio=account, alerts=alerts, canary=canary)


def live(life: Life) -> None:
    """Run the whole product until the place is reached. Returns only when it never is."""
    set_up_logging(LogSettings(level="ERROR"))
    _place_mines(life)
    asyncio.run(_run(life))


async def _run(life: Life) -> None:
    async with Database.open(life.database_url, durable=False) as db:
        house = build(settings_of(life), db, clock=SystemClock())
        await house.start(bound_socket("127.0.0.1", life.port))
        await asyncio.sleep(LIFE_SECONDS)


def _place_mines(life: Life) -> None:
    left = life.nth

    def reach(place: str) -> None:
        nonlocal left
        if place == life.place:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    for name, (module, attribute) in UNITS.items():
        setattr(module, attribute, _unit(name, getattr(module, attribute), reach))
    for name, (owner, attribute) in CALLS.items():
        setattr(owner, attribute, _call(name, getattr(owner, attribute), reach))
    for attribute in ("write", "write_many"):
        setattr(Database, attribute, _door(getattr(Database, attribute), reach))


def _unit(name: str, fn: Callable[..., Any], reach: Callable[[str], None]) -> Callable[..., Any]:
    @functools.wraps(fn)
    def mined(*args: Any, **options: Any) -> Any:
        reach(f"{name}:begun")
        result = fn(*args, **options)
        reach(f"{name}:done")
        return result

    mined.place = name  # type: ignore[attr-defined]
    return mined


def _call(name: str, fn: Callable[..., Any], reach: Callable[[str], None]) -> Callable[..., Any]:
    @functools.wraps(fn)
    def mined(*args: Any, **options: Any) -> Any:
        reach(f"{name}:before")
        result = fn(*args, **options)
        reach(f"{name}:after")
        return result

    @functools.wraps(fn)
    async def mined_async(*args: Any, **options: Any) -> Any:
        reach(f"{name}:before")
        result = await fn(*args, **options)
        reach(f"{name}:after")
        return result

    return mined_async if asyncio.iscoroutinefunction(fn) else mined


def _door(write: Callable[..., Any], reach: Callable[[str], None]) -> Callable[..., Any]:
    @functools.wraps(write)
    async def mined(db: Database, fn: Callable[..., Any], *args: Any, **options: Any) -> Any:
        plain = fn.func if isinstance(fn, functools.partial) else fn
        name = getattr(plain, "place", None)
        if name:
            reach(f"{name}:asked")
        result = await write(db, fn, *args, **options)
        if name:
            reach(f"{name}:durable")
        return result

    return mined
