"""Tables in the documentation: fields, keys, states and errors are those of the code."""

import json
import re

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.core import HomeAssistant
from homeassistant.util.yaml import load_yaml_dict

from custom_components.directcall.alerts import AlertEventType, AlertStatus
from custom_components.directcall.api import NumberProblem
from custom_components.directcall.calls import CallState
from custom_components.directcall.trigger import TRIGGERS
from scripts.validate.integration import fields_of
from tests.common import READMES, ROOT, end_call, pass_time, perform, place_call, settle
from tests.simulator import Recording, Simulator

from .common import read

INTEGRATION = ROOT / "custom_components" / "directcall"


@pytest.mark.parametrize("language", READMES)
@pytest.mark.freeze_time(tick=True)
async def test_every_field_key_and_state_is_explained(
    hass: HomeAssistant,
    account: MockConfigEntry,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    language: str,
) -> None:
    """The tables name each field, key of a response, state, status, event and trigger."""
    explained = {
        name
        for cell in re.findall(r"^\| (`[^|]+`) \|", read(language), re.MULTILINE)
        for name in re.findall(r"`(\w+)`", cell)
    }
    fields = {
        field
        for action in load_yaml_dict(str(INTEGRATION / "services.yaml")).values()
        for field, _ in fields_of(action)
    }
    waited = await place_call(hass, wait_for_outcome=True, timeout=1)
    await pass_time(hass, freezer, 2)
    ended = await end_call(hass)
    sent = await perform(hass, "send_sms", {"destination": "Maria", "message": "x"})
    simulator.recordings.append(Recording("554130600300", "5541999990000", ""))
    listed = await perform(hass, "list_recordings", {})
    await perform(hass, "raise_alert", {"name": "Smoke"})
    await settle()
    raised = await perform(hass, "raise_alert", {"name": "Smoke"})
    over = await perform(hass, "cancel_alert", {"name": "Smoke"})
    keys = {*waited, *ended, *sent, *listed, *raised, *over}
    states = {*CallState, *AlertStatus, *AlertEventType}
    assert explained == fields | keys | states | {*TRIGGERS}
    # An event may have the name of a key.
    explanations = [
        (key, set(re.findall(r"`(\w+)`", explanation)))
        for key, explanation in re.findall(r"^\| `(\w+)` \|(.*)$", read(language), re.MULTILINE)
    ]
    assert ("recordings", {*listed["recordings"][0], "null"}) in explanations
    assert ("told", {*raised["told"][0], "true", "false", "null"}) in explanations


@pytest.mark.parametrize(
    ("language", "actions", "forms"),
    [("en", "The error says", "The form says"), ("pt-BR", "O erro diz", "O formulário diz")],
)
def test_every_error_is_explained(language: str, actions: str, forms: str) -> None:
    """The tables quote each error, and none that there is not."""
    texts = json.loads((INTEGRATION / "translations" / f"{language}.json").read_text("utf-8"))
    config = texts["config"]
    raised = {text["message"] for text in texts["exceptions"].values()}
    # What a form says of a number is what an action says of it. The unexpected has no explanation.
    not_quoted = {*NumberProblem, "unknown"}
    shown = {text for key, text in config["error"].items() if key not in not_quoted}
    shown.add(config["abort"]["already_configured"])
    shown |= {
        text.replace("{other}", "")
        for flow in (texts["options"], *texts["config_subentries"].values())
        for key, text in flow["error"].items()
        if key not in not_quoted
    }
    for errors, title in ((raised, actions), (shown, forms)):
        quotes = [quote(cell) for cell in first_cells(language, title)]
        assert len(quotes) == len(errors)
        assert all(any(quote.fullmatch(error) for quote in quotes) for error in errors)


def first_cells(language: str, title: str) -> list[str]:
    """Return the first column of a table, below its title."""
    [table] = re.findall(rf"^\| {title} \|.*\n\|.*\n((?:\|.*\n)+)", read(language), re.MULTILINE)
    return [row.split(" | ")[0].removeprefix("| ") for row in table.splitlines()]


def quote(cell: str) -> re.Pattern[str]:
    """Return a pattern for an error that is quoted with omissions."""
    return re.compile(".*".join(re.escape(part) for part in re.split(r"\s*…\s*", cell)))
