"""The figures, as docs/performance.md has them."""

from collections.abc import Iterator
from dataclasses import astuple, dataclass
import os
from pathlib import Path
import platform
from statistics import median, quantiles
from typing import Final

import aiohttp

from . import HOME_ASSISTANT
from .accounts import CONTACTS
from .blocks import LongestBlock
from .calls import BARE, Comparison, Rush
from .imports import PACKAGE, PHONENUMBERS
from .provider import ROOT, Tally

PAGE: Final = ROOT / "docs" / "performance.md"
_START: Final = "<!-- What scripts/benchmark --write writes -->\n"
_END: Final = "<!-- Its end -->\n"


@dataclass
class Figures:
    """What was measured in one run."""

    cold: Tally
    """What a call brought to the provider while no token was held."""
    warm: Tally
    """The same with one."""
    comparison: Comparison
    steps: dict[str, list[float]]
    """Seconds, by step of placing a call."""
    rush: Rush
    set_ups: dict[int, list[float]]
    """Seconds, by how many contacts there are."""
    weights: dict[int, list[float]]
    """Bytes, by how many contacts there are."""
    imports: dict[str, list[float]]
    """Seconds, by package."""
    day: Tally
    """What a day in which nothing happens brought to the provider."""
    blocks: dict[str, LongestBlock]
    """The event loop's longest blocks, by what was done."""


def write(page: Path, text: str) -> None:
    """Put the figures into the page about them."""
    before, _, rest = page.read_text().partition(_START)
    _, _, after = rest.partition(_END)
    page.write_text(f"{before}{_START}\n{text}\n{_END}{after}")


def render(figures: Figures) -> str:
    """Return the figures in Markdown."""
    tables = (
        _machine(figures),
        _table(
            ("A call, warm", "Median", "19 of 20 within", "To the bare POST", "More than that"),
            _ways(figures.comparison),
        ),
        _table(
            ("Where the time of `directcall.place_call` goes", "Median"),
            ((name, _milliseconds(median(times))) for name, times in figures.steps.items()),
        ),
        _table(("What", "Figure"), _costs(figures)),
        _table(
            (
                "The event loop's longest block",
                "On the clock",
                "Of the processor",
                "Without collecting garbage",
            ),
            (
                (what, *(_milliseconds(seconds) for seconds in astuple(block)))
                for what, block in figures.blocks.items()
            ),
        ),
    )
    return "\n".join(tables)


def _machine(figures: Figures) -> str:
    """Return on what was measured."""
    return (
        f"{len(figures.comparison.seconds[BARE])} rounds on {os.cpu_count()} cores"
        f" ({_processor()}), {platform.system()}, Python {platform.python_version()},"
        f" Home Assistant {HOME_ASSISTANT}, aiohttp {aiohttp.__version__}.\n"
    )


def _processor() -> str:
    """Return the processor's name."""
    described = Path("/proc/cpuinfo")
    lines = described.read_text().splitlines() if described.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    """Return a table."""
    rule = ("---", *("---:" for _ in head[1:]))
    return "".join(f"| {' | '.join(row)} |\n" for row in (head, rule, *rows))


def _ways(comparison: Comparison) -> Iterator[tuple[str, ...]]:
    """Yield a row for each way to place a call."""
    bare = median(comparison.seconds[BARE])
    for name, seconds in comparison.seconds.items():
        middle = median(seconds)
        yield (
            name,
            _milliseconds(middle),
            _milliseconds(quantiles(seconds, n=20)[-1]),
            f"{middle / bare:.2f} times",
            _milliseconds(middle - bare),
        )


def _costs(figures: Figures) -> Iterator[tuple[str, str]]:
    """Yield a row for each thing that is not measured against another."""
    rush = figures.rush
    alone, crowded = (median(figures.set_ups[contacts]) for contacts in (0, CONTACTS))
    light, heavy = (median(figures.weights[contacts]) for contacts in (0, CONTACTS))
    yield "Looks at calls while they were compared", str(figures.comparison.looks)
    yield "Requests of a call without a token", _requests(figures.cold)
    yield "Requests of a call with one", _requests(figures.warm)
    yield "Calls at once", f"{rush.asked:,}"
    yield "All of them are placed after", f"{rush.seconds:.2f} s"
    yield "The median of them is placed after", f"{median(rush.each):.2f} s"
    yield "The slowest of them is placed after", f"{max(rush.each):.2f} s"
    yield "Telephones of theirs that got exactly one call", f"{rush.placed_once:,}"
    yield "Calls that reached the network meanwhile", f"{rush.placed:,}"
    yield "Looks at calls meanwhile", f"{rush.looks:,}"
    yield "Set-up of an account", _milliseconds(alone)
    yield f"Set-up of one with {CONTACTS} contacts", _milliseconds(crowded)
    yield "Import of the integration's modules", _milliseconds(median(figures.imports[PACKAGE]))
    yield "Import of phonenumbers", _milliseconds(median(figures.imports[PHONENUMBERS]))
    yield "Memory of an account", f"{light / 1024:.0f} KiB"
    yield "Memory of a contact", f"{(heavy - light) / CONTACTS / 1024:.1f} KiB"
    yield "Requests in a day in which nothing happens", _requests(figures.day)


def _requests(tally: Tally) -> str:
    """Return how many requests there were, and of what kind."""
    kinds = ", ".join(f"{number} `{name}`" for name, number in sorted(tally.requests.items()))
    return f"{tally.requests.total()} ({kinds})"


def _milliseconds(seconds: float) -> str:
    """Return a time in milliseconds."""
    return f"{1000 * seconds:.2f} ms"
