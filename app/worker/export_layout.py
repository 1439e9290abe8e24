"""Where every image file of an export lies.

    real/png/train/<class>/000001.png
    synthetic/tiff/train/<class>/000001.tif
    real/nifti/test/<class>/000001.nii.gz
    real/dicom/validation/PT000001/ST000001/SE000001/IM000001

Each ``<kind>/<format>`` is a folder that Hugging Face's imagefolder takes as it is; each ``<kind>/<format>/<split>`` is
a *root*: torchvision's ImageFolder takes it, ``metadata.csv`` lies in it, and for DICOM it is a file-set of its own
with a DICOMDIR. So real and synthetic, and learnt and unseen, are apart in every format, and whoever points at one
folder never gets more than its name says. It must not know where pages come from, and it writes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.domain.export import Format
from app.imaging.dicomdir_writer import tree_name
from app.imaging.picture import Page

SPLIT_FOLDERS = {"train": "train", "val": "validation", "test": "test", "": "train"}
"""Split of a cohort to its folder: the words that every reader knows. Synthetic images have no split of a cohort; they
are there to be learnt from, so they lie under "train" and never anywhere else.
"""

ENDINGS = {Format.PNG: ".png", Format.TIFF: ".tif", Format.DICOM: "", Format.NIFTI: ".nii.gz"}
"""File IDs of a DICOM file-set have no ending (PS3.10 section 8.2)."""

MEDIA_TYPES = {
    Format.PNG: ("image/png",),
    Format.TIFF: ("image/tiff",),
    Format.DICOM: ("application/dicom", "image/dicom"),
    Format.NIFTI: ("application/gzip", "https://nifti.nimh.nih.gov/nifti-1"),
}
"""Media types, the registered one first; then what readers of Croissant call it, or where an unregistered format is
defined.
"""


@dataclass(slots=True)
class StudyTree:
    """Numbers patients, studies, series and images of one file-set in the order in which they come.

    So the names tell nothing: PT000001/ST000001/SE000001/IM000001.
    """

    _seen: dict[tuple[str, ...], int] = field(default_factory=dict)
    _children: dict[tuple[str, ...], int] = field(default_factory=dict)

    def next(self, patient: str, study: str, series: str) -> str:
        """The file ID, as a relative path, of the next image of a series."""
        levels = ((patient,), (patient, study), (patient, study, series))
        numbers = [self._number(level) for level in levels]
        patient_number, study_number, series_number = numbers
        return tree_name(patient_number, study_number, series_number, self._child(levels[-1]))

    def _number(self, level: tuple[str, ...]) -> int:
        if level not in self._seen:
            self._seen[level] = self._child(level[:-1])
        return self._seen[level]

    def _child(self, parent: tuple[str, ...]) -> int:
        self._children[parent] = self._children.get(parent, 0) + 1
        return self._children[parent]


class Places:
    """Gives every image its path; one for a whole export, so that all who write DICOM files share the file-sets.

    Args:
        folders: class name to folder name (``app.domain.selection.folder_names``).
    """

    def __init__(self, folders: Mapping[str, str]) -> None:
        self.folders = dict(folders)
        self._trees: dict[str, StudyTree] = {}

    def of_page(self, form: Format, page: Page, split: str) -> str:
        """Path of a page's file, relative to the export. A DICOM file gets the next number of its series."""
        base = root_of(form, synthetic=page.origin.synthetic, split=split)
        if form is Format.DICOM:
            return self.of_dicom(base, page.identity.patient, page.identity.study_uid, page.identity.series_uid)
        return f"{base}/{self.folders[page.picture.label]}/{page.identity.number:06d}{ENDINGS[form]}"

    def of_dicom(self, base: str, patient: str, study_uid: str, series_uid: str) -> str:
        """Path of the next DICOM file of a series below the root ``base``."""
        tree = self._trees.setdefault(base, StudyTree())
        return f"{base}/{tree.next(patient, study_uid, series_uid)}"


def root_of(form: Format, *, synthetic: bool, split: str) -> str:
    """``<kind>/<format>/<split>``.

    Args:
        form: format.
        synthetic: kind.
        split: "train", "val" or "test" as the cohort says, or "".

    Raises:
        ValueError: a synthetic image that is not to be learnt from.
    """
    folder = SPLIT_FOLDERS[split]
    if synthetic and folder != "train":
        raise ValueError("synthetic images are never tested on")
    return f"{'synthetic' if synthetic else 'real'}/{form}/{folder}"
