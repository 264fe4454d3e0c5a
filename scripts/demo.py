"""A house notices smoke, and a real Home Assistant calls until somebody answers.

It calls through the simulated Directcall: everything runs on loopback, and nothing is billed. The
house's configuration is made anew at each start, in the folder .demo.
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
import re
import shutil
import signal
import socket
import sys
from typing import Any, Final

import aiohttp

from tests.simulator import ACCOUNT, NetworkCall, Quirks, Simulator

ROOT: Final = Path(__file__).parent.parent
HOUSE: Final = ROOT / ".demo"
LOG: Final = HOUSE / "home-assistant.log"
USER: Final = "demo"
SMOKE: Final = "input_boolean.smoke"
# What follows depends on the house's language.
CALL: Final = "event.directcall_"
AUTOMATION: Final = "Call down the list until somebody answers"
ORIGIN: Final = "(41) 3060-0300"
# The first rings in vain, the second is answered and hung up (see tests/simulator/__init__.py).
DESTINATIONS: Final = ("(41) 99999-7002", "(41) 99999-7004")
EXPECTED_STORIES: Final = [
    ["placed", "ringing", "no_answer"],
    ["placed", "ringing", "answered", "ended"],
]
EXPECTED_FORM: Final = {
    "origem": "554130600300",
    "gravar": "s",
    "cli": "s",
    "inverter_discagem": "n",
    "format": "JSON",
}
# Newer ones than Home Assistant asks for are there (see pyproject.toml): it need not build its own.
VOICE_REQUIREMENTS: Final = "pymicro-vad,pyspeex-noise"
STARTUP: Final = 240
REACTION: Final = 20
# Until both calls are over, with telephones in a hurry.
BOTH_CALLS: Final = 60
HASTE: Final = 3
# Long enough for a second call to arrive, if there were one.
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
frontend:
history:
logbook:
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
      - repeat:
          for_each: {json.dumps(DESTINATIONS)}
          sequence:
            - variables:
                call: {{{{}}}}
            - action: directcall.place_call
              continue_on_error: true
              data:
                destination: "{{{{{{{{ repeat.item }}}}}}}}"
                record: true
                wait_for_outcome: true
              response_variable: call
            - if: "{{{{{{{{ call.outcome | default('') == 'answered' }}}}}}}}"
              then:
                - stop: Somebody answered
"""


class DemoError(Exception):
    """The story went another way than it should."""


@dataclass
class Story:
    """What the house and the telephone network saw."""

    house: list[str] = field(default_factory=list)
    calls: dict[str, list[str]] = field(default_factory=dict)
    """What became of each call, by its id."""

    @property
    def is_over(self) -> bool:
        """Return if all that should happen did."""
        return len(self.calls) == len(DESTINATIONS) and "ended" in [*self.calls.values()][-1]

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
        CONFIGURATION.format(port=port, language=arguments.language), encoding="utf-8"
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
    """Add the account as a person would, through the config flow."""
    flows = "/api/config/config_entries/flow"
    form = await post(session, flows, {"handler": "directcall"})
    result = await post(
        session,
        f"{flows}/{form['flow_id']}",
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
    say(f"The account {result['title']} is set up, through the config flow.")


async def light_a_fire(
    session: aiohttp.ClientSession, socket_: aiohttp.ClientWebSocketResponse
) -> Story:
    """Turn the smoke detector on, and return what the house saw of it."""
    for number, event_type in enumerate(("state_changed", "automation_triggered"), start=100):
        await command(socket_, number, type="subscribe_events", event_type=event_type)
    await post(session, "/api/services/input_boolean/turn_on", {"entity_id": SMOKE})
    story = Story()
    try:
        async with asyncio.timeout(BOTH_CALLS):
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
                        state, digits = attributes["event_type"], attributes["last_digits"]
                        story.saw(f"{data['entity_id']}: the call to …{digits} is {state}")
                        story.calls.setdefault(attributes["call_id"], []).append(state)
    except TimeoutError:
        story.saw(f"nothing more in {BOTH_CALLS} s")
    return story


def tell(story: Story, calls: list[NetworkCall]) -> None:
    """Print the story."""
    say("\nWhat the house saw")
    for line in story.house:
        say(f"  {line}")
    say("\nWhat reached the telephone network")
    say(f"  {len(calls)} call{'' if len(calls) == 1 else 's'}")
    for call in calls:
        tell_call(call)


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


def check(story: Story, calls: list[NetworkCall]) -> None:
    """Raise DemoError unless each call arrived once, as it should, and was followed to its end."""
    expected = [
        {**EXPECTED_FORM, "destino": "55" + re.sub(r"\D", "", destination), "access_token": "…"}
        for destination in DESTINATIONS
    ]
    forms = [masked(call.form) for call in calls]
    stories = list(story.calls.values())
    if forms != expected or not all(call.form["access_token"] for call in calls):
        error = f"the calls that arrived are not those that should have: {forms}"
    elif stories != EXPECTED_STORIES:
        error = f"what became of the calls is not what should have: {stories}"
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
        tell(story, simulator.calls)
        check(story, simulator.calls)
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
    """Leave everything running, and show each call that comes."""
    say(f"""
Home Assistant is at {url}: log in as {USER} with the password {USER}.
Try there
  - Settings > Tools > Actions: Directcall: Place call
  - Settings > Devices & services: Directcall
  - the switch {SMOKE}: off and on again, and the house calls again
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

    simulator.on_call = on_call
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
    say("\nEach call arrived exactly once, and its outcome was told, as it should be.")
    return 0


if __name__ == "__main__":
    with suppress(KeyboardInterrupt, asyncio.CancelledError):
        sys.exit(asyncio.run(main()))
