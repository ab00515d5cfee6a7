"""Replenishing in a real browser: from the chat over the payment page and back, on a phone and on a desk."""

import re

import pytest
from playwright.async_api import Page, expect

from bot.storage.engine import Database
from tests.e2e.conftest import DESKTOP, PHONE, OpenPage
from tests.integration.payment_wire import Wire, wired

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]
SIZES = pytest.mark.parametrize(("size", "dark"), [(DESKTOP, False), (PHONE, True), ((320, 568), False)])


async def fits(page: Page, width: int) -> None:
    assert await page.evaluate("document.documentElement.scrollWidth") <= width, "nothing sticks out to the side"


async def at_page(wire: Wire, page: Page) -> None:
    await wire.opened()
    url = (await wire.pages())[0].url
    assert url is not None
    await page.goto(url)


@SIZES
async def test_a_card_is_declined_then_paid_and_the_page_leads_back(
    sqlite_db: Database, open_page: OpenPage, size: tuple[int, int], dark: bool
) -> None:
    async with wired(sqlite_db) as wire:
        page = await open_page(size, dark)
        await at_page(wire, page)
        await expect(page.locator(".amount")).to_have_text("€500.00")
        await fits(page, size[0])
        await page.get_by_role("button", name="Fail").click()
        await expect(page.get_by_role("alert")).to_have_text("Your card was declined. Try another one.")
        await page.get_by_role("button", name="Pay €500.00").click()
        await page.wait_for_url(re.compile(r"/pay/done\?"))
        await expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
        await fits(page, size[0])
        assert (await wire.firsts())[-1] == "*Partner account replenished* by €500.00"
        assert await wire.account() == "1700.00"


async def test_paid_later_confirmed_by_the_bank_and_refunded(sqlite_db: Database, page: Page) -> None:
    async with wired(sqlite_db) as wire:
        await at_page(wire, page)
        url = page.url
        await page.get_by_role("button", name="Pay later").click()
        await page.wait_for_url(re.compile(r"/pay/done\?"))
        assert await wire.account() == "1200.00"
        await page.goto(url)
        await page.get_by_role("button", name="Bank confirms").click()
        await expect(page.get_by_role("heading", name="Payment successful")).to_be_visible()
        await wire.quiet()
        assert await wire.account() == "1700.00"
        await page.get_by_role("button", name="Refund it").click()
        await expect(page.get_by_role("heading", name="Payment successful")).to_be_visible()
        await wire.quiet()
        assert await wire.account() == "1200.00"


async def test_leaving_pays_nothing(sqlite_db: Database, page: Page) -> None:
    async with wired(sqlite_db) as wire:
        await at_page(wire, page)
        await page.get_by_role("link", name="Leave without paying").click()
        await expect(page.get_by_role("heading", name="Nothing was paid")).to_be_visible()
        await expect(page.get_by_role("link", name="Back to the chat")).to_have_attribute(
            "href", "https://wa.me/14155238886"
        )
        assert await wire.account() == "1200.00"
