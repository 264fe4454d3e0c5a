"""Checks of the integration's files that Home Assistant's validator, hassfest, does not make."""

from collections.abc import Iterator
from pathlib import Path

from .imports import check_imports
from .integration import Integration
from .texts import check_texts


def find_problems(path: Path) -> Iterator[str]:
    """Yield the problems of the integration in a folder, each with the file's name.

    Raises ValueError or HomeAssistantError if a file cannot be read.
    """
    integration = Integration.read(path)
    yield from check_imports(integration)
    yield from check_texts(integration)
