"""Say what is wrong with the integration's files.

This is what Home Assistant's own validator, hassfest, would say, and some things more. Home
Assistant's package does not bring hassfest along: what the package does have is used here, and
the rest is written anew.
"""

from collections.abc import Iterator
from pathlib import Path

from .actions import check_actions
from .brand import check_brand
from .icons import check_icons
from .integration import Integration
from .manifest import check_manifest
from .texts import check_texts


def find_problems(path: Path) -> Iterator[str]:
    """Yield what is wrong with the integration in a folder, each with the file's name.

    Raises ValueError or HomeAssistantError if a file cannot even be read.
    """
    integration = Integration.read(path)
    yield from check_manifest(integration)
    yield from check_brand(integration)
    yield from check_actions(integration)
    yield from check_icons(integration)
    yield from check_texts(integration)
