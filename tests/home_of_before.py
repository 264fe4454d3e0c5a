"""Home of before: what the version of before saved, and the call that goes on meanwhile."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
import shutil
import time

import pytest
from pytest_homeassistant_custom_component.common import async_test_home_assistant

from homeassistant.bootstrap import async_load_base_functionality
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.helpers.storage import STORAGE_DIR
from homeassistant.helpers.typing import ConfigType
from homeassistant.loader import DATA_CUSTOM_COMPONENTS
from homeassistant.setup import async_setup_component

from tests.common import Events, listen
from tests.simulator import NetworkCall, Simulator
from tests.simulator.telephones import Line

BEFORE = Path(__file__).parent / "fixtures" / "storage_of_before"
DOMAIN = "directcall"
ENTRIES = "core.config_entries"
ORIGIN = "554130600300"
JOAO = "5541999991111"
JOAOS_CALL_AT_PROVIDER = "00000000-0000-4000-8000-000000000002"


@pytest.fixture
def folder(tmp_path: Path, simulator: Simulator) -> Path:
    """Return the config folder of a home of before, at the simulator."""
    storage = tmp_path / STORAGE_DIR
    shutil.copytree(BEFORE, storage, ignore=shutil.ignore_patterns("*.md"))
    entries = storage / ENTRIES
    entries.write_text(entries.read_text().replace("http://127.0.0.1:8124", simulator.url))
    return tmp_path


@pytest.fixture
def line(simulator: Simulator) -> Line:
    """Return the connection on which João still talks."""
    line = Line(ORIGIN, JOAO, time.monotonic() - 45)
    simulator.calls.append(
        NetworkCall(
            origin=ORIGIN,
            destination=JOAO,
            rings_first=ORIGIN,
            recorded=False,
            form={},
            line=line,
            call_id=JOAOS_CALL_AT_PROVIDER,
        )
    )
    return line


@asynccontextmanager
async def started(
    folder: Path, automations: Sequence[ConfigType] = ()
) -> AsyncIterator[tuple[HomeAssistant, Events]]:
    """Start Home Assistant with automations on a config folder, and stop it afterwards."""
    async with async_test_home_assistant(
        load_registries=False, config_dir=str(folder), initial_state=CoreState.not_running
    ) as hass:
        hass.data.pop(DATA_CUSTOM_COMPONENTS)
        try:
            assert await async_load_base_functionality(hass)
            await hass.config.async_update(country="BR", time_zone="America/Sao_Paulo")
            assert await async_setup_component(hass, "automation", {"automation": [*automations]})
            assert await async_setup_component(hass, DOMAIN, {})
            events = listen(hass)
            await hass.async_start()
            await hass.async_block_till_done(wait_background_tasks=True)
            yield hass, events
        finally:
            await hass.async_stop()
