"""Adds a channel to a client's account, free or paid by the day, and lets alerts look at the client anew."""

from datetime import datetime

from sqlalchemy import Connection

from bot.alerts import service as alerts
from bot.alerts.surroundings import Surroundings
from bot.billing.channels import add_channel
from bot.billing.free_channels import add_free_channel, renew_free_channels
from bot.directory.people import Client
from bot.storage.audit import record


def add_channel_to(
    conn: Connection,
    client: Client,
    transport: str,
    name: str,
    *,
    free: bool,
    env: Surroundings,
    now: datetime,
    by: str,
) -> None:
    """UserError as `billing.channels.add_channel` and `billing.free_channels.add_free_channel` say."""
    add = add_free_channel if free else add_channel
    changes = add(conn, env.book, client.partner_id, client.id, transport, name, now)
    facts = {"client_id": client.id, "transport": transport, "name": name, "free": free}
    record(conn, client.partner_id, "channel.added", facts, who=by, now=now)
    alerts.apply(conn, changes, now=now, env=env)


def renew_free(conn: Connection, *, env: Surroundings, now: datetime) -> int:
    """Renew free terms that are over, some at a time; how many clients that touched."""
    changes = renew_free_channels(conn, env.book, now)
    alerts.apply(conn, changes, now=now, env=env)
    return len(changes)
