"""The validator: quiet about the integration as it is, and loud about each fault."""

import json
from pathlib import Path
import re
import shutil

import pytest

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import load_yaml_dict

from custom_components.directcall.const import DOMAIN
from custom_components.directcall.trigger import async_get_triggers
from scripts.validate import find_problems

INTEGRATION = Path(__file__).parent.parent / "custom_components" / DOMAIN


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a copy of the integration that may be broken."""
    return shutil.copytree(
        INTEGRATION, tmp_path / "directcall", ignore=shutil.ignore_patterns("__pycache__")
    )


def replace(folder: Path, old: str, new: str, *files: str) -> None:
    """Replace a text in the files that have it: of those named, or of all modules."""
    paths = [folder / file for file in files] or list(folder.rglob("*.py"))
    changed = [path for path in paths if old in path.read_text(encoding="utf-8")]
    assert changed
    for path in changed:
        content = path.read_text(encoding="utf-8").replace(old, new)
        path.write_text(content, encoding="utf-8")


def test_integration_is_valid(copy: Path) -> None:
    """The integration has no problems."""
    assert list(find_problems(copy)) == []


async def test_every_action_is_described(hass: HomeAssistant) -> None:
    """The actions that are registered are those of services.yaml."""
    assert await async_setup_component(hass, DOMAIN, {})
    described = load_yaml_dict(str(INTEGRATION / "services.yaml"))
    assert hass.services.async_services_for_domain(DOMAIN).keys() == described.keys()


async def test_every_trigger_is_described(hass: HomeAssistant) -> None:
    """The triggers are those of triggers.yaml."""
    described = load_yaml_dict(str(INTEGRATION / "triggers.yaml"))
    assert (await async_get_triggers(hass)).keys() == described.keys()


@pytest.mark.parametrize(
    ("file", "old", "new", "problem"),
    [
        ("manifest.json", '"ffmpeg", ', "", "ffmpeg, which audio imports, is not a dependency"),
        (
            "diagnostics.py",
            "import phonenumbers",
            "import homeassistant.components.recorder",
            "recorder, which diagnostics imports",
        ),
        (
            "diagnostics.py",
            "import phonenumbers",
            "from homeassistant.components import system_health",
            "system_health, which diagnostics imports",
        ),
        (
            "api/models.py",
            "from typing import",
            "from homeassistant.components.zone import x\nfrom typing import",
            "zone, which api.models imports",
        ),
        ("services.yaml", "place_call:", "place_cal:", "services.place_cal.name is used"),
        ("services.yaml", "place_call:", "place_cal:", "services.place_call.name is not used"),
        ("services.yaml", "        timeout:", "        time:", "fields.time is used and has no"),
        (
            "services.yaml",
            "          selector:\n            duration:",
            "          selector:\n            select: {options: [a], translation_key: way}",
            "selector.way is used and has no text",
        ),
        ("icons.json", "mdi:phone-check", "mdi:phone-czech", "there is no mdi:phone-czech"),
        ("icons.json", "token_expires", "token_ends", "entity.sensor.token_ends is not used"),
        ("icons.json", "call_options", "call_choices", "place_call and its sections are not"),
        ("icons.json", "place_call", "place_cal", "place_cal and its sections are not"),
        ("triggers.yaml", "call_ended:", "call_end:", "triggers.call_end.name is used and has no"),
        ("triggers.yaml", "call_ended:", "call_end:", "triggers.call_ended.name is not used"),
        ("triggers.yaml", "call_ended:", "call_end:", "call_end is not a trigger in triggers.yaml"),
        ("icons.json", "recording_ready", "ready", "ready is not a trigger in triggers.yaml"),
    ],
)
def test_fault_in_a_file_is_found(copy: Path, file: str, old: str, new: str, problem: str) -> None:
    """A fault in the manifest, the imports, the actions or the icons is reported."""
    replace(copy, old, new, file)
    assert [p for p in find_problems(copy) if problem in p]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('"Conta"', '"<b>Conta</b>"', "not fit to be shown"),
        ('"Conta"', '"Conta "', "not fit to be shown"),
        ('"Conta"', '""', "empty"),
        ('"Conta"', '"www.example.com"', "not fit to be shown"),
        ('"Conta"', '"https://a"', "not fit to be shown"),
        ('"Conta"', '"Conta {"', "encountered in format"),
        ('"Conta"', '"Conta {0}"', "other placeholders"),
        ("(código {code})", "({code})'{message}'", "not fit to be shown"),
        (" (código {code})", "", "other placeholders"),
        ('"connection": {', '"conexao": {', "not in every language"),
    ],
)
def test_fault_in_a_language_is_found(copy: Path, old: str, new: str, problem: str) -> None:
    """A text that another language has not, or has with other placeholders, is reported."""
    replace(copy, old, new, "translations/pt-BR.json")
    assert [p for p in find_problems(copy) if problem in p]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        # Exceptions and issues
        ('"same_number"', '"same"', "exceptions.same is used and has no text"),
        ('"same_number"', '"same"', "exceptions.same_number.message is not used"),
        ('"no_active_call"', '"x"', "exceptions.x is used and has no text"),
        ('"contact_refused" if', '"broke" if', "exceptions.broke is used"),
        ("=err.problem", "=err.unknown", "cannot tell which text"),
        ('"short_number"', '"shorts"', "exceptions.shorts is used"),
        ('"no_credit_sms"', '"x"', "issues.x is used and has no text"),
        # Entities and system health
        ('translation_key="call"', 'translation_key="x"', "entity.event.x is used"),
        ('translation_key="hang_up"', 'translation_key="x"', "entity.button.x is used"),
        ('translation_key="sms"', 'translation_key="x"', "entity.notify.x is used"),
        ('translation_key="token_expires"', 'translation_key="x"', "entity.sensor.x is used"),
        ('"accounts":', '"homes":', "system_health.info.homes is used"),
        # Flows, each with its own texts
        ('"contact_changed"', '"x"', "config_subentries.contact.abort.x is used"),
        ('"name_in_use"', '"x"', "config_subentries.contact.error.x is used"),
        ('"short_number"', '"shorts"', "config.error.shorts is used"),
        ('"short_number"', '"shorts"', "config_subentries.contact.error.shorts is used"),
        (
            'SUBENTRY_CONTACT: Final = "contact"',
            'SUBENTRY_CONTACT: Final = "person"',
            "person.entry_type is used",
        ),
        ('_Failure("invalid_auth")', '_Failure("no")', "config.error.no is used"),
        ('{"base": failure.error}', '{"base": "x"}', "config.error.x is used"),
        ('_Failure("invalid_url")', '_Failure("url")', "config.error.url is used"),
        ('"reauth_successful"', '"done"', "config.abort.done is used"),
        (
            "_abort_if_unique_id_configured",
            "_nothing",
            "config.abort.already_configured is not used",
        ),
        ('step_id="user"', 'step_id="person"', "config.step.person is used"),
        ('step_id="first"', 'step_id="person"', "config_subentries.alert.step.person is used"),
        ('"user", _', '"person", _', "config_subentries.alert.step.person is used"),
        ('(CONF_HOW, "no_channel")', '(CONF_HOW, "x")', "config_subentries.alert.error.x is used"),
        # Errors that another flow shows, too
        ('"name_in_use"', '"x"', "config_subentries.alert.error.x is used"),
        ('"number_in_use"', '"x"', "config_subentries.alert.error.x is used"),
        ('translation_key="channel"', 'translation_key="x"', "selector.x is used"),
        ('(self._hass, "recordings")', '(self._hass, "x")', "common.x is used and has no text"),
        ('"reauth_confirm", R', '"reauth", R', "config.step.reauth is used"),
        ('step_id="init"', 'step_id="start"', "options.step.start is used"),
        ("async_step_reconfigure", "async_step_x", "contact.initiate_flow.reconfigure is not used"),
        # Fields of forms
        (
            'CONF_RECORD: Final = "record"',
            'CONF_RECORD: Final = "rec"',
            "options.step.init.data.rec is in the form",
        ),
        (
            'CONF_ADVANCED: Final = "advanced"',
            'CONF_ADVANCED: Final = "more"',
            "user.sections.more.data.url is in",
        ),
    ],
)
def test_text_that_the_code_uses_is_missed(copy: Path, old: str, new: str, problem: str) -> None:
    """A text that the code uses is reported if it is missing, and a text that it does not use."""
    replace(copy, old, new)
    assert [p for p in find_problems(copy) if problem in p]


@pytest.mark.parametrize("kind", ["data", "data_description"])
@pytest.mark.parametrize(
    ("form", "label"),
    [
        ("config.step.user", "client_secret"),
        ("config.step.user.sections.advanced", "url"),
        ("config.step.reauth_confirm", "client_secret"),
        ("config.step.reconfigure", "client_secret"),
        ("config.step.reconfigure", "url"),
        ("config_subentries.contact.step.user", "name"),
        ("config_subentries.contact.step.reconfigure", "name"),
        ("config_subentries.alert.step.first", "number"),
        ("config_subentries.alert.step.user", "message"),
        ("config_subentries.alert.step.user.sections.how", "rounds"),
        ("config_subentries.alert.step.reconfigure.sections.delivery", "keep_trying"),
        ("options.step.init", "origin"),
    ],
)
def test_label_is_missed_in_one_form(copy: Path, form: str, label: str, kind: str) -> None:
    """A label is reported as missing although another form has that field, too."""
    for file in copy.glob("translations/*.json"):
        texts = json.loads(file.read_text(encoding="utf-8"))
        step = texts
        for part in form.split("."):
            step = step[part]
        del step[kind][label]
        file.write_text(json.dumps(texts), encoding="utf-8")
    step_path, _, section = form.partition(".sections.")
    path = f"sections.{section}.{kind}.{label}" if section else f"{kind}.{label}"
    expected = f"translations: {step_path}.{path} is in the form and has no text"
    assert list(find_problems(copy)) == [expected]


def test_label_of_no_field_is_found(copy: Path) -> None:
    """A label is reported if its field is in another form alone."""
    for file in copy.glob("translations/*.json"):
        texts = json.loads(file.read_text(encoding="utf-8"))
        texts["config"]["step"]["reauth_confirm"]["data"]["url"] = "Address"
        file.write_text(json.dumps(texts), encoding="utf-8")
    expected = "translations: config.step.reauth_confirm.data.url is not in the form"
    assert list(find_problems(copy)) == [expected]


def test_key_that_a_function_hands_on_is_found(copy: Path) -> None:
    """The key of a text is found where it is given to a function that makes the error."""
    module = copy / "errors_of_the_future" / "made.py"
    module.parent.mkdir()
    module.write_text(
        "def make(key: str) -> HomeAssistantError:\n"
        "    return HomeAssistantError(translation_domain=DOMAIN, translation_key=key)\n"
        "TEXTS = {A: 'from_a_table'}\n"
        "def raise_them():\n"
        "    raise make('handed_on')\n"
        "    raise make(key=TEXTS[type(err)])\n"
    )
    problems = [p for p in find_problems(copy) if re.search("handed_on|from_a_table", p)]
    assert problems == [
        "translations: exceptions.from_a_table is used and has no text",
        "translations: exceptions.handed_on is used and has no text",
    ]


def test_files_that_cannot_be_read_are_named(copy: Path) -> None:
    """A comma too many is reported with the file that it is in."""
    (copy / "icons.json").write_text("{,}")
    with pytest.raises(HomeAssistantError, match=r"icons\.json: unexpected character"):
        list(find_problems(copy))
