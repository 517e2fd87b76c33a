"""Text as pictures: any script, with the fonts that this machine has; every text is drawn once and kept.

The first font of the list that has a character draws it; for what none of them has, fontconfig is asked. Shaping and
right-to-left order are Pillow's (Raqm, where it was built with it).
"""

import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from gazeline.runtime.hud.style import INK, PALE, Colour, Style

KEPT = 256  # pictures of labels
WHITE: Colour = (255, 255, 255)
TITLE = 1.25  # a card's first line, against the small text
FINER = 3  # drawn so much larger and averaged down: at ten pixels a letter, hinting would push letters about

PLACES = {
    "linux": (
        "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
        "/usr/share/fonts/truetype/noto/NotoSans-Regular.ttf",
        "/usr/share/fonts/TTF/DejaVuSans.ttf",
        "/usr/share/fonts/dejavu-sans-fonts/DejaVuSans.ttf",
    ),
    "win32": tuple(
        f"C:/Windows/Fonts/{name}"
        for name in ("segoeui.ttf", "msyh.ttc", "YuGothM.ttc", "malgun.ttf", "Nirmala.ttf", "LeelawUI.ttf")
    ),
    "darwin": ("/System/Library/Fonts/SFNS.ttf", "/System/Library/Fonts/Supplemental/Arial Unicode.ttf"),
}

Font = ImageFont.FreeTypeFont


@dataclass(frozen=True, eq=False)
class Label:
    """A drawn label: (H, W, 4) sRGB with straight alpha, and its width and height as seen, in radians."""

    text: tuple[str, ...]
    pixels: NDArray[np.uint8]
    size_rad: tuple[float, float]


class Labels:
    """Draws labels for one style and display. ``pixel_rad``: the angle of one pixel in the middle of the view."""

    def __init__(self, style: Style, pixel_rad: float) -> None:
        self._style, self._pixel_rad = style, pixel_rad
        cap_px = FINER * style.cap_height_rad / pixel_rad
        self._small, self._large = _fonts(round(10 * cap_px)), _fonts(round(10 * TITLE * cap_px))
        self._unit = cap_px / 8.0  # what paddings are counted in
        self.card = lru_cache(KEPT)(self._card)
        self.tag = lru_cache(KEPT)(self._tag)

    def _card(self, lines: tuple[str, ...], accent: Colour) -> Label:
        """A title and lines of facts on a dark ground with a bar of the accent's colour."""
        unit = self._unit
        fonts = [self._large, *[self._small] * (len(lines) - 1)]
        wide = max(_width(line, font) for line, font in zip(lines, fonts, strict=True))
        heights = [font.height for font in fonts]
        pad, bar = round(7 * unit), max(1, round(2 * unit))
        size = (round(wide) + 2 * pad + bar, sum(heights) + round(2 * unit) * (len(lines) - 1) + round(1.4 * pad))
        ground = round(255 * self._style.card_alpha)
        image = Image.new("RGBA", size, (*INK, ground))
        draw = ImageDraw.Draw(image)
        if ground:
            draw.rectangle((0, 0, bar - 1, size[1]), (*accent, 255))
        else:
            draw.rectangle((0, 0, size[0] - 1, size[1] - 1), outline=(*accent, 255), width=max(1, bar // 2))
        y = 0.7 * pad
        for number, (line, font) in enumerate(zip(lines, fonts, strict=True)):
            _write(draw, (pad + bar, y), line, font, WHITE if number == 0 else PALE)
            y += font.height + 2 * unit
        return self._label(lines, image)

    def _tag(self, text: str) -> Label:
        """One line, with a dark rim in place of a ground."""
        rim = max(1, round(1.6 * self._unit)) if self._style.card_alpha else 0
        size = (round(_width(text, self._small)) + 4 * rim + 2, self._small.height + 2 * rim + 1)
        image = Image.new("RGBA", size, (*INK, 0))
        _write(ImageDraw.Draw(image), (2.0 * rim, float(rim)), text, self._small, PALE, rim)
        return self._label((text,), image)

    def _label(self, lines: tuple[str, ...], image: Image.Image) -> Label:
        image = image.reduce(FINER)
        pixels = np.asarray(image, dtype=np.uint8)
        return Label(lines, pixels, (image.width * self._pixel_rad, image.height * self._pixel_rad))


@dataclass(frozen=True, eq=False)
class _Fonts:
    """One size of every font of the list. ``height``: of a line, ascenders and descenders included, px."""

    fonts: tuple[Font, ...]
    px: float
    height: int

    def runs(self, text: str) -> Iterator[tuple[str, Font]]:
        """The text in pieces that one font can draw. Spaces and signs stay with what is before them."""
        at = 0
        chosen = []
        for char in text:
            if char.isalnum() or not _has(self.fonts[at], char):
                at = next((i for i, font in enumerate(self.fonts) if _has(font, char)), None) or 0
                if at == 0 and not _has(self.fonts[0], char) and (extra := _asked_for(char, self.px)) is not None:
                    chosen.append((char, extra))
                    continue
            chosen.append((char, self.fonts[at]))
        for _, run in groupby(chosen, key=lambda pair: id(pair[1])):
            pairs = list(run)
            yield "".join(char for char, _ in pairs), pairs[0][1]


@lru_cache(8)
def _fonts(cap_px_10: int) -> _Fonts:
    """Fonts whose capital letters are so high (in tenths of a pixel)."""
    paths = [path for path in PLACES.get(sys.platform, PLACES["linux"]) if Path(path).is_file()]
    first = _opened(paths[0], 100.0) if paths else ImageFont.load_default(100.0)
    if not isinstance(first, ImageFont.FreeTypeFont):
        raise OSError(
            "Pillow was built without FreeType, so no text can be drawn; pip install --force-reinstall pillow"
        )
    _, top, _, bottom = first.getbbox("H")
    px = cap_px_10 / 10 * 100.0 / (bottom - top)
    fonts = [_opened(path, px) for path in paths] if paths else [ImageFont.load_default(px)]
    good = tuple(font for font in fonts if isinstance(font, ImageFont.FreeTypeFont))
    ascent, descent = good[0].getmetrics()
    return _Fonts(good, px, ascent + descent)


@lru_cache(64)
def _opened(path: str, px: float) -> Font:
    return ImageFont.truetype(path, px)


@lru_cache(4096)
def _has(font: Font, char: str) -> bool:
    """Whether a font has a character: what it has not, it draws as it draws a character that nobody has."""
    if char.isspace():
        return True
    missing = font.getmask("\U0010fffe")
    mask = font.getmask(char)
    return mask.size != missing.size or bytes(mask) != bytes(missing)


@lru_cache(1024)
def _asked_for(char: str, px: float) -> Font | None:
    """The font that fontconfig names for a character, if it has it."""
    program = shutil.which("fc-match")
    if program is None:
        return None
    command = [program, "-f", "%{file}", f"sans:charset={ord(char):x}"]
    try:
        path = subprocess.run(command, capture_output=True, text=True, timeout=5.0, check=False).stdout.strip()
        font = _opened(path, px)
    except (OSError, subprocess.SubprocessError):
        return None
    return font if _has(font, char) else None


def _width(text: str, fonts: _Fonts) -> float:
    return float(sum(font.getlength(run) for run, font in fonts.runs(text)))


def _write(
    draw: ImageDraw.ImageDraw, at: tuple[float, float], text: str, fonts: _Fonts, colour: Colour, rim: int = 0
) -> None:
    x, y = at
    base = y + fonts.fonts[0].getmetrics()[0]
    pieces: Sequence[tuple[str, Font]] = list(fonts.runs(text))
    for width in (rim, 0) if rim else (0,):
        across = x
        for run, font in pieces:
            ink = (*INK, 150) if width else (*colour, 255)
            draw.text((across, base), run, ink, font, anchor="ls", stroke_width=width)
            across += font.getlength(run)
