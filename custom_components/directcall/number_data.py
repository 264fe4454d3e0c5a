"""Metadata of telephone numbers: imported in the executor before a number needs it."""

from homeassistant.core import HomeAssistant

from .api import load_number_data, missing_calling_codes


async def async_load_number_data(hass: HomeAssistant, *values: object) -> None:
    """Load what reading and formatting numbers, or lists of them, needs."""
    country = hass.config.country
    if missing_calling_codes(country, values):
        await hass.async_add_import_executor_job(load_number_data, country, values)
