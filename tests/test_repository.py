"""Repository: facts that have to agree between its files."""

import ast
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
from tests.common import READMES, ROOT
from tests.docs.common import documents

MANIFEST = json.loads((ROOT / "custom_components" / "directcall" / "manifest.json").read_text())
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
GROUPS = PROJECT["dependency-groups"]
MODULES = sorted((ROOT / "custom_components").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
SCRIPTS = sorted((ROOT / "scripts").rglob("*.py"))
DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
# In those of users, such a name is an entity or an action, such as `script.turn_on`.
OF_USERS = {file for language in READMES for file in documents(language)}
ABOUT_CODE = [file for file in DOCUMENTS if file not in OF_USERS]


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
        for pins in map(pins_of, ("dev", "e2e", "floor"))
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
    """The manifest's version is the project's, and the changelog has its notes."""
    assert MANIFEST["version"] == PROJECT["project"]["version"]
    assert f"## [{MANIFEST['version']}] - " in read("CHANGELOG.md")


@pytest.mark.parametrize(("name", "png"), list(draw()), ids=lambda value: value[:20])
def test_images_are_drawn_from_their_sources(name: str, png: bytes) -> None:
    """The images are those that scripts/brand draws, but for what another machine rounds."""
    with Image.open(IMAGES / name) as shipped, Image.open(io.BytesIO(png)) as drawn:
        difference = ImageChops.difference(shipped.convert("RGBA"), drawn.convert("RGBA"))
        assert shipped.size == drawn.size
        assert max(most for _, most in ImageStat.Stat(difference).extrema) < 8


def test_every_image_is_drawn() -> None:
    """No image is there that the script does not draw."""
    assert {file.name for file in IMAGES.iterdir()} == {name for name, _ in draw()}


@pytest.mark.parametrize(
    ("name", "fewest"), [("SECURITY.md", 100), ("docs/architecture.md", 40), ("CONTRIBUTING.md", 1)]
)
def test_claims_name_real_tests(name: str, fewest: int) -> None:
    """Each test that a document names is there."""
    claims = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", read(name))
    assert len(claims) >= fewest
    for file, test in claims:
        assert re.search(rf"^(?:async )?def {test}\(", read(file), re.MULTILINE), test


# Sections about what nobody protects, and about checks that people make.
NO_CLAIMS = ("What is not protected", "The installed files")


def test_every_protection_names_tests() -> None:
    """Each section of what is protected names tests, one in each line of its list."""
    _, *sections = read("SECURITY.md").split("\n## Protection\n")[1].split("\n### ")
    assert len(sections) > 5
    for section in sections:
        if section.startswith(NO_CLAIMS):
            continue
        items = re.findall(r"^- (.*)", section, re.MULTILINE)
        assert items, section
        assert [item for item in items if not re.fullmatch(r"`tests/[\w/]+\.py::\w+`", item)] == []


def test_repository_has_one_address() -> None:
    """The address of the repository is the same in all files."""
    address = MANIFEST["documentation"].removesuffix("#readme")
    owner, repository = address.split("/")[-2:]
    assert MANIFEST["issue_tracker"] == f"{address}/issues"
    assert MANIFEST["codeowners"] == [f"@{owner}"]
    assert read(".github/CODEOWNERS").split() == ["*", f"@{owner}"]
    text = "\n".join(document.read_text(encoding="utf-8") for document in DOCUMENTS)
    assert set(re.findall(rf"https://github\.com/[\w-]+/{repository}\b", text)) == {address}
    assert set(re.findall(r"owner=([\w-]+)&repository=([\w-]+)", text)) == {(owner, repository)}


def test_hacs_finds_the_zip_that_a_release_has() -> None:
    """The file that hacs.json names is the one that the workflow attaches."""
    hacs = json.loads(read("hacs.json"))
    workflow: dict[str, Any] = load_yaml_dict(str(ROOT / ".github" / "workflows" / "release.yml"))
    commands = [step.get("run", "") for step in workflow["jobs"]["zip"]["steps"]]
    assert f'gh release upload --clobber "$TAG" dist/{hacs["filename"]}' in commands


@pytest.mark.parametrize(("files", "most"), [(MODULES, 350), (TESTS, 700)])
def test_files_are_short(files: list[Path], most: int) -> None:
    """A module of the integration has at most 350 lines, and a file of tests 700."""
    lines = {str(file.relative_to(ROOT)): len(file.read_text().splitlines()) for file in files}
    assert lines
    assert {name: count for name, count in lines.items() if count > most} == {}


def count_docstring_lines(text: str) -> int:
    """Return the lines of docstrings, also of those below an attribute."""
    return sum(
        (node.end_lineno or node.lineno) - node.lineno + 1
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def test_docstrings_are_few() -> None:
    """Docstrings are less than 8 % of the integration's lines."""
    texts = [file.read_text(encoding="utf-8") for file in MODULES]
    lines = sum(len(text.splitlines()) for text in texts)
    assert sum(map(count_docstring_lines, texts)) < 0.08 * lines


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda file: str(file.relative_to(ROOT)))
def test_documents_name_real_files(document: Path) -> None:
    """Each Python file that a document names exists."""
    paths = [f"/{file.relative_to(ROOT)}" for file in (*MODULES, *TESTS, *SCRIPTS)]
    named = set(re.findall(r"[\w/]+\.py\b", document.read_text(encoding="utf-8")))
    assert {name for name in named if not any(p.endswith(f"/{name}") for p in paths)} == set()


@pytest.mark.parametrize("document", ABOUT_CODE, ids=lambda file: str(file.relative_to(ROOT)))
def test_documents_name_real_code(document: Path) -> None:
    """Each function, class or attribute that a document names by its module exists."""
    missing = set()
    for name in re.findall(r"`(\w+(?:\.\w+)+)`", document.read_text(encoding="utf-8")):
        module, *parts = name.split(".")
        texts = [file.read_text(encoding="utf-8") for file in MODULES if file.stem == module]
        if texts and parts[-1] not in {"json", "md", "py", "yaml"}:
            missing |= {name for part in parts if not any(is_defined(part, t) for t in texts)}
    assert missing == set()


def is_defined(name: str, text: str) -> bool:
    """Return if a module has a function, a class, a variable or an attribute of this name."""
    pattern = rf"\b(?:def|class) {name}\b|^ *(?:self\.)?{name}\b *[:=]"
    return bool(re.search(pattern, text, re.MULTILINE))
