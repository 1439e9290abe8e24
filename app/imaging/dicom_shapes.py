"""Recognises a header whose elements stand where those of an earlier one stood, so that it need not be walked.

The files of a series differ in values, seldom in which elements there are and how long they are. The walk looks at
tags, representations, lengths and the insides of sequences, never at other values: where all those bytes are the same
as before, it would end at the same places. It must not know what a header is good for.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from app.imaging.dicom_walk import SHORT, SQ, SYNTAX, Meta, Walked, element, long_length

_REMEMBERED = 8
_PREAMBLE = 128


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """The bytes of a header that decide where its elements are, and what the walk found.

    Attributes:
        mask: 255 for every byte that decides, 0 for those of plain values; up to the pixels' value.
        fixed: the header under that mask.
        syntax: transfer syntax UID.
        walked: where the elements are.
    """

    mask: NDArray[np.uint8] = field(repr=False)
    fixed: bytes = field(repr=False)
    syntax: str
    walked: Walked

    def fits(self, head: bytes) -> bool:
        """Whether the walk of ``head`` would find the same places."""
        size = self.mask.size
        return len(head) >= size and _under(self.mask, head) == self.fixed


class Shapes:
    """The last shapes that were met, shared by all threads.

    A shape is made when two of the headers walked lately end at the same byte: a file that resembles no other costs
    little more than its walk. What is known is replaced as a whole, so that readers need no lock.
    """

    def __init__(self) -> None:
        self._known: tuple[Shape, ...] = ()
        self._ends: tuple[int, ...] = ()

    def find(self, head: bytes) -> Shape | None:
        """The shape of ``head``, if it was met lately."""
        known = self._known
        for shape in known:
            if shape.fits(head):
                if shape is not known[0]:
                    self._known = (shape, *(other for other in known if other is not shape))
                return shape
        return None

    def learn(self, head: bytes, syntax: str, meta: Meta, walked: Walked) -> None:
        """Remember what was walked: the places of ``meta`` and of the dataset in ``head``, the first of a file."""
        if not walked.pixels_at:
            return
        if walked.pixels_at not in self._ends:
            self._ends = (walked.pixels_at, *self._ends[: _REMEMBERED - 1])
            return
        mask = np.full(walked.pixels_at, 255, np.uint8)
        mask[:_PREAMBLE] = 0
        _open(mask, head, (at for tag, at in meta.places.items() if tag != SYNTAX))
        _open(mask, head, walked.places.values())
        self._known = (Shape(mask, _under(mask, head), syntax, walked), *self._known[: _REMEMBERED - 1])


def _open(mask: NDArray[np.uint8], head: bytes, places: Iterable[int]) -> None:
    """Let the values of the elements at ``places`` be free."""
    for at in places:
        _, vr, length = element(head, at)
        if vr in SHORT:
            mask[at + 8 : at + 8 + length] = 0
        elif vr != SQ:
            mask[at + 12 : at + 12 + long_length(head, at + 8)[0]] = 0


def _under(mask: NDArray[np.uint8], head: bytes) -> bytes:
    return (np.frombuffer(head, np.uint8, mask.size) & mask).tobytes()
