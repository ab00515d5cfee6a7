"""People whose absence is over: nobody stands in any more, and they are told what is open."""

from datetime import datetime

from sqlalchemy import Connection

from bot.alerts import catching_up, repository
from bot.alerts.ladders import CHUNK
from bot.alerts.surroundings import Surroundings
from bot.directory import arrangements
from bot.directory import service as directory
from bot.ids import CuratorId


def come_back(conn: Connection, curator_id: CuratorId, *, now: datetime, env: Surroundings) -> int:
    """End an absence; how many open alerts the next scan tells this person."""
    arrangements.set_away(conn, curator_id, None, None)
    person = directory.get_curator(conn, curator_id)
    found = repository.open_of_partner(conn, person.partner_id, CHUNK)
    return catching_up.catch_up(conn, person, found, now=now, env=env)


def return_due(conn: Connection, *, now: datetime, env: Surroundings) -> int:
    """End every absence whose day has come; how many."""
    back = arrangements.back_from_absence(conn, now)
    for curator_id in back:
        come_back(conn, curator_id, now=now, env=env)
    return len(back)
