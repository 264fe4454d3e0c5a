"""Repository: what has to agree between its files."""

import io
import json
from pathlib import Path
import re
import tomllib
from typing import Any

from PIL import Image, ImageChops, ImageStat
import pytest

from homeassistant import requirements
import homeassistant.const
from homeassistant.util.yaml import load_yaml_dict

from scripts.brand import IMAGES, draw
from tests.common import ROOT

MANIFEST = json.loads((ROOT / "custom_components" / "directcall" / "manifest.json").read_text())
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
GROUPS = PROJECT["dependency-groups"]


def read(name: str) -> str:
    """Return the text of a file."""
    return (ROOT / name).read_text(encoding="utf-8")


def pins_of(group: str) -> set[str]:
    """Return what a dependency group pins, with the groups that it includes."""
    pins = {pin for pin in GROUPS[group] if isinstance(pin, str)}
    included = [entry["include-group"] for entry in GROUPS[group] if isinstance(entry, dict)]
    return pins.union(*map(pins_of, included))


def test_pins_agree() -> None:
    """The pins agree with the manifest and with Home Assistant."""
    (pins,) = [
        pins
        for pins in map(pins_of, ("dev", "floor"))
        if f"homeassistant=={homeassistant.const.__version__}" in pins
    ]
    assert set(MANIFEST["requirements"]) <= pins
    constraints = Path(requirements.__file__).with_name("package_constraints.txt").read_text()
    asked_for = ("ha-ffmpeg==", "home-assistant-frontend==", "mutagen==")
    asked = [pin for pin in pins if pin.startswith(asked_for)]
    assert len(asked) == len(asked_for)
    assert set(asked) <= set(constraints.splitlines())


def test_floor_is_tried() -> None:
    """The oldest Home Assistant that may install the integration is the oldest that is tried."""
    oldest = json.loads(read("hacs.json"))["homeassistant"]
    assert f"homeassistant=={oldest}" in pins_of("floor")


def test_versions_agree() -> None:
    """The manifest's version is the project's."""
    assert MANIFEST["version"] == PROJECT["project"]["version"]


@pytest.mark.parametrize(("name", "png"), draw(), ids=lambda value: value[:20])
def test_images_are_drawn_from_their_sources(name: str, png: bytes) -> None:
    """The images are those that scripts/brand draws, but for what another machine rounds."""
    with Image.open(IMAGES / name) as shipped, Image.open(io.BytesIO(png)) as drawn:
        difference = ImageChops.difference(shipped.convert("RGBA"), drawn.convert("RGBA"))
        assert shipped.size == drawn.size
        assert max(most for _, most in ImageStat.Stat(difference).extrema) < 8


def test_every_image_is_drawn() -> None:
    """No image is there that the script does not draw."""
    assert {file.name for file in IMAGES.iterdir()} == {name for name, _ in draw()}


def test_claims_name_real_tests() -> None:
    """Each test that SECURITY.md and CONTRIBUTING.md name is there."""
    claims = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", read("SECURITY.md"))
    assert len(claims) > 10
    for file, test in claims:
        assert re.search(rf"^(?:async )?def {test}\(", read(file), re.MULTILINE), test


def test_repository_has_one_address() -> None:
    """The address of the repository is the same in all files."""
    address = MANIFEST["documentation"].removesuffix("#readme")
    owner, repository = address.split("/")[-2:]
    assert MANIFEST["issue_tracker"] == f"{address}/issues"
    assert MANIFEST["codeowners"] == [f"@{owner}"]
    assert read(".github/CODEOWNERS").split() == ["*", f"@{owner}"]
    for name in ("README.md", "LEIAME.md", "CHANGELOG.md", "SECURITY.md"):
        text = read(name)
        assert set(re.findall(r"https://github\.com/[\w-]+/[\w-]+", text)) == {address}
        assert set(re.findall(r"owner=([\w-]+)&repository=([\w-]+)", text)) <= {(owner, repository)}


def test_hacs_finds_the_zip_that_a_release_has() -> None:
    """The file that hacs.json names is the one that the workflow attaches."""
    hacs = json.loads(read("hacs.json"))
    workflow: dict[str, Any] = load_yaml_dict(str(ROOT / ".github" / "workflows" / "release.yml"))
    commands = [step.get("run", "") for step in workflow["jobs"]["zip"]["steps"]]
    assert f'gh release upload --clobber "$TAG" dist/{hacs["filename"]}' in commands
