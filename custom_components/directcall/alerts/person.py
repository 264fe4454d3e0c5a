"""Person: the name of who acknowledges or cancels an alert."""

from homeassistant.core import Context, HomeAssistant

from ..api import redact_name
from ..contacts import clean_name


async def async_get_person(
    hass: HomeAssistant, context: Context, name: str | None = None
) -> str | None:
    """Return a name as entities show it, else that of the context's user, or None."""
    shown = clean_name(name or "")
    if not shown and context.user_id:
        user = await hass.auth.async_get_user(context.user_id)
        shown = clean_name((user and user.name) or "")
    return redact_name(shown) or None
