"""Ask the real Directcall, with an account, what its documentation does not say."""

import argparse
import asyncio
from collections.abc import Sequence
import os
from pathlib import Path
import sys

from yarl import URL

from custom_components.directcall.api import DEFAULT_URL, DirectcallInvalidUrlError, parse_url

from .check import TEXTS, Check
from .questions import QUESTIONS
from .report import FORM, Report

# The second is that of a shell's interrupted command.
_NO_TOKEN, _INTERRUPTED = 1, 130


def _url(text: str) -> URL:
    try:
        return parse_url(text)
    except DirectcallInvalidUrlError:
        error = "only https, or http on this machine"
        raise argparse.ArgumentTypeError(error) from None


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/live_check",
        description=f"{__doc__} It asks for the credentials: there are no options for them.",
    )
    locale = next(filter(None, map(os.environ.get, ("LC_ALL", "LC_MESSAGES", "LANG"))), "")
    language = "pt-BR" if locale.startswith("pt") else "en"
    add = parser.add_argument
    add("--report", type=Path, default="live-check.md", help="file to write (%(default)s)")
    add("--language", choices=TEXTS, default=language, help="of the questions")
    add("--url", type=_url, default=DEFAULT_URL, help="API address, such as a simulator's")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the check, and write the report. Return 0, 1 without a token, or 130 if interrupted."""
    options = _parse(arguments)
    report = Report(is_real=options.url == URL(DEFAULT_URL))
    with asyncio.Runner() as runner:
        check = Check(options.language, options.url, report, runner)
        try:
            # Nothing is billed before the report can be written, and no earlier one is replaced.
            file = options.report.open("x", encoding="utf-8")
        except OSError as err:
            check.say("cannot_write", path=options.report, reason=err.strerror)
            return _NO_TOKEN
        with file:
            try:
                return 0 if check.run() else _NO_TOKEN
            except KeyboardInterrupt, EOFError:
                print()
                check.say("interrupted")
                return _INTERRUPTED
            finally:
                if report.exchanges:
                    file.write(report.render(question.heading for question in QUESTIONS))
                    check.say("written", path=options.report.resolve(), form=FORM)
                else:
                    options.report.unlink()


if __name__ == "__main__":
    sys.exit(main())
