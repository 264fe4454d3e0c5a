"""Telephones with the companion app, and the service that delivers their notifications."""

from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component


class Telephones:
    """Telephones with the companion app, by their names."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Start without a telephone."""
        self._hass = hass
        self._server = TestServer(web.Application())
        self._server.app.router.add_post("/", self._push)
        self._users: dict[str, MockUser] = {}
        self.received: list[tuple[str, dict[str, Any]]] = []
        """The notifications, each with the name of its telephone."""

    async def _push(self, request: web.Request) -> web.Response:
        notification = await request.json()
        self.received.append((notification.pop("push_token"), notification))
        return web.json_response({}, status=201)

    async def set_up(self) -> None:
        """Start the service, and the integration of the app."""
        await self._server.start_server()
        assert await async_setup_component(self._hass, "mobile_app", {})

    async def add(self, name: str, owner: str | None = None, *, push: bool = True) -> str:
        """Add a telephone, and return the ID of its device."""
        user = MockUser(name=owner).add_to_hass(self._hass)
        self._users[name] = user
        address = {"push_token": name, "push_url": str(self._server.make_url("/"))}
        entry = MockConfigEntry(
            domain="mobile_app",
            title=name,
            data={
                "app_data": address if push else {},
                "app_id": "io.homeassistant.companion",
                "app_name": "Home Assistant",
                "app_version": "1",
                "device_id": name,
                "device_name": name,
                "manufacturer": "x",
                "model": "x",
                "os_name": "x",
                "os_version": "1",
                "supports_encryption": False,
                "user_id": user.id,
                "webhook_id": f"webhook of {name}",
            },
        )
        entry.add_to_hass(self._hass)
        assert await self._hass.config_entries.async_setup(entry.entry_id)
        await self._hass.async_block_till_done()
        [device] = dr.async_entries_for_config_entry(dr.async_get(self._hass), entry.entry_id)
        if owner:
            self._hass.states.async_set(
                f"person.{name}", "home", {"friendly_name": owner, "user_id": user.id}
            )
        return device.id

    def texts(self, name: str) -> list[str]:
        """Return the texts that a telephone has received."""
        return [each["message"] for receiver, each in self.received if receiver == name]

    def last(self, name: str) -> dict[str, Any]:
        """Return the newest notification on a telephone."""
        return [each for receiver, each in self.received if receiver == name][-1]

    def press(self, name: str, button: str) -> None:
        """Press a button of a notification, as the app reports it."""
        self._hass.bus.async_fire(
            "mobile_app_notification_action",
            {"action": button, "sourceDeviceName": name},
            context=Context(user_id=self._users[name].id),
        )

    async def tear_down(self) -> None:
        """Stop the service."""
        await self._server.close()
