"""The validator: quiet about the integration as it is, and loud about each fault."""

from pathlib import Path
import shutil

from PIL import Image
import pytest

from scripts.validate import find_problems

INTEGRATION = Path(__file__).parent.parent / "custom_components" / "directcall"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a copy of the integration that may be broken."""
    return shutil.copytree(
        INTEGRATION, tmp_path / "directcall", ignore=shutil.ignore_patterns("__pycache__")
    )


def test_integration_is_valid(copy: Path) -> None:
    """There is nothing to say about the integration."""
    assert list(find_problems(copy)) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "problem"),
    [
        # The manifest
        ("manifest.json", '"directcall",', '"direktcall",', "the domain is not the folder's name"),
        (
            "manifest.json",
            '"config_flow": true,\n  "connec',
            '"connec',
            "required key not provided",
        ),
        ("manifest.json", '"name"', '"iot_clas": "?",\n  "name"', "did you mean 'iot_class'"),
        ("manifest.json", '"service"', '"servize"', "integration_type"),
        ("manifest.json", "cloud_polling", "cloud_pulling", "iot_class"),
        ("manifest.json", "==9", ">=9", "requirements"),
        ("manifest.json", '"@dir', '"dir', "codeowners"),
        ("manifest.json", '"0.1.0"', '"one"', "version"),
        ("manifest.json", "https://github.com/directcall-ha/directcall/", "http://x.org/", "https"),
        ("manifest.json", "github.com", "www.home-assistant.io", "documentation"),
        ("manifest.json", '"config_flow": true', '"config_flow": false', "config_flow.py"),
        ("manifest.json", '"issue_tracker"', '"z"', "issue_tracker"),
        ("manifest.json", '"ffmpeg", ', "", "ffmpeg, which audio imports, is no dependency"),
        (
            "diagnostics.py",
            "import phonenumbers",
            "import homeassistant.components.recorder",
            "recorder, which diagnostics imports",
        ),
        (
            "api/models.py",
            "from typing import",
            "from homeassistant.components.zone import x\nfrom typing import",
            "zone, which api.models imports",
        ),
        (
            "diagnostics.py",
            "import phonenumbers",
            "from homeassistant.components import system_health",
            "system_health, which diagnostics imports",
        ),
        # The actions
        ("services.yaml", "text:", "txt:", "services.yaml"),
        ("services.yaml", "required: true", "requird: true", "services.yaml"),
        ("services.yaml", "        ring_destination_first:", "        origin:", "origin twice"),
        ("services.yaml", "boolean:", "boolean:\n              x: 1", "services.yaml"),
        ("services.yaml", "place_call:", "place_cal:", "place_cal is described and not registered"),
        (
            "services.yaml",
            "          selector:\n            boolean:",
            "          selector:\n            select: {options: [a], translation_key: way}",
            "selector.way is used and has no text",
        ),
        # The icons
        ("icons.json", "mdi:phone-check", "mdi:phone-czech", "there is no mdi:phone-czech"),
        ("icons.json", "mdi:phone-check", "fa:phone", "does not match"),
        ("icons.json", "token_expires", "token_ends", "token_ends has an icon and no name"),
        (
            "icons.json",
            "call_options",
            "call_choices",
            "call_choices has an icon and is no section",
        ),
        ("icons.json", "place_call", "place_cal", "place_cal has an icon and is no action"),
        # The texts
        ("translations/pt-BR.json", '"name": "Conta"', '"name": "<b>Conta</b>"', "HTML"),
        ("translations/pt-BR.json", '"name": "Conta"', '"name": "Conta "', "blanks"),
        ("translations/pt-BR.json", '"name": "Conta"', '"name": ""', "empty"),
        ("translations/pt-BR.json", '"name": "Conta"', '"name": "www.example.com"', "URL"),
        ("translations/pt-BR.json", '"name": "Conta"', '"name": "https://a"', "URL"),
        (
            "translations/pt-BR.json",
            '"name": "Conta"',
            '"name": "Conta {"',
            "encountered in format",
        ),
        ("translations/pt-BR.json", '"name": "Conta"', '"name": "Conta {0}"', "need names"),
        ("translations/pt-BR.json", "(código {code})", "({code})'{message}'", "single quotes"),
        ("translations/pt-BR.json", " (código {code})", "", "other placeholders"),
        ("translations/pt-BR.json", '"connection": {', '"conexao": {', "not in every language"),
        ("translations/en.json", '"data_description"', '"data_descriptions"', "did you mean"),
        ("translations/en.json", '"record": "Record calls",', "", "not of the same fields"),
        # What the code uses
        ("contacts.py", '"same_number"', '"same"', "exceptions.same is used and has no text"),
        ("contacts.py", '"same_number"', '"same"', "nobody uses exceptions.same_number.message"),
        ("contacts.py", "=err.problem", "=err.riddle", "cannot tell which text"),
        ("config_flow.py", '"contact_changed"', '"x"', "config_subentries.contact.abort.x is used"),
        ("config_flow.py", '"name_in_use"', '"x"', "config_subentries.contact.error.x is used"),
        ("const.py", '"contact"', '"person"', "config_subentries.person.entry_type is used"),
        ("translations/en.json", '"entry_type": "Contact",', "", "entry_type"),
        ("notify.py", 'translation_key="sms"', 'translation_key="x"', "entity.notify.x is used"),
        ("api/errors.py", '"short_number"', '"shorts"', "config.error.shorts is used"),
        ("coordinator.py", '"no_credit" if', '"broke" if', "exceptions.broke is used"),
        ("config_flow.py", '_Failure("invalid_auth")', '_Failure("no")', "config.error.no is used"),
        ("config_flow.py", '{"base": failure.error}', '{"base": "x"}', "config.error.x is used"),
        ("config_flow.py", '"invalid_url"\n', '"url"\n', "config.error.url is used"),
        ("config_flow.py", '"reauth_successful"', '"done"', "config.abort.done is used"),
        ("config_flow.py", 'step_id="user"', 'step_id="person"', "config.step.person is used"),
        ("config_flow.py", '"reauth_confirm", R', '"reauth", R', "config.step.reauth is used"),
        ("config_flow.py", 'step_id="init"', 'step_id="start"', "options.step.start is used"),
        ("const.py", '"record"', '"rec"', "rec is in a form and has no text"),
        ("credit.py", '"no_credit_sms"', '"x"', "issues.x is used and has no text"),
        ("event.py", 'translation_key="call"', 'translation_key="x"', "entity.event.x is used"),
        ("button.py", 'translation_key="hang_up"', 'translation_key="x"', "entity.button.x"),
        ("calls.py", '"no_active_call"', '"x"', "exceptions.x is used and has no text"),
        ("sensor.py", 'translation_key="token_expires"', 'translation_key="x"', "entity.sensor.x"),
        ("system_health.py", '"accounts":', '"homes":', "system_health.info.homes is used"),
    ],
)
def test_faults_are_found(copy: Path, file: str, old: str, new: str, problem: str) -> None:
    """Each fault is told, with what it is."""
    content = (copy / file).read_text(encoding="utf-8")
    assert old in content
    (copy / file).write_text(content.replace(old, new), encoding="utf-8")
    assert [p for p in find_problems(copy) if problem in p]


def test_files_that_cannot_be_read_are_named(copy: Path) -> None:
    """A comma too many is told with the file that it is in."""
    (copy / "icons.json").write_text("{,}")
    with pytest.raises(ValueError, match=r"icons\.json: Expecting property name"):
        list(find_problems(copy))


@pytest.mark.parametrize(
    ("name", "size", "problem"),
    [
        ("icon.png", (128, 128), "128 x 128 pixels instead of 256 x 256"),
        ("dark_icon@2x.png", (256, 256), "256 x 256 pixels instead of 512 x 512"),
        ("logo.png", (300, 60), "too many or too few"),
        ("banner.png", (256, 256), "knows no image of that name"),
    ],
)
def test_odd_images_are_found(copy: Path, name: str, size: tuple[int, int], problem: str) -> None:
    """An image that Home Assistant would not show well is told."""
    Image.new("RGBA", size).save(copy / "brand" / name)
    [found] = find_problems(copy)
    assert name in found
    assert problem in found


def test_missing_and_opaque_images_are_found(copy: Path) -> None:
    """An image that is not there is told, and one that hides the page behind it."""
    (copy / "brand" / "logo.png").unlink()
    Image.new("RGB", (256, 256)).save(copy / "brand" / "icon.png")
    assert sorted(find_problems(copy)) == [
        "brand/icon.png: not a PNG with transparency",
        "brand/logo.png: missing",
    ]
