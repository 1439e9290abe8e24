"""Is there a screen for the window? Asked before Qt is loaded, because Qt aborts the process where there is none."""

from __future__ import annotations

import os
import sys


def missing_display() -> str | None:
    """A sentence for the person where no window can be opened; ``None`` where one can."""
    if sys.platform in {"win32", "darwin"}:
        return None
    if any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")):
        return None
    return (
        "There is no display here, so the window cannot open. "
        "Try “understudy demo” for the whole road without a window, or “understudy --help”."
    )
