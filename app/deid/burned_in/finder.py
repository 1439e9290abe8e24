"""Text burned into pixels: found, compared with the header, blacked out, and looked for again. Fails closed.

Frames come in as stored values and are looked at as a person would see them, in several ways; whatever one of them
shows, in one of the frames, is blacked out in all. It reads no files and keeps no text beyond its report.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from numpy.typing import NDArray

from app.deid.burned_in import boxes
from app.deid.burned_in.blackout import blackout
from app.deid.burned_in.boxes import Box
from app.deid.burned_in.judge import Line
from app.deid.burned_in.look import Look, Seen
from app.deid.burned_in.report import Finding, TextReport
from app.deid.burned_in.views import Display
from app.deid.burned_in.words import Known, is_mark
from app.domain.errors import Refused

Pixels = NDArray[Any]

Region = Box
"""An ultrasound region (0018,6011): first row and column, and those behind the last."""

Lines = Mapping[Box, Sequence[tuple[int, Line]]]
"""Lines that were read and the frames that showed them, by place."""

SURELY, INSIDE = 0.9, 0.8
"""Least confidence with which a mark was read, and share of a piece of it that lies inside the whole."""

ROUNDS = 3
"""How often frames are blacked out and read again before they are refused."""


class TextFinder:
    """Finds text in frames. Loads its models at the first frame that needs them, once per process.

    Args:
        threads: of each of the two networks.
        keep_marks: let orientation letters and numbers with units stay where they match no identity.
        outside_regions: black out everything outside the regions that a file names.
    """

    def __init__(self, *, threads: int = 1, keep_marks: bool = False, outside_regions: bool = False) -> None:
        self._threads = threads
        self._keep_marks = keep_marks
        self._outside_regions = outside_regions

    def examine(
        self,
        frames: Iterable[Pixels],
        *,
        known: Iterable[str] = (),
        regions: Sequence[Region] = (),
        display: Display = Display(),  # noqa: B008 - frozen
        seen: Seen | None = None,
    ) -> TextReport:
        """Look for text.

        Args:
            frames: of one file and one shape: ``(rows, columns)`` stored values, or ``(rows, columns, 3)`` RGB.
            known: names, identifiers and dates (YYYYMMDD) of the header.
            regions: of the file; what is outside them goes too, where the finder was told so.
            display: how the values are shown.
            seen: tiles of frames that were examined before, and need not be looked at again; grows.

        Raises:
            Failed: ``text-models-missing``.
        """
        look = Look(self._threads, Known(known), display, {} if seen is None else seen)
        shape, count = (0, 0), 0
        for frame in frames:
            if count and frame.shape[:2] != shape:
                raise ValueError("the frames of a file have one shape")
            shape = (int(frame.shape[0]), int(frame.shape[1]))
            look.at(frame, count)
            count += 1
        inside = tuple(regions) if self._outside_regions else ()
        return TextReport(shape, count, tuple(self._findings(look.lines)), display, inside)

    def redact(
        self,
        frames: Sequence[Pixels] | Pixels,
        *,
        known: Iterable[str] = (),
        regions: Sequence[Region] = (),
        display: Display = Display(),  # noqa: B008 - frozen
    ) -> tuple[Pixels, TextReport]:
        """Black out all text, and look again, until nothing is found.

        Returns:
            the frames, stacked, and all that was found in all rounds.

        Raises:
            Refused: ``text-remains`` after three rounds; ``text-colours``.
            Failed: ``text-models-missing``.
        """
        names = tuple(known)
        seen: Seen = {}
        report = self.examine(frames, known=names, regions=regions, display=display, seen=seen)
        painted = blackout(frames, report)
        if not report.found:
            return painted, report
        for _ in range(ROUNDS):
            left = self.examine(painted, known=names, display=display, seen=seen)
            if not left.hidden:
                return painted, report
            report = left.with_earlier(report)
            painted = blackout(painted, report)
        raise Refused("text-remains", rounds=ROUNDS)

    def _findings(self, lines: Lines) -> Iterable[Finding]:
        """Lines of all frames and looks, joined where they belong together; the surest reading speaks for them."""
        kept = _harmless(lines) if self._keep_marks else set()
        for group in (kept, {box for box in lines if not _part_of(box, kept, lines)}):
            for box in boxes.joined(group):
                seen = [one for other in group if other.common(box) for one in lines[other]]
                best = max((line for _, line in seen), key=lambda line: (line.known, line.reading.confidence))
                yield Finding(
                    box,
                    tuple(sorted({number for number, _ in seen})),
                    best.reading.text,
                    best.reading.confidence,
                    best.known,
                    kept=group is kept,
                )


def _harmless(lines: Lines) -> set[Box]:
    """Places at which nothing but a mark was surely read."""
    return {box for box, seen in lines.items() if all(_is_mark(line) for _, line in seen)}


def _is_mark(line: Line) -> bool:
    return not line.known and line.reading.confidence >= SURELY and is_mark(line.reading.text)


def _part_of(box: Box, marks: set[Box], lines: Lines) -> bool:
    """Whether a place is a piece of a mark, as another look showed it; identities never are."""
    known = any(line.known for _, line in lines[box])
    return not known and any(mark.common(box) >= INSIDE * box.area for mark in marks)
