"""Demo: a real Home Assistant detects smoke, speaks to one contact, and calls the next.

The call is recorded and played. Directcall is simulated: nothing leaves this machine or is billed.
Each start replaces the configuration in the folder .demo.
"""

import argparse
import asyncio
from contextlib import suppress
from datetime import datetime
import json
from pathlib import Path
import signal
import sys
from typing import Any, Final

import aiohttp

from tests.simulator import ACCOUNT, Message, NetworkCall, Quirks, Simulator

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
LANGUAGES: Final = json.loads((ROOT / "scripts" / "demo.json").read_text(encoding="utf-8"))
TRANSLATIONS: Final = ROOT / "custom_components" / "directcall" / "translations"
MESSAGE_FORM: Final = (
    "access_token=… origem=554130600300 tipo=voz destino=5541999990000 num_tentativas=3"
    " texto={spoken} format=JSON"
)
CALL_FORM: Final = (
    "access_token=… origem=554130600300 destino=5541999997004 gravar=s cli=s"
    " inverter_discagem=n format=JSON"
)
STATES: Final = ["placed", "ringing", "answered", "ended"]
RECORDING: Final = {"contact": "João", "size": 24044, "type": "audio/x-wav", "status": 206}
# Seconds until the call is over, with telephones in a hurry, and until a second one would arrive.
CALL_IS_OVER: Final = 60
HASTE: Final = 3
GRACE: Final = 2

CONFIGURATION: Final = """
input_boolean:
  smoke:
    name: {detector}
    icon: mdi:smoke-detector-variant

automation demo:
  - id: smoke
    alias: {automation}
    triggers:
      - trigger: state
        entity_id: input_boolean.smoke
        to: "on"
    actions:
      - action: directcall.send_voice_message
        continue_on_error: true
        data:
          destination: Maria
          message: {spoken}
      - action: directcall.place_call
        data:
          destination: João
          record: true
"""


class Demo:
    """The demo in a language."""

    def __init__(self, language: str, simulator: Simulator) -> None:
        """Read the texts, and Home Assistant's words for the states of a call."""
        self._texts: dict[str, str] = LANGUAGES[language]
        self._language = language
        translations = json.loads((TRANSLATIONS / f"{language}.json").read_text(encoding="utf-8"))
        call = translations["entity"]["event"]["call"]
        self._words: dict[str, str] = call["state_attributes"]["event_type"]["state"]
        self._simulator = simulator
        simulator.on_call = simulator.on_message = self._arrives
        self._forms: list[str] = []
        self._states: list[str] = []
        self._recordings: list[dict[str, Any]] = []

    def say(self, key: str, **values: object) -> None:
        """Print a text."""
        say(self._texts[key].format(now=f"{datetime.now().astimezone():%H:%M:%S}", **values))

    def _arrives(self, request: Message | NetworkCall) -> None:
        """Print the form of a request that reached the telephone network, without its token."""
        form = {**request.form, "access_token": "…"}
        self._forms.append(" ".join(f"{key}={value}" for key, value in form.items()))
        say(f"  Directcall: {self._forms[-1]}")

    async def run(self, package: Path | None, *, once: bool) -> None:
        """Run Home Assistant, and let it call."""
        more = CONFIGURATION.format(**self._texts)
        home = HomeAssistantProcess(ROOT / ".demo", free_port(8123), self._language, package, more)
        self.say("starting")
        async with home.running() as login:
            # The browser's language does not matter.
            locale = {"language": self._language}
            await login.command(type="frontend/set_user_data", key="language", value=locale)
            await self._add_account(login)
            await self._detect_smoke(login)
            await asyncio.sleep(GRACE)
            await self._play_recordings(login, home.url)
            actual = (self._forms, self._states, self._recordings)
            expected = ([MESSAGE_FORM.format(**self._texts), CALL_FORM], STATES, [RECORDING])
            if actual != expected:
                error = f"{actual}, not {expected}"
                raise HomeAssistantProcessError(error)
            if not once:
                self.say("stay", home=home, user=USER, simulator=self._simulator, account=ACCOUNT)
                self._simulator.quirks.haste = 1
                error = f"Home Assistant ended by itself with status {await login.process.wait()}"
                raise HomeAssistantProcessError(error)

    async def _add_account(self, login: Login) -> None:
        """Add the account and its contacts with the flows of the user interface."""
        account = {"client_id": ACCOUNT.client_id, "client_secret": ACCOUNT.client_secret}
        rest = {"origin": ORIGIN, "advanced": {"url": self._simulator.url}}
        result = await complete(login, FLOWS, "directcall", **account, **rest)
        handler = [result["result"]["entry_id"], "contact"]
        for name, number in CONTACTS.items():
            await complete(login, CONTACT_FLOWS, handler, name=name, number=number)
        self.say("set_up", account=result["title"], count=len(CONTACTS))

    async def _detect_smoke(self, login: Login) -> None:
        """Turn the smoke detector on, and print the events until the call is over."""
        await login.command(type="subscribe_events", event_type="state_changed")
        self.say("events")
        await login.post("/api/services/input_boolean/turn_on", {"entity_id": SMOKE})
        with suppress(TimeoutError):
            async with asyncio.timeout(CALL_IS_OVER):
                while "ended" not in self._states:
                    data = (await login.socket.receive_json()).get("event", {}).get("data", {})
                    entity_id = data.get("entity_id", "")
                    if entity_id == SMOKE:
                        self.say("smoke", entity=entity_id)
                    elif entity_id.startswith(CALL):
                        event = data["new_state"]["attributes"]
                        self._states.append(event["event_type"])
                        word, contact = self._words[event["event_type"]], event["contact"]
                        self.say("call", entity=entity_id, contact=contact, state=word)

    async def _play_recordings(self, login: Login, url: str) -> None:
        """Fetch the audio of all recordings as a player does, and print what it is."""
        answer = await login.post(LIST_RECORDINGS, {})
        for recording in answer["service_response"]["recordings"]:
            content = recording["media_content_id"]
            media = await login.command(type="media_source/resolve_media", media_content_id=content)
            # The path is signed, because a player is not logged in.
            async with (
                aiohttp.ClientSession(url) as player,
                player.get(media["url"], headers={"Range": "bytes=0-"}) as response,
            ):
                audio = {"size": len(await response.read()), "type": response.content_type}
                audio |= {"contact": recording["contact"], "status": response.status}
            self._recordings.append(audio)
            self.say("recording", **audio)


async def complete(login: Login, path: str, handler: object, **fields: object) -> Any:
    """Start a flow, submit its form, which has to create an entry, and return the result."""
    form = await login.post(path, {"handler": handler})
    result = await login.post(f"{path}/{form['flow_id']}", fields)
    if result["type"] != "create_entry":
        error = f"the form was not accepted: {result.get('errors')}"
        raise HomeAssistantProcessError(error)
    return result


async def main() -> int:
    """Run the demo."""
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__)
    add = parser.add_argument
    add("--once", action="store_true", help="exit after the call; 0 only if all went as expected")
    add("--language", default="en", choices=LANGUAGES, help="of all that is shown")
    add("--zip", type=Path, help="release's zip, to install the integration from it")
    arguments = parser.parse_args()
    if task := asyncio.current_task():
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    simulator = Simulator(Quirks(haste=HASTE), port=free_port(8124))
    demo = Demo(arguments.language, simulator)
    await simulator.start()
    try:
        await demo.run(arguments.zip, once=arguments.once)
    except HomeAssistantProcessError as err:
        demo.say("failed", error=err)
        return 1
    finally:
        await simulator.stop()
    demo.say("done")
    return 0


if __name__ == "__main__":
    with suppress(KeyboardInterrupt, asyncio.CancelledError):
        sys.exit(asyncio.run(main()))
