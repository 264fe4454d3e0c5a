"""Draw the images that Home Assistant shows for the integration from their vector sources."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from resvg_py import svg_to_bytes

ROOT: Final = Path(__file__).parent.parent
SOURCES: Final = ROOT / "brand"
IMAGES: Final = ROOT / "custom_components" / "directcall" / "brand"

# In pixels; "@2x" is twice as high. Home Assistant wants icons of 256 pixels, and logos whose
# shorter side has 128 to 256.
HEIGHT: Final = 256
# What has to stand out from a page, on a dark one. The icon stands out from both.
DARK: Final = ".ink { color: #f1f3f5 !important }"


def draw() -> Iterator[tuple[str, bytes]]:
    """Yield the name and the PNG of each image."""
    for prefix, source, style in (
        ("icon", "icon.svg", None),
        ("logo", "logo.svg", None),
        ("dark_logo", "logo.svg", DARK),
    ):
        for suffix, height in (("", HEIGHT), ("@2x", 2 * HEIGHT)):
            png = svg_to_bytes(
                svg_path=str(SOURCES / source),
                height=height,
                style_sheet=style,
                skip_system_fonts=True,
            )
            yield f"{prefix}{suffix}.png", png


def main() -> None:
    """Write every image."""
    IMAGES.mkdir(exist_ok=True)
    for name, png in draw():
        (IMAGES / name).write_bytes(png)
        print(f"{name}: {len(png):,} bytes")


if __name__ == "__main__":
    main()
