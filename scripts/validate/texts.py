"""The texts: complete in every language, fit to be shown, and none that nobody uses."""

from collections.abc import Iterator
import re
import string
from typing import Any, Final

import probatio

from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.translation import recursive_flatten

from .actions import fields_of, sections_of
from .integration import Integration, explain
from .uses import find_uses

_URL: Final = re.compile(r"\w+://\w|www\.", re.IGNORECASE)
_QUOTED_PLACEHOLDER: Final = re.compile(r"'{\w+}'")


def _placeholders(text: str) -> set[str]:
    """Return the placeholders of a text.

    Raises ValueError where they are not written as they should be.
    """
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def _text(value: str) -> str:
    """Validate a text."""
    text = cv.string_with_no_html(value)
    problem = None
    try:
        if not all(name.isidentifier() for name in _placeholders(text)):
            problem = "the placeholders need names"
    except ValueError as err:
        problem = str(err)
    if not text or text != text.strip():
        problem = "empty, or with blanks around it"
    if _URL.search(text):
        problem = "no URL belongs into a text that is translated"
    if _QUOTED_PLACEHOLDER.search(text):
        problem = "no placeholder belongs into single quotes"
    if problem:
        raise probatio.Invalid(problem)
    return text


def _all_described(step: dict[str, Any]) -> dict[str, Any]:
    """Validate that no field of a form is left without its plain words."""
    if step.get("data", {}).keys() == step.get("data_description", {}).keys():
        return step
    error = "data and data_description are not of the same fields"
    raise probatio.Invalid(error)


_TEXTS: Final = {cv.slug: _text}
_FORM: Final[dict[probatio.Marker, Any]] = {
    probatio.Optional("data"): _TEXTS,
    probatio.Optional("data_description"): _TEXTS,
    probatio.Optional("description"): _text,
}
_SECTION: Final = probatio.All({**_FORM, probatio.Required("name"): _text}, _all_described)
_STEP: Final = probatio.All(
    {
        **_FORM,
        probatio.Required("title"): _text,
        probatio.Optional("sections"): {cv.slug: _SECTION},
        probatio.Optional("menu_options"): _TEXTS,
        probatio.Optional("submit"): _text,
    },
    _all_described,
)
_FLOW: Final = {
    probatio.Required("step"): {cv.slug: _STEP},
    probatio.Optional("abort"): _TEXTS,
    probatio.Optional("create_entry"): _TEXTS,
    probatio.Optional("error"): _TEXTS,
    probatio.Optional("progress"): _TEXTS,
}
_SUBENTRY_FLOW: Final = {
    **_FLOW,
    probatio.Required("entry_type"): _text,
    probatio.Required("initiate_flow"): {
        probatio.Required("user"): _text,
        probatio.Optional("reconfigure"): _text,
    },
}
_ENTITY: Final = {
    probatio.Optional("name"): _text,
    probatio.Optional("state"): _TEXTS,
    probatio.Optional("state_attributes"): {
        cv.slug: {probatio.Optional("name"): _text, probatio.Optional("state"): _TEXTS}
    },
    probatio.Optional("unit_of_measurement"): _text,
}
_NAMED: Final = {probatio.Required("name"): _text, probatio.Required("description"): _text}
_SCHEMA: Final = probatio.Schema(
    {
        probatio.Optional("config"): _FLOW,
        probatio.Optional("config_subentries"): {cv.slug: _SUBENTRY_FLOW},
        probatio.Optional("options"): _FLOW,
        probatio.Optional("entity"): {cv.slug: {cv.slug: _ENTITY}},
        probatio.Optional("exceptions"): {cv.slug: {probatio.Required("message"): _text}},
        probatio.Optional("issues"): {
            cv.slug: {probatio.Required("title"): _text, probatio.Required("description"): _text}
        },
        probatio.Optional("selector"): {cv.slug: {probatio.Required("options"): _TEXTS}},
        probatio.Optional("services"): {
            cv.slug: {
                **_NAMED,
                probatio.Optional("fields"): {cv.slug: _NAMED},
                probatio.Optional("sections"): {
                    cv.slug: {
                        probatio.Required("name"): _text,
                        probatio.Optional("description"): _text,
                    }
                },
            }
        },
        probatio.Optional("system_health"): {probatio.Required("info"): _TEXTS},
    }
)


def check_texts(integration: Integration) -> Iterator[str]:
    """Yield what is wrong with the texts."""
    if not {"en", "pt-BR"} <= integration.texts.keys():
        yield "translations: English and Brazilian Portuguese have to be there"
        return
    for language, texts in integration.texts.items():
        if problem := explain(f"translations/{language}.json", _SCHEMA, texts):
            yield problem
            return
    english = recursive_flatten("", integration.texts["en"])
    for language, texts in integration.texts.items():
        others = recursive_flatten("", texts)
        for path in english.keys() ^ others.keys():
            yield f"translations/{language}.json: {path} is not in every language"
        for path in english.keys() & others.keys():
            if _placeholders(english[path]) != _placeholders(others[path]):
                yield f"translations/{language}.json: {path} has other placeholders in English"
    yield from _check_uses(integration, set(english))


def _check_uses(integration: Integration, paths: set[str]) -> Iterator[str]:
    """Yield texts that are missing, and those that nobody uses."""
    uses = find_uses(integration)
    used = uses.texts | set(_texts_of_actions(integration))
    for place in sorted(uses.riddles):
        yield f"{place}: cannot tell which text this is"
    for path in sorted(used):
        if not any(_stands_in(text, path) for text in paths):
            yield f"translations: {path} is used and has no text"
    for text in sorted(paths):
        if not any(_stands_in(text, path) for path in used):
            yield f"translations: nobody uses {text}"

    for field in sorted(uses.fields ^ set(_labelled_fields(integration.texts["en"]))):
        yield f"translations: {field} is in a form and has no text, or the other way round"


def _labelled_fields(texts: dict[str, Any]) -> Iterator[str]:
    """Yield the fields and sections of the forms that have a text."""
    flows = [texts.get("config", {}), texts.get("options", {})]
    for flow in (*flows, *texts.get("config_subentries", {}).values()):
        for step in flow.get("step", {}).values():
            sections = step.get("sections", {})
            yield from sections
            for form in (step, *sections.values()):
                yield from form.get("data", {})


def _texts_of_actions(integration: Integration) -> Iterator[str]:
    """Yield the texts that the actions need."""
    for name, action in integration.actions.items():
        yield f"services.{name}.name"
        yield f"services.{name}.description"
        for field, description in fields_of(action):
            yield f"services.{name}.fields.{field}"
            for options in description["selector"].values():
                if isinstance(options, dict) and (key := options.get("translation_key")):
                    yield f"selector.{key}"
        for section in sections_of(action):
            yield f"services.{name}.sections.{section}"


def _stands_in(text: str, path: str) -> bool:
    """Return if a text is what a path names, or stands below it."""
    return text == path or text.startswith(f"{path}.")
