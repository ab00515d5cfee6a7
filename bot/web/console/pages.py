"""Every page of the console, in the order of the navigation."""

from bot.web.console import deliveries, message
from bot.web.page import Page

PAGES: tuple[Page, ...] = (deliveries.PAGE, message.PAGE)
