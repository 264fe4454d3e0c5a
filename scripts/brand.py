"""Draw the images that Home Assistant shows for the integration from their vector sources."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from resvg_py import svg_to_bytes

ROOT: Final = Path(__file__).parent.parent
SOURCES: Final = ROOT / "brand"
IMAGES: Final = ROOT / "custom_components" / "directcall" / "brand"

# In pixels, as Home Assistant wants icons. "@2x" is twice as high.
HEIGHT: Final = 256
# The logo's ink has to be light on a dark page.
DARK: Final = ".ink { color: #f1f3f5 !important }"


def draw() -> Iterator[tuple[str, bytes]]:
    """Yield the name and the PNG of each image."""
    for image, style in (("icon", None), ("logo", None), ("dark_logo", DARK)):
        source = str(SOURCES / f"{image.removeprefix('dark_')}.svg")
        for suffix, height in (("", HEIGHT), ("@2x", 2 * HEIGHT)):
            png = svg_to_bytes(
                svg_path=source, height=height, style_sheet=style, skip_system_fonts=True
            )
            yield f"{image}{suffix}.png", png


if __name__ == "__main__":
    for name, png in draw():
        (IMAGES / name).write_bytes(png)
        print(f"{name}: {len(png):,} bytes")
