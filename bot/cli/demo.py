"""The demo: the whole product with the sample partner, to tap on (`show`) or as a story that plays itself (`play`)."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.panel import Panel
from sqlalchemy import Connection

from bot.alerts import service as alerts
from bot.alerts.report import ScanReport
from bot.app.clock_offset import move_forward, read_offset
from bot.app.house import House, build
from bot.app.opening import open_database
from bot.app.simulation import bound_sockets, embedded_simulator, move_clock, pointed_at_simulator
from bot.billing.accounts import partner_accounts
from bot.billing.local_day import local_date
from bot.billing.opening import deposit
from bot.cli.output import WRONG_USE, console, fail
from bot.cli.serving import until_told_to_stop
from bot.cli.story import Result, tell
from bot.clock import SystemClock
from bot.directory import service as directory
from bot.directory.people import Partner
from bot.i18n import money_text
from bot.ids import PartnerId
from bot.imports.apply import import_table
from bot.imports.reader import read_table
from bot.imports.report import ImportReport
from bot.imports.samples import sample_curators, sample_deposit, sample_table
from bot.settings import Settings
from bot.simulator.server import Simulator
from bot.simulator.settings import Person

PARTNER = "Baltic Integrations"
_ZONE = "Europe/Riga"
_OPENING = time(10, 15)
"""A demo that is started in the night begins then: it is past nine wherever the sample has an alert of that day."""
_HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Loaded:
    """What the demo brought in."""

    partner: Partner
    report: ImportReport | None
    scan: ScanReport


@dataclass(frozen=True, slots=True)
class Stage:
    """A running demo."""

    house: House
    simulator: Simulator
    loaded: Loaded


async def show(settings: Settings, port: int, data_dir: Path | None) -> None:
    """Run the demo until Ctrl-C."""
    try:
        async with _stage(settings, port, data_dir) as stage:
            _welcome(stage)
            await until_told_to_stop()
            console.print("\nStopping ...")
    except OSError as error:
        fail(f"port {port} or {port + 1}: {error.strerror}. Try --port N.", as_json=False, status=WRONG_USE)
    console.print("Stopped cleanly." + ("" if data_dir else " The sample data is gone; --data-dir DIR keeps it."))


async def play(settings: Settings, data_dir: Path | None, *, narrate: bool) -> Result:
    """Play the story once on free ports."""
    async with _stage(settings, 0, data_dir) as stage:
        return await tell(stage.house, stage.simulator, stage.loaded.partner, narrate=narrate)


@asynccontextmanager
async def _stage(settings: Settings, port: int, data_dir: Path | None) -> AsyncIterator[Stage]:
    """The product and the simulator, started, with the sample partner loaded and scanned."""
    product, other = bound_sockets(_HOST, port)
    with tempfile.TemporaryDirectory(prefix="curatorbot-demo-") as throw_away, product, other:
        place = (data_dir or Path(throw_away)) / "curatorbot.sqlite3"
        settings = _settled(settings, place, f"http://{_HOST}:{product.getsockname()[1]}")
        async with open_database(settings) as db:
            clock = SystemClock()
            clock.move_to_offset(await db.read(read_offset))
            if (wait := until_morning(clock.now())) and not await db.read(directory.list_partners):
                clock.move_to_offset(await db.write(move_forward, wait))
            house: House | None = None

            async def move(by: timedelta) -> datetime:
                assert house is not None
                now = await move_clock(db, clock, by)
                await house.scheduler.tick()
                return now

            people = [
                Person(one.name, f"whatsapp:{one.phone}", one.language, one.time_zone) for one in sample_curators()
            ]
            simulator = embedded_simulator(settings, clock, people=people, partner_name=PARTNER, move=move)
            await simulator.start(sock=other)
            house = build(pointed_at_simulator(settings, simulator.url), db, clock=clock, phone_page=simulator.url)
            await house.start(product)
            texts = asyncio.create_task(house.register_texts())
            try:
                yield Stage(house, simulator, await db.write(_load, house))
                await texts
            finally:
                texts.cancel()
                await simulator.settle()
                await house.stop()
                await simulator.stop()


def until_morning(now: datetime) -> timedelta:
    """How long it takes until alerts of the day have come due for all sample clients; nothing once they have."""
    opening = datetime.combine(local_date(now, _ZONE), _OPENING, ZoneInfo(_ZONE)).astimezone(UTC)
    return max(opening - now, timedelta())


def _settled(settings: Settings, place: Path, url: str) -> Settings:
    """The demo's own settings: its database, its address, no account of anybody's."""
    data = settings.model_dump()
    data["database"] = {"url": f"sqlite:///{place}"}
    data["public_url"] = url
    data["simulator"]["enabled"] = True
    data["stripe"] = {}
    data["alerts"]["respect_hours"] = False
    data["canary"]["enabled"] = False
    return Settings.model_validate(data)


def _load(conn: Connection, house: House) -> Loaded:
    """The sample partner, once; then a scan."""
    now, env = house.clock.now(), house.env.around
    known = directory.list_partners(conn)
    report = None
    if not known:
        report = _sample(conn, house, now)
    partner = directory.list_partners(conn)[0]
    return Loaded(partner, report, alerts.scan(conn, now=now, env=env))


def _sample(conn: Connection, house: House, now: datetime) -> ImportReport:
    env = house.env.around
    partner = directory.create_partner(conn, PARTNER, now=now, partner_id=PartnerId("default"), time_zone=_ZONE)
    for one in sample_curators():
        directory.add_curator(
            conn,
            partner.id,
            name=one.name,
            phone=one.phone,
            now=now,
            language=one.language,
            role=one.role,
            time_zone=one.time_zone,
            consent="sample data",
        )
    deposit(conn, partner.id, sample_deposit(), reason="sample deposit", by="demo", key="demo", now=now)
    table = read_table(sample_table(local_date(now, _ZONE)), "clients.csv")
    return import_table(conn, partner.id, table, env=env, now=now, by="demo", yes=True, file_name="clients.csv")


def _welcome(stage: Stage) -> None:
    loaded = stage.loaded
    accounts = stage.house.db.read_now(partner_accounts, loaded.partner.id)
    curators = stage.house.db.read_now(directory.list_curators, loaded.partner.id)
    lines = []
    if loaded.report is not None:
        lines.append(
            f"Imported [bold]{len(loaded.report.added)} clients[/bold] of {loaded.partner.name} "
            "from the sample Clients table."
        )
    money = ", ".join(money_text(one.balance, "en") for one in accounts)
    people = ", ".join(f"{one.name} ({one.role}, {one.language})" for one in curators)
    scan = loaded.scan
    lines += [
        f"Curators: {people}.",
        f"Partner account: [bold]{money}[/bold].",
        f"The first scan raised [bold]{scan.alerts} alerts[/bold]: {scan.messages} messages are on their way.",
        "",
        f"[bold green]Phone page[/bold green]    {stage.simulator.url}/  be any curator: read and answer",
        f"[bold green]Delivery log[/bold green]  {stage.house.url}/deliveries",
        "",
        "Try: tap [bold]Show list[/bold], write [bold]renew alfa[/bold], [bold]topup beta 100[/bold], "
        "[bold]help[/bold]; then [bold]Next day[/bold]. What you confirm is done a minute later: wait, or tap "
        "[bold]+1 min[/bold]. Ctrl-C ends it.",
    ]
    console.print(Panel("\n".join(lines), title="curatorbot demo", border_style="green", padding=(1, 2)))
