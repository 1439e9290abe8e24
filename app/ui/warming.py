"""Loads what opening a project needs, once, in one thread.

After the first picture this happens in the background, so that a project opens at once. It is also a matter of
correctness: Python lets a second thread see a package that a first one has only half imported where the package
imports itself in a circle (pydicom does), so that two slices decoded at once could fail on a fresh start.
"""

from __future__ import annotations

import gc
import threading
from importlib import import_module

MODULES = (
    "numpy",
    "app.compose",
    "app.imaging.dicom_reader",
    "app.imaging.nifti_reader",
    "app.imaging.image_reader",
    "app.imaging.slices",
    "app.imaging.header_table",
    "app.imaging.preparing",
    "app.ui.pages.library",
    "app.ui.pages.cohort",
)
_once = threading.Lock()


def settle() -> None:
    """Let the garbage collector leave alone what is loaded by now, and look through everything seldom.

    A full collection stops every thread; over a library of 20,000 lines it would be felt as a stall of the window.
    """
    gc.freeze()
    gc.set_threshold(10_000, 10, 100)


def warm_up() -> None:
    """Import ``MODULES``; a second caller waits until they are there. Not for the GUI thread."""
    with _once:
        for name in MODULES:
            import_module(name)
