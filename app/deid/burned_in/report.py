"""What looking for text in a file's frames has shown, and where it will be blacked out.

It must not know how text is found.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from app.deid.burned_in import boxes as burned_in_boxes
from app.deid.burned_in.boxes import Box
from app.deid.burned_in.views import Display


@dataclass(frozen=True, slots=True)
class Finding:
    """A line of text.

    Attributes:
        box: where, without margin.
        frames: numbers of the frames it was found in, from 0.
        text: what was read; an identity itself, hence kept out of the representation, and never to be logged.
        confidence: of the reading, 0 to 1.
        known: whether it holds one of the header's identities.
        kept: whether it may stay: a harmless mark, where the policy keeps those.
    """

    box: Box
    frames: tuple[int, ...]
    text: str = field(repr=False)
    confidence: float
    known: bool
    kept: bool = False


@dataclass(frozen=True, slots=True)
class TextReport:
    """What was found in the frames of one file.

    Attributes:
        shape: rows and columns of each frame.
        count: frames that were looked at.
        findings: lines of text, top to bottom.
        display: how the frames' values are shown.
        inside: regions that alone may stay visible (ultrasound regions); empty where everything may.
    """

    shape: tuple[int, int]
    count: int
    findings: tuple[Finding, ...] = ()
    display: Display = field(default_factory=Display)
    inside: tuple[Box, ...] = ()

    @property
    def hidden(self) -> tuple[Finding, ...]:
        """Lines that must not leave."""
        return tuple(finding for finding in self.findings if not finding.kept)

    @property
    def found(self) -> bool:
        """Whether anything must be blacked out."""
        return bool(self.hidden or self.inside)

    @property
    def boxes(self) -> tuple[Box, ...]:
        """What is blacked out in every frame for the sake of text, margins included."""
        return tuple(finding.box.with_margin(self.shape) for finding in self.hidden)

    def mask(self) -> NDArray[np.bool_]:
        """``(rows, columns)``: what is blacked out in every frame, that outside the regions included."""
        text = burned_in_boxes.covered(self.boxes, self.shape)
        return text | ~burned_in_boxes.covered(self.inside, self.shape) if self.inside else text

    def with_earlier(self, earlier: TextReport) -> TextReport:
        """This report, of frames that were blacked out by ``earlier``, together with it."""
        return TextReport(
            shape=self.shape,
            count=self.count,
            findings=tuple(sorted({*earlier.findings, *self.findings}, key=lambda one: (one.box, one.frames))),
            display=self.display,
            inside=earlier.inside or self.inside,
        )
