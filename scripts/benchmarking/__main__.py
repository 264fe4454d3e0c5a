"""Benchmark: time and requests that an account costs, against a simulated provider."""

import argparse
import asyncio
import logging
import os
from pathlib import Path
import platform
from statistics import median
import sys
from typing import Final

# Before the test harness: Home Assistant replaces a library that both import.
from homeassistant.const import __version__

from . import measures
from .measures import BARE, CALL, UNKEPT
from .provider import RECORDINGS, running_provider

PAGE: Final = Path(__file__).parents[2] / "docs" / "performance.md"
START: Final = "<!-- What scripts/benchmark --write writes -->\n"
END: Final = "<!-- Its end -->\n"
CONTACTS: Final = 50
# Limit of the time of a call, relative to a `rest_command` that opens a connection, too.
MOST_TIMES: Final = 1.5


async def measure(rounds: int, calls: int) -> tuple[dict[str, float], dict[str, str]]:
    """Return the median of the seconds of a call, by way, and all figures by their names."""
    async with measures.running_home_assistant() as hass, running_provider() as (port, ask):
        async with measures.running_account(hass, port) as (url, _):
            compared = await measures.compare(hass, url, rounds)
            before = await ask()
            at_once = await measures.place_at_once(hass, calls)
            placed = await ask() - before
            await measures.hang_up(hass)
            with measures.longest_block() as blocks:
                await hass.services.async_call(
                    "directcall", "list_recordings", blocking=True, return_response=True
                )
            before = await ask()
            await measures.pass_a_day(hass)
            day = await ask() - before
        set_ups: dict[int, list[float]] = {0: [], CONTACTS: []}
        for contacts, seconds in list(set_ups.items()) * (1 + rounds // 25):
            async with measures.running_account(hass, port, contacts) as (_, took):
                seconds.append(took)
    imports = [measures.time_imports() for _ in range(1 + rounds // 50)]
    once = sum(number == 1 for name, number in placed.items() if name.isdecimal())
    ways = {name: median(seconds) for name, seconds in compared.items()}
    block = f"Longest block of the event loop while {RECORDINGS:,} recordings are listed"
    return ways, {
        **{f"A call, {way}": f"{_ms(s)}, {s / ways[BARE]:.2f} times" for way, s in ways.items()},
        f"{calls:,} calls at once: all are placed after": f"{at_once:.2f} s",
        f"{calls:,} calls at once: telephones with exactly one call": f"{once:,}",
        "Set-up of an account": _ms(median(set_ups[0])),
        f"Set-up of an account with {CONTACTS} contacts": _ms(median(set_ups[CONTACTS])),
        "Import of the integration's modules": _ms(median(imports)),
        "Requests in a day without calls": ", ".join(f"{n} `{name}`" for name, n in day.items()),
        block: _ms(max(blocks)),
    }


def render(figures: dict[str, str], rounds: int) -> str:
    """Return the figures in Markdown."""
    rows = {"What": "Figure", "---": "---:", **figures}
    return (
        f"{rounds} rounds on {os.cpu_count()} cores, {platform.system()},"
        f" Python {platform.python_version()}, Home Assistant {__version__}."
        f" Times of a call are medians, beside the bare POST's.\n\n"
        + "".join(f"| {name} | {figure} |\n" for name, figure in rows.items())
    )


def write(page: Path, text: str) -> None:
    """Put the figures into the page about them."""
    before, _, rest = page.read_text().partition(START)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{START}\n{text}\n{END}{after}")


def check(ways: dict[str, float]) -> str | None:
    """Return what is wrong if a call takes too long."""
    times = ways[CALL] / ways[UNKEPT]
    return None if times <= MOST_TIMES else f"A call takes {times:.2f} times a rest_command"


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:.2f} ms"


def main() -> None:
    """Measure, print the figures, and fail if a call takes too long."""
    logging.basicConfig(level=logging.ERROR)
    parser = argparse.ArgumentParser(prog="scripts/benchmark", description=__doc__)
    parser.add_argument("--rounds", type=int, default=500, help="in which calls are compared")
    parser.add_argument("--calls", type=int, default=1000, help="that are placed at once")
    parser.add_argument("--write", action="store_true", help="update docs/performance.md")
    arguments = parser.parse_args()
    ways, figures = asyncio.run(measure(arguments.rounds, arguments.calls))
    text = render(figures, arguments.rounds)
    print(text)
    if arguments.write:
        write(PAGE, text)
    sys.exit(check(ways))


if __name__ == "__main__":
    main()
