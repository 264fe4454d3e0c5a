"""Contact flow: add a contact to an account, change it."""

from collections.abc import Mapping
from typing import Any, Final, TypedDict

import voluptuous as vol

from homeassistant.config_entries import ConfigSubentry, ConfigSubentryFlow, SubentryFlowResult
from homeassistant.const import CONF_NAME
from homeassistant.helpers.selector import TextSelector, TextSelectorConfig, TextSelectorType

from .api import DirectcallInvalidNumberError, PhoneNumber, has_number
from .const import CONF_NUMBER, SUBENTRY_CONTACT
from .contacts import (
    LONGEST_NAME,
    async_load_number_data,
    clean_name,
    is_printable,
    normalize_name,
    recipient_of,
)

CONTACT_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_NAME): TextSelector(TextSelectorConfig(autocomplete="off")),
        vol.Required(CONF_NUMBER): TextSelector(
            TextSelectorConfig(type=TextSelectorType.TEL, autocomplete="off")
        ),
    }
)
# The input of a flow that an account that was just added starts.
FIRST_CONTACT: Final = {"is_first": True}


class _Contact(TypedDict):
    """A contact as its subentry. The title is its only name."""

    title: str
    data: dict[str, str]


class DirectcallContactFlow(ConfigSubentryFlow):
    """Adds and changes contacts."""

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Add a contact."""
        if user_input == FIRST_CONTACT:
            return await self.async_step_first()
        return await self._async_add_contact("user", CONTACT_SCHEMA, user_input)

    async def async_step_first(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Add the first contact, right after its account."""
        return await self._async_add_contact("first", CONTACT_SCHEMA, user_input)

    async def _async_add_contact(
        self, step_id: str, schema: vol.Schema, user_input: dict[str, Any] | None
    ) -> SubentryFlowResult:
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        if user_input is not None:
            await async_load_number_data(self.hass, user_input[CONF_NUMBER])
            errors, placeholders = self._check(user_input)
            if not errors:
                return self.async_create_entry(**self._read(user_input))
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(schema, user_input),
            errors=errors,
            description_placeholders=placeholders,
        )

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Change a contact. Its entities stay."""
        contact = self._get_reconfigure_subentry()
        name = clean_name(contact.title)
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        if user_input is not None:
            await async_load_number_data(self.hass, user_input[CONF_NUMBER])
            errors, placeholders = self._check(user_input, contact)
            if not errors:
                # `async_update_and_abort` takes no reason before Home Assistant 2026.10, and its
                # own reason has no text in other languages.
                self.hass.config_entries.async_update_subentry(
                    self._get_entry(), contact, **self._read(user_input)
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

    def _check(
        self, values: Mapping[str, str], changed: ConfigSubentry | None = None
    ) -> tuple[dict[str, str], dict[str, str]]:
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        others = [
            recipient_of(contact)
            for contact in self._get_entry().get_subentries_of_type(SUBENTRY_CONTACT)
            if contact is not changed
        ]
        name = values[CONF_NAME].strip()
        letters = any(character.isalpha() for character in name)
        if not letters or has_number(name):
            errors[CONF_NAME] = "invalid_name"
        elif not all(map(is_printable, name)):
            errors[CONF_NAME] = "unprintable_name"
        elif len(name) > LONGEST_NAME:
            errors[CONF_NAME] = "long_name"
        elif any(normalize_name(name) == normalize_name(other.contact or "") for other in others):
            errors[CONF_NAME] = "name_in_use"
        try:
            number = PhoneNumber.parse(values[CONF_NUMBER], self.hass.config.country)
        except DirectcallInvalidNumberError as err:
            errors[CONF_NUMBER] = err.problem
        else:
            for other in others:
                if other.number == number:
                    errors[CONF_NUMBER] = "number_in_use"
                    placeholders["other"] = other.contact or ""
        return errors, placeholders

    def _read(self, values: Mapping[str, str]) -> _Contact:
        number = PhoneNumber.parse(values[CONF_NUMBER], self.hass.config.country)
        return {"title": clean_name(values[CONF_NAME]), "data": {CONF_NUMBER: number.international}}
