"""Demo: a real Home Assistant detects smoke, and tells contacts until somebody has seen it.

Directcall is simulated: nothing leaves this machine or is billed. Each start replaces the
configuration in the folder .demo.
"""

import argparse
import asyncio
from contextlib import suppress
from datetime import datetime
import json
from pathlib import Path
import shutil
import signal
import sys
from typing import Any, Final, NoReturn

from tests.simulator import ACCOUNT, Message, NetworkCall, Simulator

from .home_assistant import (
    ROOT,
    USER,
    HomeAssistantProcess,
    HomeAssistantProcessError,
    Login,
    free_port,
)

FLOWS: Final = "/api/config/config_entries/flow"
SUBENTRY_FLOWS: Final = "/api/config/config_entries/subentries/flow"
ORIGIN: Final = "(41) 3060-0300"
CONTACTS: Final = {"Maria": "(41) 99999-0000", "João": "(41) 99999-7004"}
NUMBERS: Final = ["5541999990000", "5541999997004"]
LANGUAGES: Final = json.loads((ROOT / "scripts" / "demo.json").read_text(encoding="utf-8"))
TRANSLATIONS: Final = ROOT / "custom_components" / "directcall" / "translations"
# The shortest time that the form accepts.
SECONDS_EACH: Final = 10
TIMES: Final = {"time_each": {"seconds": SECONDS_EACH}, "rounds": 3, "pause": {"seconds": 0}}
ALERT: Final = {
    "how": {"channels": ["voice_message"], "at_once": False, **TIMES},
    "acknowledgement": {"answer_acknowledges": False},
    "delivery": {"keep_trying": {"hours": 1}},
}
DETAILS: Final = ("contact", "channel", "by", "acknowledged_by")
TOLD_JOAO: Final = "told João voice_message"
SEEN: Final = "acknowledged João"
# By the translation key of an entity, its states with their details.
STORY: Final = {
    "alert": ["raised", "told Maria voice_message", TOLD_JOAO, SEEN],
    "alert_status": ["alerting", "alerting Maria", "alerting João", SEEN],
}
# Seconds until somebody has seen it, and until Maria would be told again if that changed nothing.
REACTION: Final = 60
GRACE: Final = SECONDS_EACH + 2


class Demo:
    """The demo in a language."""

    def __init__(self, language: str, simulator: Simulator) -> None:
        """Read the texts, and Home Assistant's words for what happens to an alert."""
        self._texts: dict[str, str] = LANGUAGES[language]
        self._language = language
        file = TRANSLATIONS / f"{language}.json"
        words = json.loads(file.read_text(encoding="utf-8"))["entity"]
        attributes = words["event"]["alert"]["state_attributes"]
        self._words: dict[str, str] = words["sensor"]["alert_status"]["state"]
        self._words |= attributes["event_type"]["state"] | attributes["channel"]["state"]
        self._simulator = simulator
        simulator.on_call = simulator.on_message = self._arrives
        self._story: dict[str, list[str]] = {key: [] for key in STORY}

    def say(self, key: str, **values: object) -> None:
        """Print a text, which may name others."""
        values |= {"now": f"{datetime.now().astimezone():%H:%M:%S}"}
        print(self._texts[key].format(**self._texts, **values))

    def _arrives(self, request: Message | NetworkCall) -> None:
        """Print the form of a request that reached the telephone network, without its token."""
        form = [f"{key}={value}" for key, value in request.form.items() if key != "access_token"]
        print(f"            Directcall: {' '.join(form)}")

    async def run(self, package: Path | None, *, once: bool, empty: bool) -> None:
        """Run Home Assistant, and let it raise an alert, or leave it without an account."""
        folder, port, detector = ROOT / ".demo", free_port(8123), self._texts["detector"]
        home = HomeAssistantProcess(folder, port, self._language, detector, package, person="João")
        self.say("starting")
        async with home.running() as login:
            # The browser's language does not matter.
            locale = {"language": self._language}
            await login.command(type="frontend/set_user_data", key="language", value=locale)
            shutil.copytree(ROOT / "blueprints", folder / "blueprints", dirs_exist_ok=True)
            if empty:
                await self._stay("empty", home, login)
            await self._detect_smoke(login, await self._set_up(login))
            told = [(message.destinations, message.text) for message in self._simulator.messages]
            expected = [([number], self._texts["spoken"]) for number in NUMBERS]
            if self._simulator.calls or (told, self._story) != (expected, STORY):
                error = f"{told}, {self._story}, not {expected}, {STORY}"
                raise HomeAssistantProcessError(error)
            if not once:
                await self._stay("stay", home, login)

    async def _stay(self, key: str, home: HomeAssistantProcess, login: Login) -> NoReturn:
        """Print what can be tried, and raise HomeAssistantProcessError if Home Assistant ends."""
        self.say(key, home=home, user=USER, simulator=self._simulator, account=ACCOUNT)
        error = f"Home Assistant ended by itself with status {await login.process.wait()}"
        raise HomeAssistantProcessError(error)

    async def _set_up(self, login: Login) -> dict[str, str]:
        """Add all as the user interface does, and return the entities by translation key."""
        account = {"client_id": ACCOUNT.client_id, "client_secret": ACCOUNT.client_secret}
        rest = {"origin": ORIGIN, "advanced": {"url": self._simulator.url}}
        result = await complete(login, FLOWS, "directcall", **account, **rest)
        entry_id = result["result"]["entry_id"]
        for name, number in CONTACTS.items():
            await complete(login, SUBENTRY_FLOWS, [entry_id, "contact"], name=name, number=number)
        contacts = await login.command(type="config_entries/subentries/list", entry_id=entry_id)
        alert = {"name": self._texts["alert"], "message": self._texts["spoken"], **ALERT}
        alert["contacts"] = [contact["subentry_id"] for contact in contacts]
        await complete(login, SUBENTRY_FLOWS, [entry_id, "alert"], **alert)
        entities = {
            entity["translation_key"]: entity
            for entity in await login.command(type="config/entity_registry/list")
            if entity["config_entry_id"] == entry_id
        }
        trigger = {"trigger": "state", "entity_id": "binary_sensor.smoke", "to": "on"}
        inputs = {"triggers": [trigger], "alert": entities["alert"]["device_id"]}
        blueprint = {"path": self._texts["blueprint"], "input": inputs}
        automation = {"alias": self._texts["automation"], "use_blueprint": blueprint}
        await login.post("/api/config/automation/config/smoke", automation)
        # The response above does not wait until the automation is loaded.
        await login.post("/api/services/automation/reload", {})
        self.say("set_up", account=result["title"])
        return {key: entity["entity_id"] for key, entity in entities.items()}

    async def _detect_smoke(self, login: Login, entities: dict[str, str]) -> None:
        """Turn the smoke detector on, be João, and print the states."""
        keys = {entity_id: key for key, entity_id in entities.items()}
        await login.command(type="subscribe_events", event_type="state_changed")
        self.say("events")
        switch = {"entity_id": "input_boolean.smoke"}
        await login.post("/api/services/input_boolean/turn_on", switch)
        with suppress(TimeoutError):
            async with asyncio.timeout(REACTION) as deadline:
                while True:
                    data = (await login.socket.receive_json()).get("event", {}).get("data", {})
                    happened = self._read(keys.get(data.get("entity_id")), data.get("new_state"))
                    if happened in self._texts:
                        self.say(happened)
                    if happened == TOLD_JOAO:
                        button = {"entity_id": entities["acknowledge"]}
                        await login.post("/api/services/button/press", button)
                    elif happened == SEEN and self._story == STORY:
                        self.say("grace", seconds=GRACE)
                        deadline.reschedule(asyncio.get_running_loop().time() + GRACE)

    def _read(self, key: str | None, state: dict[str, Any]) -> str:
        """Print the state of an entity of the alert, and return it with its details."""
        if key not in self._story:
            return ""
        attributes = state["attributes"]
        parts = [attributes.get("event_type", state["state"])]
        parts += [attributes[name] for name in DETAILS if attributes.get(name)]
        happened = " ".join(parts)
        if happened in self._story[key][-1:]:
            return ""
        self._story[key].append(happened)
        words = " · ".join(self._words.get(part, part) for part in parts)
        self.say("state", name=attributes["friendly_name"], words=words)
        return happened


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
    way = parser.add_mutually_exclusive_group().add_argument
    way("--once", action="store_true", help="exit after the alert; 0 only if all went as expected")
    way("--empty", action="store_true", help="add no account, so that you can do it by the README")
    parser.add_argument("--language", default="en", choices=LANGUAGES, help="of all that is shown")
    parser.add_argument("--zip", type=Path, help="release's zip, to install the integration from")
    arguments = parser.parse_args()
    if task := asyncio.current_task():
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    simulator = Simulator(port=free_port(8124))
    demo = Demo(arguments.language, simulator)
    await simulator.start()
    try:
        await demo.run(arguments.zip, once=arguments.once, empty=arguments.empty)
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
