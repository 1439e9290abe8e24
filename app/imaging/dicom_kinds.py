"""What a DICOM object is by its class: a picture, something kept for later, or nothing that shows a picture.

Also which pictures are no slices to learn from (localisers, overviews, dose reports). It judges by names in the
header alone and knows neither pixels nor files; the classes are those of PS3.4 B.5 and PS3.6 A.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from app.domain.errors import Failed


class Kind(NamedTuple):
    """Why an object is not shown as a picture.

    Attributes:
        code: "kept-object" (of use beside the images) or "not-a-picture".
        name: what it is, as words for a sentence.
    """

    code: str
    name: str


_STORAGE = "1.2.840.10008.5.1.4.1.1."
_KEPT = {
    **{f"11.{n}": "a presentation state (how somebody looked at images)" for n in range(1, 13)},
    "66.1": "a registration (how images lie to each other)",
    "66.2": "marked points (fiducials)",
    "66.3": "a registration (how images lie to each other)",
    "66.4": "a segmentation (SEG)",
    "66.5": "a segmentation by surfaces",
    "66.6": "nerve tracts (tractography)",
    "66.7": "a segmentation (SEG)",
    "66.8": "a segmentation (SEG)",
    "67": "a table of real-world values",
    "78": "eye measurements",
    "79": "an eye measurement report",
    "80": "eye measurements",
    "88": "a structured report (SR)",
    "88.59": "a list of key images (KO)",
    "90": "a quality assessment",
    "91": "microscopy annotations",
    "481.2": "a radiotherapy dose map (RTDOSE)",
    "481.3": "a set of outlines (RTSTRUCT)",
    "481.4": "a record of radiotherapy",
    "481.5": "a radiotherapy plan (RTPLAN)",
    "481.6": "a record of radiotherapy",
    "481.7": "a record of radiotherapy",
    "481.8": "a radiotherapy plan (RTPLAN)",
    "481.9": "a record of radiotherapy",
    "481.10": "a prescription of radiotherapy",
    "481.11": "radiotherapy annotations",
    **{f"481.{n}": "a radiotherapy plan (RTPLAN)" for n in (12, 13, 14, 15, 21, 22, 25)},
    **{f"481.{n}": "a record of radiotherapy" for n in (16, 17, 18, 19, 20)},
}
"""Objects that say something of images: recognised, named and kept for later use, by what follows ``_STORAGE``."""
_NO_PICTURE = {
    "4.2": "a spectrum (MR spectroscopy)",
    "8": "an overlay without an image",
    "9": "a recorded curve or waveform (such as an ECG)",
    "10": "a lookup table without an image",
    "11": "a lookup table without an image",
    "66": "raw data of a scanner",
    "68": "a surface scan",
    "77.1.1.1": "a video",
    "77.1.2.1": "a video",
    "77.1.4.1": "a video",
    "77.1.5.3": "a stereo relation of photographs",
    "77.1.6": "a whole-slide microscopy image",
    "77.1.9": "a whole-slide microscopy image",
    "104": "a document or model",
    "104.1": "a PDF document",
    "104.2": "a text document (CDA)",
    "104.3": "a 3D-print model (STL)",
    "104.4": "a 3D model (OBJ)",
    "129": "a recorded curve or waveform (such as an ECG)",
    "131": "a screen layout",
    "200": "a scan protocol",
    "201": "an inventory of an archive",
}
_ELSEWHERE = {
    "1.2.840.10008.1.3.10": Kind("not-a-picture", "the index of a disc (DICOMDIR)"),
    "1.2.840.10008.1.9": Kind("not-a-picture", "study bookkeeping"),
    "1.2.840.10008.3.1.2": Kind("not-a-picture", "study bookkeeping"),
    "1.2.840.10008.5.1.4.31": Kind("not-a-picture", "a worklist entry"),
    "1.2.840.10008.5.1.4.34": Kind("not-a-picture", "a radiotherapy work step"),
    "1.2.840.10008.5.1.4.38": Kind("not-a-picture", "a hanging protocol"),
    "1.2.840.10008.5.1.4.39": Kind("not-a-picture", "a colour palette"),
    "1.2.840.10008.5.1.4.43": Kind("not-a-picture", "an implant template"),
    "1.2.840.10008.5.1.4.44": Kind("not-a-picture", "an implant template"),
    "1.2.840.10008.5.1.4.45": Kind("not-a-picture", "an implant template"),
}
_KINDS = {
    **{_STORAGE + tail: Kind("kept-object", name) for tail, name in _KEPT.items()},
    **{_STORAGE + tail: Kind("not-a-picture", name) for tail, name in _NO_PICTURE.items()},
    **_ELSEWHERE,
}
_BY_MODALITY = {
    "SR": Kind("kept-object", _KEPT["88"]),
    "KO": Kind("kept-object", _KEPT["88.59"]),
    "PR": Kind("kept-object", _KEPT["11.1"]),
    "REG": Kind("kept-object", _KEPT["66.1"]),
    "SEG": Kind("kept-object", _KEPT["66.4"]),
    "RTSTRUCT": Kind("kept-object", _KEPT["481.3"]),
    "RTPLAN": Kind("kept-object", _KEPT["481.5"]),
    "RTDOSE": Kind("kept-object", _KEPT["481.2"]),
    "RTRECORD": Kind("kept-object", _KEPT["481.4"]),
    "DOC": Kind("not-a-picture", _NO_PICTURE["104"]),
    "ECG": Kind("not-a-picture", _NO_PICTURE["9"]),
}
"""For files that do not state a class that is known."""
_VIDEO_SYNTAXES = tuple(f"1.2.840.10008.1.2.{n}" for n in (*(f"4.10{m}" for m in range(10)), 7))
"""MPEG-2, MPEG-4, HEVC and SMPTE ST 2110 (PS3.5 A.4.5 to A.4.12, A.7)."""

_LOCALISER = frozenset({"LOCALIZER", "LOCALISER", "SCOUT", "TOPOGRAM", "SURVIEW", "SCANOGRAM", "PILOT"})
_OVERVIEW = frozenset({"OVERVIEW", "POSDISP", "COLLAGE", "REFERENCE IMAGE"})
_PROJECTION = frozenset(
    {"MIP", "MAXIMUM_IP", "MINIP", "MINIMUM_IP", "MEAN_IP", "PROJECTION IMAGE", "VOLREN", "VOLUME_RENDER", "3D RENDER"}
)
_SCREEN = frozenset({"SCREEN SAVE", "SCREENSHOT", "SCREEN CAPTURE", "SCREEN_SAVE"})
_DOSE = ("dose report", "dose info", "patient protocol", "exam protocol", "dose summary", "dosisprotokoll")
_SECTIONAL = frozenset({"CT", "MR", "PT", "NM"})
"""Modalities whose series are stacks of slices, so that a screen or a projection among them is no slice."""


@lru_cache(maxsize=500)
def kind_of(sop_class_uid: str, modality: str = "", transfer_syntax: str = "") -> Kind | None:
    """What an object that is no picture is; ``None`` for pictures and for what the header does not tell.

    The class decides; the modality only where the class is missing or private.
    """
    if transfer_syntax.strip(" \x00").startswith(_VIDEO_SYNTAXES):
        return Kind("not-a-picture", "a video")
    uid = sop_class_uid.strip(" \x00")
    parts = uid.split(".")
    for length in range(len(parts), 5, -1):
        if found := _KINDS.get(".".join(parts[:length])):
            return found
    is_known = uid.startswith(_STORAGE)
    return None if is_known else _BY_MODALITY.get(modality.strip(" \x00").upper())


def refuse_other(sop_class_uid: str, modality: str = "", transfer_syntax: str = "") -> None:
    """Pass pictures on.

    Raises:
        Failed: ``kept-object`` or ``not-a-picture``, naming what the object is.
    """
    if found := kind_of(sop_class_uid, modality, transfer_syntax):
        raise Failed(found.code, kind=found.name)


def refuse_index(is_index: bool) -> None:
    """Name the index of a disc, which states its class in the file meta group only.

    Raises:
        Failed: ``not-a-picture``.
    """
    if is_index:
        raise Failed("not-a-picture", kind=_ELSEWHERE["1.2.840.10008.1.3.10"].name)


def apart(image_type: Sequence[str], modality: str, *, description: str = "") -> str:
    """Why a picture is no slice to learn from, by what the scanner wrote into Image Type (PS3.3 C.7.6.1.1.2).

    Plain reformats (MPR) are slices like others and stay; projections and renderings of sectional modalities do not.

    Returns:
        "localiser", "overview", "projection", "dose report", "screen save" or "".
    """
    values = {value.strip(" \x00").upper() for value in image_type}
    words = {word for value in values for word in (value, *value.split())}
    said = description.lower()
    if words & _LOCALISER:
        return "localiser"
    if any(text in said for text in _DOSE) and values & (_SCREEN | {"SECONDARY"}):
        return "dose report"
    if {"CT_SOM5 PROT", "DOSE", "DOSE_INFO"} & values:
        return "dose report"
    if values & _SCREEN:
        return "screen save"
    if values & _OVERVIEW:
        return "overview"
    sectional = modality.strip(" \x00").upper() in _SECTIONAL
    return "projection" if sectional and values & _PROJECTION else ""
