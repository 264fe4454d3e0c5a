"""Documents: short, and the same pages, outlines, pictures and words in both languages."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
import re
from typing import Final, NamedTuple

from PIL import Image
import pytest

from tests.common import READMES, ROOT

from .common import documents
from .tables import tables_of
from .text import count_words, visible, without_code

DOCS: Final = ROOT / "docs"
IMAGES: Final = DOCS / "images"
LANGUAGES: Final = [*READMES]
MOST_WORDS: Final = {"README.md": 1500, "LEIAME.md": 1500, "CONTRIBUTING.md": 1800}
# Words between the title of a page and its first section.
LONGEST_BEGINNING: Final = 100
# Bytes, and pixels.
LARGEST_IMAGE: Final = 60_000
WIDEST_IMAGE: Final = 1200
TO_THE_OTHER_LANGUAGE: Final = {
    "en": "*[Leia em português](../pt-BR/{})*",
    "pt-BR": "*[Read in English](../en/{})*",
}
PAGES: Final = {language: documents(language)[1:] for language in READMES}
ALL_PAGES: Final = [(language, page) for language in LANGUAGES for page in PAGES[language]]
PAIRS: Final = [*zip(*(documents(language) for language in LANGUAGES), strict=False)]
# What is not said any more, and instead of it. The UI's own words, in italics, are not looked at.
REPLACED: Final = {
    "en": {
        r"\| At first \|": "Default",
        r"\bvoicemail\b": "mailbox",
        r"\bDo-Not-Disturb\b|\bDND\b": "Do Not Disturb",
    },
    "pt-BR": {
        r"\| No início \|": "Padrão",
        # Not "a pessoa é chamada".
        r"\b(?:[dn]?as?|de|n?uma|d?es[ts]a|cada|outra|última) chamadas?\b": "ligação",
        # Not an alarm's panel.
        r"\bpain(?:el|éis)\b(?! d[eo] (?:controle|alarme))": "dashboard",
        r"\bapps?\b": "aplicativo",
        r"\bcorreio de voz\b": "caixa postal",
        r"\bdisparador(?:es)?\b": "gatilho",
        r"\b[Nn]ão[- ]?(?:perturbar|incomodar)\b": "Não Perturbe",
        r"\busuário final\b": "você",
    },
}


def name_of(value: object) -> str | None:
    """Return the path of a document."""
    return str(value.relative_to(ROOT)) if isinstance(value, Path) else None


def read(file: Path) -> str:
    """Return the text of a document."""
    return file.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", MOST_WORDS)
def test_document_is_short(name: str) -> None:
    """What everybody reads first has few words."""
    assert 100 < count_words(read(ROOT / name)) <= MOST_WORDS[name]


def test_words_are_counted_as_they_are_seen() -> None:
    """Only what a reader sees is a word."""
    text = """# A **title** with [a link](https://example.com/a/b "c")
<img src="a.png" alt="b c"> <!-- hidden
comment --> ![a picture](a.png) [![badge](a.svg)](https://example.com)

| One | two |
| --- | ---: |

- `code` is seen - and this

  ```sh
  not this
  ```
"""
    assert count_words(text) == 5 + 2 + 5


def test_both_languages_have_the_same_pages() -> None:
    """Each page is there in both languages, under the same name."""
    english, portuguese = ([page.name for page in PAGES[language]] for language in LANGUAGES)
    assert english == portuguese
    assert english


class Outline(NamedTuple):
    """What both languages of a document have in common."""

    headings: list[int]
    """Their levels."""
    tables: list[tuple[int, int]]
    """The numbers of their rows and columns."""
    code: list[str]
    """The languages of the code blocks."""
    pictures: list[str]
    """Their names, without the language."""
    links: Counter[str]
    """The documents that are linked."""


def outline_of(file: Path) -> Outline:
    """Return the outline of a document."""
    text = without_code(read(file))
    return Outline(
        [len(level) for level in re.findall(r"^(#+) ", text, re.MULTILINE)],
        [(len(table.rows), len(table.titles)) for table in tables_of(text)],
        re.findall(r"^ *```(\w+)$", read(file), re.MULTILINE),
        [re.sub(r"\.(en|pt-BR)\.", ".", name) for name in pictures_of(file)],
        Counter(links_of(text)),
    )


def links_of(text: str) -> Iterator[str]:
    """Yield the names of the documents that are linked. Both READMEs have one name."""
    for target in re.findall(r"\]\(([^):]*\.md)\b", text):
        name = target.rpartition("/")[2]
        yield "README.md" if name in READMES.values() else name


def pictures_of(file: Path) -> list[str]:
    """Return the names of the pictures of a document, in their order."""
    return re.findall(r"[(\"](?:\.\./|docs/)images/([^)\"]+)[)\"]", read(file))


@pytest.mark.parametrize(("english", "portuguese"), PAIRS, ids=name_of)
def test_both_languages_have_the_same_outline(english: Path, portuguese: Path) -> None:
    """Headings, tables, code blocks, pictures and links are the same in both languages."""
    assert outline_of(english)._asdict() == outline_of(portuguese)._asdict()


@pytest.mark.parametrize(("language", "page"), ALL_PAGES, ids=name_of)
def test_page_begins_with_what_it_answers(language: str, page: Path) -> None:
    """A page has a title, a link to the other language, and a short beginning."""
    title, _, link, *_ = read(page).splitlines()
    assert title.startswith("# ")
    assert link == TO_THE_OTHER_LANGUAGE[language].format(page.name)
    beginning = read(page).partition(link)[2].partition("\n## ")[0]
    assert 0 < count_words(beginning) <= LONGEST_BEGINNING


@pytest.mark.parametrize("language", LANGUAGES)
def test_readme_links_each_page(language: str) -> None:
    """The README of a language links all its pages, and the other README."""
    readme = read(ROOT / READMES[language])
    targets = {target.partition("#")[0] for target in re.findall(r"\]\(([^)]*)\)", readme)}
    assert targets >= {f"docs/{language}/{page.name}" for page in PAGES[language]}
    assert targets >= {*READMES.values()} - {READMES[language]}


@pytest.mark.parametrize("language", LANGUAGES)
def test_pictures_are_in_the_language_of_the_reader(language: str) -> None:
    """Each picture of a language is used by its documents, and no other one is."""
    used = {name for file in documents(language) for name in pictures_of(file)}
    assert used == {file.name for file in IMAGES.glob(f"*.{language}.png")}


def test_pictures_have_a_language() -> None:
    """No file is among the pictures that is in no language."""
    known = {file for language in LANGUAGES for file in IMAGES.glob(f"*.{language}.png")}
    assert {*IMAGES.iterdir()} == known


@pytest.mark.parametrize("file", sorted(IMAGES.glob("*.png")), ids=lambda file: file.name)
def test_picture_is_small(file: Path) -> None:
    """A picture loads fast, and is not wider than a page."""
    assert file.stat().st_size <= LARGEST_IMAGE
    with Image.open(file) as image:
        assert image.width <= WIDEST_IMAGE


@pytest.mark.parametrize(
    "file", [file for language in LANGUAGES for file in documents(language)], ids=name_of
)
def test_pictures_are_described(file: Path) -> None:
    """Each picture has a text for people who do not see it."""
    text = without_code(read(file))
    pictures = re.findall(r"<img\b[^>]*>|!\[[^\]]*\]\([^)]*\)", text)
    described = re.compile(r'\balt="[^"]*\w|!\[[^\]]*\w')
    assert [picture for picture in pictures if not described.search(picture)] == []


@pytest.mark.parametrize("readme", READMES.values())
def test_old_name_of_the_marketplace_is_said_once(readme: str) -> None:
    """A README says what the Marketplace was called, once."""
    assert visible(read(ROOT / readme)).count("HACS") == 1


def test_old_name_of_the_marketplace_is_on_no_page() -> None:
    """No page repeats what the READMEs say."""
    assert {name_of(file) for file in DOCS.rglob("*.md") if "HACS" in visible(read(file))} == set()


@pytest.mark.parametrize(
    ("language", "file"),
    [(language, file) for language in LANGUAGES for file in documents(language)],
    ids=name_of,
)
def test_one_thing_has_one_name(language: str, file: Path) -> None:
    """Words that were replaced do not come back."""
    # Bold words stay.
    text = re.sub(r"(?<!\*)\*[^*\n]+(?:\n[^*\n]+)?\*(?!\*)|`[^`\n]+`", "", visible(read(file)))
    text = " ".join(text.split())
    found = {
        said: instead
        for word, instead in REPLACED[language].items()
        for said in re.findall(word, text)
    }
    assert found == {}
