"""Texts as Home Assistant shows them. scripts/validate checks the files."""

import json
import re
from typing import Any

import pytest

from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations, recursive_flatten
from homeassistant.util.yaml import load_yaml_dict

from custom_components.directcall.const import DOMAIN
from custom_components.directcall.event import ALERT, CALL, RECORDING_READY
from custom_components.directcall.sensor import ALERT_STATUS, LAST_CALL
from custom_components.directcall.services import (
    ACKNOWLEDGE_ALERT_FIELDS,
    CANCEL_ALERT_FIELDS,
    END_CALL_FIELDS,
    LIST_RECORDINGS_FIELDS,
    MESSAGE_FIELDS,
    PLACE_CALL_FIELDS,
    RAISE_ALERT_FIELDS,
    SEND_SMS_FIELDS,
    SEND_VOICE_MESSAGE_FIELDS,
)
from scripts.validate.integration import fields_of
from tests.common import ROOT

INTEGRATION = ROOT / "custom_components" / DOMAIN
# Keys of texts that Home Assistant shows as Markdown.
MARKDOWN = re.compile(
    r"^(config|config_subentries|options)\..*(abort|create_entry|data_description|step\.\w+\.description)\b"
    r"|^issues\.\w+\.description"
)


def load(language: str) -> dict[str, Any]:
    """Return the texts of a language."""
    texts: dict[str, Any] = json.loads(
        (INTEGRATION / "translations" / f"{language}.json").read_text(encoding="utf-8")
    )
    return texts


@pytest.mark.parametrize("language", ["en", "pt-BR"])
async def test_home_assistant_shows_every_text(hass: HomeAssistant, language: str) -> None:
    """No text falls back to English, or to nothing."""
    for category, texts in load(language).items():
        shown = await async_get_translations(hass, language, category, {DOMAIN})
        assert shown == recursive_flatten(f"component.{DOMAIN}.{category}.", texts)


@pytest.mark.parametrize("language", ["en", "pt-BR"])
def test_markdown_is_shown_as_such(language: str) -> None:
    """Errors, and descriptions of sections, actions and triggers, are shown as they are written."""
    texts = recursive_flatten("", load(language))
    assert [key for key, text in texts.items() if "*" in text and not MARKDOWN.search(key)] == []


@pytest.mark.parametrize(
    ("action", "fields"),
    [
        ("acknowledge_alert", ACKNOWLEDGE_ALERT_FIELDS),
        ("cancel_alert", CANCEL_ALERT_FIELDS),
        ("cancel_message", MESSAGE_FIELDS),
        ("end_call", END_CALL_FIELDS),
        ("get_message_status", MESSAGE_FIELDS),
        ("list_recordings", LIST_RECORDINGS_FIELDS),
        ("place_call", PLACE_CALL_FIELDS),
        ("raise_alert", RAISE_ALERT_FIELDS),
        ("send_sms", SEND_SMS_FIELDS),
        ("send_voice_message", SEND_VOICE_MESSAGE_FIELDS),
    ],
)
def test_action_takes_the_fields_of_its_form(action: str, fields: frozenset[str]) -> None:
    """The form of an action has exactly the fields that the action accepts."""
    assert {field for field, _ in fields_of(described(action))} == fields


@pytest.mark.parametrize("language", ["en", "pt-BR"])
def test_every_state_of_a_call_has_a_text(language: str) -> None:
    """Each state of a call has one text, the same in all places."""
    entities = load(language)["entity"]
    event_types = entities["event"]["call"]["state_attributes"]["event_type"]["state"]
    assert event_types.keys() == set(CALL.event_types or ())
    del event_types[RECORDING_READY]
    assert event_types.keys() == set(LAST_CALL.options or ())
    assert event_types == entities["sensor"]["last_call"]["state"]


def test_every_state_of_a_call_has_an_icon() -> None:
    """Every state but the unknown one is known by its icon."""
    entities = json.loads((INTEGRATION / "icons.json").read_text("utf-8"))["entity"]
    icons = entities["event"]["call"]["state_attributes"]["event_type"]["state"]
    assert {*icons, "unknown"} == set(CALL.event_types or ())
    del icons[RECORDING_READY]
    assert icons == entities["sensor"]["last_call"]["state"]


@pytest.mark.parametrize("language", ["en", "pt-BR"])
def test_every_state_of_an_alert_has_a_text(language: str) -> None:
    """Each status and event of an alert has a text, and its ends read the same in both."""
    entities = load(language)["entity"]
    events = entities["event"]["alert"]["state_attributes"]["event_type"]["state"]
    statuses = entities["sensor"]["alert_status"]["state"]
    assert events.keys() == set(ALERT.event_types or ())
    assert statuses.keys() == set(ALERT_STATUS.options or ())
    ends = events.keys() & statuses.keys()
    assert ends == {"acknowledged", "unacknowledged", "cancelled"}
    assert {end: events[end] for end in ends} == {end: statuses[end] for end in ends}


def test_every_state_of_an_alert_has_an_icon() -> None:
    """Every status but that of an alert that was never raised is known by its icon."""
    entities = json.loads((INTEGRATION / "icons.json").read_text("utf-8"))["entity"]
    events = entities["event"]["alert"]["state_attributes"]["event_type"]["state"]
    statuses = entities["sensor"]["alert_status"]["state"]
    assert events.keys() == set(ALERT.event_types or ())
    assert {*statuses, "idle"} == set(ALERT_STATUS.options or ())


CALL_WORDS = {
    "en": {
        "placed": "Requested",
        "ringing": "Ringing",
        "answered": "In conversation",
        "ended": "Ended",
        "busy": "Busy or declined",
        "no_answer": "Not answered",
        "origin_no_answer": "Origin did not answer",
        "failed": "Failed",
        "unknown": "Outcome unknown",
        RECORDING_READY: "Recording ready",
    },
    "pt-BR": {
        "placed": "Pedida",
        "ringing": "Chamando",
        "answered": "Em conversa",
        "ended": "Terminou",
        "busy": "Ocupada ou recusada",
        "no_answer": "Não atendida",
        "origin_no_answer": "Origem não atendeu",
        "failed": "Falhou",
        "unknown": "Resultado desconhecido",
        RECORDING_READY: "Gravação disponível",
    },
}


@pytest.mark.parametrize(("language", "words"), CALL_WORDS.items())
def test_words_for_calls(language: str, words: dict[str, str]) -> None:
    """A call that was accepted does not read as if a person had accepted it."""
    attributes = load(language)["entity"]["event"]["call"]["state_attributes"]
    assert attributes["event_type"]["state"] == words


@pytest.mark.parametrize("language", ["en", "pt-BR"])
def test_punctuation_follows_a_letter(language: str) -> None:
    """No blank precedes a full stop. Home Assistant shows one after a name in backticks."""
    texts = recursive_flatten("", load(language))
    assert [path for path, text in texts.items() if re.search(r"[\s`][.,;:]", text)] == []


def add_action(action: str) -> dict[str, Any]:
    """Return the fields that the editor fills in when an action is added."""
    return {
        name: field.get("default", False)
        for name, field in fields_of(described(action))
        if "default" in field or (field.get("required") and "boolean" in field["selector"])
    }


def tick(action: str, name: str) -> Any:
    """Return the value that the editor gives a field that is ticked."""
    field = dict(fields_of(described(action)))[name]
    [(selector, options)] = field["selector"].items()
    initial = options["value"] if selector == "constant" else None
    return field.get("default", False if selector == "boolean" else initial)


def described(action: str) -> dict[str, Any]:
    """Return the description of an action's form."""
    actions: dict[str, dict[str, Any]] = load_yaml_dict(str(INTEGRATION / "services.yaml"))
    return actions[action]


def test_tick_means_yes() -> None:
    """A tick switches an option of a call on, and none is ticked before.

    The editor (`ha-service-control`) fills every default in when an action is added, also that of
    an optional field.
    """
    assert add_action("place_call") == {}
    options = ("wait_for_outcome", "record", "show_caller_id", "ring_destination_first")
    assert [tick("place_call", option) for option in options] == [True] * 4
