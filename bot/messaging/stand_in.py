"""The next best text for one that is refused: the same words as free text, a plain notice, what a picture tells."""

from typing import Any

from sqlalchemy import Connection, select, update

from bot.ids import DeliveryId
from bot.messaging.message import ErrorCode
from bot.messaging.template_filters import one_line
from bot.messaging.templates import VALUE_MAX, registry
from bot.messaging.window import Mode
from bot.storage.tables import delivery

FALLBACK = "system/notice"
"""The text that stands in for one that WhatsApp does not take outside the window."""
INSTEAD = "instead"
"""Among the variables of a free text with a picture: the text that tells the same without it."""
_SPAM = 63026
"""What counts as spam is not said again in other words."""


def is_replaceable(template: str, *, is_content: bool, has_media: bool, code: ErrorCode | None) -> bool:
    """Whether there is a next best text."""
    return code != _SPAM and (has_media or (is_content and template != FALLBACK))


def notice_text(body: str) -> str:
    """A text on one line, cut to what one variable holds."""
    text = one_line(body.replace("\n", "; "))
    return text if len(text) <= VALUE_MAX else text[: VALUE_MAX - 1] + "…"


def replace_text(conn: Connection, delivery_id: DeliveryId, mode: Mode) -> None:
    """Put the next best text in a message's place. The log keeps what each try was."""
    columns = delivery.c.language, delivery.c.body, delivery.c.checksum, delivery.c.variables
    row = conn.execute(select(*columns).where(delivery.c.id == delivery_id)).one()
    values: dict[str, Any] = {"media": None}
    if row.checksum is None:
        values |= {"variables": {}, "body": row.variables.get(INSTEAD, row.body)}
    if row.checksum is not None and mode is Mode.SESSION:
        values |= {"checksum": None, "variables": {}, "buttons": []}
    elif row.checksum is not None:
        made = registry().render(FALLBACK, row.language, {"text": notice_text(row.body)})
        values |= {"template": made.template, "variables": dict(made.variables), "body": made.body}
        values |= {"checksum": made.checksum, "buttons": []}
    conn.execute(update(delivery).where(delivery.c.id == delivery_id).values(values))
