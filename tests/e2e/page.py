"""Page object: what the tests read, click and type in Home Assistant's user interface."""

from dataclasses import dataclass, field
import json
from pathlib import Path
from typing import Any, Final

from PIL import Image
from playwright.async_api import ConsoleMessage, Locator, Page, ViewportSize, expect

from scripts.home_assistant import ROOT, HomeAssistantProcess
from tests.simulator import Simulator

LANGUAGES: Final = ("en", "pt-BR")
FIRST_SECRET: Final = "0864209753"
# Pixels of the screen: tall enough for the form of an action.
WIDTH: Final = 1100
HEIGHT: Final = 1600
# Milliseconds until animations have ended.
REST: Final = 700
# A picture of a screen has few colours, and is smaller with a palette.
COLOURS: Final = 128
TRANSLATIONS: Final = ROOT / "custom_components" / "directcall" / "translations"
# Home Assistant's own texts, in the order of LANGUAGES.
WORDS: Final = {
    "add_action": ("Add action", "Adicionar ação"),
    "add_integration": ("Add integration", "Adicionar integração"),
    "add_trigger": ("Add trigger", "Adicionar gatilho"),
    "choose_device": ("Select a device", "Selecionar um dispositivo"),
    "close": ("Close", "Fechar"),
    "delete": ("Delete", "Excluir"),
    "diagnostics": ("Download diagnostics", "Fazer download dos diagnósticos"),
    "event_received": ("Event received", "Event received"),
    "finish": ("Finish", "Concluir"),
    "reconfigure": ("Reconfigure", "Reconfigurar"),
    "response": ("Response", "Resposta"),
    "run": ("Perform action", "Executar ação"),
    "save": ("Save", "Salvar"),
    "services": ("Services", "Serviços"),
    "submit": ("Submit", "Enviar"),
}


@dataclass
class HomeAssistantPage:
    """Home Assistant in a browser, in one language."""

    language: str
    screen: Page
    instance: HomeAssistantProcess
    simulator: Simulator
    album: Path
    """The folder of the pictures that are taken of every step."""
    images: Path | None
    """The folder of the READMEs' pictures, if they are to be replaced."""
    complaints: list[str] = field(default_factory=list)
    """Warnings and errors of the browser's console that name the integration."""
    _pictures: int = 0

    def __post_init__(self) -> None:
        """Listen to the browser's console, and load the integration's texts."""
        file = TRANSLATIONS / f"{self.language}.json"
        self._texts = json.loads(file.read_text(encoding="utf-8"))
        self.screen.on("console", self._on_console)
        self.screen.on("pageerror", lambda error: self._complain(f"{error.message} {error.stack}"))

    def _on_console(self, message: ConsoleMessage) -> None:
        """Note a warning or an error."""
        if message.type in {"error", "warning"}:
            self._complain(f"{message.text} {message.location.get('url', '')}")

    def _complain(self, complaint: str) -> None:
        """Note a complaint about the integration. Without internet, there are others."""
        if "directcall" in complaint.lower():
            self.complaints.append(complaint)

    def word(self, name: str) -> str:
        """Return a text of Home Assistant's own."""
        return WORDS[name][LANGUAGES.index(self.language)]

    def text(self, path: str) -> str:
        """Return a text of the integration by its path, as in `config.step.user.title`."""
        found: Any = self._texts
        for key in path.split("."):
            found = found[key]
        return str(found)

    async def open(self, path: str) -> None:
        """Go to a page."""
        await self.screen.goto(f"{self.instance.url}{path}")

    async def picture(self, name: str, part: Locator | None = None) -> Path:
        """Take a picture of the screen, or of a part of it, and return its file."""
        await self.screen.wait_for_timeout(REST)
        self._pictures += 1
        file = self.album / f"{self._pictures:02}-{name}.png"
        await (part.screenshot(path=file) if part else self.screen.screenshot(path=file))
        return file

    async def image(self, name: str, part: Locator, height: int = HEIGHT) -> None:
        """Take a picture for the READMEs, of a part of a screen with this height."""
        await self.screen.set_viewport_size(ViewportSize(width=WIDTH, height=height))
        taken = await self.picture(name, part)
        if self.images:
            file = self.images / f"{name}.{self.language}.png"
            Image.open(taken).convert("RGB").quantize(COLOURS).save(file, optimize=True)
        await self.screen.set_viewport_size(ViewportSize(width=WIDTH, height=HEIGHT))

    async def press(self, word: str, within: Locator | None = None) -> None:
        """Press a button of Home Assistant's own."""
        root = within or self.screen.locator("body")
        await root.get_by_role("button", name=self.word(word), exact=True).last.click()

    async def shows(self, text: str) -> None:
        """Wait until a text is on the screen."""
        await expect(self.screen.get_by_text(text).last).to_be_visible()

    @property
    def form(self) -> Locator:
        """Return the form of a flow."""
        return self.screen.locator("dialog-data-entry-flow")

    async def fill(self, **fields: str) -> None:
        """Type into the fields of a flow's form."""
        for name, text in fields.items():
            await self.form.locator(f"input[name={name}]").fill(text)

    async def close_form(self, word: str) -> None:
        """Press the last button of a flow, after which the browser goes back a page."""
        await self.press(word, self.form)
        await expect(self.form.locator("dialog")).to_be_hidden()
        await self.screen.wait_for_timeout(REST)

    async def open_menu(self) -> None:
        """Open the menu of the account."""
        row = self.screen.locator("ha-config-entry-row").first
        await row.locator("ha-dropdown ha-icon-button").first.click()

    async def choose_action(self, action: str) -> None:
        """Choose an action in Home Assistant's tools."""
        await self.open("/config/tools/action")
        picker = self.screen.locator("ha-service-picker")
        await picker.click()
        await picker.locator("input").fill(f"Directcall {self.text(f'services.{action}.name')}")
        await self.screen.get_by_text(f"directcall.{action}", exact=True).last.click()
        await self.shows(self.text(f"services.{action}.description")[:40])

    async def enable(self, action: str, name: str) -> Locator:
        """Tick the checkbox before a field of an action, and return the field's row."""
        text = self.text(f"services.{action}.fields.{name}.name")
        heading = self.screen.get_by_text(text, exact=True)
        row = self.screen.locator("ha-service-control ha-settings-row").filter(has=heading)
        # Home Assistant remembers what was filled in last.
        if not await row.get_by_role("checkbox").first.is_checked():
            await row.locator("ha-checkbox").click()
        return row

    async def write(self, action: str, name: str, text: str) -> None:
        """Write into a field of an action."""
        await (await self.enable(action, name)).get_by_role("textbox").fill(text)

    async def choose_contact(self, action: str, contact: str) -> None:
        """Choose a contact for an action."""
        row = await self.enable(action, "contact")
        await row.get_by_text(self.word("choose_device")).first.click()
        await self.screen.get_by_text(contact, exact=True).last.click()

    @property
    def response(self) -> Locator:
        """Return the response of an action."""
        heading = self.screen.get_by_text(self.word("response"), exact=True)
        return self.screen.locator("ha-card").filter(has=heading)
