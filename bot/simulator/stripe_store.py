"""What the simulated Stripe remembers: its objects as they are answered, and the answers kept by idempotency key."""

import json
from pathlib import Path
from typing import Any

import aiosqlite

from bot.simulator.stripe_objects import Object

_SCHEMA = """
CREATE TABLE IF NOT EXISTS stripe_object(
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, created INTEGER NOT NULL,
  payment TEXT NOT NULL, expires_at INTEGER, body TEXT NOT NULL, hidden TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS ix_stripe_object_kind ON stripe_object(kind, seq);
CREATE INDEX IF NOT EXISTS ix_stripe_object_payment ON stripe_object(payment);
CREATE TABLE IF NOT EXISTS stripe_key(key TEXT PRIMARY KEY, request TEXT NOT NULL, body TEXT NOT NULL);
"""


class StripeStore:
    """A connection of its own in autocommit, to the simulator's file or to memory."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._connection: aiosqlite.Connection | None = None

    async def open(self) -> None:
        """Open or create the file."""
        db = await aiosqlite.connect(str(self._path or ":memory:"), isolation_level=None)
        db.row_factory = aiosqlite.Row
        await db.executescript("PRAGMA busy_timeout=5000; PRAGMA synchronous=OFF;" + _SCHEMA)
        self._connection = db

    async def close(self) -> None:
        """Close the file; safe to call twice."""
        if self._connection is not None:
            await self._connection.close()
            self._connection = None

    async def save(self, thing: Object, *, payment: str = "", hidden: Object | None = None) -> None:
        """Keep an object as it is now. `payment`: the payment it belongs to; `hidden`: what is never answered."""
        await self._db.execute(
            "INSERT INTO stripe_object(id, kind, created, payment, expires_at, body, hidden)"
            " VALUES(?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT(id) DO UPDATE SET body = excluded.body, expires_at = excluded.expires_at,"
            " payment = CASE excluded.payment WHEN '' THEN payment ELSE excluded.payment END,"
            " hidden = CASE excluded.hidden WHEN '{}' THEN hidden ELSE excluded.hidden END",
            (thing["id"], thing["object"], thing["created"], payment, _expires(thing), json.dumps(thing),
             json.dumps(hidden or {})),
        )  # fmt: skip

    async def load(self, kind: str, object_id: str) -> Object | None:
        """An object by id."""
        rows = await self._rows("SELECT body FROM stripe_object WHERE id = ? AND kind = ?", object_id, kind)
        return _body(rows[0]) if rows else None

    async def hidden(self, object_id: str) -> Object:
        """What is kept beside an object."""
        rows = await self._rows("SELECT hidden FROM stripe_object WHERE id = ?", object_id)
        return json.loads(rows[0]["hidden"]) if rows else {}

    async def of_payment(self, kind: str, payment: str) -> list[Object]:
        """The objects of a kind that belong to a payment, oldest first."""
        sql = "SELECT body FROM stripe_object WHERE kind = ? AND payment = ? ORDER BY seq"
        return [_body(row) for row in await self._rows(sql, kind, payment)]

    async def page(
        self, kind: str, *, limit: int, after: str = "", since: int | None = None, payment: str = ""
    ) -> list[Object]:
        """Newest first: at most `limit` objects older than the one named `after`, created at `since` or later."""
        conditions, values = ["kind = ?"], [kind]
        if after:
            conditions.append("seq < (SELECT seq FROM stripe_object WHERE id = ?)")
            values.append(after)
        if since is not None:
            conditions.append("created >= CAST(? AS INTEGER)")
            values.append(str(since))
        if payment:
            conditions.append("payment = ?")
            values.append(payment)
        where = " AND ".join(conditions)
        sql = f"SELECT body FROM stripe_object WHERE {where} ORDER BY seq DESC LIMIT {limit:d}"  # noqa: S608 - our words
        return [_body(row) for row in await self._rows(sql, *values)]

    async def overdue(self, moment: int) -> list[str]:
        """Open sessions whose time is over."""
        sql = "SELECT id FROM stripe_object WHERE expires_at <= ? ORDER BY seq"
        return [row["id"] for row in await self._rows(sql, moment)]

    async def answer_of(self, key: str) -> tuple[str, Object] | None:
        """The request and the answer that were kept under an idempotency key."""
        rows = await self._rows("SELECT request, body FROM stripe_key WHERE key = ?", key)
        return (rows[0]["request"], _body(rows[0])) if rows else None

    async def keep_answer(self, key: str, request: str, body: Object) -> None:
        """Keep an answer under an idempotency key."""
        await self._db.execute("INSERT OR IGNORE INTO stripe_key VALUES(?, ?, ?)", (key, request, json.dumps(body)))

    @property
    def _db(self) -> aiosqlite.Connection:
        assert self._connection is not None, "the store is not open"
        return self._connection

    async def _rows(self, sql: str, *values: Any) -> list[aiosqlite.Row]:
        return list(await self._db.execute_fetchall(sql, values))


def _expires(thing: Object) -> int | None:
    """Only an open session expires."""
    return thing["expires_at"] if thing["object"] == "checkout.session" and thing["status"] == "open" else None


def _body(row: aiosqlite.Row) -> Object:
    found: Object = json.loads(row["body"])
    return found
