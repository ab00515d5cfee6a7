"""The billing room's front door: everything that other rooms call, in one place."""

from bot.billing.accounts import AccountView, open_account, partner_accounts
from bot.billing.book_file import price_book
from bot.billing.changed import Changed
from bot.billing.charging import charge_due, is_waiting
from bot.billing.checking import Balance, LedgerReport, balances, check
from bot.billing.confirming import (
    Confirmed,
    cancel,
    check_code,
    confirm,
    expire_quotes,
    open_quotes,
    settle_due,
    void,
)
from bot.billing.importing import set_channels, set_subscription
from bot.billing.movements import Movement, client_movements, movements
from bot.billing.opening import adjust_balance, deposit, open_client
from bot.billing.plan import PriceBook
from bot.billing.quote import Quote
from bot.billing.quoting import quote_renewal, quote_top_up
from bot.billing.receipts import ReceiptView, receipt
from bot.billing.standing import ChannelView, Standing, SubscriptionView
from bot.billing.standings import standing, standings
from bot.billing.transfers import Transfer

__all__ = [
    "AccountView",
    "Balance",
    "Changed",
    "ChannelView",
    "Confirmed",
    "LedgerReport",
    "Movement",
    "PriceBook",
    "Quote",
    "ReceiptView",
    "Standing",
    "SubscriptionView",
    "Transfer",
    "adjust_balance",
    "balances",
    "cancel",
    "charge_due",
    "check",
    "check_code",
    "client_movements",
    "confirm",
    "deposit",
    "expire_quotes",
    "is_waiting",
    "movements",
    "open_account",
    "open_client",
    "open_quotes",
    "partner_accounts",
    "price_book",
    "quote_renewal",
    "quote_top_up",
    "receipt",
    "set_channels",
    "set_subscription",
    "settle_due",
    "standing",
    "standings",
    "void",
]
