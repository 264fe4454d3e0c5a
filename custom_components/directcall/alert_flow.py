"""Alert flow: add an alert to an account, after its first contact, too, and change it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypedDict

import voluptuous as vol

from homeassistant.config_entries import ConfigSubentry, ConfigSubentryFlow, SubentryFlowResult
from homeassistant.const import CONF_NAME
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    BooleanSelector,
    DurationSelector,
    EntitySelector,
    EntitySelectorConfig,
    EntityWithDeviceFilterSelectorConfig,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
)

from .alerts import ACKNOWLEDGING_DOMAINS, Channel
from .api import LONGEST_TEXT
from .const import (
    CONF_ACKNOWLEDGE_ENTITIES,
    CONF_ACKNOWLEDGEMENT,
    CONF_ANSWER_ACKNOWLEDGES,
    CONF_AT_ONCE,
    CONF_CHANNELS,
    CONF_CONTACTS,
    CONF_DELIVERY,
    CONF_HOW,
    CONF_KEEP_TRYING,
    CONF_MESSAGE,
    CONF_NUMBER,
    CONF_PAUSE,
    CONF_ROUNDS,
    CONF_TIME_EACH,
    SUBENTRY_ALERT,
    SUBENTRY_CONTACT,
)
from .contact_flow import CONTACT_SCHEMA, check_contact, read_contact
from .contacts import async_load_number_data, clean_name, name_error, recipient_of
from .validation import clean_text

# The input of a flow that an account that was just added starts.
FIRST_CONTACT: Final = {"is_first": True}

# Without limits of their own: the errors of selectors are English.
_NUMBER: Final = NumberSelector(NumberSelectorConfig(step=1, mode=NumberSelectorMode.BOX))
_DURATION: Final = DurationSelector()
_CHANNELS: Final = SelectSelector(
    SelectSelectorConfig(
        options=[Channel.VOICE_MESSAGE, Channel.SMS, Channel.CALL],
        multiple=True,
        mode=SelectSelectorMode.LIST,
        translation_key="channel",
    )
)
_ACKNOWLEDGE_ENTITIES: Final = EntitySelector(
    EntitySelectorConfig(
        multiple=True,
        filter=EntityWithDeviceFilterSelectorConfig(domain=ACKNOWLEDGING_DOMAINS),
    )
)
_HOW_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_CHANNELS): _CHANNELS,
        vol.Required(CONF_AT_ONCE): BooleanSelector(),
        vol.Required(CONF_TIME_EACH): _DURATION,
        vol.Required(CONF_ROUNDS): _NUMBER,
        vol.Required(CONF_PAUSE): _DURATION,
    }
)
_ACKNOWLEDGEMENT_SCHEMA: Final = vol.Schema(
    {
        vol.Optional(CONF_ACKNOWLEDGE_ENTITIES): _ACKNOWLEDGE_ENTITIES,
        vol.Required(CONF_ANSWER_ACKNOWLEDGES): BooleanSelector(),
    }
)
_DELIVERY_SCHEMA: Final = vol.Schema({vol.Required(CONF_KEEP_TRYING): _DURATION})
_NEW_ALERT: Final = {
    CONF_MESSAGE: "",
    CONF_HOW: {
        CONF_CHANNELS: [Channel.VOICE_MESSAGE],
        CONF_AT_ONCE: False,
        CONF_TIME_EACH: {"hours": 0, "minutes": 2, "seconds": 0},
        CONF_ROUNDS: 3,
        CONF_PAUSE: {"hours": 0, "minutes": 2, "seconds": 0},
    },
    CONF_ACKNOWLEDGEMENT: {CONF_ACKNOWLEDGE_ENTITIES: [], CONF_ANSWER_ACKNOWLEDGES: False},
    CONF_DELIVERY: {CONF_KEEP_TRYING: {"hours": 1, "minutes": 0, "seconds": 0}},
}
_SHORTEST_TIME: Final = timedelta(seconds=10)
_LONGEST_TIME: Final = timedelta(minutes=30)
_LONGEST_PAUSE: Final = timedelta(hours=2)
_LONGEST_KEEP_TRYING: Final = timedelta(hours=24)
_ROUNDS: Final = range(1, 21)


class _Alert(TypedDict):
    """An alert as its subentry. The title is its only name."""

    title: str
    data: dict[str, Any]


class _Problem(NamedTuple):
    field: str
    """A field outside of sections, or the section of a field. The UI shows no errors inside one."""
    error: str


class DirectcallAlertFlow(ConfigSubentryFlow):
    """Adds and changes alerts."""

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Add an alert."""
        if user_input == FIRST_CONTACT:
            return await self.async_step_first()
        contacts = self._contacts
        if not contacts:
            return self.async_abort(reason="no_contacts")
        # Of several contacts, people choose who is told, and in which order.
        values = {**_NEW_ALERT, CONF_CONTACTS: list(contacts) if len(contacts) == 1 else []}
        problems: list[_Problem] = []
        if user_input is not None:
            values = _clean(user_input, contacts)
            problems = self._check(values)
            if not problems:
                return self.async_create_entry(**_read(values))
        return self._async_show_alert("user", _schema(contacts, problems), values, problems)

    async def async_step_first(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Add the first contact, right after its account, and go on with the first alert."""
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        if user_input is not None:
            await async_load_number_data(self.hass, user_input[CONF_NUMBER])
            entry = self._get_entry()
            errors, placeholders = check_contact(self.hass, entry, user_input)
            if not errors:
                contact = read_contact(self.hass, user_input)
                self.hass.config_entries.async_add_subentry(
                    entry,
                    ConfigSubentry(
                        subentry_type=SUBENTRY_CONTACT,
                        title=contact["title"],
                        data=MappingProxyType(contact["data"]),
                        unique_id=None,
                    ),
                )
                return await self.async_step_user()
        return self.async_show_form(
            step_id="first",
            data_schema=self.add_suggested_values_to_schema(CONTACT_SCHEMA, user_input),
            errors=errors,
            description_placeholders=placeholders,
        )

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Change an alert. A run of it goes on as it was raised."""
        contacts = self._contacts
        if not contacts:
            return self.async_abort(reason="no_contacts_left")
        alert = self._get_reconfigure_subentry()
        name = clean_name(alert.title)
        values = _clean(user_input or {CONF_NAME: name, **alert.data}, contacts)
        problems: list[_Problem] = []
        if user_input is not None:
            problems = self._check(values, alert)
            if not problems:
                # As for a contact, because `async_update_and_abort` has no text of ours.
                self.hass.config_entries.async_update_subentry(
                    self._get_entry(), alert, **_read(values)
                )
                return self.async_abort(reason="alert_changed")
        return self._async_show_alert(
            "reconfigure", _schema(contacts, problems), values, problems, {"alert": name}
        )

    @property
    def _contacts(self) -> dict[str, str]:
        """Return the names of the contacts by the IDs of their subentries."""
        return {
            contact.subentry_id: recipient_of(contact).contact or ""
            for contact in self._get_entry().get_subentries_of_type(SUBENTRY_CONTACT)
        }

    def _async_show_alert(
        self,
        step_id: str,
        schema: vol.Schema,
        values: Mapping[str, Any],
        problems: Iterable[_Problem],
        placeholders: Mapping[str, str] = MappingProxyType({}),
    ) -> SubentryFlowResult:
        messages: defaultdict[str, list[str]] = defaultdict(list)
        for problem in problems:
            messages[problem.field].append(problem.error)
        # The UI shows several errors of a field as a list.
        errors: dict[str, Any] = {
            name: several if len(several) > 1 else several[0] for name, several in messages.items()
        }
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(schema, values),
            errors=errors,
            description_placeholders={
                "length": str(len(values[CONF_MESSAGE])),
                **placeholders,
            },
        )

    def _check(
        self, values: Mapping[str, Any], changed: ConfigSubentry | None = None
    ) -> list[_Problem]:
        others = [
            alert.title
            for alert in self._get_entry().get_subentries_of_type(SUBENTRY_ALERT)
            if alert is not changed
        ]
        name = name_error(values[CONF_NAME], others)
        return [
            *([_Problem(CONF_NAME, name)] if name else []),
            *_content_problems(values),
            *_how_problems(values[CONF_HOW]),
            *_end_problems(values),
        ]


def _schema(contacts: Mapping[str, str], problems: Iterable[_Problem]) -> vol.Schema:
    wrong = {problem.field for problem in problems}
    options = [SelectOptionDict(value=value, label=name) for value, name in contacts.items()]
    return vol.Schema(
        {
            vol.Required(CONF_NAME): TextSelector(TextSelectorConfig(autocomplete="off")),
            vol.Optional(CONF_MESSAGE): TextSelector(TextSelectorConfig(multiline=True)),
            vol.Required(CONF_CONTACTS): SelectSelector(
                # A list of check boxes would not show the order in which they were ticked.
                SelectSelectorConfig(
                    options=options, multiple=True, mode=SelectSelectorMode.DROPDOWN
                )
            ),
            # The errors of a longer form would be out of a telephone's screen.
            vol.Required(CONF_HOW): section(_HOW_SCHEMA, {"collapsed": CONF_HOW not in wrong}),
            vol.Required(CONF_ACKNOWLEDGEMENT): section(
                _ACKNOWLEDGEMENT_SCHEMA, {"collapsed": CONF_ACKNOWLEDGEMENT not in wrong}
            ),
            vol.Required(CONF_DELIVERY): section(
                _DELIVERY_SCHEMA, {"collapsed": CONF_DELIVERY not in wrong}
            ),
        }
    )


def _clean(values: Mapping[str, Any], contacts: Mapping[str, str]) -> dict[str, Any]:
    """Return the values of a form with a cleaned text, and without contacts that were deleted."""
    return {
        **values,
        CONF_MESSAGE: clean_text(values.get(CONF_MESSAGE, "")),
        CONF_CONTACTS: [contact for contact in values[CONF_CONTACTS] if contact in contacts],
    }


def _content_problems(values: Mapping[str, Any]) -> Iterator[_Problem]:
    message = values[CONF_MESSAGE]
    if not message and {Channel.SMS, Channel.VOICE_MESSAGE}.intersection(
        values[CONF_HOW][CONF_CHANNELS]
    ):
        yield _Problem(CONF_MESSAGE, "message_empty")
    if len(message) > LONGEST_TEXT:
        yield _Problem(CONF_MESSAGE, "message_too_long")
    if not values[CONF_CONTACTS]:
        yield _Problem(CONF_CONTACTS, "no_contact")


def _how_problems(how: Mapping[str, Any]) -> Iterator[_Problem]:
    if not how[CONF_CHANNELS]:
        yield _Problem(CONF_HOW, "no_channel")
    if not _SHORTEST_TIME <= timedelta(**how[CONF_TIME_EACH]) <= _LONGEST_TIME:
        yield _Problem(CONF_HOW, "time_each_out_of_range")
    if how[CONF_ROUNDS] not in _ROUNDS:
        yield _Problem(CONF_HOW, "rounds_out_of_range")
    if timedelta(**how[CONF_PAUSE]) > _LONGEST_PAUSE:
        yield _Problem(CONF_HOW, "pause_out_of_range")


def _end_problems(values: Mapping[str, Any]) -> Iterator[_Problem]:
    is_ended_by_answer = values[CONF_ACKNOWLEDGEMENT][CONF_ANSWER_ACKNOWLEDGES]
    if is_ended_by_answer and Channel.CALL not in values[CONF_HOW][CONF_CHANNELS]:
        yield _Problem(CONF_ACKNOWLEDGEMENT, "answer_without_call")
    if timedelta(**values[CONF_DELIVERY][CONF_KEEP_TRYING]) > _LONGEST_KEEP_TRYING:
        yield _Problem(CONF_DELIVERY, "keep_trying_out_of_range")


def _read(values: Mapping[str, Any]) -> _Alert:
    acknowledgement = {CONF_ACKNOWLEDGE_ENTITIES: [], **values[CONF_ACKNOWLEDGEMENT]}
    return {
        "title": clean_name(values[CONF_NAME]),
        "data": {
            CONF_MESSAGE: values[CONF_MESSAGE],
            CONF_CONTACTS: values[CONF_CONTACTS],
            CONF_HOW: {**values[CONF_HOW], CONF_ROUNDS: int(values[CONF_HOW][CONF_ROUNDS])},
            CONF_ACKNOWLEDGEMENT: acknowledgement,
            CONF_DELIVERY: values[CONF_DELIVERY],
        },
    }
