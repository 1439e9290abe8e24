"""Looking at the frames of one file: every picture of every frame, tile by tile, what was seen before only once.

It must not know policies, reports or what happens to what was found.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.deid.burned_in import boxes, views
from app.deid.burned_in.boxes import Box, Candidate
from app.deid.burned_in.judge import Judge, Line
from app.deid.burned_in.models import Picture, detector, reader
from app.deid.burned_in.views import Display
from app.deid.burned_in.words import Known

Pixels = NDArray[Any]

Seen = dict[bytes, list[Candidate]]
"""What the detector marked in tiles that it was shown, by digest of the tile."""

SMALLEST = 16
"""Frames with a shorter side hold no line of 10-pixel letters."""

WHOLE = 512
"""Frames with a longer side are looked at in half their size as well, and in a quarter, down to this."""

BATCH = 4
"""Tiles that the detector takes at once; more need memory and are no faster."""


class Look:
    """Looks at the frames of one file, at each different picture once.

    Args:
        threads: of each of the two networks.
        known: identities of the header.
        display: how the values are shown.
        seen: tiles that need not be looked at again; grows.

    Attributes:
        lines: what was found, with the number of the frame, by place.
    """

    def __init__(self, threads: int, known: Known, display: Display, seen: Seen) -> None:
        self._threads = threads
        self._known = known
        self._display = display
        self._frames: dict[bytes, list[Line]] = {}
        self._tiles = seen
        self.lines: dict[Box, list[tuple[int, Line]]] = {}

    def at(self, frame: Pixels, number: int) -> None:
        """Find the lines of a frame."""
        if min(frame.shape[:2]) < SMALLEST:
            return
        digest = _digest(frame)
        if digest not in self._frames:
            self._frames[digest] = self._found(frame)
        for line in self._frames[digest]:
            self.lines.setdefault(line.box, []).append((number, line))

    def _found(self, frame: Pixels) -> list[Line]:
        """Lines in all pictures of a frame; the last, local, picture is looked at lying down, for vertical text."""
        part = views.busy(frame, self._display)
        if part is None:
            return []
        cut = frame[part.slices]
        found: list[Line] = []
        for picture, turned in _turns(views.looks(cut, self._display)):
            for power, smaller in enumerate(_sizes(picture)):
                found += self._lines(smaller, turned=turned, factor=2**power, shape=cut.shape)
        return [replace(line, box=line.box.moved(part.top, part.left)) for line in found]

    def _lines(self, picture: Picture, *, turned: bool, factor: int, shape: tuple[int, ...]) -> list[Line]:
        """Lines of a picture, in the frame's own pixels."""
        lying = np.ascontiguousarray(np.rot90(picture)) if turned else picture
        places = self._candidates(lying)
        if turned:
            places = [Candidate(one.box.turned_back(picture.shape[1]), one.score) for one in places]
        if not places:
            return []
        judge = Judge(reader(self._threads), self._known)
        lines = (judge.line(picture, one) for one in places)
        return [Line(line.box.scaled(factor, shape), line.reading, line.known) for line in lines if line]

    def _candidates(self, picture: Picture) -> list[Candidate]:
        """What the detector marks in the tiles of a picture; tiles that were seen before are not looked at again."""
        cut = [(top, left, tile, _digest(tile)) for top, left, tile in views.tiles(picture)]
        fresh = {digest: tile for _, _, tile, digest in cut if digest not in self._tiles}
        seen = {digest: tile for digest, tile in fresh.items() if np.ptp(tile) >= views.FAINTEST}
        self._tiles.update({digest: [] for digest in fresh.keys() - seen.keys()})
        waiting = list(seen)
        for first in range(0, len(waiting), BATCH):
            part = waiting[first : first + BATCH]
            pictures = [seen[digest] for digest in part]
            shape = pictures[0].shape
            maps = detector(self._threads).maps(pictures, views.enlargement(shape))
            for digest, probability in zip(part, maps, strict=True):
                self._tiles[digest] = boxes.of_map(probability, shape)
        return [
            Candidate(one.box.moved(top, left), one.score)
            for top, left, _, digest in cut
            for one in self._tiles[digest]
        ]


def _turns(pictures: list[Picture]) -> list[tuple[Picture, bool]]:
    """Each picture as it stands; the local ones, which show everything, lying down instead."""
    return [(picture, False) for picture in pictures[:-1]] + [(picture, True) for picture in pictures[-1:]]


def _sizes(picture: Picture) -> Iterator[Picture]:
    """A picture, and half of it as long as it is larger than a few tiles."""
    yield picture
    while max(picture.shape) > WHOLE:
        picture = views.halved(picture)
        yield picture


def _digest(pixels: Pixels) -> bytes:
    return hashlib.blake2b(np.ascontiguousarray(pixels).tobytes(), digest_size=16).digest() + str(pixels.shape).encode()
