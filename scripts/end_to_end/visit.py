"""A person in front of the screen: what they read, click and type."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from PIL import Image
from playwright.async_api import ConsoleMessage, Locator, Page, ViewportSize, expect

from scripts.house import House
from tests.simulator import Simulator

from .words import Texts, Words

# Pixels of the screen: tall enough for the form of an action.
WIDTH: Final = 1100
HEIGHT: Final = 1600
# Milliseconds until what moves on the screen has come to rest.
REST: Final = 700
# A picture of a screen has few colours, and is smaller for saying so.
COLOURS: Final = 128


@dataclass
class Visit:
    """A person's visit to a house, in one language."""

    language: str
    words: Words
    texts: Texts
    page: Page
    house: House
    simulator: Simulator
    album: Path
    """The folder of the pictures that are taken of every step."""
    images: Path | None
    """The folder of the pictures that the READMEs show, if they are to be made anew."""
    complaints: list[str] = field(default_factory=list)
    """What the browser's console said of the integration."""
    _pictures: int = 0

    def __post_init__(self) -> None:
        """Listen to the browser's console."""
        self.page.on("console", self._listen)
        self.page.on("pageerror", lambda error: self._complain(f"{error.message} {error.stack}"))

    def _listen(self, message: ConsoleMessage) -> None:
        """Note a warning or an error."""
        if message.type in {"error", "warning"}:
            self._complain(f"{message.text} {message.location.get('url', '')}")

    def _complain(self, complaint: str) -> None:
        """Note what is of the integration. A house without internet has more to complain of."""
        if "directcall" in complaint.lower():
            self.complaints.append(complaint)

    async def open(self, path: str) -> None:
        """Go to a page."""
        await self.page.goto(f"{self.house.url}{path}")

    async def picture(self, name: str, part: Locator | None = None) -> Path:
        """Take a picture of the screen, or of a part of it, and return its file."""
        await self.page.wait_for_timeout(REST)
        self._pictures += 1
        file = self.album / f"{self._pictures:02}-{name}.png"
        await (part.screenshot(path=file) if part else self.page.screenshot(path=file))
        return file

    async def image(self, name: str, part: Locator, height: int = HEIGHT) -> None:
        """Take a picture of a part of the screen that the READMEs show, on one of some height."""
        await self.page.set_viewport_size(ViewportSize(width=WIDTH, height=height))
        taken = await self.picture(name, part)
        if self.images:
            file = self.images / f"{name}.{self.language}.png"
            Image.open(taken).convert("RGB").quantize(COLOURS).save(file, optimize=True)
        await self.page.set_viewport_size(ViewportSize(width=WIDTH, height=HEIGHT))

    async def press(self, text: str, within: Locator | None = None) -> None:
        """Press a button."""
        root = within or self.page.locator("body")
        await root.get_by_role("button", name=text, exact=True).last.click()

    async def reads(self, text: str) -> None:
        """Wait until a text is on the screen."""
        await expect(self.page.get_by_text(text).last).to_be_visible()

    @property
    def form(self) -> Locator:
        """Return the form of a flow."""
        return self.page.locator("dialog-data-entry-flow")

    @property
    def form_frame(self) -> Locator:
        """Return the form of a flow as it is seen."""
        return self.form.locator("dialog")

    async def close_form(self, button: str) -> None:
        """Press the last button of a flow's form. The browser goes back to what was before it."""
        await self.press(button, self.form)
        await expect(self.form_frame).to_be_hidden()
        await self.page.wait_for_timeout(REST)

    async def fill_in(self, **fields: str) -> None:
        """Type into the fields of a flow's form."""
        for name, text in fields.items():
            await self.form.locator(f"input[name={name}]").fill(text)

    def row(self, name: str) -> Locator:
        """Return a field of an action."""
        heading = self.page.get_by_text(name, exact=True)
        return self.page.locator("ha-service-control ha-settings-row").filter(has=heading)

    async def tick(self, name: str) -> Locator:
        """Tick a field of an action, so that it counts, and return it.

        Home Assistant remembers what was filled in last: it may be ticked.
        """
        row = self.row(name)
        if not await row.get_by_role("checkbox").first.is_checked():
            await row.locator("ha-checkbox").click()
        return row

    async def write(self, name: str, text: str) -> None:
        """Write into a field of an action."""
        row = await self.tick(name)
        await row.get_by_role("textbox").fill(text)

    async def switch_on(self, name: str) -> None:
        """Turn a field of an action on."""
        row = await self.tick(name)
        await row.locator("ha-switch").click()

    async def choose_contact(self, name: str, contact: str) -> None:
        """Choose a contact in a field of an action."""
        row = await self.tick(name)
        await row.get_by_text(self.words.choose_device).first.click()
        await self.page.get_by_text(contact, exact=True).last.click()

    @property
    def response(self) -> Locator:
        """Return what an action responded."""
        heading = self.page.get_by_text(self.words.response, exact=True)
        return self.page.locator("ha-card").filter(has=heading)

    async def choose_action(self, action: str) -> None:
        """Choose an action in the tools of the settings."""
        await self.open("/config/tools/action")
        picker = self.page.locator("ha-service-picker")
        await picker.click()
        await picker.locator("input").fill(f"Directcall {self.texts.action(action)}")
        await self.page.get_by_text(f"directcall.{action}", exact=True).last.click()
        await self.reads(self.texts[f"services.{action}.description"][:40])
