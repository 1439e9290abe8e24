"""Asks the desktop for files and folders. Each function blocks in the desktop's own dialog and may return nothing."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QWidget

IMAGES = ";;".join(
    (
        "All files (*)",
        "DICOM and DICOMDIR (*.dcm *.dicom *.ima DICOMDIR)",
        "Volumes: NIfTI, NRRD, MetaImage (*.nii *.nii.gz *.nrrd *.nhdr *.mha *.mhd)",
        "Pictures: PNG, JPEG, TIFF (*.png *.jpg *.jpeg *.tif *.tiff)",
        "ZIP archives (*.zip)",
    )
)
"""What can be imported. All files first: DICOM files often have no ending."""


def folder(parent: QWidget, title: str, start: Path | None = None) -> Path | None:
    """One folder, or ``None`` where the person gave up."""
    chosen = QFileDialog.getExistingDirectory(parent, title, str(start or ""))
    return Path(chosen) if chosen else None


def files(parent: QWidget, title: str, kinds: str = "") -> list[Path]:
    """Any number of files; ``kinds`` offers to show only some, the first of them at first."""
    chosen, _kind = QFileDialog.getOpenFileNames(parent, title, "", kinds)
    return [Path(name) for name in chosen]


def file(parent: QWidget, title: str, kinds: str) -> Path | None:
    """One file of ``kinds`` ("Tables (*.csv)")."""
    chosen, _kind = QFileDialog.getOpenFileName(parent, title, "", kinds)
    return Path(chosen) if chosen else None
