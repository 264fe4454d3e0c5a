"""Tables in the documentation: what they name is what the code and its texts have."""

from collections import Counter
import re
from typing import Any, Final

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.config_entries import SOURCE_USER
from homeassistant.core import HomeAssistant

from custom_components.directcall.api import NumberProblem
from custom_components.directcall.const import SUBENTRY_ALERT
from scripts.validate.integration import Integration, fields_of
from tests.common import (
    READMES,
    ROOT,
    end_call,
    pass_time,
    perform,
    place_call,
    settle,
    suggestions,
)
from tests.simulator import Recording, Simulator

from .tables import Table, tables_of

INTEGRATION: Final = Integration.read(ROOT / "custom_components" / "directcall")
# The actions that each table of fields on a page is about.
ACTIONS: Final[dict[str, list[tuple[str, ...]]]] = {
    "alerts": [("acknowledge_alert", "cancel_alert"), ("raise_alert",)],
    "calls": [("place_call",), ("end_call",)],
    "messages": [("send_voice_message", "send_sms")],
    "recordings": [("list_recordings",)],
}
# Their one field is in the text.
WITHOUT_TABLE: Final = {"get_message_status", "cancel_message"}
# The titles of tables, and how their cells begin with which an option is off or on.
WORDS: Final = {
    "en": {
        "entity": "Entity",
        "error": "The error says",
        "field": "Field",
        "form": "The form says",
        "is": "What it is",
        "key": "Key",
        "off": "Off",
        "on": "On",
        "option": "Option",
        "shown": "In the UI",
    },
    "pt-BR": {
        "entity": "Entidade",
        "error": "O erro diz",
        "field": "Campo",
        "form": "O formulário diz",
        "is": "O que é",
        "key": "Chave",
        "off": "Deslig",
        "on": "Ligad",
        "option": "Opção",
        "shown": "Na interface",
    },
}

pytestmark = pytest.mark.parametrize("language", READMES)


def find(language: str, page: str, *words: str) -> list[Table]:
    """Return the tables of a page that have these titles, in their order."""
    text = (ROOT / "docs" / language / f"{page}.md").read_text(encoding="utf-8")
    titles = {WORDS[language][word] for word in words}
    return [table for table in tables_of(text) if titles <= {*table.titles}]


@pytest.mark.parametrize("page", ACTIONS)
def test_fields_of_actions(language: str, page: str) -> None:
    """Each table of fields names all fields of its actions."""
    actions = INTEGRATION.actions
    tables = [table for table in find(language, page, "field") if table.names]
    assert len(tables) == len(ACTIONS[page])
    for table, group in zip(tables, ACTIONS[page], strict=True):
        fields = {name for action in group for name, _ in fields_of(actions[action])}
        assert {*table.names} == fields, group
    groups = [group for groups in ACTIONS.values() for group in groups]
    assert {*actions} - {action for group in groups for action in group} == WITHOUT_TABLE


@pytest.mark.freeze_time(tick=True)
async def test_keys_of_responses(
    hass: HomeAssistant,
    account: MockConfigEntry,
    simulator: Simulator,
    freezer: FrozenDateTimeFactory,
    language: str,
) -> None:
    """Each table of keys names all keys of its response, and those of the lists in it."""
    called = await place_call(hass, wait_for_outcome=True, timeout=1)
    await pass_time(hass, freezer, 2)
    await end_call(hass)
    sent = await perform(hass, "send_sms", {"destination": "Maria", "message": "x"})
    simulator.recordings.append(Recording("554130600300", "5541999990000", ""))
    listed = await perform(hass, "list_recordings", {})
    await perform(hass, "raise_alert", {"name": "Smoke"})
    await settle()
    raised = await perform(hass, "raise_alert", {"name": "Smoke"})
    over = await perform(hass, "cancel_alert", {"name": "Smoke"})
    explanations: dict[str, str] = {}
    for page, responses in {
        "alerts": [over, raised],
        "calls": [called],
        "messages": [sent],
        "recordings": [listed],
    }.items():
        tables = find(language, page, "key")
        assert len(tables) == len(responses)
        for table, response in zip(tables, responses, strict=True):
            assert {*table.names} == {*response}, page
        explanations |= {row[0]: row[1] for table in tables for row in table.rows}
    for key, item in (("recordings", listed["recordings"][0]), ("told", raised["told"][0])):
        named = {*re.findall(r"`(\w+)`", explanations[f"`{key}`"])}
        assert named - {"true", "false", "null"} == {*item}


def test_states_are_called_as_in_the_ui(language: str) -> None:
    """The tables have each state, status, event and trigger, with its name in the UI."""
    texts = INTEGRATION.texts[language]
    sensors, event = texts["entity"]["sensor"], texts["entity"]["event"]["alert"]
    expected = [
        sensors["last_call"]["state"],
        sensors["alert_status"]["state"],
        event["state_attributes"]["event_type"]["state"],
        {key: trigger["name"] for key, trigger in texts["triggers"].items()},
    ]
    tables = find(language, "calls", "shown") + find(language, "entities", "shown")
    assert len(tables) == len(expected)
    for table, names in zip(tables, expected, strict=True):
        shown = ", ".join(row[1] for row in table.rows).split(", ")
        assert dict(zip(table.names, shown, strict=False)) == names


def test_entities(language: str) -> None:
    """The tables have the name of each entity."""
    names = [
        entity["name"]
        for platform in INTEGRATION.texts[language]["entity"].values()
        for entity in platform.values()
    ]
    cells = [
        cell for table in find(language, "entities", "entity", "is") for cell in table.first_column
    ]
    assert Counter(cell.partition(" (")[0] for cell in cells) == Counter(names)


async def test_forms(hass: HomeAssistant, account: MockConfigEntry, language: str) -> None:
    """The tables have the name of each field of a form, and its default."""
    texts = INTEGRATION.texts[language]
    form = await hass.config_entries.subentries.async_init(
        (account.entry_id, SUBENTRY_ALERT), context={"source": SOURCE_USER}
    )
    options = await hass.config_entries.options.async_init(account.entry_id)
    forms = [
        defaults_of(texts["config"]["step"]["user"], {}),
        defaults_of(texts["options"]["step"]["init"], suggestions(options["data_schema"])),
        defaults_of(
            texts["config_subentries"]["alert"]["step"]["user"], suggestions(form["data_schema"])
        ),
    ]
    tables = [
        *find(language, "before-you-begin", "field"),
        *find(language, "before-you-begin", "option"),
        *(table for table in find(language, "alerts", "field") if not table.names),
    ]
    assert len(tables) == len(forms)
    for table, defaults in zip(tables, forms, strict=True):
        assert {*table.first_column} == {*defaults}
        for name, *_, cell in table.rows:
            assert is_default(cell, defaults[name], language), (name, cell, defaults[name])


def defaults_of(form: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """Return what a form shows in its fields, by their names."""
    return {name: values.get(key) for key, name in form["data"].items()} | {
        f"{section['name']}: {name}": values.get(key, {}).get(field)
        for key, section in form.get("sections", {}).items()
        for field, name in section["data"].items()
    }


def is_default(cell: str, value: Any, language: str) -> bool:
    """Return whether a cell says a default, as far as it is a switch, a number or a duration."""
    match value:
        case bool():
            return cell.startswith(WORDS[language]["on" if value else "off"])
        case int():
            return cell == str(value)
        case dict():
            return re.findall(r"\d+", cell) == [str(number) for number in value.values() if number]
    return True


@pytest.mark.parametrize("title", ["error", "form"])
def test_errors(language: str, title: str) -> None:
    """The tables quote each error, and none that there is not."""
    texts = INTEGRATION.texts[language]
    # What a form says of a number is what an action says of it. The unexpected has no explanation.
    not_quoted = {*NumberProblem, "unknown"}
    forms = (texts["config"], texts["options"], *texts["config_subentries"].values())
    shown = {
        text.replace("{other}", "")
        for flow in forms
        for key, text in flow["error"].items()
        if key not in not_quoted
    }
    errors = {
        "error": {text["message"] for text in texts["exceptions"].values()},
        "form": shown | {texts["config"]["abort"]["already_configured"]},
    }[title]
    quotes = {
        cell: quoted(cell)
        for table in find(language, "troubleshooting", title)
        for cell in table.first_column
    }
    unexplained = {
        error for error in errors if not any(q.fullmatch(error) for q in quotes.values())
    }
    unknown = {cell for cell, quote in quotes.items() if not any(map(quote.fullmatch, errors))}
    assert unexplained == set()
    assert unknown == set()
    assert len(quotes) == len(errors), "Two rows are about one error, or one row about two"


def quoted(cell: str) -> re.Pattern[str]:
    """Return a pattern for an error that is quoted with omissions."""
    return re.compile(".*".join(re.escape(part) for part in re.split(r"\s*…\s*", cell)))
