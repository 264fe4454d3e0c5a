"""Alerts while a real process is killed, as by a power cut."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
import sys

import pytest

from tests.common import ROOT, SEND, until
from tests.simulator import Simulator

pytestmark = pytest.mark.slow

# Seconds, on a busy machine.
STARTUP = 120

type Start = Callable[..., Awaitable[asyncio.subprocess.Process]]


@pytest.fixture
async def start(tmp_path: Path, simulator: Simulator) -> AsyncIterator[Start]:
    """Start houses in processes of their own, one after the other in the same folder."""
    processes: list[asyncio.subprocess.Process] = []

    async def start(*actions: str) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.alerts.house_process"),
            *(str(tmp_path), simulator.url, *actions),
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
        )
        processes.append(process)
        assert process.stdout
        async with asyncio.timeout(STARTUP):
            assert await process.stdout.readline() == b"started\n"
        return process

    yield start
    for process in processes:
        if process.returncode is None:
            process.kill()
            await process.wait()


def told(simulator: Simulator) -> list[str]:
    """Return the last digits of the telephones that got a message."""
    return [number[-4:] for message in simulator.messages for number in message.destinations]


@pytest.mark.parametrize("is_answered", [True, False])
async def test_killed_in_the_middle_of_a_turn(
    simulator: Simulator, start: Start, *, is_answered: bool
) -> None:
    """After a start, the next contact is told, and the one before is not told again."""
    answer = simulator.hold(SEND)
    if is_answered:
        answer.set()
    killed = await start("raise_alert")
    await until(lambda: told(simulator) == ["0000"])
    if is_answered:
        await until(lambda: simulator.connections == 0)
    killed.kill()
    await killed.wait()
    answer.set()
    await start()
    await until(lambda: len(told(simulator)) > 1)
    assert told(simulator) == ["0000", "1111"]
