"""View that streams the audio of a recording."""

import asyncio
from http import HTTPStatus
from typing import Final

from aiohttp import hdrs, web

from homeassistant.components.http import HomeAssistantView
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError

from .account import async_get_loaded_entry
from .api import AudioStream, ByteRange, DirectcallError
from .const import DOMAIN
from .errors import translated_errors

RECORDINGS_URL: Final = f"/api/{DOMAIN}/recordings"
# Recordings are private, so nothing may keep them. The type of the content is named here because
# Home Assistant adds its own headers too late for a stream.
_HEADERS: Final = {
    hdrs.ACCEPT_RANGES: "bytes",
    hdrs.CACHE_CONTROL: "no-store",
    "X-Content-Type-Options": "nosniff",
}
# Any other error is the provider's, or the connection's.
_STATUSES: Final = {
    "account_not_loaded": HTTPStatus.NOT_FOUND,
    "recording_gone": HTTPStatus.GONE,
    "recording_not_found": HTTPStatus.NOT_FOUND,
    "too_many_listeners": HTTPStatus.SERVICE_UNAVAILABLE,
}
# Seconds after which the response to a listener that reads nothing ends, to make room for others.
# A player that was paused for so long requests the rest.
LISTENER_STUCK: Final = 240


class DirectcallRecordingView(HomeAssistantView):
    """Streams a recording to users who are logged in, or have a signed path."""

    url = f"{RECORDINGS_URL}/{{entry_id}}/{{recording_id}}"
    name = f"api:{DOMAIN}:recordings"

    def __init__(self, hass: HomeAssistant) -> None:
        """Initialize the view."""
        self._hass = hass

    async def head(
        self, request: web.Request, entry_id: str, recording_id: str
    ) -> web.StreamResponse:
        """Return the headers, which some players request first."""
        return await self._async_respond(request, entry_id, recording_id)

    async def get(
        self, request: web.Request, entry_id: str, recording_id: str
    ) -> web.StreamResponse:
        """Stream the audio."""
        return await self._async_respond(request, entry_id, recording_id)

    async def _async_respond(
        self, request: web.Request, entry_id: str, recording_id: str
    ) -> web.StreamResponse:
        byte_range = ByteRange.parse(request.headers.get(hdrs.RANGE))
        try:
            with translated_errors():
                recordings = async_get_loaded_entry(self._hass, entry_id).runtime_data.recordings
                async with recordings.async_open(recording_id, byte_range) as audio:
                    return await _async_stream(request, audio)
        except HomeAssistantError as err:
            status = _STATUSES.get(err.translation_key or "", HTTPStatus.BAD_GATEWAY)
            return self.json_message(str(err), status, err.translation_key)


async def _async_stream(request: web.Request, audio: AudioStream) -> web.StreamResponse:
    """Stream audio as it comes, never faster than the listener reads it."""
    response = web.StreamResponse(status=audio.status, headers=_HEADERS)
    response.content_type = audio.media_type
    response.content_length = audio.length
    if audio.content_range:
        response.headers[hdrs.CONTENT_RANGE] = audio.content_range
    await response.prepare(request)
    if request.method == hdrs.METH_HEAD:
        return response
    try:
        async for chunk in audio.chunks():
            async with asyncio.timeout(LISTENER_STUCK):
                await response.write(chunk)
    except DirectcallError, TimeoutError:
        # The player has to notice that the audio is incomplete.
        request.protocol.force_close()
    return response
