"""The header of a file as a table that a person reads: tag, name, value, and whether a line may tell who is shown.

What may tell it is decided by default: a line counts as telling unless it is known to be technical, so that an
attribute nobody thought of stays hidden until it is asked for. It reads headers only, no pixels, and keeps nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.domain.errors import Failed
from app.domain.study import Instance, SourceKind
from app.imaging.content import DECODE_FAULTS

LONGEST = 400
"""Characters of a value that are shown; a longer one ends in "…"."""
MOST_LINES = 5000
"""Lines of one table; functional groups of a multi-frame file hold tens of thousands."""
TECHNICAL_GROUPS = frozenset({0x0002, 0x0018, 0x0020, 0x0028, 0x0054, 0x5200, 0x7FE0})
"""Groups about how a picture was made, lies and is coded (PS3.6); their numbers and codes name nobody."""
TECHNICAL_KINDS = frozenset(
    {"AT", "CS", "DS", "FD", "FL", "IS", "OB", "OD", "OF", "OL", "OV", "OW", "SL", "SS", "SV", "UL", "US", "UV", "SQ"}
)
"""Value representations without free text, names, dates and identifiers (PS3.5, 6.2)."""
PLAIN_KEYWORDS = frozenset(
    {"FilterType", "PatientIdentityRemoved", "RescaleType", "SpecificCharacterSet", "StudyStatusID", "Units"}
)
"""Attributes elsewhere, or of freer kinds, whose values the standard or the maker defines."""
PLAIN_FIELDS = frozenset(
    {"compression", "dpi", "gamma", "interlace", "jfif", "jfif_density", "jfif_unit", "jfif_version"}
)
"""What Pillow tells of a PNG's, JPEG's or TIFF's coding; its other fields are texts of somebody's own."""
FREE_FIELDS = frozenset({"descrip", "aux_file", "intent_name", "db_name", "data_type"})
"""NIfTI fields that a person or program fills with any text."""


@dataclass(frozen=True, slots=True)
class HeaderLine:
    """One line of the table.

    Attributes:
        tag: "(0008,0060)", or "" where the format has no tags; items of sequences are set in with "> ".
        keyword: "Modality", or the field's name in other formats; "" for a private attribute.
        name: what a person reads.
        value: as text, shortened.
        identifies: whether it may tell who the patient is, or where and when.
    """

    tag: str
    keyword: str
    name: str
    value: str
    identifies: bool


def read(kind: SourceKind, instance: Instance) -> list[HeaderLine]:
    """The header of the file that ``instance`` lies in, in the file's order.

    Raises:
        Failed: ``source-missing`` or ``source-damaged``, with the file's path.
    """
    path = Path(instance.path)
    if not path.is_file():
        raise Failed("source-missing", path=instance.path)
    table = {SourceKind.DICOM: _dicom, SourceKind.NIFTI: _nifti, SourceKind.VOLUME: _volume, SourceKind.IMAGE: _image}
    lines: list[HeaderLine] = []
    try:
        for line in table[kind](path):
            lines.append(line)
            if len(lines) == MOST_LINES:
                break
    except DECODE_FAULTS as error:
        raise Failed("source-damaged", path=instance.path, detail="its header cannot be read") from error
    return lines


def _dicom(path: Path) -> Iterator[HeaderLine]:
    from pydicom import dcmread

    from app.imaging import dicom_pixels

    with dicom_pixels.quiet():
        dataset = dcmread(path, stop_before_pixels=True, force=True)
        lines = [line for part in (getattr(dataset, "file_meta", None), dataset) for line in _elements(part, "")]
    yield from lines


def _elements(dataset: Any, depth: str) -> Iterator[HeaderLine]:
    """Elements in order of their tags; one whose value does not fit its representation says so."""
    from pydicom.errors import BytesLengthException

    faults: tuple[type[Exception], ...] = (*DECODE_FAULTS, BytesLengthException)
    for tag in sorted(dataset.keys()) if dataset is not None else ():
        try:
            element = dataset[tag]
            yield _line(element, depth)
        except faults:
            yield HeaderLine(f"{depth}{_tag(tag)}", "", "Unreadable", "its value does not fit its kind", True)
            continue
        if element.VR == "SQ":
            for item in element.value:
                yield from _elements(item, depth + "> ")


def _line(element: Any, depth: str) -> HeaderLine:
    value = "" if element.VR == "SQ" else _text(element)
    name = f"Private: {element.name.strip('[]')}" if element.tag.is_private else element.name
    telling = identifies(element) and (bool(value) or element.VR == "SQ")
    return HeaderLine(f"{depth}{_tag(element.tag)}", element.keyword, name, value, telling)


def identifies(element: Any) -> bool:
    """Whether a DICOM element may tell who is shown, or where and when.

    Not telling are: what the export's allow-list names, the attributes that the library keeps in clear, classes and
    codings, and numbers and codes of the technical groups. Everything else is, private attributes always.
    """
    from app.deid.identities import IDENTIFYING_KEYWORDS
    from app.deid.rules import AllowList
    from app.imaging.dicom_reader import KEPT_TAGS

    if element.tag.is_private or element.keyword in IDENTIFYING_KEYWORDS:
        return True
    known = {*KEPT_TAGS, *AllowList.of("CT").rules, *AllowList.of("MR").rules}
    if element.keyword in known | PLAIN_KEYWORDS or element.keyword.endswith(("ClassUID", "SyntaxUID")):
        return False
    return not (element.tag.group in TECHNICAL_GROUPS and element.VR in TECHNICAL_KINDS)


def _tag(tag: Any) -> str:
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X})"


def _text(element: Any) -> str:
    value = element.value
    if isinstance(value, bytes):
        return f"{len(value):,} bytes"
    parts = value if element.VM > 1 and not isinstance(value, str) else [value]
    return _shortened("\\".join(str("" if part is None else part) for part in parts))


def _shortened(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= LONGEST else plain[:LONGEST] + "…"


def _nifti(path: Path) -> Iterator[HeaderLine]:
    import nibabel

    image = nibabel.load(path)
    yield HeaderLine("", "shape", "Voxels", " × ".join(str(n) for n in image.shape), False)
    for name, value in image.header.items():
        text = value.tobytes().rstrip(b"\0").decode("latin-1") if value.dtype.kind == "S" else str(value.tolist())
        telling = name in FREE_FIELDS and bool(text)
        yield HeaderLine("", name, name.replace("_", " ").capitalize(), _shortened(text), telling)
    for row, place in zip(image.affine.tolist(), "XYZ", strict=False):
        yield HeaderLine("", f"affine_{place.lower()}", f"Affine, {place} (RAS)", _shortened(str(row)), False)


def _volume(path: Path) -> Iterator[HeaderLine]:
    """NRRD and MetaImage begin with lines of text, up to an empty line, or to where the voxels are said to be."""
    with path.open("rb") as stream:
        head = stream.read(1 << 16)
    for raw in head.split(b"\n"):
        text = raw.decode("utf-8", "replace").strip()
        if not text or "\ufffd" in text:
            return
        mark = next((sign for sign in (":=", "=", ":") if sign in text), "")
        name, value = (part.strip() for part in text.split(mark, 1)) if mark else ("Format", text)
        telling = mark == ":=" or name.lower() in ("comment", "name", "content", "modality comment")
        yield HeaderLine("", name, name, _shortened(value), telling or text.startswith("#"))
        if name == "ElementDataFile":
            return


def _image(path: Path) -> Iterator[HeaderLine]:
    from PIL import Image

    with Image.open(path) as image:
        yield HeaderLine("", "format", "Format", str(image.format), False)
        yield HeaderLine("", "size", "Size", f"{image.width} × {image.height} pixels", False)
        yield HeaderLine("", "mode", "Kind of pixels", image.mode, False)
        for name, value in image.info.items():
            text = f"{len(value):,} bytes" if isinstance(value, bytes) else str(value)
            yield HeaderLine("", str(name), str(name), _shortened(text), name not in PLAIN_FIELDS)
        for number, value in image.getexif().items():
            yield HeaderLine(f"({number:04X})", "", _exif_name(number), _shortened(str(value)), True)


def _exif_name(number: int) -> str:
    from PIL.ExifTags import TAGS

    return str(TAGS.get(number, "EXIF"))
