"""What the messaging tests share: a job port that remembers, messages to send, a transport that does as it is told."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, select

from bot.ids import Address, DeliveryId
from bot.messaging import outbox
from bot.messaging.attempts import Ended, record_attempts
from bot.messaging.claims import Claimed, claim
from bot.messaging.message import ErrorClass, ErrorCode, Inbound, Kind, Outgoing, StatusUpdate
from bot.messaging.status import Applied, State
from bot.messaging.statuses import apply_statuses
from bot.messaging.templates import Button, Content, registry
from bot.messaging.transport import Accepted, Approval, Capabilities, OutMessage, Rejected, Result, Seen, Unknown
from bot.messaging.transports.twilio_errors import APPROVAL_OF, classify
from bot.storage.engine import Database
from bot.storage.tables import delivery

NOW = datetime(2026, 11, 26, 7, tzinfo=UTC)
SENDER = Address("whatsapp:+14155238886")
ANNA = Address("whatsapp:+37120000017")
BORIS = Address("whatsapp:+37120000025")
ENDING = registry().entry("alerts/ending")
BUTTONS = [Button("renew", "renew:A1"), Button("claim", "claim:A1"), Button("later", "later:A1")]


@dataclass(slots=True)
class RecordingJobs:
    """A job port that only remembers what was asked for."""

    asked: list[tuple[str, str, datetime]] = field(default_factory=list)

    def enqueue(
        self, conn: Connection, name: str, key: str, run_after: datetime, priority: int = 0, payload: Any = None
    ) -> None:
        self.asked.append((name, key, run_after))

    def enqueue_many(self, conn: Connection, name: str, run_after: Mapping[str, datetime], priority: int = 0) -> None:
        self.asked += [(name, key, run_after[key]) for key in sorted(run_after)]


def alert(key: str = "alert:1", to: Address = ANNA, **changes: Any) -> Outgoing:
    """A content entry with buttons, which may go outside the window."""
    values: dict[str, Any] = {
        "key": key,
        "to": to,
        "kind": Kind.ALERT,
        "template": "alerts/ending",
        "language": "en",
        "facts": ENDING.sample,
        "buttons": BUTTONS,
    }
    return Outgoing(**{**values, **changes})


def put(conn: Connection, outgoing: Outgoing, jobs: RecordingJobs | None = None, now: datetime = NOW) -> DeliveryId:
    """Enqueue a message that must be new."""
    made = outbox.enqueue(conn, outgoing, sender=SENDER, now=now, jobs=jobs or RecordingJobs())
    assert made is not None
    return made


def take(conn: Connection, now: datetime = NOW, limit: int = 100) -> list[Claimed]:
    """Claim what may go."""
    return list(claim(conn, SENDER, now, limit).taken)


def record(
    conn: Connection, claimed: Claimed, result: Result, now: datetime = NOW, jobs: RecordingJobs | None = None
) -> State:
    """Record how one attempt ended; the state of its message afterwards."""
    (waits,) = record_attempts(conn, [Ended(claimed, result, now, 12)], jobs or RecordingJobs())
    state = State(row_of(conn, claimed.id).state)
    assert waits is (state is State.QUEUED and not isinstance(result, Accepted))
    return state


def report(
    conn: Connection,
    status: str,
    *,
    sid: str = "SM1",
    d: DeliveryId | None = None,
    code: int | None = None,
    now: datetime = NOW,
    jobs: RecordingJobs | None = None,
) -> Applied:
    """Apply one report."""
    error_class = classify(code) if code else None
    row = StatusUpdate(sid, status, now, d, code, error_class, APPROVAL_OF.get(code or 0), {"MessageStatus": status})
    return apply_statuses(conn, [row], jobs or RecordingJobs())[0]


def row_of(conn: Connection, delivery_id: DeliveryId) -> Any:
    """The delivery as it stands."""
    return conn.execute(select(delivery).where(delivery.c.id == delivery_id)).one()


def inbound(sid: str = "SM9", sender: Address = ANNA, body: str = "help", now: datetime = NOW) -> Inbound:
    """A message that somebody wrote."""
    return Inbound("twilio", sid, sender, SENDER, body, now, raw={"From": sender})


class ScriptedTransport:
    """Answers sends from a script, else accepts; remembers what it was given."""

    name = "twilio"
    capabilities = Capabilities(1600, True, True, True, True)

    def __init__(self, script: Callable[[OutMessage], Result | None] | None = None) -> None:
        self.sent: list[OutMessage] = []
        self.script = script
        self.approvals: dict[str, str] = {}
        self.remembers: list[Seen] = []
        self.heard: list[Inbound] = []
        self.created: list[Content] = []
        self.initial_approval = "approved"

    async def send(self, message: OutMessage) -> Result:
        self.sent.append(message)
        answer = self.script(message) if self.script else None
        return answer or Accepted(f"SM{len(self.sent)}", "queued", 201)

    def verify(self, headers: Mapping[str, str], path_qs: str, body: bytes) -> bool:
        return True

    def parse(self, path_qs: str, body: bytes, now: datetime) -> Sequence[Inbound | StatusUpdate]:
        return []

    def classify(self, code: ErrorCode) -> ErrorClass:
        return classify(code) if isinstance(code, int) else ErrorClass.PERMANENT

    async def lookup(self, to: Address, since: datetime) -> list[Seen]:
        return [seen for seen in self.remembers if seen.to == to and seen.created_at >= since]

    async def received(self, since: datetime) -> list[Inbound]:
        return [one for one in self.heard if one.received_at >= since]

    async def fetch(self, provider_id: str) -> Seen | None:
        return next((seen for seen in self.remembers if seen.provider_id == provider_id), None)

    async def create_content(self, content: Content) -> str:
        self.created.append(content)
        content_id = f"HX{len(self.created):032d}"
        self.approvals[content_id] = "unsubmitted"
        return content_id

    async def request_approval(self, content_id: str, content: Content) -> Approval:
        self.approvals[content_id] = self.initial_approval
        return Approval(self.approvals[content_id])

    async def approval(self, content_id: str) -> Approval:
        return Approval(self.approvals[content_id])

    async def close(self) -> None:
        return None


THROTTLED = Rejected(ErrorClass.THROTTLE, 20429, "Too Many Requests", 429)
REFUSED_CONNECTION = Rejected(ErrorClass.RETRY, None, "no connection")
NO_ANSWER = Unknown("no answer in time")


async def states(db: Database) -> dict[str, str]:
    """State of every message by its key."""

    def read(conn: Connection) -> dict[str, str]:
        return {row.key: row.state for row in conn.execute(select(delivery.c.key, delivery.c.state))}

    return await db.read(read)


async def until(condition: Callable[[], bool]) -> None:
    """Wait, in real time, until something has happened."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - the tested code knows no event of the test's
            await asyncio.sleep(0.01)
