"""A house notices smoke, and a real Home Assistant speaks to one person and calls the next.

The call is recorded, and listened to. It does so through the simulated Directcall: everything runs
on loopback, and nothing is billed. The house's configuration is made anew at each start, in the
folder .demo.
"""

import argparse
import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
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

from tests.simulator import ACCOUNT, Message, NetworkCall, Quirks, Simulator

ROOT: Final = Path(__file__).parent.parent
HOUSE: Final = ROOT / ".demo"
LOG: Final = HOUSE / "home-assistant.log"
USER: Final = "demo"
FLOWS: Final = "/api/config/config_entries/flow"
LIST_RECORDINGS: Final = "/api/services/directcall/list_recordings"
CONTACT_FLOWS: Final = "/api/config/config_entries/subentries/flow"
SMOKE: Final = "input_boolean.smoke"
# What follows depends on the house's language.
CALL: Final = "event.directcall_"
AUTOMATION: Final = "Speak to Maria, and call João"
ORIGIN: Final = "(41) 3060-0300"
# The second one's telephone is answered and hung up (see tests/simulator/__init__.py).
CONTACTS: Final = {"Maria": "(41) 99999-0000", "João": "(41) 99999-7004"}
SPOKEN: Final = "Attention. Smoke in the kitchen."
EXPECTED_STORY: Final = ["placed", "ringing", "answered", "ended"]
EXPECTED_MESSAGE: Final = {
    "origem": "554130600300",
    "destino": "5541999990000",
    "tipo": "voz",
    "num_tentativas": "3",
    "texto": SPOKEN,
    "format": "JSON",
    "access_token": "…",
}
EXPECTED_CALL: Final = {
    "origem": "554130600300",
    "destino": "5541999997004",
    "gravar": "s",
    "cli": "s",
    "inverter_discagem": "n",
    "format": "JSON",
    "access_token": "…",
}
EXPECTED_SOUND: Final = "the call to João: 24044 bytes of audio/x-wav, HTTP 206"
# Newer ones than Home Assistant asks for are there (see pyproject.toml): it need not build its own.
VOICE_REQUIREMENTS: Final = "pymicro-vad,pyspeex-noise"
STARTUP: Final = 240
REACTION: Final = 20
# Until the call is over, with telephones in a hurry.
CALL_IS_OVER: Final = 60
HASTE: Final = 3
# Long enough for another call or message to arrive, if there were one.
GRACE: Final = 2

CONFIGURATION: Final = f"""\
homeassistant:
  name: Casa
  country: BR
  language: {{language}}
  time_zone: America/Sao_Paulo
  currency: BRL
  unit_system: metric

http:
  server_host: 127.0.0.1
  server_port: {{port}}

config:
ffmpeg:
  ffmpeg_bin: {{ffmpeg}}
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

input_boolean:
  smoke:
    name: Smoke
    icon: mdi:smoke-detector-variant

script: !include scripts.yaml
scene: !include scenes.yaml
automation mine: !include automations.yaml
automation demo:
  - id: smoke
    alias: {AUTOMATION}
    mode: single
    triggers:
      - trigger: state
        entity_id: {SMOKE}
        from: "off"
        to: "on"
    actions:
      - action: directcall.send_voice_message
        continue_on_error: true
        data:
          destination: Maria
          message: {SPOKEN}
      - action: directcall.place_call
        data:
          destination: João
          record: true
"""


class DemoError(Exception):
    """The story went another way than it should."""


@dataclass
class Story:
    """What the house and the telephone network saw."""

    house: list[str] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)
    """What was heard of the recordings."""
    calls: dict[str, list[str]] = field(default_factory=dict)
    """What became of each call, by its id."""

    @property
    def is_over(self) -> bool:
        """Return if all that should happen did."""
        return any(EXPECTED_STORY[-1] in states for states in self.calls.values())

    def saw(self, what: str) -> None:
        """Note what the house saw."""
        self.house.append(f"{datetime.now().astimezone():%H:%M:%S}  {what}")


def say(text: str = "") -> None:
    """Print at once, also into a pipe."""
    print(text, flush=True)


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__)
    parser.add_argument(
        "--once", action="store_true", help="exit after the story; 0 only if it went as it should"
    )
    parser.add_argument("--port", type=int, default=8123, help="of Home Assistant")
    parser.add_argument("--simulator-port", type=int, default=8124, help="of the simulator")
    parser.add_argument("--language", default="en", help="of the house: en or pt-BR")
    parser.add_argument(
        "--zip",
        type=Path,
        help="install the integration from a release's zip, instead of from here",
    )
    return parser.parse_args()


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


@contextmanager
def only_demo() -> Iterator[None]:
    """Keep a second demo from tearing down the house that the first one lives in."""
    with (ROOT / ".demo.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            error = "another demo is running in this folder: end that one first"
            raise DemoError(error) from None
        yield


def build_house(port: int, arguments: argparse.Namespace) -> None:
    """Write a configuration with the integration, a smoke detector and an automation."""
    shutil.rmtree(HOUSE, ignore_errors=True)
    storage = HOUSE / ".storage"
    storage.mkdir(parents=True)
    components = HOUSE / "custom_components"
    if arguments.zip:
        shutil.unpack_archive(arguments.zip, components / "directcall")
    else:
        components.symlink_to(ROOT / "custom_components", target_is_directory=True)
    (HOUSE / "configuration.yaml").write_text(
        CONFIGURATION.format(
            port=port, language=arguments.language, ffmpeg=json.dumps(get_ffmpeg_exe())
        ),
        encoding="utf-8",
    )
    for name in ("automations", "scripts", "scenes"):
        (HOUSE / f"{name}.yaml").write_text("[]\n" if name != "scripts" else "{}\n")
    # All that is left of the onboarding is to make the user. Its other steps would add
    # integrations that look for servers elsewhere.
    done = {"done": ["core_config", "analytics", "integration"]}
    (storage / "onboarding").write_text(
        json.dumps({"version": 4, "minor_version": 1, "key": "onboarding", "data": done})
    )


@asynccontextmanager
async def running_home_assistant() -> AsyncIterator[asyncio.subprocess.Process]:
    """Run Home Assistant, and end it with all that it started."""
    with LOG.open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            Path(sys.executable).with_name("hass"),
            "--config",
            HOUSE,
            "--skip-pip-packages",
            VOICE_REQUIREMENTS,
            cwd=HOUSE,
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


async def wait_until_up(
    process: asyncio.subprocess.Process, session: aiohttp.ClientSession
) -> None:
    """Wait until Home Assistant answers, and show that time passes."""
    say("Starting Home Assistant. The first time, this takes a while.")
    for second in range(STARTUP):
        if process.returncode is not None:
            error = f"Home Assistant ended by itself with status {process.returncode}"
            raise DemoError(error)
        with suppress(aiohttp.ClientError):
            async with session.get("/api/onboarding") as response:
                if response.ok:
                    say(f"Home Assistant is up after {second} s.")
                    return
        if second and second % 10 == 0:
            say(f"  … {second} s")
        await asyncio.sleep(1)
    error = f"Home Assistant was not up after {STARTUP} s"
    raise DemoError(error)


async def make_user(session: aiohttp.ClientSession, url: str) -> str:
    """Make the user, and return an access token of Home Assistant's."""
    form = {"client_id": f"{url}/", "name": "Demo", "username": USER, "password": USER}
    code = (await post(session, "/api/onboarding/users", {**form, "language": "en"}))["auth_code"]
    async with session.post(
        "/auth/token",
        data={"grant_type": "authorization_code", "code": code, "client_id": f"{url}/"},
    ) as response:
        response.raise_for_status()
        token: str = (await response.json())["access_token"]
        return token


async def post(session: aiohttp.ClientSession, path: str, body: Mapping[str, Any]) -> Any:
    """Send JSON to Home Assistant's API and return its answer."""
    async with session.post(path, json=body) as response:
        if not response.ok:
            error = f"{path} answered HTTP {response.status}: {await response.text()}"
            raise DemoError(error)
        return await response.json()


async def command(socket_: aiohttp.ClientWebSocketResponse, number: int, **what: Any) -> Any:
    """Send a command over Home Assistant's WebSocket and return its result."""
    await socket_.send_json({"id": number, **what})
    while (message := await socket_.receive_json(timeout=REACTION)).get("id") != number:
        pass
    return message.get("result")


async def add_account(session: aiohttp.ClientSession, simulator: Simulator) -> None:
    """Add the account and its contacts as a person would, through the UI's own flows."""
    form = await post(session, FLOWS, {"handler": "directcall"})
    result = await post(
        session,
        f"{FLOWS}/{form['flow_id']}",
        {
            "client_id": ACCOUNT.client_id,
            "client_secret": ACCOUNT.client_secret,
            "origin": ORIGIN,
            "advanced": {"url": simulator.url},
        },
    )
    if result["type"] != "create_entry":
        error = f"the config flow did not make an entry: {result.get('errors')}"
        raise DemoError(error)
    # The form of the first contact follows that of the account.
    _, flow_id = result["next_flow"]
    first, *others = CONTACTS.items()
    await fill_in_contact(session, flow_id, *first)
    for contact in others:
        handler = [result["result"]["entry_id"], "contact"]
        form = await post(session, CONTACT_FLOWS, {"handler": handler})
        await fill_in_contact(session, form["flow_id"], *contact)
    say(f"The account {result['title']} is set up with {len(CONTACTS)} contacts, as in the UI.")


async def fill_in_contact(
    session: aiohttp.ClientSession, flow_id: str, name: str, number: str
) -> None:
    """Fill in the form of a contact."""
    result = await post(session, f"{CONTACT_FLOWS}/{flow_id}", {"name": name, "number": number})
    if result["type"] != "create_entry":
        error = f"the flow did not make a contact: {result.get('errors')}"
        raise DemoError(error)


async def light_a_fire(
    session: aiohttp.ClientSession, socket_: aiohttp.ClientWebSocketResponse
) -> Story:
    """Turn the smoke detector on, and return what the house saw of it."""
    for number, event_type in enumerate(("state_changed", "automation_triggered"), start=100):
        await command(socket_, number, type="subscribe_events", event_type=event_type)
    await post(session, "/api/services/input_boolean/turn_on", {"entity_id": SMOKE})
    story = Story()
    try:
        async with asyncio.timeout(CALL_IS_OVER):
            while not story.is_over:
                event = (await socket_.receive_json()).get("event", {})
                data = event.get("data", {})
                match event.get("event_type"):
                    case "state_changed" if data["entity_id"] == SMOKE:
                        story.saw(f"{SMOKE} turned {data['new_state']['state']}")
                    case "automation_triggered":
                        story.saw(f'the automation "{data["name"]}" ran')
                    case "state_changed" if data["entity_id"].startswith(CALL):
                        attributes = data["new_state"]["attributes"]
                        state, contact = attributes["event_type"], attributes["contact"]
                        story.saw(f"{data['entity_id']}: the call to {contact} is {state}")
                        story.calls.setdefault(attributes["call_id"], []).append(state)
    except TimeoutError:
        story.saw(f"nothing more in {CALL_IS_OVER} s")
    return story


async def listen(
    session: aiohttp.ClientSession, socket_: aiohttp.ClientWebSocketResponse, url: str
) -> list[str]:
    """Listen to what was recorded, as a player does, and return what was heard."""
    answer = await post(session, f"{LIST_RECORDINGS}?return_response", {})
    heard = []
    for number, recording in enumerate(answer["service_response"]["recordings"], start=200):
        content_id = recording["media_content_id"]
        media = await command(
            socket_, number, type="media_source/resolve_media", media_content_id=content_id
        )
        # A signed path, for a player that nobody logged in.
        async with (
            aiohttp.ClientSession(url) as player,
            player.get(media["url"], headers={"Range": "bytes=0-"}) as response,
        ):
            audio = await response.read()
        name = recording["contact"] or recording["destination"]
        what = f"{len(audio)} bytes of {response.content_type}, HTTP {response.status}"
        heard.append(f"the call to {name}: {what}")
    return heard


def tell(story: Story, simulator: Simulator) -> None:
    """Print the story."""
    say("\nWhat the house saw")
    for line in story.house:
        say(f"  {line}")
    say("\nWhat was recorded, and can be heard")
    for line in story.heard:
        say(f"  {line}")
    say("\nWhat reached the telephone network")
    for message in simulator.messages:
        say("  a message")
        tell_message(message)
    for call in simulator.calls:
        say("  a call")
        tell_call(call)


def tell_message(message: Message) -> None:
    """Print a message as the telephone network saw it."""
    what = f"{len(message.audio)} bytes of audio" if message.audio else message.text
    verb = "speaks to" if message.is_spoken else "writes to"
    say(f"            {verb}   {', '.join(message.destinations)}")
    say(f"            says        {what}")
    say("            form        " + " ".join(f"{k}={v}" for k, v in masked(message.form).items()))


def tell_call(call: NetworkCall) -> None:
    """Print a call as the telephone network saw it."""
    roles = {call.origin: "the origin", call.destination: "the destination"}
    then = call.destination if call.rings_first == call.origin else call.origin
    say(f"            rings first {call.rings_first}, {roles[call.rings_first]}")
    say(f"            then        {then}, {roles[then]}")
    say(f"            recorded    {'yes' if call.recorded else 'no'}")
    say("            form        " + " ".join(f"{k}={v}" for k, v in masked(call.form).items()))


def masked(form: Mapping[str, str]) -> dict[str, str]:
    """Return a form without its token."""
    return {k: "…" if k == "access_token" else v for k, v in form.items()}


def check(story: Story, simulator: Simulator) -> None:
    """Raise DemoError unless the message and the call arrived once, and the call was followed."""
    messages = [masked(message.form) for message in simulator.messages]
    calls = [masked(call.form) for call in simulator.calls]
    stories = list(story.calls.values())
    if messages != [EXPECTED_MESSAGE]:
        error = f"the messages that arrived are not those that should have: {messages}"
    elif calls != [EXPECTED_CALL]:
        error = f"the calls that arrived are not those that should have: {calls}"
    elif stories != [EXPECTED_STORY]:
        error = f"what became of the call is not what should have: {stories}"
    elif story.heard != [EXPECTED_SOUND]:
        error = f"what was heard of the call is not what should have: {story.heard}"
    else:
        return
    raise DemoError(error)


async def play(simulator: Simulator, arguments: argparse.Namespace) -> None:
    """Run the house and tell its story."""
    port = free_port(arguments.port)
    url = f"http://127.0.0.1:{port}"
    build_house(port, arguments)
    async with running_home_assistant() as process:
        async with aiohttp.ClientSession(url) as session:
            await wait_until_up(process, session)
            token = await make_user(session, url)
            session.headers["Authorization"] = f"Bearer {token}"
            async with session.ws_connect("/api/websocket") as socket_:
                await socket_.receive_json()
                await socket_.send_json({"type": "auth", "access_token": token})
                await socket_.receive_json()
                # Without this, Home Assistant goes back to its own port after five minutes.
                await command(socket_, 1, type="http/config/promote")
                await wait_until_running(socket_)
                await check_frontend(socket_)
                await add_account(session, simulator)
                story = await light_a_fire(session, socket_)
                await asyncio.sleep(GRACE)
                story.heard = await listen(session, socket_, url)
        tell(story, simulator)
        check(story, simulator)
        if not arguments.once:
            await stay(simulator, process, url)


async def wait_until_running(socket_: aiohttp.ClientWebSocketResponse) -> None:
    """Wait until everything in Home Assistant is set up."""
    for number in range(2, 2 + REACTION):
        if (await command(socket_, number, type="get_config"))["state"] == "RUNNING":
            return
        await asyncio.sleep(1)
    error = "Home Assistant did not finish its start"
    raise DemoError(error)


async def check_frontend(socket_: aiohttp.ClientWebSocketResponse) -> None:
    """Raise DemoError if the frontend would not come up: it waits for the actions there are."""
    if not await command(socket_, 50, type="get_services"):
        error = "Home Assistant cannot tell its frontend which actions there are"
        raise DemoError(error)


async def stay(simulator: Simulator, process: asyncio.subprocess.Process, url: str) -> None:
    """Leave everything running, and show each call and message that comes."""
    say(f"""
Home Assistant is at {url}: log in as {USER} with the password {USER}.
Try there
  - Settings > Tools > Actions: Directcall: Send voice message, Send SMS, Place call
  - Media: Directcall: listen to the call that was recorded
  - Settings > Devices & services: Directcall: add a contact, press its button
  - the switch {SMOKE}: off and on again, and the house speaks and calls again
  - a call to a number that ends in 0201 (no credit), 9001 (the answer is lost), 7001 (busy);
    tests/simulator/__init__.py says what other numbers do
  - the device Directcall: its event tells what becomes of each call, its button hangs up
Directcall is simulated at {simulator.url}: client id {ACCOUNT.client_id}, client secret \
{ACCOUNT.client_secret}.
Home Assistant's log is {LOG.relative_to(ROOT)}. Ctrl-C ends everything.
""")

    def on_call(call: NetworkCall) -> None:
        say(f"{datetime.now().astimezone():%H:%M:%S}  a call reached the telephone network")
        tell_call(call)

    def on_message(message: Message) -> None:
        say(f"{datetime.now().astimezone():%H:%M:%S}  a message reached the telephone network")
        tell_message(message)

    simulator.on_call = on_call
    simulator.on_message = on_message
    simulator.quirks.haste = 1
    await process.wait()
    error = "Home Assistant ended by itself"
    raise DemoError(error)


async def main() -> int:
    """Run the demo."""
    arguments = parse_arguments()
    loop = asyncio.get_running_loop()
    if task := asyncio.current_task():
        loop.add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        with only_demo():
            return await run(arguments)
    except DemoError as err:
        say(f"The demo cannot start: {err}.")
        return 1


async def run(arguments: argparse.Namespace) -> int:
    """Run the simulator and the house."""
    simulator = Simulator(Quirks(haste=HASTE), port=free_port(arguments.simulator_port))
    await simulator.start()
    try:
        await play(simulator, arguments)
    except DemoError as err:
        say(f"\nThe demo failed: {err}.")
        if LOG.exists():
            say(f"The end of {LOG.relative_to(ROOT)}:")
            say("\n".join(LOG.read_text(errors="replace").splitlines()[-20:]))
        return 1
    finally:
        await simulator.stop()
    say("\nWhat should arrive did so exactly once, and what became of the call was told.")
    return 0


if __name__ == "__main__":
    with suppress(KeyboardInterrupt, asyncio.CancelledError):
        sys.exit(asyncio.run(main()))
