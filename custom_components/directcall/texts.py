"""Texts in the home's language, where Home Assistant would show English or a key."""

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.translation import async_get_cached_translations, async_load_integrations

from .const import DOMAIN


async def async_load_texts(hass: HomeAssistant) -> None:
    """Load the texts, which Home Assistant does not do if its language changes."""
    await async_load_integrations(hass, {DOMAIN})


@callback
def async_get_error_text(hass: HomeAssistant, err: HomeAssistantError) -> str:
    """Return the text of an error."""
    text = _async_get_text(hass, "exceptions", f"{err.translation_key}.message")
    return str(err) if text is None else text.format(**(err.translation_placeholders or {}))


@callback
def async_get_field_name(hass: HomeAssistant, action: str, field: str) -> str:
    """Return the name of an action's field as the UI shows it."""
    return _async_get_text(hass, "services", f"{action}.fields.{field}.name") or field


@callback
def async_get_common_text(hass: HomeAssistant, name: str) -> str:
    """Return a text that belongs to no form, entity, action or error."""
    return _async_get_text(hass, "common", name) or name


@callback
def _async_get_text(hass: HomeAssistant, category: str, key: str) -> str | None:
    texts = async_get_cached_translations(hass, hass.config.language, category, DOMAIN)
    return texts.get(f"component.{DOMAIN}.{category}.{key}")
