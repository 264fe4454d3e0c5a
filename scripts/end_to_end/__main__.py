"""Go a person's way through the newest Home Assistant, in a real browser.

It adds the integration, calls, speaks, makes an automation, meets errors, listens to a recording
and removes the integration again, in English and in Portuguese. Directcall is simulated: everything
runs on loopback, and nothing is billed. A picture of each step is in the folder .e2e.
"""

import argparse
import asyncio
from pathlib import Path
import re
import shutil
import sys
from typing import Final

import aiohttp
from playwright.async_api import Error, async_playwright, expect

from scripts.house import ROOT, House, HouseError, connected, free_port, say
from tests.simulator import ACCOUNT, Quirks, Simulator

from .visit import HEIGHT, WIDTH, Visit
from .way import FIRST_SECRET, WAY, keep_private
from .words import WORDS, Texts

ALBUM: Final = ROOT / ".e2e"
IMAGES: Final = ROOT / "docs" / "images"
CHROMIUM: Final = shutil.which("chromium")
# Neither a screen nor a sandbox is there where changes are tried.
SWITCHES: Final = ("--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required")
# Milliseconds that a person waits for something to be on the screen.
PATIENCE: Final = 15_000
HASTE: Final = 3
# That it is not Home Assistant's own; and that the old secret is refused.
EXPECTED: Final = ("We found a custom integration", "Directcall gives no token")


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="scripts/e2e", description=__doc__)
    parser.add_argument(
        "--language", choices=WORDS, action="append", help="one of them alone; both without this"
    )
    parser.add_argument(
        "--images", action="store_true", help="make the READMEs' pictures in docs/images anew"
    )
    return parser.parse_args()


async def go(language: str, images: Path | None) -> None:
    """Go the way in one language. Raise HouseError, Error or AssertionError where it ends."""
    simulator = Simulator(Quirks(haste=HASTE), secrets={ACCOUNT.client_id: FIRST_SECRET})
    await simulator.start()
    house = House(ALBUM / language, free_port(8125), language)
    try:
        async with house.running(), aiohttp.ClientSession(house.url) as session:
            token = await house.make_user(session)
            # Until everything is set up.
            async with connected(session, token):
                pass
            await visit_house(house, simulator, images)
    finally:
        await simulator.stop()


async def visit_house(house: House, simulator: Simulator, images: Path | None) -> None:
    """Go the way in a house that is ready for it."""
    language = house.language
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        page = await browser.new_page(
            locale=language,
            timezone_id="America/Sao_Paulo",
            viewport={"width": WIDTH, "height": HEIGHT},
            reduced_motion="reduce",
        )
        page.set_default_timeout(PATIENCE)
        expect.set_options(timeout=PATIENCE)
        album = ALBUM / f"pictures.{language}"
        album.mkdir()
        visit = Visit(
            language, WORDS[language], Texts.load(language), page, house, simulator, album, images
        )
        try:
            for step in WAY:
                say(f"  {step.__doc__}")
                await step(visit)
        except Error, AssertionError, HouseError:
            await visit.picture("failed")
            raise
        log = house.log.read_text(encoding="utf-8")
        if complaints := visit.complaints + complaints_of(log):
            error = "it is complained of the integration:\n" + "\n".join(complaints)
            raise HouseError(error)
        keep_private(visit, log, "Home Assistant's log")


def complaints_of(log: str) -> list[str]:
    """Return the lines of Home Assistant's log that complain of the integration."""
    return [
        line
        for line in log.splitlines()
        if re.search(r" (WARNING|ERROR) .*\bdirectcall\b", line)
        and not any(map(line.__contains__, EXPECTED))
    ]


async def main() -> int:
    """Go the way in each language."""
    arguments = parse_arguments()
    shutil.rmtree(ALBUM, ignore_errors=True)
    ALBUM.mkdir()
    for language in arguments.language or WORDS:
        say(f"\nThe way in {language}")
        try:
            await go(language, IMAGES if arguments.images else None)
        except (Error, AssertionError, HouseError) as err:
            said = "\n".join(str(err).splitlines()[:20])
            say(f"\nIt ends here: {said}\nThe pictures are in {ALBUM.relative_to(ROOT)}.")
            return 1
    say(f"\nThe way was gone. Its pictures are in {ALBUM.relative_to(ROOT)}.")
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
