"""What pictures show, in the database: kept as it was when somebody asked, for as long as the provider may fetch it."""

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from bot.ids import PartnerId
from bot.storage.tables import picture

LASTS = timedelta(hours=12)
"""Longer than a message may wait for its sending and at the provider (10 hours)."""
_TOKEN_BYTES = 32


def keep(conn: Connection, partner_id: PartnerId, facts: Mapping[str, Any], now: datetime) -> str:
    """Keep what a picture shows; the token that it is fetched by, which nobody can guess. Old ones are thrown away."""
    conn.execute(delete(picture).where(picture.c.expires_at <= now))
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    row = {"token": token, "partner_id": partner_id, "facts": dict(facts), "created_at": now}
    conn.execute(insert(picture), [{**row, "expires_at": now + LASTS}])
    return token


def facts_of(conn: Connection, token: str, now: datetime) -> Mapping[str, Any] | None:
    """What the picture of a token shows; None when there is none, or not any more."""
    query = select(picture.c.facts).where(picture.c.token == token, picture.c.expires_at > now)
    found: Mapping[str, Any] | None = conn.execute(query).scalar_one_or_none()
    return found
