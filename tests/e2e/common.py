"""Steps and conditions that several tests share."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
import re
from typing import Any, Final

from playwright.async_api import expect

from homeassistant.util.yaml import parse_yaml

from scripts.home_assistant import ROOT, USER
from tests.simulator import ACCOUNT

from .page import INTEGRATION, PHONE, HomeAssistantPage

WRONG_SECRET: Final = "1111111111"
ORIGIN: Final = "(41) 3060-0300"
CONTACT: Final = "Maria"
# Is answered and hung up (see tests/simulator/__init__.py).
NUMBER: Final = "(41) 99999-7004"
SPOKEN: Final = {"en": "Attention. Smoke in the kitchen.", "pt-BR": "Atenção. Fumaça na cozinha."}
ALARM: Final = {"en": "If there is smoke", "pt-BR": "Se houver fumaça"}
README: Final = {"en": "README.md", "pt-BR": "LEIAME.md"}
ALERT: Final = {"en": "Smoke", "pt-BR": "Fumaça"}
# The path of texts.
ALERT_FORM: Final = "config_subentries.alert"
LAST_CALL: Final = "sensor.last_call"
STATUS: Final = "sensor.alert_status"
ACKNOWLEDGE: Final = "button.acknowledge"
ALERT_EVENT: Final = "event.alert"
# The path of texts.
EVENT_TYPES: Final = f"entity.{ALERT_EVENT}.state_attributes.event_type.state"
BY_USER: Final = re.compile(USER, re.IGNORECASE)
# Seconds until the simulated telephones and Home Assistant have reacted, also as milliseconds.
TIMEOUT: Final = 30
CALL: Final = TIMEOUT * 1000
# The view of a dashboard that the documentation says to paste.
VIEW: Final = re.compile(r"^```yaml\n(type: sections\n.*?)^```$", re.DOTALL | re.MULTILINE)


def assert_says(page: HomeAssistantPage, step: int, *texts: str) -> None:
    """Assert that a step of the first alarm in the README has these texts."""
    readme = (ROOT / README[page.language]).read_text(encoding="utf-8")
    [said] = re.findall(rf"^{step}\. \*\*.*?(?=^\d+\. |^\S)", readme, re.DOTALL | re.MULTILINE)
    said = re.sub(r"\s+", " ", said)
    assert [text for text in texts if text not in said] == []


async def close_sheet(page: HomeAssistantPage) -> None:
    """Close what covers the automation on a telephone."""
    if page.screen.viewport_size == PHONE:
        await page.press("close")


async def remove_account(page: HomeAssistantPage) -> None:
    """Remove the account, and wait until it is gone."""
    await page.open(INTEGRATION)
    await page.open_menu(page.account)
    await page.picture("menu")
    await page.screen.get_by_role("menuitem", name=page.word("delete")).first.click()
    await page.picture("delete")
    await page.press("delete")
    await expect(page.screen.get_by_text(ACCOUNT.client_id)).to_have_count(0)


async def save_automation(page: HomeAssistantPage, names: Mapping[str, str]) -> None:
    """Save the automation in the editor with a name."""
    await page.press("save")
    naming = page.screen.locator("ha-dialog-automation-save")
    await naming.locator("input").first.fill(names[page.language])
    await page.press("save", naming)
    await page.screen.wait_for_url(re.compile(r"/config/automation/edit/\d+"))


async def turn_smoke(page: HomeAssistantPage, state: str) -> None:
    """Let the smoke detector detect smoke, or no more."""
    target = {"entity_id": "input_boolean.smoke"}
    await page.command(
        type="call_service", domain="input_boolean", service=f"turn_{state}", target=target
    )


def view_to_paste(language: str) -> dict[str, Any]:
    """Return the view of a dashboard that the documentation says to paste."""
    page = ROOT / "docs" / language / "automations.md"
    [text] = VIEW.findall(page.read_text(encoding="utf-8"))
    view = parse_yaml(text)
    assert isinstance(view, dict)
    return view


def entities_in(config: Any) -> Iterator[str]:
    """Return the IDs of entities in a part of a dashboard."""
    if isinstance(config, list):
        for part in config:
            yield from entities_in(part)
    elif isinstance(config, dict):
        for key, value in config.items():
            if key in {"entity", "entity_id"}:
                yield value
            else:
                yield from entities_in(value)


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


def word_of(page: HomeAssistantPage, state: str) -> str:
    """Return the text of a state of a call."""
    return page.text(f"entity.{LAST_CALL}.state.{state}")


async def shows_state(page: HomeAssistantPage, state: str) -> None:
    """Wait for a state of the last call on the page of its contact."""
    word = word_of(page, state)
    await expect(page.entity(LAST_CALL)).to_contain_text(word, timeout=CALL)


async def shows_status(page: HomeAssistantPage, state: str) -> None:
    """Wait for a status of the alert on its page."""
    word = page.text(f"entity.{STATUS}.state.{state}")
    await expect(page.entity(STATUS)).to_contain_text(word)


async def change_alert(page: HomeAssistantPage) -> None:
    """Open the form that changes the alert."""
    await page.open(INTEGRATION)
    name = page.text(f"{ALERT_FORM}.initiate_flow.reconfigure")
    await page.subentry(ALERT[page.language]).get_by_role("button", name=name).click()
    await page.shows(page.text(f"{ALERT_FORM}.step.reconfigure.title"))


async def choose_contact_of_alert(page: HomeAssistantPage, contact: str) -> None:
    """Choose the first contact in the form of the alert, and submit it."""
    await page.press("add", page.form)
    await page.screen.get_by_text(contact, exact=True).last.click()
    await page.press("submit", page.form)
    await page.shows(page.text(f"{ALERT_FORM}.abort.alert_changed"))
    await page.close_form("close")
