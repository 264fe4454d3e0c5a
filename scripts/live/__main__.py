"""Ask the real Directcall, with an account, what its documentation does not say."""

import argparse
import asyncio
from collections.abc import Sequence
import os
from pathlib import Path
import sys
from typing import Final

from yarl import URL

from custom_components.directcall.api import DEFAULT_URL, DirectcallInvalidUrlError, parse_url

from .check import Check
from .conversation import Conversation
from .listening import Listener
from .masking import Masker
from .person import Person
from .report import FORM, Report
from .texts import TEXTS

_REPORT: Final = Path("live-check.md")
# As a shell counts who was interrupted.
_INTERRUPTED: Final = 130
_NO_TOKEN: Final = 1


def _url(text: str) -> URL:
    """Return an address that credentials may be sent to."""
    try:
        return parse_url(text)
    except DirectcallInvalidUrlError:
        error = "only https, or http on this very machine"
        raise argparse.ArgumentTypeError(error) from None


def _language() -> str:
    """Return the language that the terminal speaks."""
    names = ("LC_ALL", "LC_MESSAGES", "LANG")
    locale = next(filter(None, map(os.environ.get, names)), "")
    return "pt-BR" if locale.startswith("pt") else "en"


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="scripts/live_check",
        description=f"{__doc__} Credentials are asked for, and are no options.",
    )
    parser.add_argument(
        "--report", type=Path, default=_REPORT, help="file to write (default: %(default)s)"
    )
    parser.add_argument("--language", choices=TEXTS, default=_language(), help="of the questions")
    parser.add_argument(
        "--url",
        type=_url,
        default=URL(DEFAULT_URL),
        help="address of the API, such as a simulator's",
    )
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Ask, look, and write the report. Return 0, 1 without a token, or 130 if interrupted."""
    options = _parse(arguments)
    person = Person(TEXTS[options.language])
    masker = Masker()
    listener = Listener()
    report = Report(masker, listener.exchanges, is_real=options.url == URL(DEFAULT_URL))
    # Before anything is billed, and never over what an earlier check learned.
    try:
        file = options.report.open("x", encoding="utf-8")
    except OSError as err:
        person.say(person.texts.cannot_write.format(path=options.report, reason=err.strerror))
        return _NO_TOKEN
    with file, asyncio.Runner() as runner:
        try:
            conversation = Conversation(person, report, listener, runner, options.url)
            return 0 if Check(conversation).run() else _NO_TOKEN
        except KeyboardInterrupt, EOFError:
            person.say(f"\n{person.texts.interrupted}")
            return _INTERRUPTED
        finally:
            if listener.exchanges:
                file.write(report.render())
                person.say(person.texts.written.format(path=options.report.resolve(), form=FORM))
            else:
                options.report.unlink()


if __name__ == "__main__":
    sys.exit(main())
