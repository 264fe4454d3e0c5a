"""Files of the blueprints: both languages, their inputs, and their import."""

from collections.abc import Iterator
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.test_util.aiohttp import AiohttpClientMocker

from homeassistant.components.automation.helpers import async_get_blueprints
from homeassistant.components.blueprint import Blueprint
from homeassistant.components.blueprint.importer import fetch_blueprint_from_url
from homeassistant.components.blueprint.schemas import BLUEPRINT_SCHEMA
from homeassistant.core import HomeAssistant
from homeassistant.util.yaml import parse_yaml

from tests.blueprints.common import BLUEPRINTS, FILES, KINDS, load
from tests.common import ROOT
from tests.docs.common import read

ALL = [path for files in FILES.values() for path in files.values()]
AUTOMATIONS = BLUEPRINTS / "automation"
REQUIRED: dict[str, set[str]] = {
    "alert": {"triggers", "alert"},
    "voice": set(),
}
# What people named themselves.
NAMES = (
    "{{ device_name(alert) | default('Directcall', true) }}",
    "{{ trigger.to_state.attributes.message | default('', true) }}",
)
# What is there to be read: it differs with the language.
READ = (
    "name",
    "description",
    "alias",
    "title",
    "message",
    "stop",
    "set_conversation_response",
)


def texts(value: Any, key: str = "") -> Iterator[str]:
    """Yield what there is to read in a blueprint."""
    match value:
        case str() if key in READ:
            yield value
        case dict():
            for name, item in value.items():
                yield from texts(item, name)
        case list():
            for item in value:
                yield from texts(item)


def without_texts(value: Any) -> Any:
    """Return a blueprint without what there is to read in it."""
    match value:
        case dict():
            return {
                name: without_texts(item)
                for name, item in value.items()
                if not (isinstance(item, str) and name in (*READ, "source_url"))
            }
        case list():
            return [without_texts(item) for item in value]
    return value


def test_every_file_is_tested() -> None:
    """No blueprint is there but those that are tested here."""
    files = {file for file in BLUEPRINTS.rglob("*") if file.is_file()}
    assert files == {AUTOMATIONS / path for path in ALL}


@pytest.mark.parametrize("kind", KINDS)
def test_both_languages_do_the_same(kind: str) -> None:
    """The two languages differ in all texts for people, and in nothing else."""
    english, portuguese = (load(files[kind]) for files in FILES.values())
    # What people say to it differs, too.
    said = [each["blueprint"]["input"].pop("sentences", {}) for each in (english, portuguese)]
    assert said[0].keys() == said[1].keys()
    assert without_texts(english) == without_texts(portuguese)
    pairs = list(zip(texts(english), texts(portuguese), strict=True))
    assert len(pairs) > 10
    # The variables that hold a text are equal, and nothing else.
    equal = {one for one, other in pairs if one == other}
    assert equal <= {"", "{{ title }}", "{{ message }}", *NAMES}


@pytest.mark.parametrize("kind", KINDS)
def test_every_input_is_explained(language: str, kind: str) -> None:
    """Each input has a name and a selector, and what can be left out has a default."""
    content = load(FILES[language][kind])
    blueprint = Blueprint(content, expected_domain="automation", schema=BLUEPRINT_SCHEMA)
    assert {k for k, v in blueprint.inputs.items() if "default" not in v} == REQUIRED[kind]
    assert all(v["name"] and v["selector"] for v in blueprint.inputs.values())
    for section in blueprint.metadata["input"].values():
        assert "selector" in section or section["collapsed"]


@pytest.mark.parametrize("path", ALL)
async def test_imports(hass: HomeAssistant, aioclient_mock: AiohttpClientMocker, path: str) -> None:
    """Home Assistant imports each blueprint from the address in the file, and can save it."""
    text = (AUTOMATIONS / path).read_text(encoding="utf-8")
    manifest = json.loads((ROOT / "custom_components/directcall/manifest.json").read_text())
    repository = manifest["documentation"].removesuffix("#readme")
    url = load(path)["blueprint"]["source_url"]
    assert url == f"{repository}/blob/main/blueprints/automation/{path}"

    owner = repository.removeprefix("https://github.com/")
    raw = f"https://raw.githubusercontent.com/{owner}/main/blueprints/automation/{path}"
    aioclient_mock.get(raw, text=text)
    imported = await fetch_blueprint_from_url(hass, url)
    assert imported.suggested_filename == f"directcall-ha/{Path(path).stem}"
    assert imported.blueprint.domain == "automation"
    assert imported.blueprint.validate() is None
    assert parse_yaml(imported.blueprint.yaml()) == imported.blueprint.data


@pytest.mark.parametrize("path", ALL)
def test_metadata(path: str) -> None:
    """Each asks for the Home Assistant that the integration asks for, and is ours."""
    metadata = load(path)["blueprint"]
    hacs = json.loads((ROOT / "hacs.json").read_text(encoding="utf-8"))
    assert metadata["homeassistant"]["min_version"] == hacs["homeassistant"]
    assert metadata["author"] == "directcall-ha"
    assert metadata["domain"] == "automation"


def test_documents_link_to_the_blueprints(language: str) -> None:
    """The documents have the links that import the blueprints of their language."""
    text = read(language)
    for path in FILES[language].values():
        metadata = load(path)["blueprint"]
        assert f"blueprint_url={quote(metadata['source_url'], safe='')})" in text
        assert f"**{metadata['name']}**" in text


async def test_home_assistant_loads_them(hass: HomeAssistant, account: MockConfigEntry) -> None:
    """Home Assistant finds all of them, and nothing is wrong with any."""
    loaded = await async_get_blueprints(hass).async_get_blueprints()
    assert set(loaded) == set(ALL)
    assert all(isinstance(blueprint, Blueprint) for blueprint in loaded.values())
