"""Numbers for accounts that are opened here: eight digits that no account of this installation has."""

import secrets

from sqlalchemy import Connection

from bot.directory import repository
from bot.errors import UserError

_FIRST, _COUNT = 10_000_000, 90_000_000
_TRIES = 20


def new_account_id(conn: Connection) -> str:
    """A free account ID. UserError no_free_account_id."""
    own = {one.account_id for one in repository.partners(conn)}
    for _ in range(_TRIES):
        account_id = str(_FIRST + secrets.randbelow(_COUNT))
        if account_id not in own and not repository.account_holders(conn, account_id):
            return account_id
    raise UserError("no_free_account_id")
