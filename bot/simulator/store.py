"""The simulator's own SQLite file: messages, contents, approvals, windows, people."""

import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import aiosqlite

from bot.simulator.message import INBOUND, ON_THE_WAY, Approval, Button, Content, Message
from bot.simulator.settings import Person

_SCHEMA = """
CREATE TABLE IF NOT EXISTS message(
  seq INTEGER PRIMARY KEY AUTOINCREMENT, sid TEXT NOT NULL UNIQUE, direction TEXT NOT NULL, address TEXT NOT NULL,
  sender TEXT NOT NULL, body TEXT NOT NULL, status TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL,
  sent_at TEXT, buttons TEXT NOT NULL, list_label TEXT NOT NULL, kind TEXT NOT NULL, content_sid TEXT NOT NULL,
  template TEXT NOT NULL, service_sid TEXT NOT NULL, status_callback TEXT NOT NULL, fails_with INTEGER,
  error_code INTEGER, payload TEXT NOT NULL, button_text TEXT NOT NULL, replied_sid TEXT NOT NULL,
  arrival TEXT NOT NULL, arrival_note TEXT NOT NULL, media TEXT NOT NULL DEFAULT '');
CREATE TABLE IF NOT EXISTS media(sid TEXT PRIMARY KEY, content_type TEXT NOT NULL, content BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS ix_message_address ON message(address, seq);
CREATE INDEX IF NOT EXISTS ix_message_sent_at ON message(sent_at);
CREATE TABLE IF NOT EXISTS content(
  sid TEXT PRIMARY KEY, fingerprint TEXT NOT NULL UNIQUE, friendly_name TEXT NOT NULL, language TEXT NOT NULL,
  variables TEXT NOT NULL, types TEXT NOT NULL, created_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS approval(
  content_sid TEXT PRIMARY KEY REFERENCES content(sid) ON DELETE CASCADE, name TEXT NOT NULL, category TEXT NOT NULL,
  content_type TEXT NOT NULL, status TEXT NOT NULL, rejection_reason TEXT NOT NULL,
  allow_category_change INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS ix_approval_name ON approval(name);
CREATE TABLE IF NOT EXISTS service_window(
  sender TEXT NOT NULL, address TEXT NOT NULL, last_inbound_at TEXT NOT NULL, PRIMARY KEY(sender, address));
CREATE TABLE IF NOT EXISTS person(
  address TEXT PRIMARY KEY, name TEXT NOT NULL, language TEXT NOT NULL, time_zone TEXT NOT NULL,
  external_user_id TEXT NOT NULL);
"""
_TIMES = ("created_at", "updated_at", "sent_at")
_LIST_MAX = 1_000


class Store:
    """One connection in autocommit: every statement stands alone, and is on file when it returns."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._connection: aiosqlite.Connection | None = None

    async def open(self) -> None:
        """Open or create the file; without a path everything stays in memory."""
        if self._path is not None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
        db = await aiosqlite.connect(str(self._path or ":memory:"), isolation_level=None)
        db.row_factory = aiosqlite.Row
        # A crash of the machine may cost a simulator its last messages: that is worth the speed.
        await db.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; PRAGMA foreign_keys=ON;" + _SCHEMA)
        columns = await db.execute_fetchall("SELECT name FROM pragma_table_info('message')")
        if "media" not in {row["name"] for row in columns}:  # a file of an earlier version
            await db.execute("ALTER TABLE message ADD COLUMN media TEXT NOT NULL DEFAULT ''")
        self._connection = db

    async def close(self) -> None:
        """Close the file; safe to call twice."""
        if self._connection is not None:
            await self._connection.close()
            self._connection = None

    @property
    def _db(self) -> aiosqlite.Connection:
        assert self._connection is not None, "the store is not open"
        return self._connection

    async def add_message(self, message: Message) -> Message:
        """Keep a new message; answers it with its `seq`."""
        row = _message_row(message)
        del row["seq"]
        names, marks = ", ".join(row), ", ".join("?" * len(row))
        sql = f"INSERT INTO message({names}) VALUES({marks}) RETURNING *"
        return _message(await self._one(sql, *row.values()))

    async def message(self, sid: str) -> Message | None:
        """The message of a sid."""
        row = await self._maybe("SELECT * FROM message WHERE sid = ?", sid)
        return row and _message(row)

    async def set_status(self, sid: str, status: str, at: datetime, error_code: int | None = None) -> Message | None:
        """Move a message on; a `sent` sets its sending time. None when the message is already past that state."""
        row = await self._maybe(
            "UPDATE message SET status = ?1, updated_at = ?2, error_code = ?3,"
            " sent_at = coalesce(sent_at, CASE WHEN ?1 = 'sent' THEN ?2 END)"
            " WHERE sid = ?4 AND status NOT IN ('read', 'failed', 'undelivered') AND status <> ?1 RETURNING *",
            status, at.isoformat(), error_code, sid,
        )  # fmt: skip
        return row and _message(row)

    async def save_media(self, sid: str, content_type: str, content: bytes) -> None:
        """Keep the picture of a message."""
        await self._db.execute("INSERT OR REPLACE INTO media VALUES(?, ?, ?)", (sid, content_type, content))

    async def media(self, sid: str) -> tuple[str, bytes] | None:
        """The content type and the bytes of a message's picture."""
        row = await self._maybe("SELECT content_type, content FROM media WHERE sid = ?", sid)
        return row and (row["content_type"], row["content"])

    async def set_arrival(self, sid: str, arrival: str, note: str) -> Message:
        """Whether the product took an inbound message."""
        sql = "UPDATE message SET arrival = ?, arrival_note = ? WHERE sid = ? RETURNING *"
        return _message(await self._one(sql, arrival, note, sid))

    async def search(self, conditions: list[tuple[str, Any]], limit: int) -> list[Message]:
        """Messages that meet every condition (SQL with one `?`, value), newest first."""
        where = " AND ".join(sql for sql, _ in conditions) or "1"
        sql = f"SELECT * FROM message WHERE {where} ORDER BY seq DESC LIMIT ?"  # noqa: S608 - conditions are our own
        rows = await self._all(sql, *(value for _, value in conditions), min(limit, _LIST_MAX + 1))
        return [_message(row) for row in rows]

    async def chat(self, address: str | None, limit: int, before: int | None = None, after: int = 0) -> list[Message]:
        """The latest messages of one person, or of everybody, oldest first; `seq` between `after` and `before`."""
        conditions: list[tuple[str, Any]] = [("seq > ?", after)]
        if address is not None:
            conditions.append(("address = ?", address))
        if before is not None:
            conditions.append(("seq < ?", before))
        return (await self.search(conditions, limit))[::-1]

    async def unfinished(self) -> list[Message]:
        """Outbound messages that were still on their way when the simulator stopped."""
        marks = ", ".join("?" * len(ON_THE_WAY))
        sql = f"SELECT * FROM message WHERE direction <> ? AND status IN ({marks}) ORDER BY seq"  # noqa: S608
        return [_message(row) for row in await self._all(sql, INBOUND, *ON_THE_WAY)]

    async def unread(self, address: str) -> list[Message]:
        """Delivered messages that the person has not looked at."""
        sql = "SELECT * FROM message WHERE address = ? AND direction <> ? AND status = 'delivered' ORDER BY seq"
        return [_message(row) for row in await self._all(sql, address, INBOUND)]

    async def unread_counts(self) -> dict[str, int]:
        """How many delivered messages each person has not looked at."""
        sql = (
            "SELECT address, count(*) AS n FROM message WHERE direction <> ? AND status = 'delivered' GROUP BY address"
        )
        return {row["address"]: row["n"] for row in await self._all(sql, INBOUND)}

    async def latest(self) -> dict[str, Message]:
        """The last message of every chat."""
        rows = await self._all("SELECT * FROM message WHERE seq IN (SELECT max(seq) FROM message GROUP BY address)")
        return {row["address"]: _message(row) for row in rows}

    async def add_content(self, content: Content, fingerprint: str) -> Content:
        """Keep a content; one with the same fingerprint is answered instead of a second copy."""
        await self._db.execute(
            "INSERT INTO content VALUES(?, ?, ?, ?, ?, ?, ?) ON CONFLICT(fingerprint) DO NOTHING",
            (content.sid, fingerprint, content.friendly_name, content.language, json.dumps(content.variables),
             json.dumps(content.types), content.created_at.isoformat()),
        )  # fmt: skip
        return _content(await self._one("SELECT * FROM content WHERE fingerprint = ?", fingerprint))

    async def content(self, sid: str) -> Content | None:
        """The content of a sid."""
        row = await self._maybe("SELECT * FROM content WHERE sid = ?", sid)
        return row and _content(row)

    async def contents(self, limit: int, offset: int) -> list[Content]:
        """A page of contents, newest first."""
        rows = await self._all("SELECT * FROM content ORDER BY rowid DESC LIMIT ? OFFSET ?", limit, offset)
        return [_content(row) for row in rows]

    async def delete_content(self, sid: str) -> bool:
        """Forget a content and its approval; False when there was none."""
        return await self._maybe("DELETE FROM content WHERE sid = ? RETURNING sid", sid) is not None

    async def save_approval(self, approval: Approval) -> None:
        """Keep the state of a template."""
        sql = "INSERT OR REPLACE INTO approval VALUES(?, ?, ?, ?, ?, ?, ?)"
        await self._db.execute(sql, tuple(asdict(approval).values()))

    async def approval(self, content_sid: str) -> Approval | None:
        """The state of a template; None when it was never submitted."""
        row = await self._maybe("SELECT * FROM approval WHERE content_sid = ?", content_sid)
        return row and Approval(**{**dict(row), "allow_category_change": bool(row["allow_category_change"])})

    async def rejected_name(self, name: str) -> bool:
        """Whether a template was rejected under this name."""
        sql = "SELECT 1 FROM approval WHERE name = ? AND status = 'rejected'"
        return await self._maybe(sql, name) is not None

    async def touch_window(self, sender: str, address: str, at: datetime) -> None:
        """The person wrote: the window opens again."""
        sql = "INSERT OR REPLACE INTO service_window VALUES(?, ?, ?)"
        await self._db.execute(sql, (sender, address, at.isoformat()))

    async def last_inbound_at(self, sender: str, address: str) -> datetime | None:
        """When this person last wrote to this sender."""
        sql = "SELECT last_inbound_at FROM service_window WHERE sender = ? AND address = ?"
        row = await self._maybe(sql, sender, address)
        return row and datetime.fromisoformat(row["last_inbound_at"])

    async def save_person(self, person: Person) -> None:
        """Keep somebody, or what is new about them."""
        await self._db.execute(
            "INSERT INTO person(name, address, language, time_zone, external_user_id) VALUES(?, ?, ?, ?, ?)"
            " ON CONFLICT(address) DO UPDATE SET name = excluded.name, language = excluded.language,"
            " time_zone = excluded.time_zone, external_user_id = excluded.external_user_id",
            tuple(person),
        )

    async def people(self) -> list[Person]:
        """Everybody who was kept, in the order of arrival."""
        return [Person(**dict(row)) for row in await self._all("SELECT * FROM person ORDER BY rowid")]

    async def _all(self, sql: str, *values: Any) -> list[aiosqlite.Row]:
        return list(await self._db.execute_fetchall(sql, values))

    async def _maybe(self, sql: str, *values: Any) -> Any:
        rows = await self._all(sql, *values)
        return rows[0] if rows else None

    async def _one(self, sql: str, *values: Any) -> Any:
        return (await self._all(sql, *values))[0]


def _message_row(message: Message) -> dict[str, Any]:
    row = asdict(message)
    for name in _TIMES:
        row[name] = row[name] and row[name].isoformat()
    row["buttons"] = json.dumps(row["buttons"])
    return row


def _message(row: Any) -> Message:
    values = dict(row)
    for name in _TIMES:
        values[name] = values[name] and datetime.fromisoformat(values[name])
    values["buttons"] = tuple(Button(**button) for button in json.loads(values["buttons"]))
    return Message(**values)


def _content(row: Any) -> Content:
    return Content(
        row["sid"], row["friendly_name"], row["language"], json.loads(row["variables"]), json.loads(row["types"]),
        datetime.fromisoformat(row["created_at"]),
    )  # fmt: skip
