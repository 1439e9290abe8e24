"""Loads what opening a project needs, once, in one thread.

After the first picture this happens in the background, so that a project opens at once. It is also a matter of
correctness: Python lets a second thread see a package that a first one has only half imported where the package
imports itself in a circle (pydicom does), so that two slices decoded at once could fail on a fresh start.
"""

from __future__ import annotations

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


def warm_up() -> None:
    """Import ``MODULES``; a second caller waits until they are there. Not for the GUI thread."""
    with _once:
        for name in MODULES:
            import_module(name)
