"""The registry of stored texts: which wording the provider holds under which id, and whether WhatsApp approved it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update

from bot.messaging.templates import Content, registry
from bot.messaging.transport import Approval
from bot.storage import queries
from bot.storage.tables import content

UNSUBMITTED = "unsubmitted"
APPROVED = "approved"
PENDING = frozenset({UNSUBMITTED, "received", "pending"})
"""WhatsApp has not decided yet."""
REFUSED = frozenset({"rejected", "paused", "disabled"})
"""WhatsApp would refuse a message made from it."""


@dataclass(frozen=True, slots=True)
class Stored:
    """One wording of one text in one language, as the provider holds it."""

    template: str
    language: str
    checksum: str
    content_id: str
    approval: str
    checked_at: datetime

    @property
    def key(self) -> tuple[str, str, str]:
        return self.template, self.language, self.checksum


@dataclass(frozen=True, slots=True)
class TextStatus:
    """One text in one language as the provider holds it. `content_id` is None while it does not."""

    template: str
    language: str
    name: str
    needs_approval: bool
    content_id: str | None
    approval: str | None
    checked_at: datetime | None

    @property
    def is_usable(self) -> bool:
        """Whether it can be sent whenever it is needed."""
        return self.content_id is not None and (not self.needs_approval or self.approval == APPROVED)


def find(conn: Connection, template: str, language: str, checksum: str) -> Stored | None:
    """A wording by its checksum; None when the provider does not hold it as far as we know."""
    same = (content.c.template == template, content.c.language == language, content.c.checksum == checksum)
    row = conn.execute(select(content).where(*same)).one_or_none()
    return _stored(row) if row else None


def all_stored(conn: Connection) -> list[Stored]:
    """Every wording, old ones too."""
    order = (content.c.template, content.c.language, content.c.checked_at)
    return [_stored(row) for row in conn.execute(select(content).order_by(*order))]


def save(conn: Connection, wanted: Content, content_id: str, approval: Approval, now: datetime) -> Stored:
    """Note that the provider holds a wording, and what WhatsApp thinks of it."""
    row = {
        "template": wanted.template,
        "language": wanted.language,
        "checksum": wanted.checksum,
        "content_sid": content_id,
        "approval": approval.status[:16],
        "checked_at": now,
    }
    queries.upsert(conn, content, [row])
    return Stored(wanted.template, wanted.language, wanted.checksum, content_id, approval.status, now)


def decide(conn: Connection, known: Stored, approval: Approval, now: datetime) -> Stored:
    """Note what WhatsApp thinks of a wording now."""
    found = replace(known, approval=approval.status[:16], checked_at=now)
    same = (content.c.template == known.template, content.c.language == known.language)
    statement = update(content).where(*same, content.c.checksum == known.checksum)
    conn.execute(statement.values(approval=found.approval, checked_at=now))
    return found


def refused(conn: Connection, template: str, language: str, checksum: str, approval: str) -> None:
    """A report says that WhatsApp does not take a wording any more. When it was last asked stays as it is."""
    same = (content.c.template == template, content.c.language == language, content.c.checksum == checksum)
    conn.execute(update(content).where(*same).values(approval=approval[:16]))


def refused_now(conn: Connection) -> list[tuple[str, str, str]]:
    """Text, language and WhatsApp's word of what it does not take, of the texts in their present wording."""
    known = [one for one in all_stored(conn) if one.approval in REFUSED]
    present = {(one.template, one.language, one.checksum) for one in registry().contents()} if known else set()
    return [(one.template, one.language, one.approval) for one in known if one.key in present]


def status(stored: Iterable[Stored], wanted: Iterable[Content]) -> list[TextStatus]:
    """How the provider stands to each of the product's texts, in their present wording. Pure."""
    known = {one.key: one for one in stored}
    return [_text_status(one, known.get((one.template, one.language, one.checksum))) for one in wanted]


def _text_status(wanted: Content, known: Stored | None) -> TextStatus:
    return TextStatus(
        template=wanted.template,
        language=wanted.language,
        name=wanted.name,
        needs_approval=wanted.needs_approval,
        content_id=known.content_id if known else None,
        approval=known.approval if known else None,
        checked_at=known.checked_at if known else None,
    )


def _stored(row: Row[Any]) -> Stored:
    return Stored(row.template, row.language, row.checksum, row.content_sid, row.approval, row.checked_at)
