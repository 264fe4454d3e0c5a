"""A real Home Assistant on loopback, with the integration of this folder and one user."""

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
# Newer ones than Home Assistant asks for are there (see pyproject.toml): it need not build its own.
VOICE_REQUIREMENTS: Final = "pymicro-vad,pyspeex-noise"
STARTUP: Final = 240
REACTION: Final = 20

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
    """Home Assistant did something else than it should."""


def say(text: str = "") -> None:
    """Print at once, also into a pipe."""
    print(text, flush=True)


def free_port(wanted: int) -> int:
    """Return a port on loopback: the one that is wanted, or another if it is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):
            probe.bind(("127.0.0.1", wanted))
            return wanted
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        say(f"Port {wanted} is taken; using {port} instead.")
        return port


@dataclass(frozen=True)
class House:
    """A Home Assistant that lives in a folder, which is made anew."""

    folder: Path
    port: int
    language: str = "en"
    package: Path | None = None
    """A release's zip to install the integration from, instead of from here."""
    more: str = ""
    """What else is in its configuration."""

    @property
    def url(self) -> str:
        """Return where it answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        """Return the file that its log is in."""
        return self.folder / "home-assistant.log"

    @asynccontextmanager
    async def running(self) -> AsyncIterator[asyncio.subprocess.Process]:
        """Build it and run Home Assistant, and end it with all that it started.

        Where HouseError is raised, the end of Home Assistant's log is printed.
        """
        with self._alone():
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
    def _alone(self) -> Iterator[None]:
        """Keep a second one from tearing down the house that the first one lives in."""
        with self.folder.with_name(f"{self.folder.name}.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                error = f"somebody else runs in {self.folder.name}: end that first"
                raise HouseError(error) from None
            yield

    def _build(self) -> None:
        """Write its configuration, with the integration."""
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
        for name in ("automations", "scripts", "scenes"):
            (self.folder / f"{name}.yaml").write_text("[]\n" if name != "scripts" else "{}\n")
        # All that is left of the onboarding is to make the user. Its other steps would add
        # integrations that look for servers elsewhere.
        done = {"done": ["core_config", "analytics", "integration"]}
        (storage / "onboarding").write_text(
            json.dumps({"version": 4, "minor_version": 1, "key": "onboarding", "data": done})
        )

    @asynccontextmanager
    async def _process(self) -> AsyncIterator[asyncio.subprocess.Process]:
        """Run Home Assistant."""
        with self.log.open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                Path(sys.executable).with_name("hass"),
                "--config",
                self.folder,
                "--skip-pip-packages",
                VOICE_REQUIREMENTS,
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
                    await asyncio.wait_for(process.wait(), 20)
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
        """Make the user, and return an access token of Home Assistant's."""
        client = f"{self.url}/"
        form = {"client_id": client, "name": "Demo", "username": USER, "password": USER}
        answer = await post(session, "/api/onboarding/users", {**form, "language": "en"})
        async with session.post(
            "/auth/token",
            data={
                "grant_type": "authorization_code",
                "code": answer["auth_code"],
                "client_id": client,
            },
        ) as response:
            response.raise_for_status()
            token: str = (await response.json())["access_token"]
            return token


@asynccontextmanager
async def connected(
    session: aiohttp.ClientSession, token: str
) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """Talk to Home Assistant over its WebSocket, once everything in it is set up."""
    async with session.ws_connect("/api/websocket") as socket_:
        await socket_.receive_json()
        await socket_.send_json({"type": "auth", "access_token": token})
        await socket_.receive_json()
        # Without this, Home Assistant goes back to its own port after five minutes.
        await command(socket_, 1, type="http/config/promote")
        await _wait_until_running(socket_)
        yield socket_


async def _wait_until_running(socket_: aiohttp.ClientWebSocketResponse) -> None:
    """Wait until everything in Home Assistant is set up."""
    for number in range(2, 2 + REACTION):
        if (await command(socket_, number, type="get_config"))["state"] == "RUNNING":
            return
        await asyncio.sleep(1)
    error = "Home Assistant did not finish its start"
    raise HouseError(error)


async def post(session: aiohttp.ClientSession, path: str, body: Mapping[str, Any]) -> Any:
    """Send JSON to Home Assistant's API and return its answer."""
    async with session.post(path, json=body) as response:
        if not response.ok:
            error = f"{path} answered HTTP {response.status}: {await response.text()}"
            raise HouseError(error)
        return await response.json()


async def command(socket_: aiohttp.ClientWebSocketResponse, number: int, **what: Any) -> Any:
    """Send a command over Home Assistant's WebSocket and return its result."""
    await socket_.send_json({"id": number, **what})
    while (message := await socket_.receive_json(timeout=REACTION)).get("id") != number:
        pass
    return message.get("result")
