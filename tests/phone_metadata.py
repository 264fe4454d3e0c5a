"""Metadata of telephone numbers: its importers, as if nothing had been imported yet."""

from collections.abc import Iterator
from contextlib import contextmanager
import importlib
import threading
from unittest.mock import patch

import phonenumbers
from phonenumbers import PhoneMetadata

type Imports = dict[str, int]
"""Countries, or calling codes without one, by the thread that imported them."""


@contextmanager
def forgotten_countries() -> Iterator[Imports]:
    """Forget the metadata of all countries but Brazil, and collect what is imported."""
    imports: Imports = {}

    def load(name: str | int) -> None:
        imports[str(name)] = threading.get_ident()
        importlib.import_module(f"phonenumbers.data.region_{name}")

    for country in phonenumbers.SUPPORTED_REGIONS - {"BR"}:
        PhoneMetadata.register_region_loader(country, load)
    for calling_code in phonenumbers.COUNTRY_CODES_FOR_NON_GEO_REGIONS:
        PhoneMetadata.register_nongeo_region_loader(calling_code, load)
    with patch("custom_components.directcall.api.number_metadata.LOADED_CALLING_CODES", {"55"}):
        yield imports
