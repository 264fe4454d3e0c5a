"""Tasks of a user, in order: each test continues where the previous one ended."""

import asyncio
from collections.abc import Callable
from pathlib import Path
import re
from typing import Final

from playwright.async_api import expect
import pytest

from scripts.home_assistant import USER
from tests.simulator import ACCOUNT

from .page import FIRST_SECRET, HomeAssistantPage

pytestmark = pytest.mark.asyncio(loop_scope="module")

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
# The player is not in the page's document.
KEEP_PLAYER: Final = """() => {
  window.Audio = class extends Audio {
    constructor(...source) {
      super(...source);
      window.player = this;
    }
  };
}"""
# Seconds until the simulated telephones and Home Assistant have reacted.
TIMEOUT: Final = 30
# Milliseconds. Home Assistant asks for a new secret after the second refusal, 15 s after the first.
SECOND_REFUSAL: Final = 60_000
# It is not Home Assistant's own integration; and a test has the old secret refused.
EXPECTED: Final = ("We found a custom integration", "Directcall gives no token")


async def test_log_in(page: HomeAssistantPage) -> None:
    """The user logs in to Home Assistant."""
    await page.open("/")
    await page.screen.locator("input[name=username]").fill(USER)
    await page.screen.locator("input[name=password]").fill(USER)
    await page.picture("login")
    await page.screen.keyboard.press("Enter")
    await page.screen.wait_for_url(re.compile(r"/(home|lovelace)"))


async def test_add_account(page: HomeAssistantPage) -> None:
    """A wrong secret is named as such, and the right one adds the account."""
    await page.open("/config/integrations/dashboard")
    await page.press("add_integration")
    dialog = page.screen.locator("dialog-add-integration")
    await dialog.locator("input").fill("Directcall")
    await page.picture("add_integration")
    await dialog.get_by_text("Directcall", exact=True).click()
    await page.shows(page.text("config.step.user.title"))
    await page.fill(client_id=ACCOUNT.client_id, client_secret=WRONG_SECRET, origin=ORIGIN)
    await page.image("set_up", page.form.locator("dialog"))
    await page.form.get_by_text(page.text("config.step.user.sections.advanced.name")).click()
    await page.fill(url=page.simulator.url)
    await page.press("submit", page.form)
    await page.shows(page.text("config.error.invalid_auth")[:60])
    await page.picture("wrong_secret")
    await page.fill(client_secret=FIRST_SECRET)
    await page.picture("right_secret")
    await page.press("submit", page.form)


async def test_add_contact(page: HomeAssistantPage) -> None:
    """The form of the first contact follows that of the account, and says that it was added."""
    await page.shows(page.text("config_subentries.contact.step.first.title"))
    await page.fill(name=CONTACT, number=NUMBER)
    await page.image("contact", page.form.locator("dialog"))
    await page.press("submit", page.form)
    await page.close_form("finish")
    await page.open(INTEGRATION)
    await page.shows(CONTACT)
    await page.picture("account")


async def test_place_call(page: HomeAssistantPage) -> None:
    """A call to a contact is placed once, recorded, and its outcome is in the response."""
    await page.choose_action("place_call")
    await page.choose_contact("place_call", CONTACT)
    await page.enable("place_call", "wait_for_outcome")
    await page.screen.get_by_text(
        page.text("services.place_call.sections.call_options.name")
    ).click()
    await page.enable("place_call", "record")
    await page.picture("place_call")
    await page.press("run")
    await expect(page.response).to_contain_text("outcome: answered")
    await page.image("response", page.response)
    assert len(page.simulator.calls) == 1


async def test_send_voice_message(page: HomeAssistantPage) -> None:
    """A voice message is sent once, and its ID is in the response."""
    await page.choose_action("send_voice_message")
    await page.choose_contact("send_voice_message", CONTACT)
    await page.write("send_voice_message", "message", SPOKEN[page.language])
    await page.image("voice_message", page.screen.locator("ha-card").first)
    await page.press("run")
    await expect(page.response).to_contain_text("message_id: ")
    assert len(page.simulator.messages) == 1


async def test_automation(page: HomeAssistantPage) -> None:
    """An automation sends a voice message when a call meets a busy line."""
    await page.open("/config/automation/edit/new")
    await page.press("add_trigger")
    dialog = page.screen.locator("add-automation-element-dialog")
    await dialog.get_by_text(page.word("services"), exact=True).click()
    await dialog.get_by_text("Directcall", exact=True).first.click()
    await dialog.get_by_text(page.word("event_received")).click()
    await page.screen.locator("ha-selector-state ha-generic-picker").click()
    busy = page.text("entity.event.call.state_attributes.event_type.state.busy")
    await page.screen.get_by_text(busy, exact=True).click()
    await page.image("automation", page.screen.locator("ha-automation-editor"), height=660)
    await page.press("add_action")
    name = page.text("services.send_voice_message.name")
    await dialog.locator("input").fill(name)
    await dialog.get_by_text(f"Directcall: {name}").last.click()
    await page.choose_contact("send_voice_message", CONTACT)
    await page.write("send_voice_message", "message", SPOKEN[page.language])
    await page.picture("automation_speaks")
    await page.press("save")
    naming = page.screen.locator("ha-dialog-automation-save")
    await naming.locator("input").first.fill("Directcall")
    await page.press("save", naming)
    await page.screen.wait_for_url(re.compile(r"/config/automation/edit/\d+"))

    sent = len(page.simulator.messages)
    await page.choose_action("place_call")
    await page.write("place_call", "destination", BUSY)
    await page.press("run")
    await wait_until(lambda: len(page.simulator.messages) == sent + 1)
    await page.picture("busy")


async def test_no_credit(page: HomeAssistantPage) -> None:
    """A call that is refused for want of credit shows Directcall's own words."""
    calls = len(page.simulator.calls)
    await page.choose_action("place_call")
    await page.write("place_call", "destination", NO_CREDIT)
    await page.press("run")
    await page.shows("Saldo insuficiente! (")
    await page.picture("no_credit")
    assert len(page.simulator.calls) == calls


async def test_reauthentication(page: HomeAssistantPage) -> None:
    """A refused secret is named, and Home Assistant asks for a new one."""
    page.simulator.secrets[ACCOUNT.client_id] = NEXT_SECRET
    page.simulator.end_tokens()
    await page.choose_action("place_call")
    await page.write("place_call", "destination", CONTACT)
    await page.press("run")
    await page.shows(page.text("exceptions.authentication_failed.message"))
    await page.picture("refused_secret")
    await page.open(INTEGRATION)
    button = page.screen.get_by_role("button", name=page.word("reconfigure"), exact=True)
    await button.last.wait_for(timeout=SECOND_REFUSAL)
    await page.picture("needs_attention")
    await page.press("reconfigure")
    await page.shows(page.text("config.step.reauth_confirm.title"))
    await page.fill(client_secret=NEXT_SECRET)
    await page.picture("reauthentication")
    await page.press("submit", page.form)
    await page.shows(page.text("config.abort.reauth_successful"))
    await page.close_form("close")


async def test_diagnostics(page: HomeAssistantPage) -> None:
    """The diagnostics can be downloaded, and nothing private is in them."""
    await page.open_menu()
    async with page.screen.expect_download() as download:
        await page.screen.get_by_text(page.word("diagnostics")).click()
    file = page.album / "diagnostics.json"
    await (await download.value).save_as(file)
    text = file.read_text(encoding="utf-8")
    assert '"directcall"' in text
    assert private_values(page, text) == 0


async def test_play_recording(page: HomeAssistantPage) -> None:
    """The media browser plays the call that was recorded."""
    await page.open(RECORDINGS)
    browser = page.screen.locator("ha-media-player-browse")
    await browser.locator("ha-card").first.click()
    recording = browser.get_by_text(f"→ {CONTACT}").last
    await page.screen.evaluate(KEEP_PLAYER)
    await recording.click()
    await page.screen.wait_for_function("() => window.player?.currentTime > 0.5")
    await page.image("recordings", page.screen.locator("ha-panel-media-browser"), height=420)


async def test_remove_account(page: HomeAssistantPage) -> None:
    """Nothing of a removed account stays on the screen or in Home Assistant's storage."""
    await page.open(INTEGRATION)
    await page.open_menu()
    await page.picture("menu")
    await page.screen.get_by_role("menuitem", name=page.word("delete")).first.click()
    await page.picture("delete")
    await page.press("delete")
    await expect(page.screen.get_by_text(ACCOUNT.client_id)).to_have_count(0)
    storage = page.instance.folder / ".storage"
    await wait_until(lambda: ACCOUNT.client_id not in read(storage))
    assert private_values(page, read(storage)) == 0


async def test_no_complaints(page: HomeAssistantPage) -> None:
    """Neither the browser nor Home Assistant's log complained, and the log has nothing private."""
    log = page.instance.log.read_text(encoding="utf-8")
    complaints = [
        line
        for line in log.splitlines()
        if re.search(r" (WARNING|ERROR) .*\bdirectcall\b", line)
        and not any(text in line for text in EXPECTED)
    ]
    assert page.complaints + complaints == []
    assert private_values(page, log) == 0


def read(folder: Path) -> str:
    """Return the content of all files of a folder."""
    return "".join(file.read_text(encoding="utf-8") for file in folder.iterdir() if file.is_file())


async def wait_until(is_true: Callable[[], bool]) -> None:
    """Wait for a condition outside of the browser."""
    for _ in range(TIMEOUT * 10):
        if is_true():
            return
        # The condition is about another process, which cannot say when it changes.
        await asyncio.sleep(0.1)
    assert is_true()


def private_values(page: HomeAssistantPage, text: str) -> int:
    """Return how many private values are in a text. A failing test must not print them."""
    private = {FIRST_SECRET, NEXT_SECRET, WRONG_SECRET, *page.simulator.tokens}
    private |= {recording.key for recording in page.simulator.recordings}
    for number in (ORIGIN, NUMBER, BUSY, NO_CREDIT):
        private |= {number, re.sub(r"\D", "", number)}
    return sum(value in text for value in private)
