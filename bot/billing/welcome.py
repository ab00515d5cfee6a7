"""The welcome credit: what a client whom a partner adds finds on the balance, paid by the program, never by him."""

from datetime import datetime

from sqlalchemy import Connection

from bot.billing import ledger, repository
from bot.billing.accounts import lock_accounts, open_account, system_account
from bot.billing.ledger import Draft
from bot.billing.plan import PriceBook
from bot.billing.posting import Origin, is_posted, post
from bot.ids import ClientId, PartnerId
from bot.money import Money


def give_welcome(
    conn: Connection, book: PriceBook, partner_id: PartnerId, client_id: ClientId, now: datetime
) -> Money | None:
    """Open the client's account and credit what the price book gives in its currency (500 ₽, 10 €, 10 $), once.

    None where the currency has no welcome credit or it was given before. UserError unknown_client.
    """
    held = repository.holdings_of(conn, client_id, partner_id)
    opened = open_account(conn, partner_id, "client", client_id, held.currency)
    credit = book.terms(held.currency).welcome
    locked = lock_accounts(conn, [opened.id])
    key = ledger.welcome_key(client_id)
    if not credit or is_posted(conn, partner_id, key):
        return None
    source = system_account(conn, partner_id, "bonus", held.currency)
    draft = Draft(key, "welcome", ledger.entries((source, opened.id, credit)))
    post(conn, [draft], Origin(partner_id, now, client_id), locked=locked)
    return credit
