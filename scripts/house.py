"""A Home Assistant in a process of its own, on loopback, with the integration and one user."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
import fcntl
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

ROOT: Final = Path(__file__).parent.parent
USER: Final = "demo"
"""The user's name and password."""
# Home Assistant must not build these: pyproject.toml pins newer versions, which have wheels.
VOICE_REQUIREMENTS: Final = "pymicro-vad,pyspeex-noise"
# Seconds until Home Assistant answers, until it has reacted, and until it has stopped.
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
"""


class HouseError(Exception):
    """Home Assistant did not do what was expected."""


def say(text: str = "") -> None:
    """Print at once, also into a pipe."""
    print(text, flush=True)


def free_port(wanted: int) -> int:
    """Return this port of loopback, or another one if it is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):
            probe.bind(("127.0.0.1", wanted))
            return wanted
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        say(f"Port {wanted} is taken; using {port} instead.")
        return port


@dataclass(frozen=True)
class House:
    """A Home Assistant whose folder is replaced at each start."""

    folder: Path
    port: int
    language: str = "en"
    package: Path | None = None
    """A release's zip, to install the integration from it instead of from this folder."""
    more: str = ""
    """More of its configuration."""

    @property
    def url(self) -> str:
        """Return the address of its user interface."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        """Return the file of its log."""
        return self.folder / "home-assistant.log"

    @asynccontextmanager
    async def running(self) -> AsyncIterator[asyncio.subprocess.Process]:
        """Start Home Assistant, and stop it. After a HouseError, print the end of its log."""
        with self._lock():
            self._build()
            try:
                async with self._process() as process:
                    await self._wait_until_up(process)
                    yield process
            except HouseError:
                lines = self.log.read_text(errors="replace").splitlines()[-20:]
                say("\n".join([f"The end of {self.log.relative_to(ROOT)}:", *lines]))
                raise

    @contextmanager
    def _lock(self) -> Iterator[None]:
        """Keep a second process out of the folder. Raise HouseError if there is one."""
        with self.folder.with_name(f"{self.folder.name}.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                error = f"another process uses {self.folder.name}: stop that first"
                raise HouseError(error) from None
            yield

    def _build(self) -> None:
        """Replace its folder."""
        shutil.rmtree(self.folder, ignore_errors=True)
        storage = self.folder / ".storage"
        storage.mkdir(parents=True)
        components = self.folder / "custom_components"
        if self.package:
            shutil.unpack_archive(self.package, components / "directcall")
        else:
            components.symlink_to(ROOT / "custom_components", target_is_directory=True)
        configuration = CONFIGURATION.format(
            port=self.port, language=self.language, ffmpeg=json.dumps(get_ffmpeg_exe())
        )
        (self.folder / "configuration.yaml").write_text(configuration + self.more, encoding="utf-8")
        for name, content in (("automations", "[]\n"), ("scenes", "[]\n"), ("scripts", "{}\n")):
            (self.folder / f"{name}.yaml").write_text(content)
        # Only the onboarding's first step is left, which makes the user. The other steps would add
        # integrations that connect to servers.
        done = {"done": ["core_config", "analytics", "integration"]}
        (storage / "onboarding").write_text(
            json.dumps({"version": 4, "minor_version": 1, "key": "onboarding", "data": done})
        )

    @asynccontextmanager
    async def _process(self) -> AsyncIterator[asyncio.subprocess.Process]:
        """Run Home Assistant, and end it with all processes that it started."""
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

    async def _wait_until_up(self, process: asyncio.subprocess.Process) -> None:
        """Wait until Home Assistant answers, and show that time passes."""
        say("Starting Home Assistant. The first time, this takes a while.")
        async with aiohttp.ClientSession(self.url) as session:
            for second in range(STARTUP):
                if process.returncode is not None:
                    error = f"Home Assistant ended by itself with status {process.returncode}"
                    raise HouseError(error)
                with suppress(aiohttp.ClientError):
                    async with session.get("/api/onboarding") as response:
                        if response.ok:
                            say(f"Home Assistant is up after {second} s.")
                            return
                if second and second % 10 == 0:
                    say(f"  … {second} s")
                await asyncio.sleep(1)
        error = f"Home Assistant was not up after {STARTUP} s"
        raise HouseError(error)

    async def make_user(self, session: aiohttp.ClientSession) -> str:
        """Make the user, and return an access token of Home Assistant."""
        client = f"{self.url}/"
        form = {"client_id": client, "name": "Demo", "username": USER, "password": USER}
        answer = await post(session, "/api/onboarding/users", {**form, "language": "en"})
        code = {"grant_type": "authorization_code", "code": answer["auth_code"]}
        async with session.post("/auth/token", data={**code, "client_id": client}) as response:
            response.raise_for_status()
            token: str = (await response.json())["access_token"]
            return token


@asynccontextmanager
async def connected(
    session: aiohttp.ClientSession, token: str
) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """Open Home Assistant's WebSocket, and wait until all integrations are set up."""
    async with session.ws_connect("/api/websocket") as socket_:
        await socket_.receive_json()
        await socket_.send_json({"type": "auth", "access_token": token})
        await socket_.receive_json()
        # Without this, Home Assistant goes back to its own port after five minutes.
        await command(socket_, 1, type="http/config/promote")
        for number in range(2, 2 + REACTION):
            if (await command(socket_, number, type="get_config"))["state"] == "RUNNING":
                break
            await asyncio.sleep(1)
        else:
            error = "Home Assistant did not finish its start"
            raise HouseError(error)
        yield socket_


async def post(session: aiohttp.ClientSession, path: str, body: Mapping[str, Any]) -> Any:
    """Send JSON to Home Assistant's API, and return the response."""
    async with session.post(path, json=body) as response:
        if not response.ok:
            error = f"{path} answered HTTP {response.status}: {await response.text()}"
            raise HouseError(error)
        return await response.json()


async def command(socket_: aiohttp.ClientWebSocketResponse, number: int, **fields: Any) -> Any:
    """Send a command over Home Assistant's WebSocket, and return its result."""
    await socket_.send_json({"id": number, **fields})
    while (message := await socket_.receive_json(timeout=REACTION)).get("id") != number:
        pass
    return message.get("result")
