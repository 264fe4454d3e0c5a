"""Tasks of a user after the first alarm: each test continues where the previous one ended."""

import re
from typing import Final

from playwright.async_api import ViewportSize, expect
import pytest

from scripts.home_assistant import USER
from tests.simulator import ACCOUNT

from .common import (
    ACKNOWLEDGE,
    ALARM,
    ALERT,
    ALERT_EVENT,
    ALERT_FORM,
    BY_USER,
    CALL,
    CONTACT,
    LAST_CALL,
    NUMBER,
    ORIGIN,
    SPOKEN,
    STATUS,
    WRONG_SECRET,
    change_alert,
    choose_contact_of_alert,
    entities_in,
    read,
    remove_account,
    save_automation,
    shows_state,
    shows_status,
    turn_smoke,
    view_to_paste,
    wait_until,
    word_of,
)
from .page import (
    CUT_OFF,
    DESKTOP,
    FIRST_SECRET,
    INTEGRATION,
    KEEP_PLAYER,
    PHONE,
    TABLET,
    TOO_LONG,
    HomeAssistantPage,
)

pytestmark = pytest.mark.asyncio(loop_scope="session")

NEXT_SECRET: Final = "0975310864"
# Is busy; has no credit (see tests/simulator/__init__.py).
BUSY: Final = "(41) 99999-7001"
NO_CREDIT: Final = "(41) 99999-0201"
# Talks until the call is hung up.
OTHER_CONTACT: Final = "João"
PATIENT: Final = "(41) 99999-0000"
OTHER_TEXT: Final = {"en": "Water in the laundry.", "pt-BR": "Água na lavanderia."}
AUTOMATION: Final = {"en": "If nobody answers", "pt-BR": "Se ninguém atender"}
DEVICE: Final = "Directcall"
TRIGGERS_OF_CALLS: Final = ("call_answered", "call_not_answered", "call_ended", "recording_ready")
TRIGGERS_OF_ALERTS: Final = ("alert_raised", "alert_acknowledged", "alert_not_acknowledged")
NOTIFY: Final = "notify.send_message"
# A call is requested, rings, is answered and ends.
ROWS_OF_CALL: Final = 4
# Entities of tiles, by platform and translation key, with the columns of twelve that each takes.
TILES: Final = {
    "button.call": 6,
    "button.hang_up_contact": 6,
    LAST_CALL: 6,
    # Its Portuguese name is longer than half a telephone's screen.
    "binary_sensor.call_in_progress": 12,
    "event.call": 6,
    ACKNOWLEDGE: 6,
    STATUS: 6,
    ALERT_EVENT: 6,
    "button.test": 6,
    "notify.raise": 6,
}
# States of an account with a balance and an alert, and of a contact.
STATES_OF_ACCOUNT: Final = 10
STATES_OF_CONTACT: Final = 4
DASHBOARD: Final = "calls-of-mine"
LOW_BALANCE: Final = "50"
# Milliseconds: Home Assistant takes half a second for a long press.
LONG_PRESS: Final = 800
RECORDINGS: Final = "/media-browser/browser/app%2Cmedia-source%3A%2F%2Fdirectcall"
# Milliseconds. Home Assistant asks for a new secret after the second refusal, 15 s after the first.
SECOND_REFUSAL: Final = 60_000
# It is not Home Assistant's own integration; and a test has the old secret refused.
EXPECTED: Final = ("We found a custom integration", "Directcall gives no token")


async def test_watch_call(page: HomeAssistantPage) -> None:
    """A call from the page of a contact is watched there, and its activity says what came of it."""
    async with page.at(DESKTOP):
        await page.open_device(CONTACT)
        await page.press_entity("button.call")
        await shows_state(page, "ended")
        await page.image("contact_page", page.screen.locator("hass-subpage"), height=650)
        await page.open_activity()
        await page.rows.filter(has_text=word_of(page, "ended")).wait_for()
        # Names of users come later than the rows.
        await expect(page.rows.first).to_contain_text(BY_USER)
        await page.picture("activity")
        rows = await page.activity()
    messages = [row[0] for row in rows].index(page.text("entity.notify.voice_message.name"))
    assert ALARM[page.language] in rows[messages][2]
    rows = rows[:messages]
    states = [state for name, state, _ in rows if name == page.text(f"entity.{LAST_CALL}.name")]
    assert len(rows) == len(states) + 1
    assert rows[-1][0] == page.text("entity.button.call.name")
    assert states[0] == word_of(page, "ended")
    assert states[-1] == word_of(page, "placed")
    assert len(states) <= ROWS_OF_CALL
    assert all(USER in cause.lower() for _, _, cause in rows)


async def test_add_other_contact(page: HomeAssistantPage) -> None:
    """Adding a contact changes no state of the others."""
    await page.open(INTEGRATION)
    await page.shows(CONTACT)
    before = await page.states(STATES_OF_ACCOUNT + STATES_OF_CONTACT)
    name = page.text("config_subentries.contact.initiate_flow.user")
    await page.screen.get_by_role("button", name=name, exact=True).click()
    await page.shows(page.text("config_subentries.contact.step.user.title"))
    await page.fill(name=OTHER_CONTACT, number=PATIENT)
    await page.press("submit", page.form)
    await page.close_form("finish")
    await expect(page.subentry(OTHER_CONTACT)).to_be_visible()
    after = await page.states(STATES_OF_ACCOUNT + 2 * STATES_OF_CONTACT)
    assert before.items() < after.items()


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
async def test_hang_up(page: HomeAssistantPage, size: ViewportSize) -> None:
    """A call is placed, watched and hung up on the page of its contact."""
    async with page.at(size):
        await page.open_device(OTHER_CONTACT)
        await page.press_entity("button.call")
        await shows_state(page, "answered")
        await page.picture("in_conversation")
        await page.press_entity("button.hang_up_contact")
        await shows_state(page, "ended")
        await page.picture("hung_up")
    assert page.simulator.calls[-1].line.ended_at is not None


async def test_alert_form_errors(page: HomeAssistantPage) -> None:
    """On a telephone, an error of an alert's form is on the screen, and all can be mended."""
    async with page.at(PHONE):
        await change_alert(page)
        sections = f"{ALERT_FORM}.step.user.sections"
        await page.form.locator("textarea").fill("")
        await page.form.get_by_text(page.text(f"{sections}.how.name"), exact=True).click()
        await page.form.get_by_text(page.text(f"{sections}.how.data.pause")).click()
        await page.press("submit", page.form)
        empty = page.form.get_by_text(page.text(f"{ALERT_FORM}.error.message_empty"))
        await expect(empty).to_be_in_viewport(ratio=1)
        await page.form.locator("ha-input-chip [part=remove-button]").click()
        await page.form.get_by_text(page.text(f"{sections}.acknowledgement.name")).click()
        await page.form.locator("ha-switch").last.click()
        await page.press("submit", page.form)
        # The form is replaced, and the error of before with it: the others come first.
        for error in ("no_contact", "answer_without_call", "message_empty"):
            text = page.form.get_by_text(page.text(f"{ALERT_FORM}.error.{error}"))
            await text.wait_for()
            await text.scroll_into_view_if_needed()
            await page.picture(error)
        await page.form.locator("textarea").fill(SPOKEN[page.language])
        await page.form.locator("ha-switch").last.click()
        await choose_contact_of_alert(page, OTHER_CONTACT)


async def test_raise_by_notification(page: HomeAssistantPage) -> None:
    """Home Assistant's own action for messages raises an alert, and another one calls it off."""
    await page.search_action(NOTIFY, NOTIFY)
    await page.screen.get_by_text(page.word("add_target"), exact=True).click()
    await page.screen.locator("ha-target-picker").get_by_text(ALERT[page.language]).first.click()
    # Not the search of the target, which may still be open.
    message = page.screen.locator("ha-service-control ha-selector-text").first
    await message.get_by_role("textbox").fill(OTHER_TEXT[page.language])
    await page.picture("send_notification_message")
    await page.press("run")
    await wait_until(lambda: page.simulator.messages[-1].text == OTHER_TEXT[page.language])
    await page.choose_action("cancel_alert")
    await page.press("run")
    await expect(page.response).to_contain_text("alert_ids")
    await page.picture("cancel_alert")
    await page.open_device(ALERT[page.language])
    await shows_status(page, "cancelled")


async def test_tablet(page: HomeAssistantPage) -> None:
    """The documentation's view for a tablet acknowledges an alert, and asks before it calls."""
    view = view_to_paste(page.language)
    states = {state["entity_id"] for state in await page.command(type="get_states")}
    assert {*entities_in(view)} <= states
    await page.command(
        type="lovelace/dashboards/create", url_path=DASHBOARD, title=DEVICE, mode="storage"
    )
    await page.command(type="lovelace/config/save", url_path=DASHBOARD, config={"views": [view]})
    await turn_smoke(page, "on")
    cards = [card for section in view["sections"] for card in section["cards"]]
    buttons = [card for card in cards if card["type"] == "button"]
    seen, call, _ = [
        page.screen.locator("hui-button-card").filter(has_text=button["name"]) for button in buttons
    ]
    status = page.screen.locator("hui-tile-card").first
    texts = page.screen.locator("hui-tile-card ha-tile-info > span")
    panel = page.screen.locator("ha-panel-lovelace")
    for size, image, part in ((TABLET, "dashboard", panel), (PHONE, "alert_phone", None)):
        async with page.at(size):
            await page.open(f"/{DASHBOARD}/{view['path']}")
            await expect(status).to_contain_text(OTHER_CONTACT)
            await expect(seen).to_be_in_viewport(ratio=1)
            await expect(page.screen.locator("hui-card")).to_have_count(len(cards))
            await expect(page.screen.locator("hui-warning, hui-error-card")).to_have_count(0)
            assert await texts.evaluate_all(CUT_OFF) == []
            await page.picture("view")
            await page.image(image, part, height=510)
    calls = len(page.simulator.calls)
    await seen.click(delay=LONG_PRESS)
    await expect(status).to_contain_text(USER, ignore_case=True)
    await call.click()
    await page.shows(buttons[1]["tap_action"]["confirmation"]["text"])
    await page.picture("asks_before_it_calls")
    await page.press("cancel")
    assert len(page.simulator.calls) == calls
    await turn_smoke(page, "off")


async def test_tiles(page: HomeAssistantPage) -> None:
    """No name and no state is cut off on the tiles of a telephone's dashboard."""
    registered = await page.command(type="config/entity_registry/list")
    entities = {
        f"{entity['entity_id'].split('.')[0]}.{entity['translation_key']}": entity["entity_id"]
        for entity in registered
        if entity["platform"] == "directcall"
    }
    cards = [
        {
            "type": "tile",
            "entity": entities[tile],
            "name": {"type": "entity"},
            "grid_options": {"columns": columns},
        }
        for tile, columns in TILES.items()
    ]
    section = {"type": "grid", "cards": cards}
    await page.command(
        type="lovelace/config/save",
        url_path=DASHBOARD,
        config={"views": [{"type": "sections", "sections": [section]}]},
    )
    async with page.at(PHONE):
        await page.open(f"/{DASHBOARD}")
        for tile in TILES:
            await page.shows(page.text(f"entity.{tile}.name"))
        await page.shows(word_of(page, "ended"))
        texts = page.screen.locator("hui-tile-card ha-tile-info > span")
        await expect(texts).to_have_count(2 * len(TILES))
        await page.picture("tiles")
        assert await texts.evaluate_all(CUT_OFF) == []
        state = texts.nth(2 * list(TILES).index(STATUS) + 1)
        assert await state.evaluate(TOO_LONG, page.texts(f"entity.{STATUS}.state")) == []


async def test_delete_other_contact(page: HomeAssistantPage) -> None:
    """Deleting a contact takes its entities away, and changes no state of the others."""
    await page.open(INTEGRATION)
    await page.shows(OTHER_CONTACT)
    before = await page.states(STATES_OF_ACCOUNT + 2 * STATES_OF_CONTACT)
    await page.open_menu(page.subentry(OTHER_CONTACT))
    await page.screen.get_by_role("menuitem", name=page.word("delete")).last.click()
    await page.press("delete")
    await expect(page.subentry(OTHER_CONTACT)).to_have_count(0)
    after = await page.states(STATES_OF_ACCOUNT + STATES_OF_CONTACT)
    assert after.items() < before.items()


async def test_repair_alert(page: HomeAssistantPage) -> None:
    """Repairs tell of an alert whose only contact was deleted, until it has another one."""
    repairs = {
        "alert_without_contact": {"alert": ALERT[page.language]},
        "deleted_contact": {"contact": OTHER_CONTACT},
    }
    async with page.at(PHONE):
        for key, names in repairs.items():
            await page.open("/config/repairs")
            await page.screen.get_by_text(page.text(f"issues.{key}.title").format(**names)).click()
            description = page.text(f"issues.{key}.description").format(**names, names="")
            await page.shows(description[:30])
            await page.picture(key)
        await page.open(INTEGRATION)
        await change_alert(page)
        await choose_contact_of_alert(page, CONTACT)
        await page.open("/config/repairs")
        for key, names in repairs.items():
            title = page.text(f"issues.{key}.title").format(**names)
            await expect(page.screen.get_by_text(title)).to_have_count(0)


async def test_options(page: HomeAssistantPage) -> None:
    """A limit for the balance is an option, and a repair tells of a balance below it."""
    async with page.at(PHONE):
        await page.open(INTEGRATION)
        await page.account.locator("ha-icon-button[slot=end]").first.click()
        await page.shows(page.text("options.step.init.title"))
        await page.form.get_by_role("spinbutton").first.fill(LOW_BALANCE)
        await page.picture("options")
        await page.press("submit", page.form)
        await page.shows(page.word("success"))
        await page.close_form("finish")
        await page.open("/config/repairs")
        await page.screen.get_by_text(page.text("issues.low_balance.title")).click()
        await page.shows(page.text("issues.low_balance.description")[:30])
        await page.picture("low_balance")


async def test_place_call(page: HomeAssistantPage) -> None:
    """A call to a contact is placed once, recorded, and its outcome is in the response."""
    calls = len(page.simulator.calls)
    await page.choose_action("place_call")
    await page.choose_device("place_call", "contact", CONTACT)
    await page.enable("place_call", "wait_for_outcome")
    await page.screen.get_by_text(
        page.text("services.place_call.sections.call_options.name")
    ).click()
    await page.enable("place_call", "record")
    await page.picture("place_call")
    await page.press("run")
    await expect(page.response).to_contain_text("outcome: answered")
    await page.image("response", page.response)
    assert len(page.simulator.calls) == calls + 1


async def test_send_voice_message(page: HomeAssistantPage) -> None:
    """A voice message is sent once, and its ID is in the response."""
    messages = len(page.simulator.messages)
    await page.choose_action("send_voice_message")
    await page.choose_device("send_voice_message", "contact", CONTACT)
    await page.write("send_voice_message", "message", SPOKEN[page.language])
    await page.image("voice_message", page.screen.locator("ha-panel-config"), height=980)
    await page.press("run")
    await expect(page.response).to_contain_text("message_id: ")
    assert len(page.simulator.messages) == messages + 1


async def test_automation(page: HomeAssistantPage) -> None:
    """An automation calls a contact when another call is not answered."""
    await page.open("/config/automation/edit/new")
    await page.press("add_trigger")
    dialog = page.screen.locator("add-automation-element-dialog")
    triggers = {
        key: dialog.get_by_role("button", name=re.compile(f"^{page.text(f'triggers.{key}.name')}"))
        for key in (*TRIGGERS_OF_CALLS, *TRIGGERS_OF_ALERTS)
    }
    await dialog.get_by_text(page.word("by_type"), exact=True).click()
    await dialog.get_by_text(DEVICE, exact=True).first.click()
    for trigger in triggers.values():
        await expect(trigger).to_be_visible()
    await page.picture("triggers_by_type")
    await dialog.get_by_text(page.word("by_target"), exact=True).click()
    await dialog.get_by_text(page.word("services"), exact=True).click()
    await dialog.get_by_text(ALERT[page.language], exact=True).first.click()
    for key in TRIGGERS_OF_ALERTS:
        await expect(triggers[key]).to_be_visible()
    await page.picture("triggers_of_alert")
    await dialog.get_by_text(DEVICE, exact=True).first.click()
    for key in TRIGGERS_OF_CALLS:
        await expect(triggers[key]).to_be_visible()
    await page.picture("triggers_by_target")
    # With a device as target, Home Assistant's editor counts no entity in the trigger's row.
    await page.screen.keyboard.press("ArrowRight")
    entity = page.text("entity.event.call.name")
    await dialog.get_by_role("treeitem", name=entity, exact=True).click()
    await triggers["call_not_answered"].click()
    await page.image("automation", page.screen.locator("ha-automation-editor"), height=660)
    await page.press("add_action")
    name = page.text("services.place_call.name")
    await dialog.locator("input").fill(name)
    await dialog.get_by_text(f"Directcall: {name}").last.click()
    await page.choose_device("place_call", "contact", CONTACT)
    await page.picture("automation_calls")
    await save_automation(page, AUTOMATION)

    calls = len(page.simulator.calls)
    await page.choose_action("place_call")
    await page.write("place_call", "destination", BUSY)
    await page.press("run")
    await wait_until(lambda: len(page.simulator.calls) == calls + 2)
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


async def test_activity(page: HomeAssistantPage) -> None:
    """The activity of a contact and of the account names the automation that asked for a call."""
    async with page.at(PHONE):
        await page.open_device(CONTACT)
        await page.open_activity()
        cause = page.rows.filter(has_text=AUTOMATION[page.language])
        ended = cause.filter(has_text=word_of(page, "ended"))
        await ended.wait_for(timeout=CALL)
        await page.image("activity", page.screen.locator("ha-panel-logbook"), height=560)
        assert 1 < await cause.count() <= ROWS_OF_CALL
        name, state, _ = (await page.activity())[0]
        assert name == page.text(f"entity.{LAST_CALL}.name")
        assert state == word_of(page, "ended")
    async with page.at(DESKTOP):
        await page.open_device(DEVICE)
        await page.picture("device_of_account")
        await page.open_activity()
        await ended.wait_for()
        await page.picture("activity_of_account")


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
    await page.open_menu(page.account)
    async with page.screen.expect_download() as download:
        await page.screen.get_by_text(page.word("diagnostics")).click()
    file = page.album / "diagnostics.json"
    await (await download.value).save_as(file)
    text = file.read_text(encoding="utf-8")
    assert '"directcall"' in text
    assert private_values(page, text) == 0


async def test_remove_account(page: HomeAssistantPage) -> None:
    """Nothing of a removed account stays on the screen or in Home Assistant's storage."""
    await remove_account(page)
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


def private_values(page: HomeAssistantPage, text: str) -> int:
    """Return how many private values are in a text. A failing test must not print them."""
    private = {FIRST_SECRET, NEXT_SECRET, WRONG_SECRET, *page.simulator.tokens}
    private |= {recording.key for recording in page.simulator.recordings}
    for number in (ORIGIN, NUMBER, PATIENT, BUSY, NO_CREDIT):
        private |= {number, re.sub(r"\D", "", number)}
    return sum(value in text for value in private)
