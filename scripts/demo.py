"""A house notices smoke, and a real Home Assistant speaks to one person and calls the next.

The call is recorded, and listened to. It does so through the simulated Directcall: everything runs
on loopback, and nothing is billed. The house's configuration is made anew at each start, in the
folder .demo.
"""

import argparse
import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
import signal
import sys
from typing import Final

import aiohttp

from tests.simulator import ACCOUNT, Message, NetworkCall, Quirks, Simulator

from .house import ROOT, USER, House, HouseError, command, connected, free_port, post, say

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
# Until the call is over, with telephones in a hurry.
CALL_IS_OVER: Final = 60
HASTE: Final = 3
# Long enough for another call or message to arrive, if there were one.
GRACE: Final = 2

CONFIGURATION: Final = f"""
input_boolean:
  smoke:
    name: Smoke
    icon: mdi:smoke-detector-variant

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
        raise HouseError(error)
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
        raise HouseError(error)


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
    """Raise HouseError unless the message and the call arrived once, and the call was followed."""
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
    raise HouseError(error)


async def play(simulator: Simulator, arguments: argparse.Namespace) -> None:
    """Run the house and tell its story."""
    house = House(
        ROOT / ".demo",
        free_port(arguments.port),
        arguments.language,
        arguments.zip,
        more=CONFIGURATION,
    )
    async with house.running() as process:
        async with aiohttp.ClientSession(house.url) as session:
            token = await house.make_user(session)
            session.headers["Authorization"] = f"Bearer {token}"
            async with connected(session, token) as socket_:
                await check_frontend(socket_)
                await add_account(session, simulator)
                story = await light_a_fire(session, socket_)
                await asyncio.sleep(GRACE)
                story.heard = await listen(session, socket_, house.url)
        tell(story, simulator)
        check(story, simulator)
        if not arguments.once:
            await stay(simulator, process, house)


async def check_frontend(socket_: aiohttp.ClientWebSocketResponse) -> None:
    """Raise HouseError if the frontend would not come up: it waits for the actions there are."""
    if not await command(socket_, 50, type="get_services"):
        error = "Home Assistant cannot tell its frontend which actions there are"
        raise HouseError(error)


async def stay(simulator: Simulator, process: asyncio.subprocess.Process, house: House) -> None:
    """Leave everything running, and show each call and message that comes."""
    say(f"""
Home Assistant is at {house.url}: log in as {USER} with the password {USER}.
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
Home Assistant's log is {house.log.relative_to(ROOT)}. Ctrl-C ends everything.
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
    raise HouseError(error)


async def main() -> int:
    """Run the demo."""
    arguments = parse_arguments()
    loop = asyncio.get_running_loop()
    if task := asyncio.current_task():
        loop.add_signal_handler(signal.SIGTERM, task.cancel)
    simulator = Simulator(Quirks(haste=HASTE), port=free_port(arguments.simulator_port))
    await simulator.start()
    try:
        await play(simulator, arguments)
    except HouseError as err:
        say(f"\nThe demo failed: {err}.")
        return 1
    finally:
        await simulator.stop()
    say("\nWhat should arrive did so exactly once, and what became of the call was told.")
    return 0


if __name__ == "__main__":
    with suppress(KeyboardInterrupt, asyncio.CancelledError):
        sys.exit(asyncio.run(main()))
