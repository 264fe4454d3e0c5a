"""The brand's images: there, and of the sizes that Home Assistant wants."""

from collections.abc import Iterator
from typing import Final

from PIL import Image

from .integration import Integration

_ICONS: Final = {"icon.png": 256, "icon@2x.png": 512}
_LOGOS: Final = {"logo.png": (128, 256), "logo@2x.png": (256, 512)}


def check_brand(integration: Integration) -> Iterator[str]:
    """Yield what is wrong with the images."""
    folder = integration.path / "brand"
    for name in _ICONS.keys() | _LOGOS.keys():
        if not (folder / name).is_file():
            yield f"brand/{name}: missing"
    for file in sorted(folder.iterdir() if folder.is_dir() else []):
        name = file.name.removeprefix("dark_")
        with Image.open(file) as image:
            width, height = image.size
            if image.format != "PNG" or image.mode != "RGBA":
                yield f"brand/{file.name}: not a PNG with transparency"
        if side := _ICONS.get(name):
            if (width, height) != (side, side):
                yield f"brand/{file.name}: {width} x {height} pixels instead of {side} x {side}"
        elif name not in _LOGOS:
            yield f"brand/{file.name}: Home Assistant knows no image of that name"
        elif not _LOGOS[name][0] <= min(width, height) <= _LOGOS[name][1]:
            yield f"brand/{file.name}: {width} x {height} pixels are too many or too few"
