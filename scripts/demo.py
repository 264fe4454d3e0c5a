"""Demo: a real Home Assistant detects smoke, speaks to one contact, and calls the next.

The call is recorded and played. Directcall is simulated: everything runs on loopback, and nothing
is billed. Each start replaces the configuration in the folder .demo.
"""

import argparse
import asyncio
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
import signal
import sys
from typing import Any, Final

import aiohttp

from tests.simulator import ACCOUNT, Quirks, Simulator

from .home_assistant import (
    ROOT,
    USER,
    HomeAssistantProcess,
    HomeAssistantProcessError,
    Login,
    free_port,
    say,
)

FLOWS: Final = "/api/config/config_entries/flow"
CONTACT_FLOWS: Final = "/api/config/config_entries/subentries/flow"
LIST_RECORDINGS: Final = "/api/services/directcall/list_recordings?return_response"
SMOKE: Final = "input_boolean.smoke"
# The rest of the entity ID depends on the language.
CALL: Final = "event.directcall_"
ORIGIN: Final = "(41) 3060-0300"
# João's telephone is answered and hung up (see tests/simulator/__init__.py).
CONTACTS: Final = {"Maria": "(41) 99999-0000", "João": "(41) 99999-7004"}
SPOKEN: Final = "Attention. Smoke in the kitchen."
MESSAGE_FORM: Final = (
    "access_token=… origem=554130600300 tipo=voz destino=5541999990000 num_tentativas=3"
    f" texto={SPOKEN} format=JSON"
)
CALL_FORM: Final = (
    "access_token=… origem=554130600300 destino=5541999997004 gravar=s cli=s"
    " inverter_discagem=n format=JSON"
)
EXPECTED: Final = {
    "messages": [MESSAGE_FORM],
    "calls": [CALL_FORM],
    "states of the calls": ["placed, ringing, answered, ended"],
    "recordings": ["the call to João: 24044 bytes of audio/x-wav, HTTP 206"],
}
# Seconds until the call is over, with telephones in a hurry.
CALL_IS_OVER: Final = 60
HASTE: Final = 3
# Seconds in which a second call or message would arrive.
GRACE: Final = 2

CONFIGURATION: Final = f"""
input_boolean:
  smoke:
    name: Smoke
    icon: mdi:smoke-detector-variant

automation demo:
  - id: smoke
    alias: Speak to Maria, and call João
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


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__)
    add = parser.add_argument
    add("--once", action="store_true", help="exit after the call; 0 only if all went as expected")
    add("--language", default="en", choices=("en", "pt-BR"), help="of Home Assistant")
    add("--zip", type=Path, help="release's zip, to install the integration from it")
    return parser.parse_args()


async def submit(login: Login, path: str, **fields: object) -> Any:
    """Submit the form of a flow, which has to create an entry, and return the result."""
    result = await login.post(path, fields)
    if result["type"] != "create_entry":
        error = f"the form was not accepted: {result.get('errors')}"
        raise HomeAssistantProcessError(error)
    return result


async def add_account(login: Login, simulator: Simulator) -> None:
    """Add the account and its contacts with the flows of the user interface."""
    form = await login.post(FLOWS, {"handler": "directcall"})
    account = {"client_id": ACCOUNT.client_id, "client_secret": ACCOUNT.client_secret}
    rest = {"origin": ORIGIN, "advanced": {"url": simulator.url}}
    result = await submit(login, f"{FLOWS}/{form['flow_id']}", **account, **rest)
    # The form of the first contact follows that of the account.
    _, flow_id = result["next_flow"]
    for name, number in CONTACTS.items():
        if flow_id is None:
            handler = {"handler": [result["result"]["entry_id"], "contact"]}
            flow_id = (await login.post(CONTACT_FLOWS, handler))["flow_id"]
        await submit(login, f"{CONTACT_FLOWS}/{flow_id}", name=name, number=number)
        flow_id = None
    say(f"The account {result['title']} is set up with {len(CONTACTS)} contacts.")


async def detect_smoke(login: Login) -> list[str]:
    """Turn the smoke detector on, print the events, and return the states of each call."""
    await login.command(type="subscribe_events", event_type="state_changed")
    say("\nEvents in Home Assistant")
    await login.post("/api/services/input_boolean/turn_on", {"entity_id": SMOKE})
    calls: dict[str, list[str]] = {}
    with suppress(TimeoutError):
        async with asyncio.timeout(CALL_IS_OVER):
            while not any("ended" in states for states in calls.values()):
                data = (await login.socket.receive_json()).get("event", {}).get("data", {})
                now, entity_id = (
                    f"{datetime.now().astimezone():%H:%M:%S}",
                    data.get("entity_id", ""),
                )
                if entity_id == SMOKE:
                    say(f"  {now}  {SMOKE} turned {data['new_state']['state']}")
                elif entity_id.startswith(CALL):
                    attributes = data["new_state"]["attributes"]
                    state, contact = attributes["event_type"], attributes["contact"]
                    say(f"  {now}  {entity_id}: the call to {contact} is {state}")
                    calls.setdefault(attributes["call_id"], []).append(state)
    return [", ".join(states) for states in calls.values()]


async def play_recordings(login: Login, url: str) -> list[str]:
    """Fetch the audio of all recordings as a player does, and describe it."""
    answer = await login.post(LIST_RECORDINGS, {})
    described = []
    for recording in answer["service_response"]["recordings"]:
        media_id = recording["media_content_id"]
        media = await login.command(type="media_source/resolve_media", media_content_id=media_id)
        # The path is signed, because a player is not logged in.
        async with (
            aiohttp.ClientSession(url) as player,
            player.get(media["url"], headers={"Range": "bytes=0-"}) as response,
        ):
            audio = await response.read()
        audio_type = f"{response.content_type}, HTTP {response.status}"
        contact = recording["contact"] or recording["destination"]
        described.append(f"the call to {contact}: {len(audio)} bytes of {audio_type}")
    return described


def shown(form: Mapping[str, str]) -> str:
    """Return a form without its token."""
    return " ".join(f"{k}={'…' if k == 'access_token' else v}" for k, v in form.items())


def check(simulator: Simulator, states: list[str], recordings: list[str]) -> None:
    """Print what happened. Raise HomeAssistantProcessError if it is not what was expected."""
    actual = {
        "messages": [shown(message.form) for message in simulator.messages],
        "calls": [shown(call.form) for call in simulator.calls],
        "states of the calls": states,
        "recordings": recordings,
    }
    say("\nRequests that reached the telephone network, states, and recordings as played")
    for name, found in actual.items():
        say("\n    ".join([f"  {name}", *found]))
    if wrong := [name for name in EXPECTED if actual[name] != EXPECTED[name]]:
        error = "; ".join(f"the {name} are {actual[name]}, not {EXPECTED[name]}" for name in wrong)
        raise HomeAssistantProcessError(error)


async def play(simulator: Simulator, arguments: argparse.Namespace) -> None:
    """Run Home Assistant, and let it call."""
    port = free_port(8123)
    instance = HomeAssistantProcess(
        ROOT / ".demo", port, arguments.language, arguments.zip, more=CONFIGURATION
    )
    async with instance.running() as login:
        await add_account(login, simulator)
        states = await detect_smoke(login)
        await asyncio.sleep(GRACE)
        check(simulator, states, await play_recordings(login, instance.url))
        if not arguments.once:
            await stay(simulator, login.process, instance)


async def stay(
    simulator: Simulator, process: asyncio.subprocess.Process, instance: HomeAssistantProcess
) -> None:
    """Leave everything running, and print each call and message that arrives."""
    say(f"""
Home Assistant is at {instance.url}: log in as {USER} with the password {USER}.
Try there
  - Settings > Tools > Actions: Directcall: Send voice message, Send SMS, Place call
  - Media: Directcall: play the recorded call
  - Settings > Devices & services: Directcall: add a contact, press its button
  - the switch {SMOKE}: turn it off and on again to repeat the message and the call
  - a call to a number that ends in 0201 (no credit), 9001 (lost response) or 7001 (busy);
    tests/simulator/__init__.py has more such numbers
  - the device Directcall: its event shows the state of each call, its button hangs up
Directcall is simulated at {simulator.url}: client id {ACCOUNT.client_id}, client secret \
{ACCOUNT.client_secret}.
Home Assistant's log is {instance.log.relative_to(ROOT)}. Ctrl-C ends everything.
""")
    simulator.on_call = simulator.on_message = say
    simulator.quirks.haste = 1
    await process.wait()
    error = "Home Assistant ended by itself"
    raise HomeAssistantProcessError(error)


async def main() -> int:
    """Run the demo."""
    arguments = parse_arguments()
    loop = asyncio.get_running_loop()
    if task := asyncio.current_task():
        loop.add_signal_handler(signal.SIGTERM, task.cancel)
    simulator = Simulator(Quirks(haste=HASTE), port=free_port(8124))
    await simulator.start()
    try:
        await play(simulator, arguments)
    except HomeAssistantProcessError as err:
        say(f"\nThe demo failed: {err}.")
        return 1
    finally:
        await simulator.stop()
    say("\nThe message and the call arrived exactly once, and each state of the call was shown.")
    return 0


if __name__ == "__main__":
    with suppress(KeyboardInterrupt, asyncio.CancelledError):
        sys.exit(asyncio.run(main()))
