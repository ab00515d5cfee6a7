"""SVG to PNG, with the shipped fonts and no others."""

from importlib.resources import as_file, files

import resvg_py

WIDTH = 1080
"""Pixels: three to each of the 360 that a phone is wide."""
FAMILY = "Noto Sans"
BACKGROUND = "#ffffff"


def png_of(svg: str) -> bytes:
    """Draw it. Takes some hundredths of a second of one processor. ValueError when it is no SVG."""
    with as_file(files("bot.pictures") / "fonts") as folder:
        return bytes(
            resvg_py.svg_to_bytes(
                svg_string=svg,
                width=WIDTH,
                background=BACKGROUND,
                skip_system_fonts=True,
                font_dirs=[str(folder)],
                font_family=FAMILY,
                sans_serif_family=FAMILY,
            )
        )
