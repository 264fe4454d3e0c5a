"""The first alarm by the steps of the README, on a telephone and then on a desktop's screen."""

from collections.abc import AsyncIterator
from typing import Final

from playwright.async_api import ViewportSize, expect
import pytest
import pytest_asyncio

from scripts.home_assistant import USER
from tests.simulator import ACCOUNT

from .common import (
    ACKNOWLEDGE,
    ALARM,
    ALERT,
    ALERT_EVENT,
    ALERT_FORM,
    BY_USER,
    CONTACT,
    EVENT_TYPES,
    NUMBER,
    ORIGIN,
    SPOKEN,
    WRONG_SECRET,
    assert_says,
    close_sheet,
    remove_account,
    save_automation,
    shows_status,
    turn_smoke,
    wait_until,
)
from .page import DESKTOP, DETECTOR, FIRST_SECRET, PHONE, SCREEN, HomeAssistantPage

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.usefixtures("size")]

WITHOUT_AREA_CODE: Final = "3060-0300"
TEST: Final = "button.test"
IS_TEST: Final = {"en": "This is a test.", "pt-BR": "Isto é um teste."}
# Clicks and texts on a desktop's screen, at most.
EFFORT_OF_ALERT: Final = (5, 2)
EFFORT_OF_AUTOMATION: Final = (17, 3)


@pytest_asyncio.fixture(
    scope="module", loop_scope="session", params=[PHONE, DESKTOP], ids=["phone", "desktop"]
)
async def size(
    request: pytest.FixtureRequest, page: HomeAssistantPage
) -> AsyncIterator[ViewportSize]:
    """Give the screen a size. The documentation's pictures are taken at that of a desktop."""
    size: ViewportSize = request.param
    images = page.images
    page.images = images if size == DESKTOP else None
    await page.screen.set_viewport_size(size)
    yield size
    await page.screen.set_viewport_size(SCREEN)
    page.images = images


async def test_account(page: HomeAssistantPage) -> None:
    """Both faults of the form are said at once, and what is right stays."""
    names = [page.word(name) for name in ("settings", "devices_services", "add_integration")]
    assert_says(page, 1, " > ".join([*names, "Directcall"]), page.word("submit"))
    await page.open("/config")
    await page.screen.get_by_text(page.word("devices_services"), exact=True).click()
    await page.press("add_integration")
    dialog = page.screen.locator("dialog-add-integration")
    await dialog.locator("input").fill("Directcall")
    await page.picture("add_integration")
    await dialog.get_by_text("Directcall", exact=True).click()
    await page.shows(page.text("config.step.user.title"))
    await page.fill(client_id=ACCOUNT.client_id, client_secret=WRONG_SECRET, origin=ORIGIN)
    await page.image("set_up", page.form.locator("dialog"))
    await page.fill(origin=WITHOUT_AREA_CODE)
    await page.form.get_by_text(page.text("config.step.user.sections.advanced.name")).click()
    await page.fill(url=page.simulator.url)
    await page.press("submit", page.form)
    for error in ("invalid_auth", "number_without_area_code"):
        await page.shows(page.text(f"config.error.{error}")[:40])
    await page.picture("two_faults")
    await page.fill(client_secret=FIRST_SECRET, origin=ORIGIN)
    await page.press("submit", page.form)


async def test_contact(page: HomeAssistantPage) -> None:
    """The form of the first contact follows that of the account, and that of an alert follows."""
    assert_says(page, 2, page.word("submit"))
    await page.shows(page.text("config_subentries.alert.step.first.title"))
    await page.fill(name=CONTACT, number=NUMBER)
    await page.image("contact", page.form.locator("dialog"))
    await page.press("submit", page.form)
    await page.shows(page.text(f"{ALERT_FORM}.step.user.title"))


async def test_alert(page: HomeAssistantPage) -> None:
    """An alert is added with its name and its text."""
    assert_says(page, 3, ALERT[page.language], page.word("submit"), page.word("finish"))
    await page.count_effort()
    await page.fill(name=ALERT[page.language])
    await page.form.locator("textarea").fill(SPOKEN[page.language])
    await page.image("alert_form", page.form.locator("dialog"), height=1100)
    await page.press("submit", page.form)
    await page.shows(page.word("success"))
    await page.picture("alert_added")
    await page.close_form("finish")
    await assert_effort(page, EFFORT_OF_ALERT)


async def test_test_of_alert(page: HomeAssistantPage) -> None:
    """A test rings a telephone with a text that begins by saying so."""
    names = [page.text(f"entity.{entity}.name") for entity in (TEST, ACKNOWLEDGE)]
    assert_says(page, 4, names[0], page.word("press"), IS_TEST[page.language].rstrip("."))
    assert_says(page, 5, names[1], page.text("entity.sensor.alert_status.state.acknowledged"))
    page.simulator.messages.clear()
    await page.open_device(ALERT[page.language])
    await page.press_entity(TEST)
    await shows_status(page, "alerting")
    await wait_until(lambda: bool(page.simulator.messages))
    [message] = page.simulator.messages
    assert message.text == f"{IS_TEST[page.language]} {SPOKEN[page.language]}"
    await page.press_entity(ACKNOWLEDGE)
    await shows_status(page, "acknowledged")
    await page.picture("test_is_seen")


async def test_automation(page: HomeAssistantPage, size: ViewportSize) -> None:
    """An automation raises the alert, after few clicks and without YAML."""
    names = ("settings", "automations", "create_automation", "create_new_automation")
    action = f"Directcall: {page.text('services.raise_alert.name')}"
    words = [page.word(name) for name in ("add_trigger", "smoke_detected", "add_target")]
    words += [page.word(name) for name in ("add_action", "save")]
    assert_says(page, 7, " > ".join(map(page.word, names)), action, *words)
    await page.open("/config")
    await page.count_effort()
    await page.screen.get_by_text(page.word("automations"), exact=True).click()
    await page.press("create_automation")
    await page.screen.get_by_text(page.word("create_new_automation")).click()
    await page.press("add_trigger")
    dialog = page.screen.locator("add-automation-element-dialog")
    await dialog.locator("input").fill(page.word("smoke_detected"))
    await dialog.get_by_text(page.word("smoke_detected"), exact=True).last.click()
    await page.picture("trigger")
    await page.screen.get_by_text(page.word("add_target"), exact=True).last.click()
    await page.picture("target")
    await page.screen.get_by_text(DETECTOR[page.language], exact=True).last.click()
    await close_sheet(page)
    await page.press("add_action")
    await dialog.locator("input").fill(action)
    await page.picture("actions")
    await dialog.get_by_text(action, exact=True).last.click()
    await page.choose_device("raise_alert", "alert", ALERT[page.language])
    await close_sheet(page)
    if size == PHONE:
        await page.picture("alert_automation")
        await save_automation(page, ALARM)
    else:
        editor = page.screen.locator("ha-automation-editor")
        await page.image("alert_automation", editor, height=660)
        await save_automation(page, ALARM)
        await assert_effort(page, EFFORT_OF_AUTOMATION)


async def test_smoke(page: HomeAssistantPage) -> None:
    """Smoke raises the alert, and a button is the first thing on its page."""
    page.simulator.messages.clear()
    await turn_smoke(page, "on")
    await page.open_device(ALERT[page.language])
    await shows_status(page, "alerting")
    await expect(page.entity(ALERT_EVENT)).to_contain_text(page.text(f"{EVENT_TYPES}.told"))
    await page.image("alert_page", page.screen.locator("hass-subpage"), height=830)
    button = page.entity(ACKNOWLEDGE).get_by_role("button", name=page.word("press"))
    await expect(button).to_be_in_viewport(ratio=1)
    first = page.screen.locator("hui-generic-entity-row").first
    await expect(first).to_contain_text(page.text(f"entity.{ACKNOWLEDGE}.name"))
    await button.click()
    await shows_status(page, "acknowledged")
    await page.picture("acknowledged")
    assert [message.text for message in page.simulator.messages] == [SPOKEN[page.language]]


async def test_activity_of_alert(page: HomeAssistantPage) -> None:
    """The activity of the alert names its automation, and who has seen it."""
    assert_says(page, 8, page.word("activity"))
    await page.open_activity()
    by_automation = page.rows.filter(has_text=ALARM[page.language])
    # Raised, told, and the status. On the desktop's screen, rows of the earlier alert follow.
    await by_automation.nth(2).wait_for()
    await expect(page.rows.first).to_contain_text(BY_USER)
    await page.picture("activity_of_alert")
    name = page.text(f"entity.{ALERT_EVENT}.name")
    rows = [row for row in await page.activity() if row[0] == name]
    types = ("acknowledged", "told", "raised")
    assert [row[1] for row in rows[:3]] == [page.text(f"{EVENT_TYPES}.{key}") for key in types]
    causes = [row[2] for row in rows[:3]]
    assert USER in causes[0].lower()
    assert all(ALARM[page.language] in cause for cause in causes[1:])
    await turn_smoke(page, "off")


async def test_start_again(page: HomeAssistantPage, size: ViewportSize) -> None:
    """After the telephone, the desktop begins without an account and an automation."""
    if size == PHONE:
        await page.delete_automations()
        await remove_account(page)


async def assert_effort(page: HomeAssistantPage, most: tuple[int, int]) -> None:
    """Assert that there were not more clicks and typed texts."""
    clicks, texts = await page.effort()
    assert clicks <= most[0]
    assert texts <= most[1]
