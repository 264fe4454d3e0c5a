"""Benchmark: time, requests, memory and writes that an account costs, with a simulated provider."""

import argparse
import asyncio
from collections.abc import Iterable
from functools import partial
import logging
import os
from pathlib import Path
import platform
from statistics import median
import sys
from typing import Final

# Before the test harness: Home Assistant replaces a library that both import.
from homeassistant.const import __version__

from tests.simulator.process import running_process

from . import measures
from .measures import CALL, UNKEPT, running_account, running_home_assistant
from .parts import watching_parts

PAGE: Final = Path(__file__).parents[2] / "docs" / "performance.md"
START: Final = "<!-- What scripts/benchmark --write writes -->\n"
END: Final = "<!-- Its end -->\n"
PLAIN: Final = "plain HTTP"
TLS: Final = "TLS"
CONTACTS: Final = 50
ALERTS: Final = 10
ANSWERS: Final = 30
# Limit of the time of a call over TLS, relative to a `rest_command` that opens a connection, too.
MOST_TIMES: Final = 1.5

type Ways = dict[str, float]
"""The median of the seconds, by way."""
type Table = list[tuple[str, ...]]
"""Rows of a table. The first one is the heading."""


async def compare(rounds: int, protocol: str) -> tuple[Ways, Table]:
    """Compare ways to tell a telephone, and divide the time of two of them into parts."""
    async with (
        running_process(has_tls=protocol == TLS) as simulator,
        running_home_assistant() as hass,
        measures.running_ways(hass, simulator) as ways,
    ):
        seconds = await measures.compare(hass, simulator.url, ways, rounds, measures.stopwatch())
        with watching_parts() as read:
            parts = await measures.compare(hass, simulator.url, ways, rounds, read)
    table: Table = [("Part of the time, median", *(f"{way}, {protocol}" for way in (CALL, UNKEPT)))]
    for name in parts[CALL][0]:
        medians = (median(each[name] for each in parts[way]) for way in (CALL, UNKEPT))
        table.append((name, *(f"{1e6 * seconds:.0f} µs" for seconds in medians)))
    return {way: median(each) for way, each in seconds.items()}, table


async def measure(rounds: int, calls: int) -> Table:
    """Return the figures of an account."""
    async with running_process() as simulator, running_home_assistant() as hass:
        account = partial(running_account, hass, simulator.url)
        async with account():
            answers = await measures.hear_answers(hass, simulator, ANSWERS)
        async with account():
            at_once = await measures.place_at_once(hass, measures.telephones(calls))
            once = list((await simulator.ask()).calls.values()).count(1)
        async with account():
            await simulator.ask()
            await measures.pass_time(hass, 24 * 60 * 60, 60)
            day = sorted((await simulator.ask()).requests.items())
        async with account():
            writes = await measures.write_run(hass)
            told = len((await simulator.ask()).messages)
        set_ups: dict[tuple[int, int], list[float]] = {(0, 0): [], (CONTACTS, ALERTS): []}
        for size, seconds in list(set_ups.items()) * (1 + rounds // 25):
            async with account(*size) as took:
                seconds.append(took)
        idle, active = await measures.weigh_alerts(hass, simulator.url, CONTACTS, ALERTS)
    empty, full = map(_ms, set_ups.values())
    return [
        ("What", "Figure"),
        ("From a telephone's answer to the event `answered`, median", f"{median(answers):.1f} s"),
        ("From a telephone's answer to the event `answered`, longest", f"{max(answers):.1f} s"),
        (f"{calls:,} calls at once: all are placed after", f"{at_once:.2f} s"),
        (f"{calls:,} calls at once: telephones with exactly one call", f"{once:,}"),
        ("Set-up of an account", empty),
        (f"Set-up of an account with {CONTACTS} contacts and {ALERTS} alerts", full),
        ("Requests in a day without calls", ", ".join(f"{n} `{name}`" for name, n in day)),
        ("Memory of an alert", _kb(idle)),
        ("Memory of an alert while it is active, on top", _kb(active)),
        ("Messages of a run that tells three contacts in three rounds", f"{told}"),
        ("Writes of the account's file in such a run", f"{len(writes)}"),
        ("Bytes of all these writes", _kb(sum(size for size, _ in writes))),
        ("Time of one of these writes", _ms(seconds for _, seconds in writes)),
    ]


def compared(plain: Ways, tls: Ways) -> Table:
    """Return the table of the ways."""
    heading = "Median, and times a `rest_command` with a connection for each call"
    return [
        (heading, PLAIN, TLS),
        *(
            (way, *(f"{_ms([w[way]])}, {w[way] / w[UNKEPT]:.2f} times" for w in (plain, tls)))
            for way in plain
        ),
    ]


def render(tables: list[Table], rounds: int) -> str:
    """Return the figures in Markdown."""
    text = (
        f"{rounds} rounds on {os.cpu_count()} cores, {platform.system()},"
        f" Python {platform.python_version()}, Home Assistant {__version__}.\n"
    )
    for heading, *rows in tables:
        line = ("---", *["---:"] * (len(heading) - 1))
        text += "\n" + "".join(f"| {' | '.join(row)} |\n" for row in (heading, line, *rows))
    return text


def write(page: Path, text: str) -> None:
    """Put the figures into the page about them."""
    before, _, rest = page.read_text().partition(START)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{START}\n{text}\n{END}{after}")


def check(ways: Ways) -> str | None:
    """Return what is wrong if a call takes too long."""
    times = ways[CALL] / ways[UNKEPT]
    return None if times <= MOST_TIMES else f"A call takes {times:.2f} times a rest_command"


def _ms(seconds: Iterable[float]) -> str:
    return f"{1000 * median(seconds):.2f} ms"


def _kb(size: float) -> str:
    return f"{size / 1000:.1f} kB"


async def run(rounds: int, calls: int) -> tuple[str, str | None]:
    """Measure everything. Return the figures, and what is wrong."""
    plain, parts = await compare(rounds, PLAIN)
    tls, tls_parts = await compare(rounds, TLS)
    divided = [(*row, *more[1:]) for row, more in zip(parts, tls_parts, strict=True)]
    text = render([compared(plain, tls), divided, await measure(rounds, calls)], rounds)
    return text, check(tls)


def main() -> None:
    """Measure, print the figures, and fail if a call takes too long."""
    logging.basicConfig(level=logging.ERROR)
    parser = argparse.ArgumentParser(prog="scripts/benchmark", description=__doc__)
    parser.add_argument("--rounds", type=int, default=300, help="in which calls are compared")
    parser.add_argument("--calls", type=int, default=1000, help="that are placed at once")
    parser.add_argument("--write", action="store_true", help="update docs/performance.md")
    arguments = parser.parse_args()
    text, failure = asyncio.run(run(arguments.rounds, arguments.calls))
    print(text)
    if arguments.write:
        write(PAGE, text)
    sys.exit(failure)


if __name__ == "__main__":
    main()
