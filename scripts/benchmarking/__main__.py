"""Measure everything in one run."""

import argparse
import asyncio
from itertools import islice
import logging
from typing import Final

from tests.common import set_up

from .accounts import idle, time_set_ups, weigh
from .blocks import LongestBlock, watching
from .calls import compare, count_requests, rush
from .house import new_account, running_house, telephones
from .imports import time_imports
from .provider import free_port, running_provider
from .report import PAGE, Figures, render, write
from .steps import time_steps

# For how many rounds of calls there is one of what takes longer.
_PER_SET_UP: Final = 25
_PER_WEIGHING: Final = 100
_PER_IMPORT: Final = 50


def _parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="scripts/benchmark", description=__doc__)
    parser.add_argument("--rounds", type=int, default=500, help="in which calls are compared")
    parser.add_argument("--calls", type=int, default=1000, help="that are placed at once")
    parser.add_argument("--write", action="store_true", help="put it into docs/performance.md")
    return parser.parse_args()


async def _measure(rounds: int, calls: int) -> Figures:
    """Measure in a house that is up before its provider is."""
    destinations = telephones()
    blocks: dict[str, LongestBlock] = {}
    port = free_port()
    async with running_house() as hass:
        account = await set_up(hass, new_account(port))
        async with running_provider(port) as provider:
            cold = await count_requests(hass, provider, next(destinations))
            warm = await count_requests(hass, provider, next(destinations))
            with watching() as blocks["Calls, one after the other"]:
                comparison = await compare(
                    hass, provider, account.data["url"], destinations, rounds
                )
            steps = await time_steps(hass, destinations, rounds)
            with watching() as blocks["Calls at once"]:
                rushed = await rush(hass, provider, list(islice(destinations, calls)))
            day = await idle(hass, provider)
            await hass.config_entries.async_remove(account.entry_id)
            with watching() as blocks["Set-ups and removals, with contacts and without"]:
                times = await time_set_ups(hass, port, max(1, rounds // _PER_SET_UP))
            weights = await weigh(hass, port, max(1, rounds // _PER_WEIGHING))
    return Figures(
        cold=cold,
        warm=warm,
        comparison=comparison,
        steps=steps,
        rush=rushed,
        set_ups=times,
        weights=weights,
        imports=time_imports(max(1, rounds // _PER_IMPORT)),
        day=day,
        blocks=blocks,
    )


def main() -> None:
    """Measure, and tell."""
    logging.basicConfig(level=logging.ERROR)
    arguments = _parse_arguments()
    text = render(asyncio.run(_measure(arguments.rounds, arguments.calls)))
    if arguments.write:
        write(PAGE, text)
    print(text)


if __name__ == "__main__":
    main()
