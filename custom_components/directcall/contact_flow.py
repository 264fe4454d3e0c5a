"""Contact flow: add a contact to an account, change it."""

from collections.abc import Mapping
from typing import Any, Final, TypedDict

import voluptuous as vol

from homeassistant.config_entries import (
    ConfigEntry,
    ConfigSubentry,
    ConfigSubentryFlow,
    SubentryFlowResult,
)
from homeassistant.const import CONF_NAME
from homeassistant.core import HomeAssistant
from homeassistant.helpers.selector import TextSelector, TextSelectorConfig, TextSelectorType

from .api import DirectcallInvalidNumberError, PhoneNumber
from .const import CONF_NUMBER, SUBENTRY_CONTACT
from .contacts import async_load_number_data, clean_name, name_error, recipient_of

CONTACT_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_NAME): TextSelector(TextSelectorConfig(autocomplete="off")),
        vol.Required(CONF_NUMBER): TextSelector(
            TextSelectorConfig(type=TextSelectorType.TEL, autocomplete="off")
        ),
    }
)


class Contact(TypedDict):
    """A contact as its subentry. The title is its only name."""

    title: str
    data: dict[str, str]


class DirectcallContactFlow(ConfigSubentryFlow):
    """Adds and changes contacts."""

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Add a contact."""
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        if user_input is not None:
            await async_load_number_data(self.hass, user_input[CONF_NUMBER])
            errors, placeholders = check_contact(self.hass, self._get_entry(), user_input)
            if not errors:
                return self.async_create_entry(**read_contact(self.hass, user_input))
        return self.async_show_form(
            step_id="user",
            data_schema=self.add_suggested_values_to_schema(CONTACT_SCHEMA, user_input),
            errors=errors,
            description_placeholders=placeholders,
        )

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Change a contact. Its entities stay."""
        entry, contact = self._get_entry(), self._get_reconfigure_subentry()
        name = clean_name(contact.title)
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        if user_input is not None:
            await async_load_number_data(self.hass, user_input[CONF_NUMBER])
            errors, placeholders = check_contact(self.hass, entry, user_input, contact)
            if not errors:
                # `async_update_and_abort` takes no reason before Home Assistant 2026.10, and its
                # own reason has no text in other languages.
                self.hass.config_entries.async_update_subentry(
                    entry, contact, **read_contact(self.hass, user_input)
                )
                return self.async_abort(reason="contact_changed")
        return self.async_show_form(
            step_id="reconfigure",
            data_schema=self.add_suggested_values_to_schema(
                CONTACT_SCHEMA, user_input or {CONF_NAME: name, **contact.data}
            ),
            errors=errors,
            description_placeholders={"contact": name, **placeholders},
        )


def check_contact(
    hass: HomeAssistant,
    entry: ConfigEntry,
    values: Mapping[str, str],
    changed: ConfigSubentry | None = None,
) -> tuple[dict[str, str], dict[str, str]]:
    """Return the errors of a form with a contact, and their placeholders."""
    errors: dict[str, str] = {}
    placeholders: dict[str, str] = {}
    others = [
        recipient_of(contact)
        for contact in entry.get_subentries_of_type(SUBENTRY_CONTACT)
        if contact is not changed
    ]
    problem = name_error(values[CONF_NAME], [other.contact or "" for other in others])
    if problem:
        errors[CONF_NAME] = problem
    try:
        number = PhoneNumber.parse(values[CONF_NUMBER], hass.config.country)
    except DirectcallInvalidNumberError as err:
        errors[CONF_NUMBER] = err.problem
    else:
        for other in others:
            if other.number == number:
                errors[CONF_NUMBER] = "number_in_use"
                placeholders["other"] = other.contact or ""
    return errors, placeholders


def read_contact(hass: HomeAssistant, values: Mapping[str, str]) -> Contact:
    """Return the contact that a form describes."""
    number = PhoneNumber.parse(values[CONF_NUMBER], hass.config.country)
    return {"title": clean_name(values[CONF_NAME]), "data": {CONF_NUMBER: number.international}}
