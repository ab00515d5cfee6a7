"""The console in a real browser: live without a reload, usable by keyboard, readable at every width and in the dark."""

import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect
from sqlalchemy import update

from bot.clock import ManualClock
from bot.storage.engine import Database
from bot.storage.tables import delivery
from tests.e2e.conftest import PHONE, OpenPage
from tests.integration.console_story import Story, tell, write
from tests.integration.web_door import open_door

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]
NARROW = (360, 740)
CONTRAST_MIN = 4.5
"""WCAG 2.2 AA for text of normal size."""


@dataclass(frozen=True, slots=True)
class Console:
    """A running console: where, and what it shows."""

    url: Callable[[str], str]
    db: Database
    clock: ManualClock
    story: Story

    @property
    def pages(self) -> list[str]:
        """Every page there is."""
        own = [f"/clients/{self.story.alfa.account_id}", f"/deliveries/{self.story.messages['failed']}"]
        return ["/", "/due", "/clients", "/deliveries", "/ledger", "/rules", "/wazzup", *own]


@pytest_asyncio.fixture(loop_scope="module")
async def console(sqlite_db: Database, clock: ManualClock) -> AsyncIterator[Console]:
    """The story told, and the door open."""
    story = sqlite_db.write_now(tell, clock.now())
    async with open_door(sqlite_db, clock) as client:
        yield Console(lambda path: str(client.make_url(path)), sqlite_db, clock, story)


async def test_the_log_is_live(console: Console, page: Page) -> None:
    await page.goto(console.url("/deliveries"))
    rows = page.locator("tr.row")
    await expect(rows).to_have_count(5)

    now, story = console.clock.now(), console.story
    new = console.db.write_now(lambda conn: write(conn, story.partner.id, story.anna, story.beta, "queued", now))
    await expect(page.locator(f"#d-{new} .chip")).to_have_text("queued")
    await expect(rows).to_have_count(6)
    await page.locator(f"#d-{new} a.open").focus()

    console.db.write_now(
        lambda conn: conn.execute(update(delivery).where(delivery.c.id == new).values(state="read")).rowcount
    )
    await expect(page.locator(f"#d-{new} .chip")).to_have_text("read")
    await expect(page.locator(f"#d-{new} a.open")).to_be_focused()


async def test_a_filter_changes_list_and_address(console: Console, page: Page) -> None:
    await page.goto(console.url("/deliveries"))
    await page.get_by_label("Curator or number").fill("Anna")
    await page.keyboard.press("Enter")
    await expect(page.locator("tr.row")).to_have_count(2)
    await expect(page).to_have_url(re.compile("to=Anna"))

    await page.get_by_role("link", name="read 1").click()
    await expect(page.locator("tr.row")).to_have_count(1)
    await expect(page).to_have_url(re.compile("to=Anna.*state=read|state=read.*to=Anna"))
    await page.go_back()
    await expect(page.locator("tr.row")).to_have_count(2)


async def test_the_older_page_stands_still(console: Console, page: Page) -> None:
    await page.goto(console.url("/deliveries?limit=2"))
    await page.get_by_role("link", name="Older").click()
    await expect(page.locator("tr.row")).to_have_count(2)
    assert await page.locator("#log[hx-trigger]").count() == 0


async def test_typing_finds_a_client(console: Console, page: Page) -> None:
    await page.goto(console.url("/clients"))
    await page.get_by_label("Find a client").press_sequentially("альф")
    await expect(page.locator("tr.row")).to_have_count(1)
    await expect(page.get_by_label("Find a client")).to_be_focused()
    await page.locator("tr.row a.open").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Alfa Dental")


async def test_a_message_that_moves_on_is_shown_moving(console: Console, page: Page) -> None:
    message = console.story.messages["sent"]
    await page.goto(console.url(f"/deliveries/{message}"))
    await expect(page.locator(".title .chip")).to_have_text("sent")

    at = console.clock.now() + timedelta(seconds=1)
    change = update(delivery).where(delivery.c.id == message).values(state="read", read_at=at, delivered_at=at)
    console.db.write_now(lambda conn: conn.execute(change).rowcount)
    await expect(page.locator(".title .chip")).to_have_text("read")


async def test_the_keyboard_is_enough(console: Console, page: Page) -> None:
    await page.goto(console.url("/deliveries"))
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("#main")).to_be_focused()
    await page.locator("tr.row a.open").first.focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="What happened")).to_be_visible()


async def test_the_language_switch_keeps_the_place(console: Console, page: Page) -> None:
    await page.goto(console.url("/deliveries?state=read"))
    await page.get_by_role("link", name="ru", exact=True).click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Журнал доставки")
    await expect(page.locator("tr.row")).to_have_count(1)
    await page.goto(console.url("/due"))
    await expect(page.get_by_role("heading", level=1)).to_have_text("У кого кончается")


@pytest.mark.parametrize("size", [NARROW, PHONE, (1280, 800)])
async def test_no_page_is_wider_than_the_screen(console: Console, open_page: OpenPage, size: tuple[int, int]) -> None:
    page = await open_page(size)
    for path in console.pages:
        for language in ("en", "ru"):
            await page.goto(console.url(f"{path}?lang={language}"))
            wider = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wider <= 0, (path, language)


LABELS = """() => [...document.querySelectorAll('input:not([type=hidden]), select')]
  .filter(e => !e.labels.length || !e.labels[0].textContent.trim()).map(e => e.outerHTML)"""
HEADINGS = "() => document.querySelectorAll('h1').length"
NAMELESS = """() => [...document.querySelectorAll('a, button')]
  .filter(e => !(e.textContent.trim() || e.getAttribute('aria-label'))).map(e => e.outerHTML)"""
CONTRAST = (Path(__file__).parent / "contrast.js").read_text(encoding="utf-8").split("\n", 1)[1].rstrip().rstrip(";")


@pytest.mark.parametrize("dark", [False, True])
async def test_every_page_can_be_read_and_named(console: Console, open_page: OpenPage, dark: bool) -> None:
    page = await open_page(dark=dark)
    for path in console.pages:
        await page.goto(console.url(path))
        assert await page.evaluate(LABELS) == [], path
        assert await page.evaluate(NAMELESS) == [], path
        assert await page.evaluate(HEADINGS) == 1, path
        assert await page.evaluate(CONTRAST, CONTRAST_MIN) == [], path
