"""Runs the service, or the simulator alone, until it is told to stop."""

import asyncio
import contextlib
import signal
from urllib.parse import urljoin

import structlog

from bot.alerts.restaging import of_nobody, refuse_ambiguous
from bot.app.clock_offset import make_real, read_offset
from bot.app.house import House, Role, build
from bot.app.opening import open_database
from bot.app.simulation import bound_socket, embedded_simulator, is_simulated, pointed_at_simulator, reached_at
from bot.cli.output import console
from bot.clock import SystemClock
from bot.directory.service import list_curators, list_partners
from bot.messaging.contents import all_stored, status
from bot.messaging.templates import registry
from bot.settings import Settings
from bot.simulator.server import Simulator, create_simulator
from bot.simulator.settings import Person, SimulatorSettings
from bot.storage.engine import Database

log = structlog.get_logger(__name__)
_LISTEN = ("all", "web")


async def until_told_to_stop() -> None:
    """Return at Ctrl-C or a polite kill."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        await stop.wait()
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


async def run_service(settings: Settings, role: Role, *, on_simulator: bool) -> None:
    """Run one process of the service, with the simulator inside when there is no account."""
    async with open_database(settings) as db:
        if not is_simulated(settings):
            await db.write(make_real)
        clock = SystemClock()
        clock.move_to_offset(await db.read(read_offset))
        with contextlib.ExitStack() as sockets:
            sock = (
                sockets.enter_context(bound_socket(settings.web.host, settings.web.port)) if role in _LISTEN else None
            )
            if on_simulator:
                settings = reached_at(settings, sock)
            simulator = await _start_simulator(settings, db, clock) if on_simulator else None
            if simulator is not None:
                settings = pointed_at_simulator(settings, simulator.url)
            house = build(settings, db, clock=clock, role=role, phone_page=simulator.url if simulator else None)
            try:
                await db.read(refuse_ambiguous, house.env.around.policy)
                await house.start(sock)
                await _announce(house, simulator)
                await until_told_to_stop()
            finally:
                await house.stop()
                if simulator is not None:
                    await simulator.stop()
                log.info("stopped")


async def _announce(house: House, simulator: Simulator | None) -> None:
    """Say where the doors are, and what is missing at the provider."""
    log.info("serving", role=house.role, url=house.url if house.role in _LISTEN else None)
    unused = await house.db.read(of_nobody, house.env.around.policy)
    if unused:
        log.warning("alerts_of_nobody", tables=unused, recipe="there is no such partner or client: see alerts.toml")
    if simulator is not None:
        report = await house.register_texts()
        log.info("phone_page", url=simulator.url, texts=report.created, problems=report.problems)
        return
    missing = [one.name for one in status(await house.db.read(all_stored), registry().contents()) if not one.is_usable]
    if missing:
        log.warning("texts_not_usable", count=len(missing), recipe="run `curatorbot templates push`")


def simulator_options(
    settings: Settings, account_sid: str, auth_token: str, webhook: str, stripe_webhook: str | None
) -> SimulatorSettings:
    """What a simulator alone is told. Events of payments go to the product that takes the messages, unless said."""
    return SimulatorSettings(
        account_sid=account_sid,
        auth_token=auth_token,
        sender=settings.twilio.sender,
        webhook_url=webhook,
        stripe_webhook_url=stripe_webhook or urljoin(webhook, "/webhooks/stripe"),
    )


async def run_simulator(options: SimulatorSettings, port: int) -> None:
    """Run the simulator alone."""
    simulator = create_simulator(options, SystemClock())
    await simulator.start(port=port)
    console.print(
        f"Phone page and API: [bold]{simulator.url}[/bold]; inbound messages go to {options.webhook_url}, payments are "
        f"reported to {options.stripe_webhook_url}. Ctrl-C ends it.",
        soft_wrap=True,
    )
    try:
        await until_told_to_stop()
    finally:
        await simulator.stop()


async def people_of(db: Database) -> list[Person]:
    """Every curator as a phone of the page."""
    curators = [one for partner in await db.read(list_partners) for one in await db.read(list_curators, partner.id)]
    return [Person(one.name, one.address, one.language, one.time_zone) for one in curators if one.address]


async def _start_simulator(settings: Settings, db: Database, clock: SystemClock) -> Simulator:
    simulator = embedded_simulator(settings, clock, people=await people_of(db), partner_name="", move=None)
    await simulator.start(port=settings.simulator.port)
    return simulator
