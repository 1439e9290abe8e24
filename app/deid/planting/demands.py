"""What the standard asks to happen to each element of a planted file: the answer key, from PS3.15 table E.1-1.

It asks the table, never the engine that is judged: whether an attribute is removed, replaced, cleaned or kept follows
from the table's action under the chosen options, and an attribute that the table does not name is kept, unless an
identity was planted in it. Only what the object definition names (PS3.3) has to be kept: what somebody added to it may
go, as an allow-list for each class removes it. Conditional actions (X/Z/D and the like) bind only where the object
definition makes the attribute type 1 or 2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pydicom.datadict import keyword_for_tag
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag

from app.deid.planting.dates import with_time
from app.deid.planting.hidden import SAFE_PRIVATE
from app.deid.planting.key import Action, AnswerKey, Entry
from app.deid.planting.plant import Planted
from app.deid.planting.texts import CLINICAL
from app.deid.planting.values import around, elements, read, text_of

TYPE_1 = {"PT": frozenset({"SeriesDate", "SeriesTime"})}
"""Type 1 attributes with an action in the table, by modality (PS3.3 C.8.9.1)."""

TYPE_2 = frozenset(
    {
        *("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "StudyID"),
        *("AccessionNumber", "ReferringPhysicianName"),
    }
)
"""Type 2 attributes of every composite object (PS3.3 C.7.1.1, C.7.2.1)."""

ESSENTIAL = frozenset(
    {
        *("SOPClassUID", "Modality", "Rows", "Columns", "SamplesPerPixel", "PhotometricInterpretation"),
        *("BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "PlanarConfiguration"),
        *("PixelSpacing", "ImageOrientationPatient", "ImagePositionPatient", "SliceThickness", "ImagerPixelSpacing"),
        *("RescaleIntercept", "RescaleSlope", "RescaleType", "Units", "PresentationLUTShape"),
    }
)
"""What a picture cannot be read without: Image Pixel, Image Plane, Modality LUT (PS3.3 C.7.6.2, C.7.6.3, C.11.1)."""

REWRITTEN = frozenset(
    {
        *("SpecificCharacterSet", "PixelData", "PatientIdentityRemoved", "DeidentificationMethod"),
        *("DeidentificationMethodCodeSequence", "LongitudinalTemporalInformationModified", "BurnedInAnnotation"),
        *("RecognizableVisualFeatures", "ContributingEquipmentSequence"),
    }
)
"""What de-identification itself has to write or may rewrite."""


@dataclass(frozen=True, slots=True)
class Standard:
    """The table under a set of options.

    Attributes:
        action: the action of a tag ("X", "Z/D", "U", "C", "K", ...); "" where the table does not name it.
        holds: whether the object definition of a SOP class names a keyword, at the top level or in a sequence.
        keeps_all: whether what is not named stays (research), or only what a picture cannot be read without.
        safe_private: whether safe private attributes stay.
    """

    action: Callable[[BaseTag], str]
    holds: Callable[[str, str, str], bool]
    keeps_all: bool
    safe_private: bool


def answer_key(planted: list[Planted], standard: Standard, *, pixels: bool) -> AnswerKey:
    """What has to happen to planted files.

    Args:
        planted: the files; they are read.
        standard: what is asked of each attribute.
        pixels: whether burned-in text is to be hidden; without it the key says nothing of pixels.
    """
    entries: list[Entry] = []
    identities: dict[str, tuple[str, ...]] = {}
    for one in planted:
        demands = _Demands(one, read(one.path), standard)
        entries += [*demands.of_all(), *demands.of_the_rest(), *(demands.of_pixels() if pixels else ())]
        identities[one.path.name] = tuple(sorted(one.identities - demands.allowed()))
    return AnswerKey(tuple(entries), identities)


class _Demands:
    """The demands on one file."""

    def __init__(self, planted: Planted, dataset: Dataset, standard: Standard) -> None:
        self._planted = planted
        self._dataset = dataset
        self._standard = standard
        self._modality = str(dataset.get("Modality", ""))
        self._texts = sorted(planted.identities, key=len, reverse=True)

    def of_all(self) -> Iterator[Entry]:
        """All demands on the data set."""
        gone = ""
        for path, element in elements(self._dataset):
            if element.keyword in REWRITTEN or element.tag.element == 0:
                continue
            inside_gone = bool(gone) and path.startswith(gone)
            action = "X" if inside_gone else self._action(element)
            if element.VR == "SQ" and not inside_gone:
                gone = f"{path}/" if action[:1] in {"X", "Z", "D"} else ""
            for kind, what in self._of(element, action, path):
                dated = kind is Action.DATE_SHIFTED and element.VR == "DA"
                texts = (with_time(self._dataset, path),) if dated else what
                yield Entry(self._planted.path.name, path, kind, texts, self._planted.person.key)

    def of_the_rest(self) -> Iterator[Entry]:
        """What stands around the data set names nobody."""
        for where, text in around(self._planted.path).items():
            if found := self._found(text):
                yield Entry(self._planted.path.name, where, Action.TEXT_REMOVED, found, self._planted.person.key)

    def of_pixels(self) -> Iterator[Entry]:
        """Letters are hidden, everything else stays."""
        file, person = self._planted.path.name, self._planted.person.key
        for box in self._planted.letters:
            yield Entry(file, "pixels", Action.PIXELS_HIDDEN, (str(box),), person)
        boxes = tuple(str(box) for box in self._planted.letters)
        yield Entry(file, "pixels", Action.PIXELS_RETAINED, boxes, person)

    def allowed(self) -> frozenset[str]:
        """Identities that an option keeps (the device's serial number, say): no hits."""
        kept = [
            text_of(element)
            for _, element in elements(self._dataset)
            if element.VR != "SQ" and self._action(element) == "K"
        ]
        return frozenset(text for text in self._texts if any(text in value for value in kept))

    def _action(self, element: DataElement) -> str:
        tag = element.tag
        if tag.is_private:
            return "K" if self._standard.safe_private and _safe(tag) else "X"
        if tag.group >> 8 in {0x50, 0x60} or tag.group == 0xFFFC:
            return "X"  # a curve or overlay whose data must go is gone as a whole
        return self._standard.action(tag)

    def _of(self, element: DataElement, action: str, path: str) -> Iterator[tuple[Action, tuple[str, ...]]]:
        if element.VR == "SQ":
            return
        value, nested = text_of(element), "/" in path
        found = self._found(value)
        if element.keyword == "PatientID" and not nested:
            yield Action.PATID_CONSISTENT, (value,)
        elif "U" in action and "X" not in action:
            yield Action.UID_CHANGED, (value,)
            yield Action.UID_CONSISTENT, (value,)
        elif action[:1] in {"X", "Z", "D"}:
            yield from self._of_removed(element, action, found, nested=nested)
        elif action == "C" and element.VR in {"DA", "DT"}:
            yield Action.DATE_SHIFTED, (value,)
        elif action == "C" and element.VR == "TM":
            yield Action.TEXT_NOTNULL, ()
        else:
            identities = () if action == "K" else found
            if identities:
                yield Action.TEXT_REMOVED, identities
            if self._must_stay(element, path):
                yield from _of_kept(value, identities)

    def _of_removed(
        self, element: DataElement, action: str, found: tuple[str, ...], *, nested: bool
    ) -> Iterator[tuple[Action, tuple[str, ...]]]:
        value = text_of(element)
        if found:
            yield Action.TEXT_REMOVED, found
        elif value and not nested:
            yield Action.TEXT_REMOVED, (value,)
        if nested:
            return
        if action == "D" or element.keyword in TYPE_1.get(self._modality, ()):
            yield Action.TEXT_NOTNULL, ()
        elif element.keyword in TYPE_2:
            yield Action.TAG_RETAINED, ()

    def _must_stay(self, element: DataElement, path: str) -> bool:
        """Whether something of an attribute that is not removed has to be kept."""
        if element.tag.is_private:
            return True
        *_, sequence, _, _ = ["", "", *path.split("/")] if "/" in path else ["", "", ""]
        inside = keyword_for_tag(int(sequence, 16)) if sequence else ""
        named = self._standard.holds(str(self._dataset.SOPClassUID), element.keyword, inside)
        return named and (self._standard.keeps_all or element.keyword in ESSENTIAL)

    def _found(self, value: str) -> tuple[str, ...]:
        folded = value.casefold()
        return tuple(text for text in self._texts if text.casefold() in folded)


def _of_kept(value: str, found: tuple[str, ...]) -> Iterator[tuple[Action, tuple[str, ...]]]:
    """What has to stay of a value: the clinical words where an identity is to be cut out, else all of it."""
    clinical = tuple(word for word in CLINICAL if word in value)
    if found and clinical:
        yield Action.TEXT_RETAINED, clinical
    elif not found:
        yield (Action.TEXT_RETAINED, (value,)) if value else (Action.TAG_RETAINED, ())


def _safe(tag: BaseTag) -> bool:
    """Whether it is the planted private attribute of the standard's safe list, or its creator."""
    _, group, number, _, _ = SAFE_PRIVATE
    return tag.group == group and (tag.is_private_creator or tag.elem & 0xFF == number)
