"""The live check in a process and a terminal of its own: the secret, and Ctrl-C."""

import asyncio
import os
from pathlib import Path
import pty
import signal
import sys

from scripts.live.check import TEXTS
from tests.simulator import ACCOUNT, Simulator

ROOT = Path(__file__).parents[2]
ENGLISH = TEXTS["en"]


async def interrupt(
    simulator: Simulator,
    report: Path,
    *answers: tuple[str, str],
    event: asyncio.Event | None = None,
) -> str:
    """Run a check on a terminal of its own, press Ctrl-C after some answers, return the output."""
    ours, theirs = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        # A shell's background job, and all that it starts, would ignore the interruption.
        *("env", "--default-signal=INT"),
        *(sys.executable, "-m", "scripts.live", "--language", "en"),
        *("--url", simulator.url, "--report", str(report)),
        cwd=ROOT,
        stdin=theirs,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    assert process.stdout
    shown = ""
    try:
        async with asyncio.timeout(90):
            for question, answer in (
                ("client_id", ACCOUNT.client_id),
                ("client_secret", ACCOUNT.client_secret),
                *answers,
            ):
                while ENGLISH[question] not in shown:
                    chunk = await process.stdout.read(4096)
                    assert chunk, shown
                    shown += chunk.decode()
                if answer:
                    os.write(ours, f"{answer}\n".encode())
            if event:
                await event.wait()
            process.send_signal(signal.SIGINT)
            # If the signal comes just before Python begins to read, it is handled after a line.
            os.write(ours, b"\n")
            shown += (await process.stdout.read()).decode()
            assert await process.wait() == 130
        os.set_blocking(ours, False)
        return shown + os.read(ours, 65536).decode()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        os.close(theirs)
        os.close(ours)


def private_values(simulator: Simulator) -> list[str]:
    """Return the values that must not be in a report."""
    return [ACCOUNT.client_id, ACCOUNT.client_secret, *simulator.tokens, "98765", "91234"]


async def test_secret_is_not_shown(simulator: Simulator, tmp_path: Path) -> None:
    """Neither the terminal nor the report shows it, and Ctrl-C at a question writes the report."""
    shown = await interrupt(simulator, tmp_path / "report.md", ("ask_free", ""))
    assert ACCOUNT.client_id in shown
    assert ACCOUNT.client_secret not in shown
    assert "Traceback" not in shown
    report = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert "hexadecimal, 40 characters" in report
    assert not [value for value in private_values(simulator) if value in report]


async def test_interrupted_while_a_call_is_placed(simulator: Simulator, tmp_path: Path) -> None:
    """Ctrl-C during a request writes the report, and the user is told to hang up."""
    placed = asyncio.Event()
    simulator.on_call = lambda _: placed.set()
    answers = {
        "ask_free": "n",
        "ask_call": "y",
        "origin": "(41) 98765-4321",
        "destination": "(41) 91234-9003",
        "ask_record": "n",
        "ask_end": "n",
    }
    shown = await interrupt(simulator, tmp_path / "report.md", *answers.items(), event=placed)
    assert ENGLISH["interrupted"] in shown
    assert "Traceback" not in shown
    assert simulator.requests["voz/call"] == 1
    report = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert "inverter_discagem=n`: no answer, interrupted\n" in report
    assert not [value for value in private_values(simulator) if value in report]
