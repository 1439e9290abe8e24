"""Text burned into frames, drawn here: invented identities in several fonts, sizes, directions, contrasts and forms."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from app.deid.burned_in.views import Display

FONTS = (
    "DejaVuSans.ttf",
    "DejaVuSans-Bold.ttf",
    "DejaVuSansMono.ttf",
    "DejaVuSerif.ttf",
    "DejaVuSans-Oblique.ttf",
    "STIXGeneral.ttf",
)
TEXTS = (
    "MUELLER^HANS",
    "John Smith",
    "ID 4711-0815",
    "DOB 12.03.1956",
    "1956/03/12",
    "Dr. A. Baker",
    "St. Mary Hospital",
    "A1234567",
    "Acc: 88120344",
)
TRIES = 40
"""Places that are tried for one line."""

Try = tuple[float, NDArray[np.uint8], NDArray[np.bool_]]

SIGNED = (-1024, 12)
"""Intercept and slope by which grey levels 0 to 255 become 16-bit signed values."""


@dataclass(frozen=True)
class Burned:
    """A frame with one line of text.

    Attributes:
        frame: stored values.
        display: how they are shown.
        strokes: mask ``(rows, columns)`` of the letters.
        text: what is written.
    """

    frame: NDArray[Any]
    display: Display
    strokes: NDArray[np.bool_]
    text: str

    def hidden(self, mask: NDArray[np.bool_]) -> bool:
        """Whether blacking out ``mask`` leaves nothing to read: at most a full stop of the line is outside."""
        return bool(self.strokes[~mask].sum() <= 0.02 * self.strokes.sum())


def burned(
    background: NDArray[np.uint8],
    generator: np.random.Generator,
    *,
    size: int,
    contrast: float = 1.0,
    turned: bool = False,
    form: str = "8-bit",
) -> Burned:
    """Write an invented identity somewhere into a background, often at an edge, lighter or darker than what is there.

    What nobody can see is no text: a place is looked for where the strokes stand out by half the contrast asked for,
    and the background beneath them varies by no more than that.

    Args:
        background: grey levels, larger is brighter.
        generator: chooses text, font and place.
        size: of the font, in pixels.
        contrast: 1 for black or white letters; less adds that share of the grey scale to what is beneath.
        turned: letters stand on their side.
        form: one of ``FORMS``.
    """
    text = str(generator.choice(TEXTS))
    letters = _letters(text, size, str(generator.choice(FONTS)))
    letters = np.rot90(letters) if turned else letters
    letters = letters[: background.shape[0], : background.shape[1]]
    tries = (_written(background, letters, contrast, generator) for _ in range(TRIES))
    _, levels, strokes = max(itertools.islice(_until_legible(tries), TRIES), key=lambda one: one[0])
    frame, display = FORMS[form](levels)
    return Burned(frame, display, strokes, text)


def _until_legible(tries: Iterator[Try]) -> Iterator[Try]:
    for one in tries:
        yield one
        if one[0] >= 1:
            return


def _written(
    background: NDArray[np.uint8], letters: NDArray[np.float32], contrast: float, generator: np.random.Generator
) -> Try:
    """A line in one place: how legible it is (1 and more is well), grey levels, strokes."""
    top, left = (_place(generator, whole, part) for whole, part in zip(background.shape, letters.shape, strict=True))
    box = slice(top, top + letters.shape[0]), slice(left, left + letters.shape[1])
    opacity = np.zeros(background.shape, dtype=np.float32)
    opacity[box] = letters
    strokes = opacity > 0.5
    beneath = background.astype(np.float32)
    upwards = 1 if beneath[strokes].mean() < 128 else -1
    ink = beneath + upwards * 255 * contrast if contrast < 1 else np.full_like(beneath, 255 * (upwards > 0))
    levels = np.rint(beneath * (1 - opacity) + np.clip(ink, 0, 255) * opacity).astype(np.uint8)
    stands_out = float(np.percentile(np.abs(levels[strokes] - beneath[strokes]), 2))
    varies = float(beneath[box].std())
    return stands_out / max(varies, 127.5 * contrast), levels, strokes


def _signed(levels: NDArray[np.uint8]) -> tuple[NDArray[Any], Display]:
    low, slope = SIGNED
    return (levels.astype(np.int16) * slope + low).astype(np.int16), Display(windows=((low, low + 255.0 * slope),))


FORMS: dict[str, Callable[[NDArray[np.uint8]], tuple[NDArray[Any], Display]]] = {
    "8-bit": lambda levels: (levels, Display()),
    "16-bit signed": _signed,
    "MONOCHROME1": lambda levels: (255 - levels, Display("MONOCHROME1")),
    "RGB": lambda levels: (np.repeat(levels[..., None], 3, axis=2), Display("RGB")),
}
"""How grey levels are stored, by name."""


def flat(generator: np.random.Generator, level: int, noise: float = 0.0, side: int = 256) -> NDArray[np.uint8]:
    """A background of one grey level, with Gaussian noise of that standard deviation."""
    levels = generator.normal(level, noise, (side, side)) if noise else np.full((side, side), level)
    return np.clip(levels, 0, 255).astype(np.uint8)


def _letters(text: str, size: int, font: str) -> NDArray[np.float32]:
    """Opacity 0 to 1 of a line of text, cut to its letters."""
    face = ImageFont.truetype(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / font, size)
    left, top, right, bottom = (int(edge) for edge in face.getbbox(text))
    canvas = Image.new("L", (right - left, bottom - top), 0)
    ImageDraw.Draw(canvas).text((-left, -top), text, fill=255, font=face)
    return np.asarray(canvas, dtype=np.float32) / 255


def _place(generator: np.random.Generator, whole: int, part: int) -> int:
    """Where a line starts: at one of the two edges in two of five cases, else anywhere."""
    free = whole - part
    return int(generator.choice([0, free])) if generator.random() < 0.4 else int(generator.integers(0, free + 1))
