"""Page object: what the tests read, click and type in Home Assistant's user interface."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
import json
from pathlib import Path
import re
from typing import Any, Final

from PIL import Image
from playwright.async_api import ConsoleMessage, Locator, Page, ViewportSize, expect

from scripts.home_assistant import ROOT, USER, HomeAssistantProcess
from tests.simulator import Simulator

LANGUAGES: Final = ("en", "pt-BR")
FIRST_SECRET: Final = "0864209753"
DETECTOR: Final = {"en": "Smoke detector", "pt-BR": "Detector de fumaça"}
INTEGRATION: Final = "/config/integrations/integration/directcall"
# Pixels of the screen: tall enough for the form of an action, and those of users.
SCREEN: Final = ViewportSize(width=1100, height=1600)
DESKTOP: Final = ViewportSize(width=1280, height=900)
TABLET: Final = ViewportSize(width=1024, height=768)
PHONE: Final = ViewportSize(width=390, height=844)
# Milliseconds until everything is drawn.
REST: Final = 700
# A picture of a screen has few colours, and is smaller with a palette.
COLOURS: Final = 128
TRANSLATIONS: Final = ROOT / "custom_components" / "directcall" / "translations"
# Home Assistant's own texts, in the order of LANGUAGES.
WORDS: Final = {
    "activity": ("Activity", "Atividade"),
    "add": ("Add", "Adicionar"),
    "add_action": ("Add action", "Adicionar ação"),
    "add_integration": ("Add integration", "Adicionar integração"),
    "add_target": ("Add target", "Adicionar alvo"),
    "add_trigger": ("Add trigger", "Adicionar gatilho"),
    "automations": ("Automations & scenes", "Automações & cenas"),
    "binary_sensor": ("Binary sensor", "Sensor binário"),
    "by_target": ("By target", "Por alvo"),
    "by_type": ("By type", "Por tipo"),
    "cancel": ("Cancel", "Cancelar"),
    "choose_device": ("Select a device", "Selecionar um dispositivo"),
    "close": ("Close", "Fechar"),
    "create_automation": ("Create automation", "Criar automação"),
    "create_new_automation": ("Create new automation", "Criar nova automação"),
    "delete": ("Delete", "Excluir"),
    "devices_services": ("Devices & services", "Dispositivos & serviços"),
    "diagnostics": ("Download diagnostics", "Fazer download dos diagnósticos"),
    "entities": ("Entities", "Entidades"),
    "finish": ("Finish", "Concluir"),
    "press": ("Press", "Pressionar"),
    "reconfigure": ("Reconfigure", "Reconfigurar"),
    "response": ("Response", "Resposta"),
    "run": ("Perform action", "Executar ação"),
    "save": ("Save", "Salvar"),
    "services": ("Services", "Serviços"),
    "settings": ("Settings", "Configurações"),
    "smoke_detected": ("Smoke detected", "Fumaça detectada"),
    "submit": ("Submit", "Enviar"),
    "success": ("Success", "Sucesso"),
}
# Between a name and a state, on a wide screen.
ARROW: Final = "→ \n"
# Scripts in the page, for things that are not drawn.
LAST_UPDATED: Final = """count => {
  const { states, entities } = document.querySelector("home-assistant").hass;
  const ours = Object.values(states)
    .filter(state => entities[state.entity_id]?.platform === "directcall")
    .map(state => [state.entity_id, `${state.state} ${state.last_updated}`]);
  return ours.length === count && ours;
}"""
CUT_OFF: Final = """spans => spans
  .filter(span => span.clientWidth === 0 || span.scrollWidth > span.clientWidth)
  .map(span => span.textContent.trim())"""
# Of all states, the words that would be cut off.
TOO_LONG: Final = """(span, words) => words.filter(word => {
  span.textContent = word;
  return span.scrollWidth > span.clientWidth;
})"""
# The player is not in the page's document.
KEEP_PLAYER: Final = """() => {
  window.Audio = class extends Audio {
    constructor(...source) {
      super(...source);
      window.player = this;
    }
  };
}"""
# At once, because rows may be added meanwhile.
ROWS: Final = """rows => rows.map(row =>
  [".subject", ".primary", ".cause-line"].map(part => row.querySelector(part)?.innerText ?? "")
)"""
COMMAND: Final = "(element, fields) => element.hass.callWS(fields)"
DELETE_AUTOMATIONS: Final = """async element => {
  const { hass } = element;
  const automations = Object.values(hass.states).filter(({ attributes }) =>
    attributes.id && attributes.mode);
  for (const { attributes } of automations) {
    await hass.callApi("DELETE", `config/automation/config/${attributes.id}`);
  }
}"""
COUNT_EFFORT: Final = """() => {
  window.effort = { clicks: 0, texts: new Set() };
  addEventListener("pointerdown", () => (window.effort.clicks += 1), true);
  addEventListener("input", event => {
    const [field] = event.composedPath();
    if (["text", "search", "textarea"].includes(field.type)) window.effort.texts.add(field);
  }, true);
}"""
# A person clicks into a field to type.
EFFORT: Final = """() => {
  const texts = window.effort.texts.size;
  return [window.effort.clicks + texts, texts];
}"""


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
    """The folder of the documentation's pictures, if they are to be replaced."""
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
        return str(self._find(path))

    def texts(self, path: str) -> list[str]:
        """Return the integration's texts below a path."""
        return list(self._find(path).values())

    def _find(self, path: str) -> Any:
        found: Any = self._texts
        for key in path.split("."):
            found = found[key]
        return found

    async def open(self, path: str) -> None:
        """Go to a page."""
        await self.screen.goto(f"{self.instance.url}{path}")

    @asynccontextmanager
    async def at(self, size: ViewportSize) -> AsyncIterator[None]:
        """Give the screen another size."""
        before = self.screen.viewport_size
        await self.screen.set_viewport_size(size)
        yield
        await self.screen.set_viewport_size(before or SCREEN)

    async def picture(self, name: str, part: Locator | None = None) -> Path:
        """Take a picture of the screen, or of a part of it, and return its file."""
        self._pictures += 1
        file = self.album / f"{self._pictures:02}-{name}.png"
        if self.images:
            await self.screen.wait_for_timeout(REST)
        await (part.screenshot(path=file) if part else self.screen.screenshot(path=file))
        return file

    async def image(self, name: str, part: Locator | None, height: int | None = None) -> None:
        """Take a picture for the documentation, of the screen or a part, with another height."""
        size = self.screen.viewport_size or SCREEN
        # Where the mouse is, something may be highlighted.
        await self.screen.mouse.move(0, 0)
        async with self.at(ViewportSize(width=size["width"], height=height or size["height"])):
            taken = await self.picture(name, part)
        if self.images:
            file = self.images / f"{name}.{self.language}.png"
            Image.open(taken).convert("RGB").quantize(COLOURS).save(file, optimize=True)

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

    async def count_effort(self) -> None:
        """Count clicks and typed texts from now on, until the page is loaded again."""
        await self.screen.evaluate(COUNT_EFFORT)

    async def effort(self) -> tuple[int, int]:
        """Return how many clicks and typed texts there were."""
        clicks, texts = await self.screen.evaluate(EFFORT)
        return clicks, texts

    async def close_form(self, word: str) -> None:
        """Press the last button of a flow, after which the browser goes back a page."""
        await self.press(word, self.form)
        await expect(self.form.locator("dialog")).to_be_hidden()
        await self.screen.wait_for_function("() => !history.state?.dialog")

    async def open_menu(self, row: Locator) -> None:
        """Open the menu of an account, a contact or an alert."""
        await row.locator("ha-dropdown ha-icon-button").first.click()

    @property
    def account(self) -> Locator:
        """Return the row of the account among the integration's."""
        return self.screen.locator("ha-config-entry-row").first

    def subentry(self, name: str) -> Locator:
        """Return the row of a contact or an alert among the integration's."""
        heading = self.screen.get_by_text(name, exact=True)
        return self.screen.locator("ha-config-sub-entry-row").filter(has=heading)

    async def open_device(self, name: str) -> None:
        """Open the page of a device."""
        await self.open(INTEGRATION)
        row = self.screen.locator("ha-config-entry-device-row")
        await row.get_by_text(name, exact=True).click()
        await self.screen.wait_for_url("**/config/devices/device/*")

    def entity(self, path: str) -> Locator:
        """Return the row of an entity on the page of its device."""
        heading = self.screen.get_by_text(self.text(f"entity.{path}.name"), exact=True)
        return self.screen.locator("hui-generic-entity-row").filter(has=heading)

    async def press_entity(self, path: str) -> None:
        """Press a button entity on the page of its device."""
        await self.press("press", self.entity(path))

    async def open_activity(self) -> None:
        """Open the activity of the device whose page is open."""
        await self.screen.locator("a[href*='/logbook?device_id']").click()
        await self.rows.first.wait_for()

    @property
    def rows(self) -> Locator:
        """Return the rows of the activity that is open, the newest first."""
        # The device's page, which stays until then, has rows that name no cause.
        return self.screen.locator("ha-panel-logbook ha-logbook-entry .entry")

    async def activity(self) -> list[tuple[str, str, str]]:
        """Return the entity's name, the state and the cause of each row."""
        return [
            (subject, primary.removeprefix(subject).strip(ARROW), cause)
            for subject, primary, cause in await self.rows.evaluate_all(ROWS)
        ]

    async def states(self, count: int) -> dict[str, str]:
        """Wait until the integration has this many states, and return them with their times."""
        found = await self.screen.wait_for_function(LAST_UPDATED, arg=count)
        return dict(await found.json_value())

    async def command(self, **fields: Any) -> Any:
        """Send a command over the WebSocket of the user interface."""
        return await self.screen.locator("home-assistant").evaluate(COMMAND, fields)

    async def delete_automations(self) -> None:
        """Delete all automations."""
        await self.screen.locator("home-assistant").evaluate(DELETE_AUTOMATIONS)

    async def log_in(self) -> None:
        """Log in to Home Assistant."""
        await self.open("/")
        for name in ("username", "password"):
            await self.screen.locator(f"input[name={name}]").fill(USER)
        await self.picture("login")
        await self.screen.keyboard.press("Enter")
        await self.screen.wait_for_url(re.compile(r"/(home|lovelace)"))

    async def choose_action(self, action: str) -> None:
        """Choose an action of the integration in Home Assistant's tools."""
        name = self.text(f"services.{action}.name")
        await self.search_action(f"Directcall {name}", f"directcall.{action}")
        await self.shows(self.text(f"services.{action}.description")[:40])

    async def search_action(self, text: str, action: str) -> None:
        """Search for an action in Home Assistant's tools, and choose it."""
        await self.open("/config/tools/action")
        picker = self.screen.locator("ha-service-picker")
        await picker.click()
        await picker.locator("input").fill(text)
        await self.screen.get_by_text(action, exact=True).last.click()

    async def enable(self, action: str, name: str) -> Locator:
        """Tick the checkbox before an optional field of an action, and return the field's row."""
        text = self.text(f"services.{action}.fields.{name}.name")
        heading = self.screen.get_by_text(text, exact=True)
        row = self.screen.locator("ha-service-control ha-settings-row").filter(has=heading)
        # A required field has none, and Home Assistant remembers what was filled in last.
        checkbox = row.locator("ha-checkbox")
        if await checkbox.count() and not await row.get_by_role("checkbox").first.is_checked():
            await checkbox.click()
        return row

    async def write(self, action: str, name: str, text: str) -> None:
        """Write into a field of an action."""
        await (await self.enable(action, name)).get_by_role("textbox").fill(text)

    async def choose_device(self, action: str, name: str, device: str) -> None:
        """Choose the device of a contact or an alert in a field of an action."""
        row = await self.enable(action, name)
        await row.get_by_text(self.word("choose_device")).first.click()
        await self.screen.get_by_text(device, exact=True).last.click()

    @property
    def response(self) -> Locator:
        """Return the response of an action."""
        heading = self.screen.get_by_text(self.word("response"), exact=True)
        return self.screen.locator("ha-card").filter(has=heading)
