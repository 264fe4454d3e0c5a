"""Run the simulator alone."""

import argparse
import asyncio
from contextlib import suppress

from . import ACCOUNT, BalanceShape, Message, NetworkCall, Quirks, Rejection, Simulator, TokenShape


def _tell(request: Message | NetworkCall) -> None:
    """Print a request as the telephone network saw it."""
    print(request, flush=True)


def _parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulator", description=__doc__)
    parser.add_argument("--port", type=int, default=8124)
    parser.add_argument("--token", choices=[s.name.lower() for s in TokenShape], default="opaque")
    parser.add_argument("--lifetime", type=float, default=3600, help="of a token, in seconds")
    parser.add_argument("--rejection", choices=[r.name.lower() for r in Rejection], default="code")
    parser.add_argument(
        "--balance", choices=[s.name.lower() for s in BalanceShape], default="unknown_method"
    )
    return parser.parse_args()


async def _run() -> None:
    """Serve until interrupted."""
    arguments = _parse_arguments()
    simulator = Simulator(
        Quirks(
            token_shape=TokenShape[arguments.token.upper()],
            token_lifetime=arguments.lifetime,
            rejection=Rejection[arguments.rejection.upper()],
            balance_shape=BalanceShape[arguments.balance.upper()],
        ),
        on_call=_tell,
        on_message=_tell,
        port=arguments.port,
    )
    await simulator.start()
    print(
        f"Directcall is simulated at {simulator.url}"
        f" (client id {ACCOUNT.client_id}, client secret {ACCOUNT.client_secret})",
        flush=True,
    )
    try:
        await asyncio.Event().wait()
    finally:
        await simulator.stop()


with suppress(KeyboardInterrupt):
    asyncio.run(_run())
