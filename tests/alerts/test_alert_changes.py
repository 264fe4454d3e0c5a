"""Alerts that go on while contacts, the alert itself or the account are changed or deleted."""

from typing import Any

import pytest

from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError

from tests.alerts.common import ALERT, CALL, NAMES, STATUS, VOICE, raise_alert
from tests.alerts.house import House
from tests.common import ENTRY_ID, SEND, perform, until
from tests.disk import hass_config_dir, hass_storage

__all__ = ["hass_config_dir", "hass_storage"]

# Time jumps where a test says so, and flows on in between, as sockets and servers need it.
pytestmark = [pytest.mark.freeze_time(tick=True), pytest.mark.usefixtures("no_pauses")]

MINUTE = 60
RINGS_IN_VAIN = "+55 41 99999-7002"
CLEAR = "All is clear."
IDS = {name: f"01CONTACT{number}" for number, name in enumerate(NAMES)}
ALERT_ID = "01ALERT0"


async def change(house: House, subentry_id: str, **data: Any) -> None:
    """Change a contact, or the alert."""
    subentry = house.account.subentries[subentry_id]
    house.hass.config_entries.async_update_subentry(
        house.account, subentry, data={**subentry.data, **data}
    )
    await house.hass.async_block_till_done(wait_background_tasks=True)


async def delete(house: House, *subentry_ids: str) -> None:
    """Delete contacts, or the alert."""
    for subentry_id in subentry_ids:
        house.hass.config_entries.async_remove_subentry(house.account, subentry_id)
    await house.hass.async_block_till_done(wait_background_tasks=True)


async def test_number_that_is_corrected(home: HomeAssistant, house: House) -> None:
    """The next turn of a contact uses the number as it is by then."""
    wrong, right = "+55 41 99999-3333", NAMES["João"]
    house.contacts["João"] = wrong
    await house.start(home)
    await raise_alert(home)
    await change(house, IDS["João"], number=right)
    await house.wait(MINUTE)
    assert [message.destinations[0][-4:] for message in house.simulator.messages] == [
        "0000",
        "1111",
        "2222",
    ]


# Who is deleted after some seconds, and which telephones are told when.
DELETED: dict[str, tuple[dict[str, Any], list[str], list[tuple[int, str, str]]]] = {
    "whose turn it is": (
        {},
        ["Maria"],
        [(0, VOICE, "Maria"), (10, VOICE, "João"), (30, VOICE, "Rosa")],
    ),
    "the next": ({}, ["João"], [(0, VOICE, "Maria"), (20, VOICE, "Rosa")]),
    "the last": ({}, ["Rosa"], [(0, VOICE, "Maria"), (20, VOICE, "João")]),
    "all": ({}, list(NAMES), [(0, VOICE, "Maria")]),
    "whose telephone rings": (
        {"channels": [CALL]},
        ["Maria"],
        [(0, CALL, "Maria"), (10, CALL, "João"), (30, CALL, "Rosa")],
    ),
    "one of all at once": (
        {"at_once": True, "rounds": 2},
        ["João"],
        [
            (0, VOICE, "Maria"),
            (0, VOICE, "João"),
            (0, VOICE, "Rosa"),
            (80, VOICE, "Maria"),
            (80, VOICE, "Rosa"),
        ],
    ),
}


@pytest.mark.freeze_time(tick=False)
@pytest.mark.parametrize("who", DELETED)
async def test_contact_that_is_deleted(home: HomeAssistant, house: House, who: str) -> None:
    """The alert goes on with the others at once, and ends where there are none."""
    how, names, told = DELETED[who]
    house.contacts["Maria"] = RINGS_IN_VAIN
    await house.start(home, how=how)
    await raise_alert(home)
    await house.wait(10)
    await delete(house, *(IDS[name] for name in names))
    await house.wait(4 * MINUTE)
    [watch] = house.watches
    # The clock flows on, and on a busy machine by some seconds.
    assert [(seconds // 10 * 10, *rest) for seconds, *rest in watch.told] == told
    assert house.status == "unacknowledged"
    assert watch.events[-1][1] == "unacknowledged"
    # A telephone that nobody is to answer does not ring on.
    assert all(call.line.ended for call in house.simulator.calls[:1])


async def test_reason_without_a_contact(home: HomeAssistant, house: House) -> None:
    """The house says why the alert ended."""
    await house.start(home)
    await raise_alert(home)
    await delete(house, *IDS.values())
    [watch] = house.watches
    assert "contact" in watch.reasons[0]


async def test_contact_that_is_deleted_during_the_request(
    home: HomeAssistant, house: House
) -> None:
    """What was sent cannot be undone, and the next contact is told once it is answered."""
    await house.start(home)
    answer = house.simulator.hold(SEND)
    await perform(home, "raise_alert", {"name": ALERT})
    await until(lambda: bool(house.simulator.messages))
    home.config_entries.async_remove_subentry(house.account, IDS["Maria"])
    answer.set()
    await house.wait(MINUTE)
    assert house.told == [(VOICE, name) for name in NAMES]
    assert house.events[1:4] == ["told", "told João", "told Rosa"]


@pytest.mark.parametrize("channels", [[VOICE, CALL], [CALL]])
async def test_contact_that_is_deleted_before_the_request(
    home: HomeAssistant, house: House, channels: list[str]
) -> None:
    """A contact that is deleted while the step is saved is not told."""
    await house.start(home, how={"channels": channels})
    await perform(home, "raise_alert", {"name": ALERT})
    await delete(house, IDS["Maria"])
    await house.wait(3 * MINUTE)
    assert house.told == [(channel, name) for name in ("João", "Rosa") for channel in channels]


async def test_no_contact_is_left(home: HomeAssistant, house: House) -> None:
    """An alert that can tell nobody ends at once, and its action is an error."""
    await house.start(home)
    await delete(house, *IDS.values())
    with pytest.raises(HomeAssistantError) as caught:
        await perform(home, "raise_alert", {"name": ALERT})
    assert caught.value.translation_key == "alert_tells_nobody"
    assert house.told == []
    assert house.status == "unacknowledged"


async def test_form_of_the_alert(home: HomeAssistant, house: House) -> None:
    """A run goes on with what it was raised with, and the next one has what the form says."""
    await house.start(home)
    await raise_alert(home)
    await change(
        house,
        ALERT_ID,
        contacts=[IDS["Rosa"]],
        message="Water in the cellar",
        how={**house.account.subentries[ALERT_ID].data["how"], "channels": ["sms"]},
    )
    await house.wait(3 * MINUTE)
    assert house.told == [(VOICE, name) for name in NAMES]
    await raise_alert(home)
    assert house.told[3:] == [("sms", "Rosa")]
    assert house.watches[0].texts[-1] == "Water in the cellar"


async def test_alert_that_is_deleted(home: HomeAssistant, house: House) -> None:
    """A deleted alert tells nobody, and its call does not ring on."""
    house.contacts["Maria"] = RINGS_IN_VAIN
    await house.start(home, how={"channels": [CALL]})
    await raise_alert(home)
    await house.wait(10)
    await delete(house, ALERT_ID)
    assert [call.line.ended for call in house.simulator.calls] == [True]
    assert home.states.get(STATUS) is None
    await house.wait(3 * MINUTE)
    assert house.told == [(CALL, "Maria")]
    assert house.saved() == []


async def test_alert_that_is_deleted_while_the_account_is_disabled(
    home: HomeAssistant, house: House
) -> None:
    """A deleted alert tells nobody, whenever it was deleted."""
    await house.start(home)
    await raise_alert(home)
    await home.config_entries.async_set_disabled_by(ENTRY_ID, ConfigEntryDisabler.USER)
    await delete(house, ALERT_ID)
    await home.config_entries.async_set_disabled_by(ENTRY_ID, None)
    await house.wait(3 * MINUTE)
    assert house.told == [(VOICE, "Maria")]
    assert house.saved() == []


async def test_account_that_is_removed(
    home: HomeAssistant, house: House, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody further is told, and a script that waits goes on."""
    await house.start(home)
    action = home.async_create_background_task(
        perform(home, "raise_alert", {"name": ALERT, "wait_for_acknowledgement": True}), "action"
    )
    await until(lambda: len(house.told) == 1)
    await home.config_entries.async_remove(ENTRY_ID)
    assert (await action)["status"] == "cancelled"
    await house.wait(3 * MINUTE)
    assert house.told == [(VOICE, "Maria")]
    assert not house.file.exists()
    assert "Traceback" not in caplog.text


async def test_account_that_is_removed_during_a_request(
    home: HomeAssistant, house: House, caplog: pytest.LogCaptureFixture
) -> None:
    """The reply to what was sent brings nothing back."""
    await house.start(home)
    answer = house.simulator.hold(SEND)
    await perform(home, "raise_alert", {"name": ALERT})
    await until(lambda: bool(house.told))
    await home.config_entries.async_remove(ENTRY_ID)
    answer.set()
    await house.wait(3 * MINUTE)
    assert house.told == [(VOICE, "Maria")]
    assert not house.file.exists()
    assert "Traceback" not in caplog.text


async def test_account_that_is_removed_before_all_clear_is_said(
    home: HomeAssistant, house: House, caplog: pytest.LogCaptureFixture
) -> None:
    """A message that was not sent yet is not sent without its account."""
    await house.start(home)
    await raise_alert(home)
    await perform(home, "cancel_alert", {"message": CLEAR})
    await home.config_entries.async_remove(ENTRY_ID)
    await house.wait(MINUTE)
    assert CLEAR not in house.watches[0].texts
    assert "Traceback" not in caplog.text
