"""A real browser for tests: Chromium through playwright, nothing beyond this machine, no error left unseen.

A test module that uses `browser`, `page` or `open_page` sets
`pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]`: the browser lives on the module's loop.
"""

import logging
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
import structlog
from playwright.async_api import Browser, ConsoleMessage, Page, Route, async_playwright

CHROMIUM = os.environ.get("CURATORBOT_CHROMIUM") or shutil.which("chromium")
REQUIRED = os.environ.get("CURATORBOT_REQUIRE_BROWSER", "") not in {"", "0", "false"}
DESKTOP = (1280, 800)
PHONE = (390, 844)
_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_ACTION_MS = 5_000

OpenPage = Callable[..., Awaitable[Page]]
"""`await open_page(size=PHONE, dark=True)`: a fresh page with its own cookies."""


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """A command sets up logging for its process; here the process goes on, and other tests look at their logs."""
    root, known = logging.getLogger(), structlog.get_config()
    handlers, level = root.handlers[:], root.level
    quiet = {name: logging.getLogger(name).level for name in ("twilio", "aiohttp.access", "asyncio", "apscheduler")}
    yield
    structlog.configure(**known)
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, was in quiet.items():
        logging.getLogger(name).setLevel(was)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    """One Chromium for the module; skips without one, or fails where the environment says that it must be there."""
    if not CHROMIUM:
        reason = "no Chromium: install the package chromium, or set CURATORBOT_CHROMIUM"
        if REQUIRED:
            pytest.fail(reason)
        pytest.skip(reason)
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=_FLAGS)
        yield chromium
        await chromium.close()


@pytest.fixture
def page_errors() -> list[str]:
    """Uncaught exceptions and console errors of every page of the test; must be empty when it ends."""
    return []


@pytest_asyncio.fixture(loop_scope="module")
async def open_page(browser: Browser, page_errors: list[str]) -> AsyncIterator[OpenPage]:
    """Opens pages of a size and colour scheme; at the end none may have had an error."""
    contexts = []

    async def opened(size: tuple[int, int] = DESKTOP, dark: bool = False, locale: str = "en-GB") -> Page:
        width, height = size
        context = await browser.new_context(
            viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light", locale=locale
        )
        contexts.append(context)
        context.set_default_timeout(_ACTION_MS)
        await context.route("**/*", _stay_here)
        page = await context.new_page()
        page.on("pageerror", lambda error: page_errors.append(f"exception: {error}"))
        page.on("console", lambda message: _note(message, page_errors))
        return page

    yield opened
    for context in contexts:
        await context.close()
    assert page_errors == []


@pytest_asyncio.fixture(loop_scope="module")
async def page(open_page: OpenPage) -> Page:
    """A page of desktop size, light."""
    return await open_page()


async def _stay_here(route: Route) -> None:
    if urlsplit(route.request.url).hostname in ("127.0.0.1", "localhost", "::1"):
        await route.continue_()
    else:
        await route.abort()


def _note(message: ConsoleMessage, errors: list[str]) -> None:
    if message.type in ("error", "warning"):
        errors.append(f"console {message.type}: {message.text}")
