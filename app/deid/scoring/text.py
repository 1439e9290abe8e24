"""Hides burned-in text of a planted file, as an export does; only where text can be found in this installation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydicom.dataset import Dataset

from app.domain.deid import PixelCheck
from app.imaging import redaction

if TYPE_CHECKING:
    from app.deid.burned_in.finder import TextFinder


def text_finder() -> TextFinder | None:
    """What finds text in pixels; ``None`` where its reader of letters is not installed."""
    try:
        from app.deid.burned_in.finder import TextFinder
    except ImportError:
        return None
    return TextFinder()


def hide_text(dataset: Dataset, finder: TextFinder) -> PixelCheck:
    """Find burned-in text and black it out, in place, without telling the finder what to look for.

    Nothing that is planted shows a head.

    Raises:
        Failed: ``text-models-missing``, or as ``redaction.redact``.
    """
    from app.deid.burned_in.views import Display

    frames = redaction.frames(dataset)
    report = finder.examine(frames, display=Display(photometric=str(dataset.PhotometricInterpretation)))
    if not report.found:
        return PixelCheck(text="none-found", faces="no-head")
    redaction.redact(dataset, dict.fromkeys(range(len(frames)), report.mask()))
    return PixelCheck(text="redacted", faces="no-head")
