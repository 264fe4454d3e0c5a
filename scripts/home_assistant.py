"""A Home Assistant in a process of its own, on loopback, with the integration and one user."""

import asyncio
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
import json
import os
from pathlib import Path
import shutil
import signal
import socket
import sys
from typing import Any, Final

import aiohttp
from imageio_ffmpeg import get_ffmpeg_exe

from homeassistant.runner import ensure_single_execution

ROOT: Final = Path(__file__).parent.parent
USER: Final = "demo"
"""The user's name and password."""
# Home Assistant must not build these: pyproject.toml pins newer versions, which have wheels.
VOICE_REQUIREMENTS: Final = "pymicro-vad,pyspeex-noise"
# Seconds until Home Assistant answers, has reacted or finished its start, and has stopped.
STARTUP: Final = 240
REACTION: Final = 20
SHUTDOWN: Final = 20

CONFIGURATION: Final = """\
homeassistant:
  name: Casa
  country: BR
  language: {language}
  time_zone: America/Sao_Paulo
  currency: BRL
  unit_system: metric

http:
  server_host: 127.0.0.1
  server_port: {port}

config:
ffmpeg:
  ffmpeg_bin: {ffmpeg}
frontend:
history:
logbook:
media_source:
my:
system_health:

logger:
  default: warning
  logs:
    custom_components.directcall: debug

script: !include scripts.yaml
scene: !include scenes.yaml
automation mine: !include automations.yaml

input_boolean:
  smoke:
    name: {detector} (demo)

template:
  - binary_sensor:
      - default_entity_id: binary_sensor.smoke
        unique_id: smoke
        name: {detector}
        device_class: smoke
        state: "{{{{ is_state('input_boolean.smoke', 'on') }}}}"
"""


class HomeAssistantProcessError(Exception):
    """Home Assistant did not do what was expected."""


def free_port(wanted: int) -> int:
    """Return this port of loopback, or another one if it is taken."""
    with suppress(OSError), socket.create_server(("127.0.0.1", wanted)):
        return wanted
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@dataclass(frozen=True)
class Login:
    """The connections of a user to a Home Assistant that runs."""

    process: Process
    session: aiohttp.ClientSession
    socket: aiohttp.ClientWebSocketResponse
    _ids: Iterator[int] = field(default_factory=lambda: count(1))

    async def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """Send JSON to the REST API, and return the response."""
        async with self.session.post(path, json=body) as response:
            if not response.ok:
                error = f"{path} answered HTTP {response.status}: {await response.text()}"
                raise HomeAssistantProcessError(error)
            return await response.json()

    async def command(self, **fields: Any) -> Any:
        """Send a command over the WebSocket, and return its result."""
        number = next(self._ids)
        await self.socket.send_json({"id": number, **fields})
        while (message := await self.socket.receive_json(timeout=REACTION)).get("id") != number:
            pass
        return message.get("result")

    async def start(self, token: str) -> None:
        """Log in to the WebSocket, and wait until all integrations are set up."""
        await self.socket.receive_json()
        await self.socket.send_json({"type": "auth", "access_token": token})
        await self.socket.receive_json()
        # Without this, Home Assistant goes back to its own port after five minutes.
        await self.command(type="http/config/promote")
        for _ in range(REACTION):
            if (await self.command(type="get_config"))["state"] == "RUNNING":
                return
            await asyncio.sleep(1)
        raise TimeoutError


@dataclass(frozen=True)
class HomeAssistantProcess:
    """A Home Assistant whose folder is replaced at each start."""

    folder: Path
    port: int
    language: str = "en"
    detector: str = "Smoke detector"
    package: Path | None = None
    """A release's zip, to install the integration from it instead of from this folder."""
    person: str = "Demo"

    @property
    def url(self) -> str:
        """Return the address of its user interface."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        """Return the file of its log."""
        return self.folder / "home-assistant.log"

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Login]:
        """Start Home Assistant, log in, and stop it. After an error, print the end of its log."""
        self._build()
        try:
            async with self._process() as process, aiohttp.ClientSession(self.url) as session:
                async with asyncio.timeout(STARTUP):
                    await self._wait_for_answer(process, session)
                    token = await self._make_user(session)
                session.headers["Authorization"] = f"Bearer {token}"
                async with session.ws_connect("/api/websocket") as socket_:
                    login = Login(process, session, socket_)
                    await login.start(token)
                    yield login
        except (HomeAssistantProcessError, TimeoutError) as err:
            lines = self.log.read_text(errors="replace").splitlines()[-20:]
            print(f"The end of {self.log.relative_to(ROOT)}:", *lines, sep="\n")
            error = str(err) or "Home Assistant did not answer in time"
            raise HomeAssistantProcessError(error) from err

    def _build(self) -> None:
        """Replace its folder. Raise HomeAssistantProcessError if another process uses it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with ensure_single_execution(str(self.folder)) as lock:
            if lock.exit_code:
                error = f"another process uses {self.folder.name}: stop that first"
                raise HomeAssistantProcessError(error)
            shutil.rmtree(self.folder)
        storage = self.folder / ".storage"
        storage.mkdir(parents=True)
        components = self.folder / "custom_components"
        if self.package:
            shutil.unpack_archive(self.package, components / "directcall")
        else:
            components.symlink_to(ROOT / "custom_components", target_is_directory=True)
        configuration = CONFIGURATION.format(**vars(self), ffmpeg=json.dumps(get_ffmpeg_exe()))
        (self.folder / "configuration.yaml").write_text(configuration, encoding="utf-8")
        for name, content in (("automations", "[]\n"), ("scenes", "[]\n"), ("scripts", "{}\n")):
            (self.folder / f"{name}.yaml").write_text(content)
        # Only the step that makes the user is left. Others add integrations that use the internet.
        done = {"done": ["core_config", "analytics", "integration"]}
        (storage / "onboarding").write_text(
            json.dumps({"version": 4, "minor_version": 1, "key": "onboarding", "data": done})
        )

    @asynccontextmanager
    async def _process(self) -> AsyncIterator[Process]:
        with self.log.open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                Path(sys.executable).with_name("hass"),
                *("--config", self.folder, "--skip-pip-packages", VOICE_REQUIREMENTS),
                cwd=self.folder,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
            try:
                yield process
            finally:
                with suppress(ProcessLookupError):
                    process.terminate()
                try:
                    await asyncio.wait_for(process.wait(), SHUTDOWN)
                finally:
                    with suppress(ProcessLookupError):
                        os.killpg(process.pid, signal.SIGKILL)

    @staticmethod
    async def _wait_for_answer(process: Process, session: aiohttp.ClientSession) -> None:
        while process.returncode is None:
            with suppress(aiohttp.ClientError):
                async with session.get("/api/onboarding") as response:
                    if response.ok:
                        return
            await asyncio.sleep(1)
        error = f"Home Assistant ended by itself with status {process.returncode}"
        raise HomeAssistantProcessError(error)

    async def _make_user(self, session: aiohttp.ClientSession) -> str:
        client = {"client_id": f"{self.url}/"}
        # Home Assistant names the first areas in the user's language.
        user = {"name": self.person, "username": USER, "password": USER, "language": self.language}
        async with session.post(
            "/api/onboarding/users", json={**user, **client}, raise_for_status=True
        ) as response:
            code = (await response.json())["auth_code"]
        form = {"grant_type": "authorization_code", "code": code, **client}
        async with session.post("/auth/token", data=form, raise_for_status=True) as response:
            return str((await response.json())["access_token"])
