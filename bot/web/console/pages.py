"""Every page of the console, in the order of the navigation."""

from bot.web.console import client, clients, deliveries, due, ledger, message, overview, rules, wazzup
from bot.web.page import Page

PAGES: tuple[Page, ...] = (
    overview.PAGE,
    due.PAGE,
    clients.PAGE,
    client.PAGE,
    deliveries.PAGE,
    message.PAGE,
    ledger.PAGE,
    rules.PAGE,
    wazzup.PAGE,
)
