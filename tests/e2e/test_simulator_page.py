"""The phone page in a real browser: typing, tapping, ticks, moving time, and nothing that people write becomes code."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from itertools import pairwise
from urllib.parse import quote

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from bot.clock import ManualClock
from tests.contract.simulator_world import ANNA, IVAN, START, World, quick_reply, simulated
from tests.e2e.conftest import DESKTOP, PHONE, OpenPage

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

SIZES = pytest.mark.parametrize(("size", "dark"), [(DESKTOP, False), (PHONE, True), ((360, 640), False)])
ALERT = "Finances: *{{1}}* ends in {{2}} days\nAsk the client first, or tap a button."
SAMPLES = {"1": "Alfa", "2": "7"}


@pytest_asyncio.fixture(loop_scope="module")
async def world() -> AsyncIterator[World]:
    clock = ManualClock(START)

    async def move(delta: timedelta) -> datetime:
        clock.move_to(clock.now() + delta)
        return clock.now()

    settings = {"partner_name": "SIA Example", "suggestions": {"en": ["help", "due"]}}
    async with simulated(clock, move_clock=move, **settings) as running:
        yield running


async def alert(world: World, to: str = ANNA) -> str:
    """An approved template with three buttons, sent and delivered."""
    sid = await world.content(quick_reply(ALERT, "Renew", "I'm on it", "Remind me later"), "due", variables=SAMPLES)
    return str((await world.sent(to, ContentSid=sid, ContentVariables='{"1": "Alfa Dental", "2": "3"}'))["sid"])


async def at_chat(world: World, page: Page, address: str = ANNA) -> None:
    await page.goto(f"{world.simulator.url}/#/chat/{quote(address, safe='')}")
    await expect(page.locator("#chat")).to_be_visible()


@SIZES
async def test_a_curator_reads_taps_and_types(
    world: World, open_page: OpenPage, size: tuple[int, int], dark: bool
) -> None:
    sid = await alert(world)
    page = await open_page(size, dark)
    await page.goto(world.simulator.url)
    row = page.locator(".person", has_text="Anna")
    if size != DESKTOP:
        await expect(row.locator(".count")).to_have_text("1")
        await row.click()
    message = page.locator(f'[data-sid="{sid}"]')
    await expect(message.locator("strong")).to_have_text("Alfa Dental")
    await expect(message.locator(".how")).to_have_text("Template")
    await expect(message.locator(".ticks")).to_have_attribute("data-state", "read")
    await expect(row.locator(".count")).to_have_count(0)
    await message.get_by_role("button", name="Renew", exact=True).click()
    await expect(page.locator(".message.mine", has_text="Renew").locator(".ticks")).to_have_attribute(
        "data-state", "delivered"
    )
    await expect(message.locator(".tap.chosen")).to_have_text("Renew")
    assert world.product.inbound[0]["ButtonPayload"] == "id-Renew"
    await page.locator("#text").fill("balance *Alfa*")
    await page.locator("#text").press("Enter")
    await expect(page.locator(".message.mine").last.locator("strong")).to_have_text("Alfa")
    await world.sent(Body="Balance: €0.00")
    await expect(page.locator(".message").last.locator(".ticks")).to_have_attribute("data-state", "read")
    await expect(page.locator(".message").last.locator(".how")).to_have_text("Session")
    assert [fields["Body"] for fields in world.product.inbound] == ["Renew", "balance *Alfa*"]
    width = await page.evaluate("document.documentElement.scrollWidth")
    assert width <= size[0], "nothing sticks out to the side"
    await page.locator("#next-minute").click()
    bar = await page.locator(".bar button:visible, .bar a:visible").all()
    edges = sorted([(box["x"], box["x"] + box["width"]) for one in bar if (box := await one.bounding_box())])
    assert all(left[1] <= right[0] for left, right in pairwise(edges)), "nothing in the bar covers anything else"


async def test_nothing_that_people_write_becomes_markup(world: World, page: Page) -> None:
    nasty = '<img src=x onerror="document.title=1"> *<b>x</b>* <script>document.title=2</script> javascript:alert(1)'
    await world.simulator.add_person('<i id="evil">Eve</i>', "+37120000066")
    await world.simulator.say(ANNA, nasty)
    await world.sent(Body=nasty)
    await at_chat(world, page)
    await expect(page.locator(".message .text").last).to_contain_text("<script>document.title=2</script>")
    await expect(page.locator(".message .text strong").last).to_have_text("<b>x</b>")
    await expect(page.locator(".message img, .message script, .message b, #evil")).to_have_count(0)
    assert "Phones" in await page.title()


async def test_formatting_and_links_look_as_on_a_phone(world: World, page: Page) -> None:
    text = "*bold* _it_ ~no~ `a*b*` 2*3*4 snake_case_name\n> quoted\n```\n  code\n```\nhttps://example.com/a_b_c?x=1."
    await world.simulator.say(ANNA, text)
    await at_chat(world, page)
    body = page.locator(".message .text")
    for tag, inner in (("strong", "bold"), ("em", "it"), ("s", "no"), ("code", "a*b*"), ("blockquote", "quoted")):
        await expect(body.locator(tag)).to_have_text(inner)
    await expect(body.locator("pre")).to_have_text("  code")
    await expect(body.locator("a")).to_have_attribute("href", "https://example.com/a_b_c?x=1")
    await expect(body).to_contain_text("2*3*4 snake_case_name")


async def test_what_fails_says_so(world: World, page: Page) -> None:
    await world.sent(IVAN, Body="outside the window")
    world.simulator.faults.add("inbound_lost")
    await world.simulator.say(ANNA, "is anybody there?")
    await at_chat(world, page)
    await expect(page.locator(".message.lost .problem")).to_contain_text("The bot did not take this message")
    await page.locator(".person", has_text="Иван").click()
    await expect(page.locator(".message.lost .problem")).to_contain_text("Не доставлено (63016)")
    await expect(page.locator("#window-note")).to_contain_text("окно закрыто")
    await expect(page.locator("#text")).to_have_attribute("placeholder", "Сообщение")


async def test_time_moves_by_a_button_and_days_are_told_apart(world: World, page: Page) -> None:
    await world.simulator.say(ANNA, "on Thursday")
    await at_chat(world, page)
    await expect(page.locator("#now .date")).to_have_text("Thu 26 Nov")
    await expect(page.locator("#now .hour")).to_have_text("09:00")
    await expect(page.locator("#window-note")).to_contain_text("open until Fri 27 Nov")
    await page.locator("#next-day").click()
    await expect(page.locator("#now .date")).to_have_text("Fri 27 Nov")
    await page.locator("#next-hour").click()
    await expect(page.locator("#now .hour")).to_have_text("10:00")
    await page.locator("#next-minute").click()
    await expect(page.locator("#now .hour")).to_have_text("10:01")
    await expect(page.locator("#window-note")).to_contain_text("closed")
    await world.simulator.say(ANNA, "on Friday")
    await expect(page.locator(".day-mark")).to_have_text(["Yesterday", "Today"])


async def test_lists_quotes_suggestions_weather_and_a_new_phone(world: World, page: Page) -> None:
    await world.simulator.say(ANNA, "alfa")
    items = [{"item": f"Alfa {n}", "id": f"c{n}", "description": "ends soon"} for n in range(3)]
    sid = await world.content({"twilio/list-picker": {"body": "Which Alfa?", "button": "Choose", "items": items}})
    asked = await world.sent(ContentSid=sid)
    await at_chat(world, page)
    await page.locator(".tap", has_text="Choose").click()
    await page.locator(".choice", has_text="Alfa 1").click()
    await expect(page.locator(".message.mine").last).to_contain_text("Alfa 1")
    await expect(page.locator(".message.mine").last.locator(".ticks")).to_have_attribute("data-state", "delivered")
    assert world.product.inbound[-1]["ListId"] == "c1"
    await page.locator(f'[data-sid="{asked["sid"]}"]').hover()
    await page.locator(f'[data-sid="{asked["sid"]}"] .reply-here').click()
    await page.locator("#text").press_sequentially("the second")
    await page.locator("#send").click()
    await expect(page.locator(".message.mine").last.locator(".quoted")).to_contain_text("Which Alfa?")
    await page.locator("#suggestions button", has_text="help").click()
    await expect(page.locator(".message.mine").last).to_contain_text("help")
    await expect(page.locator(".message.mine").last.locator(".ticks")).to_have_attribute("data-state", "delivered")
    assert world.product.inbound[-2]["OriginalRepliedMessageSid"] == asked["sid"]
    assert world.product.inbound[-1]["Body"] == "help"
    await page.locator("#weather-open").click()
    await page.get_by_role("button", name="Switch on: Too many requests").click()
    await expect(page.locator(".active-fault")).to_contain_text("Too many requests, 3 left")
    assert (await world.send(Body="x"))[0] == 429
    await page.locator(".active-fault button").click()
    await expect(page.locator(".active-fault")).to_have_count(0)
    await page.keyboard.press("Escape")
    await page.locator("#person-open").click()
    await page.locator("[name=phone]").fill("+371 20 000 077")
    await page.locator("[name=name]").fill("Olga")
    await page.keyboard.press("Enter")
    await expect(page.locator(".person[aria-current]")).to_contain_text("Olga")


LANGUAGES = {"ru-RU": "Чей телефон?", "es-ES": "¿De quién es el teléfono?", "pt-BR": "De quem é o telefone?"}


@pytest.mark.parametrize("locale", LANGUAGES)
async def test_the_frame_speaks_the_browsers_language(world: World, open_page: OpenPage, locale: str) -> None:
    page = await open_page(DESKTOP, locale=locale)
    await page.goto(world.simulator.url)
    await expect(page.locator("h1")).to_have_text(LANGUAGES[locale])
    await page.locator("#weather-open").click()
    await expect(page.locator("#weather .fault").first).to_be_visible()
    english = set(
        await page.evaluate("async () => Object.keys((await import('/static/frame_words.js')).FRAME_WORDS.ru)")
    )
    shown = await page.evaluate(
        """() => [...document.querySelectorAll("body *")].flatMap((node) => [
            node.getAttribute("aria-label"), node.title,
            ...[...node.childNodes].filter((child) => child.nodeType === 3).map((child) => child.data.trim())])"""
    )
    alike = {"+1 d", "+1 h", "+1 min", "Chat", "Chats", "Eco"}
    assert english & set(shown) <= alike
    frame = await page.evaluate("async () => (await import('/static/frame_words.js')).FRAME_WORDS")
    assert all(set(texts) == english for texts in frame.values())


async def test_it_works_from_the_keyboard(world: World, page: Page) -> None:
    await alert(world, IVAN)
    await world.simulator.say(ANNA, "hi")
    await at_chat(world, page)
    await expect(page.locator("#text")).to_be_focused()
    await page.keyboard.type("two")
    await page.keyboard.press("Shift+Enter")
    await page.keyboard.type("lines")
    await page.keyboard.press("Enter")
    await expect(page.locator(".message.mine").last.locator(".text")).to_have_text("two\nlines")
    await page.keyboard.press("Alt+ArrowDown")
    await expect(page.locator(".person[aria-current]")).to_contain_text("Иван")
    await page.locator(".tap", has_text="Renew").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator(".message.mine")).to_contain_text("Renew")


async def test_the_page_finds_its_way_back_after_the_simulator_was_away(
    world: World, page: Page, page_errors: list[str]
) -> None:
    await at_chat(world, page)
    port = int(world.simulator.url.rsplit(":", 1)[1])
    await world.simulator.stop()
    await expect(page.locator("#offline")).to_be_visible()
    await world.simulator.start(port=port)
    await expect(page.locator("#offline")).to_be_hidden(timeout=10_000)
    page_errors.clear()  # the browser itself reports the lost connection
