"""Fixtures: a Home Assistant that is open in a browser, once for each language."""

from collections.abc import AsyncIterator
import shutil
from typing import Final

from playwright.async_api import async_playwright, expect
import pytest
import pytest_asyncio

from scripts.home_assistant import ROOT, HomeAssistantProcess, free_port
from tests.simulator import ACCOUNT, BalanceShape, Quirks, Simulator

from .page import DETECTOR, FIRST_SECRET, LANGUAGES, SCREEN, HomeAssistantPage

ALBUM: Final = ROOT / ".e2e"
IMAGES: Final = ROOT / "docs" / "images"
# Machines that run tests have neither a screen nor a sandbox.
SWITCHES: Final = ("--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required")
# Milliseconds until an element has to be on the screen.
TIMEOUT: Final = 15_000
HASTE: Final = 3
BALANCE: Final = 12.34


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options that scripts/e2e names."""
    parser.addoption("--language", choices=LANGUAGES, action="append")
    parser.addoption("--images", action="store_true", help="replace the pictures in docs/images")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run all tests in one language, then all of them in the next one."""
    languages = metafunc.config.getoption("language") or LANGUAGES
    metafunc.parametrize("page", languages, indirect=True, scope="session")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def page(request: pytest.FixtureRequest) -> AsyncIterator[HomeAssistantPage]:
    """Start the simulator, Home Assistant with one user, and the browser."""
    language: str = request.param
    album = ALBUM / f"pictures.{language}"
    shutil.rmtree(album, ignore_errors=True)
    album.mkdir(parents=True)
    quirks = Quirks(haste=HASTE, balance_shape=BalanceShape.XML, balance=BALANCE)
    simulator = Simulator(quirks, secrets={ACCOUNT.client_id: FIRST_SECRET})
    port = free_port(8125 + LANGUAGES.index(language))
    instance = HomeAssistantProcess(ALBUM / language, port, language, DETECTOR[language])
    await simulator.start()
    try:
        async with instance.running(), async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=SWITCHES
            )
            screen = await browser.new_page(
                locale=language,
                timezone_id="America/Sao_Paulo",
                viewport=SCREEN,
                reduced_motion="reduce",
            )
            screen.set_default_timeout(TIMEOUT)
            expect.set_options(timeout=TIMEOUT)
            images = IMAGES if request.config.getoption("images") else None
            page = HomeAssistantPage(language, screen, instance, simulator, album, images)
            await page.log_in()
            yield page
            # Where a test failed, this shows the screen that it failed on.
            await page.picture("last")
    finally:
        await simulator.stop()
