"""The way, step by step. Each step's docstring is printed as it is taken."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
import re
from typing import Final

from playwright.async_api import expect

from scripts.house import USER, HouseError
from tests.simulator import ACCOUNT

from .visit import Visit

type Step = Callable[[Visit], Awaitable[None]]

FIRST_SECRET: Final = "0864209753"
NEXT_SECRET: Final = "0975310864"
WRONG_SECRET: Final = "1111111111"
ORIGIN: Final = "(41) 3060-0300"
CONTACT: Final = "Maria"
# Is answered and hung up; is busy; has no credit (see tests/simulator/__init__.py).
NUMBER: Final = "(41) 99999-7004"
BUSY: Final = "(41) 99999-7001"
NO_CREDIT: Final = "(41) 99999-0201"
SPOKEN: Final = {"en": "Attention. Smoke in the kitchen.", "pt-BR": "Atenção. Fumaça na cozinha."}
INTEGRATION: Final = "/config/integrations/integration/directcall"
RECORDINGS: Final = "/media-browser/browser/app%2Cmedia-source%3A%2F%2Fdirectcall"
NOTE_PLAYER: Final = """() => {
  window.Audio = class extends Audio {
    constructor(...source) {
      super(...source);
      window.player = this;
    }
  };
}"""
# Seconds until what the telephones do, in their haste, is done and told of.
PATIENCE: Final = 30
# Milliseconds until the second refusal of a secret is on the screen.
SECOND_REFUSAL: Final = 60_000


async def log_in(visit: Visit) -> None:
    """Log in."""
    await visit.open("/")
    await visit.page.locator("input[name=username]").fill(USER)
    await visit.page.locator("input[name=password]").fill(USER)
    await visit.picture("login")
    await visit.page.keyboard.press("Enter")
    await visit.page.wait_for_url(re.compile(r"/(home|lovelace)"))


async def add_integration(visit: Visit) -> None:
    """Find the integration among those that can be added."""
    await visit.open("/config/integrations/dashboard")
    await visit.press(visit.words.add_integration)
    dialog = visit.page.locator("dialog-add-integration")
    await dialog.locator("input").fill("Directcall")
    await visit.picture("add_integration")
    await dialog.get_by_text("Directcall", exact=True).click()
    await visit.reads(visit.texts["config.step.user.title"])


async def mistype_secret(visit: Visit) -> None:
    """Type a wrong secret, and read what is wrong."""
    await visit.fill_in(client_id=ACCOUNT.client_id, client_secret=WRONG_SECRET, origin=ORIGIN)
    await visit.image("set_up", visit.form_frame)
    await visit.form.get_by_text(visit.texts["config.step.user.sections.advanced.name"]).click()
    await visit.fill_in(url=visit.simulator.url)
    await visit.press(visit.words.submit, visit.form)
    await visit.reads(visit.texts["config.error.invalid_auth"][:60])
    await visit.picture("wrong_secret")


async def type_secret(visit: Visit) -> None:
    """Type the right one: the account is there."""
    await visit.fill_in(client_secret=FIRST_SECRET)
    await visit.picture("right_secret")
    await visit.press(visit.words.submit, visit.form)


async def add_contact(visit: Visit) -> None:
    """Add the first contact, in the form that follows."""
    await visit.reads(visit.texts["config_subentries.contact.step.user.title"])
    await visit.fill_in(name=CONTACT, number=NUMBER)
    await visit.image("contact", visit.form_frame)
    await visit.press(visit.words.submit, visit.form)
    await visit.close_form(visit.words.finish)
    await visit.open(INTEGRATION)
    await visit.reads(CONTACT)
    await visit.picture("account")


async def place_call(visit: Visit) -> None:
    """Place a call with Tools > Actions, record it, and read how it went."""
    await visit.choose_action("place_call")
    await visit.choose_contact(visit.texts.field("place_call", "contact"), CONTACT)
    await visit.switch_on(visit.texts.field("place_call", "wait_for_outcome"))
    await visit.page.get_by_text(
        visit.texts["services.place_call.sections.call_options.name"]
    ).click()
    await visit.switch_on(visit.texts.field("place_call", "record"))
    await visit.picture("place_call")
    await visit.press(visit.words.run)
    await expect(visit.response).to_contain_text("outcome: answered")
    await visit.image("response", visit.response)
    check(len(visit.simulator.calls) == 1, "it was placed once")


async def make_automation(visit: Visit) -> None:
    """Make an automation: where a call meets a busy line, speak to somebody."""
    await visit.open("/config/automation/edit/new")
    await visit.press(visit.words.add_trigger)
    dialog = visit.page.locator("add-automation-element-dialog")
    await dialog.get_by_text(visit.words.services, exact=True).click()
    await dialog.get_by_text("Directcall", exact=True).first.click()
    await dialog.get_by_text(visit.words.event_received).click()
    await visit.page.locator("ha-selector-state ha-generic-picker").click()
    event_types = "entity.event.call.state_attributes.event_type.state"
    await visit.page.get_by_text(visit.texts[f"{event_types}.busy"], exact=True).click()
    await visit.image("automation", visit.page.locator("ha-automation-editor"), height=660)
    await visit.press(visit.words.add_action)
    name = visit.texts.action("send_voice_message")
    await dialog.locator("input").fill(name)
    await dialog.get_by_text(f"Directcall: {name}").last.click()
    await visit.choose_contact(visit.texts.field("send_voice_message", "contact"), CONTACT)
    await visit.write(visit.texts.field("send_voice_message", "message"), SPOKEN[visit.language])
    await visit.picture("automation_speaks")
    await visit.press(visit.words.save)
    naming = visit.page.locator("ha-dialog-automation-save")
    await naming.locator("input").first.fill("Directcall")
    await visit.press(visit.words.save, naming)
    await visit.page.wait_for_url(re.compile(r"/config/automation/edit/\d+"))


async def run_automation(visit: Visit) -> None:
    """Call a busy line: the automation speaks to the contact."""
    said = len(visit.simulator.messages)
    await visit.choose_action("place_call")
    await visit.write(visit.texts.field("place_call", "destination"), BUSY)
    await visit.press(visit.words.run)
    await wait_until("the automation spoke", lambda: len(visit.simulator.messages) == said + 1)
    await visit.picture("busy")


async def send_voice_message(visit: Visit) -> None:
    """Send a voice message with Tools > Actions."""
    await visit.choose_action("send_voice_message")
    await visit.choose_contact(visit.texts.field("send_voice_message", "contact"), CONTACT)
    await visit.write(visit.texts.field("send_voice_message", "message"), SPOKEN[visit.language])
    await visit.image("voice_message", visit.page.locator("ha-card").first)
    await visit.press(visit.words.run)
    await expect(visit.response).to_contain_text("message_id: ")
    check(len(visit.simulator.messages) == 1, "it was sent once")


async def be_refused(visit: Visit) -> None:
    """Place a call without credit, and read why there is none."""
    calls = len(visit.simulator.calls)
    await visit.choose_action("place_call")
    await visit.write(visit.texts.field("place_call", "destination"), NO_CREDIT)
    await visit.press(visit.words.run)
    await visit.reads("Saldo insuficiente! (")
    await visit.picture("no_credit")
    check(len(visit.simulator.calls) == calls, "nothing was called")


async def log_in_again(visit: Visit) -> None:
    """Get a new secret from Directcall, and type it where Home Assistant asks for it."""
    visit.simulator.secrets[ACCOUNT.client_id] = NEXT_SECRET
    visit.simulator.end_tokens()
    await visit.choose_action("place_call")
    await visit.write(visit.texts.field("place_call", "destination"), CONTACT)
    await visit.press(visit.words.run)
    await visit.reads(visit.texts["exceptions.authentication_failed.message"])
    await visit.picture("refused_secret")
    await visit.open(INTEGRATION)
    # A new secret is asked for once the old one has been refused again, some 15 seconds later.
    reconfigure = visit.page.get_by_role("button", name=visit.words.reconfigure, exact=True)
    await reconfigure.last.wait_for(timeout=SECOND_REFUSAL)
    await visit.picture("needs_attention")
    await visit.press(visit.words.reconfigure)
    await visit.reads(visit.texts["config.step.reauth_confirm.title"])
    await visit.fill_in(client_secret=NEXT_SECRET)
    await visit.picture("reauthentication")
    await visit.press(visit.words.submit, visit.form)
    await visit.reads(visit.texts["config.abort.reauth_successful"])
    await visit.close_form(visit.words.close)


async def download_diagnostics(visit: Visit) -> None:
    """Download the diagnostics: nothing private is in them."""
    await open_menu(visit)
    async with visit.page.expect_download() as download:
        await visit.page.get_by_text(visit.words.diagnostics).click()
    file = visit.album / "diagnostics.json"
    await (await download.value).save_as(file)
    text = file.read_text(encoding="utf-8")
    check('"directcall"' in text, "the diagnostics are the integration's")
    keep_private(visit, text, "the diagnostics")


async def play_recording(visit: Visit) -> None:
    """Listen to the call that was recorded."""
    await visit.open(RECORDINGS)
    browser = visit.page.locator("ha-media-player-browse")
    await browser.get_by_label(ACCOUNT.client_id).click()
    await browser.locator("ha-card").first.click()
    recording = browser.get_by_text(f"→ {CONTACT}").last
    # The player is nowhere in the page.
    await visit.page.evaluate(NOTE_PLAYER)
    await recording.click()
    await visit.page.wait_for_function("() => window.player?.currentTime > 0.5")
    await visit.image("recordings", visit.page.locator("ha-panel-media-browser"), height=420)


async def remove_integration(visit: Visit) -> None:
    """Remove the integration: nothing of it stays behind."""
    await visit.open(INTEGRATION)
    await open_menu(visit)
    await visit.picture("menu")
    await visit.page.get_by_role("menuitem", name=visit.words.delete).first.click()
    await visit.picture("delete")
    await visit.press(visit.words.delete)
    await expect(visit.page.get_by_text(ACCOUNT.client_id)).to_have_count(0)
    await visit.picture("removed")
    storage = visit.house.folder / ".storage"
    await wait_until("the entry is gone", lambda: ACCOUNT.client_id not in read(storage))
    keep_private(visit, read(storage), "Home Assistant's storage")


def read(folder: Path) -> str:
    """Return all that is in the files of a folder."""
    return "".join(file.read_text(encoding="utf-8") for file in folder.iterdir() if file.is_file())


async def open_menu(visit: Visit) -> None:
    """Open the menu of the account."""
    row = visit.page.locator("ha-config-entry-row").first
    await row.locator("ha-dropdown ha-icon-button").first.click()


async def wait_until(what: str, is_so: Callable[[], bool]) -> None:
    """Wait until something is so, or raise HouseError."""
    for _ in range(PATIENCE * 10):
        if is_so():
            return
        await asyncio.sleep(0.1)
    check(is_so(), what)


def check(is_so: object, what: str) -> None:
    """Raise HouseError unless something is so."""
    if not is_so:
        error = f"it is not so that {what}"
        raise HouseError(error)


def keep_private(visit: Visit, text: str, where: str) -> None:
    """Raise HouseError if something private is in a text."""
    private = [FIRST_SECRET, NEXT_SECRET, WRONG_SECRET, *visit.simulator.tokens]
    private += [recording.key for recording in visit.simulator.recordings]
    for number in (ORIGIN, NUMBER, BUSY, NO_CREDIT):
        digits = re.sub(r"\D", "", number)
        private += [number, digits]
    if found := [secret for secret in private if secret in text]:
        error = f"{len(found)} private things are in {where}"
        raise HouseError(error)


WAY: Final[tuple[Step, ...]] = (
    log_in,
    add_integration,
    mistype_secret,
    type_secret,
    add_contact,
    place_call,
    send_voice_message,
    make_automation,
    run_automation,
    be_refused,
    log_in_again,
    download_diagnostics,
    play_recording,
    remove_integration,
)
