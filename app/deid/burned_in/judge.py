"""Whether what the detector marked is text: it is read, and thrown away only where that makes no sense at all.

Round organs, vessels and sutures look like single letters to the detector, and read as one unsure character; a body
or a kidney in a small frame reads as a giant 0 that is hardly unsure. What is shaped like a line stays, whatever was
read: a script that the reader does not know is a name all the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from app.deid.burned_in.boxes import Box, Candidate
from app.deid.burned_in.models import Picture, Reader, Reading
from app.deid.burned_in.words import Known

CONFIDENT = {1: 0.98, 2: 0.8}
ENOUGH = 0.6
"""Least confidence of a reading by its number of characters, and of longer ones. Anatomy gives single characters with
0.97 and less, pairs with 0.77 and longer ones with 0.52 and less; words of 10 pixels in noise have 0.69 and more."""

SIMPLE = frozenset("0OoQCcGDU36891Il一")
"""Closed curves, arcs and bars: what bodies, organs and vessels are read as."""

TALL, FEW, PLAIN = 18, 3, 0.9
"""Pixels across a box from which up to so many characters are anatomy where they are read with less confidence, and
fewer simple ones in any case. Such a box lies around capitals of some 12 pixels: letters that high stand in lines,
and are found and read together. Anatomy gives 0 with up to 0.998, 68 with 0.96, 680 with 0.75, cac with 0.67."""

TALLEST = 96
"""Pixels across a line in the picture; larger letters are seen in the halved picture."""

LINE_SCORE, LINE_ASPECT, LINE_HEIGHT = 0.8, 3.0, 40
"""A line by its shape: how sure the detector is, how many times longer than high, how high at most in pixels."""

AROUND = 2
"""Pixels around a box that are read with it."""

SQUARE = 1.3
"""Boxes less elongated than this may be read along either side."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text in a picture.

    Attributes:
        box: where.
        reading: what it says.
        known: whether that holds an identity of the header.
    """

    box: Box
    reading: Reading
    known: bool


class Judge:
    """Tells text from what merely looks like it."""

    def __init__(self, reader: Reader, known: Known) -> None:
        self._reader = reader
        self._known = known

    def line(self, picture: Picture, candidate: Candidate) -> Line | None:
        """The line that a candidate is; ``None`` where it is surely none."""
        box = candidate.box
        if box.area == 0 or min(box.height, box.width) > TALLEST:
            return None
        best = Reading("", 0.0)
        for piece in _upright(picture[box.grown(AROUND, picture.shape).slices]):
            reading = self._reader.read(np.ascontiguousarray(piece))
            if (known := self._known.matches(reading.text)) or (is_text(reading) and not is_anatomy(reading, box)):
                return Line(box, reading, known)
            best = max(best, reading, key=lambda one: one.confidence)
        return Line(box, best, known=False) if _is_line(candidate) else None


def is_text(reading: Reading) -> bool:
    """Whether a reading makes sense."""
    return reading.length > 0 and reading.confidence >= CONFIDENT.get(reading.length, ENOUGH)


def is_anatomy(reading: Reading, box: Box) -> bool:
    """Whether what was read in so large a box is rather a body or an organ than letters.

    Args:
        reading: of the box.
        box: in pixels of the picture that was looked at.
    """
    letters = [character for character in reading.text if character.isalnum()]
    if min(box.height, box.width) <= TALL or len(letters) > FEW:
        return False
    return reading.confidence < PLAIN or (len(letters) < FEW and SIMPLE.issuperset(letters))


def _is_line(candidate: Candidate) -> bool:
    short, long = sorted((candidate.box.height, candidate.box.width))
    return candidate.score >= LINE_SCORE and long >= LINE_ASPECT * short and short <= LINE_HEIGHT


def _upright(piece: Picture) -> Iterator[Picture]:
    """A piece the ways it may have to be read, the likeliest first."""
    rows, columns = piece.shape
    if rows <= SQUARE * columns:
        yield piece
    if columns <= SQUARE * rows:
        yield np.rot90(piece)
        yield np.rot90(piece, -1)
    if rows <= columns:
        yield np.rot90(piece, 2)
