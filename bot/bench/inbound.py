"""`bench inbound`: signed webhooks stored durably, ours the real web door, the reference one transaction each.

Both are aiohttp applications in this process; the callers are another process, so that it has a core of its own.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from aiohttp import web
from sqlalchemy import Connection, func, select

from bot.bench.load import ACCOUNT_SID, PATH, PUBLIC_URL, TOKEN
from bot.bench.reference import ReferenceDatabase
from bot.bench.result import Round
from bot.bench.sides import CONCURRENCY, Side
from bot.billing.service import price_book
from bot.clock import SystemClock
from bot.config import load_toml
from bot.jobs import queue
from bot.jobs.local import LocalJobs
from bot.messaging import inbox
from bot.messaging.message import Inbound
from bot.messaging.transports.twilio import TwilioTransport
from bot.settings import Settings, TwilioSettings
from bot.storage.ddl import create_schema
from bot.storage.engine import Database
from bot.storage.tables import inbox as inbox_table
from bot.web.app import build_web
from bot.web.deps import WebDeps


@asynccontextmanager
async def open_sides(folder: Path) -> AsyncIterator[tuple[Side, Side]]:
    """Two servers on loopback; afterwards each database must hold whatever was acknowledged."""
    paths = [folder / "ours.db", folder / "reference.db"]
    for path in paths:
        with Database.open(f"sqlite:///{path}") as fresh:
            fresh.write_now(create_schema, slow=True)
    transport = TwilioTransport(TwilioSettings(account_sid=ACCOUNT_SID, auth_token=TOKEN), PUBLIC_URL)
    async with AsyncExitStack() as stack:
        db = await stack.enter_async_context(Database.open(f"sqlite:///{paths[0]}"))
        reference = ReferenceDatabase(paths[1])
        stack.push_async_callback(reference.close)
        apps = (_our_app(db, transport), _reference_app(reference, transport))
        sides = [_Callers(await stack.enter_async_context(_served(app))) for app in apps]
        yield sides[0], sides[1]
    for path, side in zip(paths, sides, strict=True):
        with Database.open(f"sqlite:///{path}") as again:
            again.read_now(_check, side.done)


class _Callers:
    """One side: a process of callers that keep its server busy; counts what was answered with success."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.done = 0

    async def __call__(self, seconds: float) -> Round:
        arguments = [str(self._port), str(seconds), str(CONCURRENCY)]
        callers = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot.bench.load", *arguments, stdout=asyncio.subprocess.PIPE
        )
        output, _ = await callers.communicate()
        report = json.loads(output)
        if report["failed"] or not report["done"]:
            raise RuntimeError(f"the server refused webhooks: {report}")
        self.done += report["done"]
        return Round(report["done"], report["seconds"])


def _our_app(db: Database, transport: TwilioTransport) -> web.Application:
    clock = SystemClock()
    deps = WebDeps(
        db=db,
        transport=transport,
        clock=clock,
        settings=Settings(public_url=PUBLIC_URL),
        jobs=LocalJobs(db, clock, worker="bench"),
        book=price_book(load_toml(None, "plans.toml")),
    )
    return build_web(deps)


def _reference_app(db: ReferenceDatabase, transport: TwilioTransport) -> web.Application:
    """The same signature check, parsing and statements, without metrics, log lines and console."""
    clock = SystemClock()

    async def receive(request: web.Request) -> web.Response:
        body = await request.read()
        if not transport.verify(request.headers, request.raw_path, body):
            return web.Response(status=403)
        now = clock.now()
        for row in transport.parse(request.raw_path, body, now):
            if isinstance(row, Inbound):
                await db.write(inbox.accept_many, [row], _Jobs(now))
        return web.Response(text="<Response/>", content_type="text/xml")

    app = web.Application()
    app.router.add_post(PATH, receive)
    return app


class _Jobs:
    """The job table without a worker to wake."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def enqueue(
        self, conn: Connection, name: str, key: str, run_after: datetime, priority: int = 0, payload: Any = None
    ) -> None:
        queue.enqueue(conn, name, key, run_after, priority, payload, self._now)

    def enqueue_many(self, conn: Connection, name: str, run_after: Mapping[str, datetime], priority: int = 0) -> None:
        queue.enqueue_many(conn, name, run_after, priority, self._now)


@asynccontextmanager
async def _served(app: web.Application) -> AsyncIterator[int]:
    """Serve on a free port of loopback."""
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


def _check(conn: Connection, acknowledged: int) -> None:
    """What was on its way when the time was over may be there too."""
    stored = conn.execute(select(func.count()).select_from(inbox_table)).scalar_one()
    if stored < acknowledged:
        raise RuntimeError(f"{acknowledged} webhooks were acknowledged and {stored} are stored")
