"""Plants invented identities in images, for the self-test of de-identification.

It brings its own images (phantoms of eight kinds of objects), or takes a data set that is there. What is planted
where stays readable from the file itself; what has to happen to it is the matter of ``demands``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset

from app.deid.planting import burn, header, hidden
from app.deid.planting.burn import Burned
from app.deid.planting.people import Person, people
from app.deid.planting.phantoms import KINDS, phantom
from app.deid.planting.values import elements, text_of

CORNERS = ((6, 8), (24, 8))
"""Where lines of text are burned in: row and column."""


@dataclass(frozen=True, slots=True)
class Planted:
    """One planted file.

    Attributes:
        path: where it is.
        person: whose it is.
        letters: where text was burned into its pixels.
        identities: the texts of the person, and the UIDs, that its data set or the bytes around it hold.
    """

    path: Path
    person: Person
    letters: tuple[Burned, ...]
    identities: frozenset[str]


def plant_all(folder: Path) -> list[Planted]:
    """Write one planted phantom of each kind of object; every person has two of them.

    The same files every time. ``folder`` is made where it is missing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    patients = people()
    planted = []
    for number, kind in enumerate(KINDS):
        person = patients[number % len(patients)]
        path = folder / hidden.file_name(person, kind.modality, number)
        planted.append(plant(phantom(kind, seed=number % len(patients)), person, path, letters=kind.letters))
    return planted


def plant(dataset: Dataset, person: Person, path: Path, *, letters: int = 0) -> Planted:
    """Plant a person in a data set and write it.

    Args:
        dataset: with uncompressed pixels, or none; changed in place.
        person: whose it becomes.
        path: file to write; its stem tells the files of one person apart.
        letters: stored value of text to burn into the pixels, 0 for none.
    """
    header.identify(dataset, person, path.stem)
    hidden.hide(dataset, person)
    burned = _burn(dataset, _lines(person), letters) if letters else ()
    hidden.write(dataset, person, path)
    return Planted(path, person, burned, _identities(dataset, person))


def _lines(person: Person) -> Sequence[str]:
    words = person.words
    return (f"{words['plain']} {words['birth_dots']}", f"ID {words['id']}")


def _burn(dataset: Dataset, lines: Sequence[str], value: int) -> tuple[Burned, ...]:
    kind = np.uint8 if dataset.BitsAllocated == 8 else np.uint16
    shape = (dataset.Rows, dataset.Columns, dataset.SamplesPerPixel)
    pixels = np.frombuffer(dataset.PixelData, kind).reshape(shape).copy()
    boxes = tuple(burn.burn(pixels, line, corner, value) for line, corner in zip(lines, CORNERS, strict=True))
    dataset.PixelData = pixels.tobytes()
    dataset.BurnedInAnnotation = "YES"
    return boxes


def _identities(dataset: Dataset, person: Person) -> frozenset[str]:
    """What must not be left: all texts of the person, and the UIDs of this person that the file holds."""
    uids = {text_of(element) for _, element in elements(dataset) if element.VR == "UI"}
    return person.texts | {hidden.TAIL.decode()} | {uid for uid in uids if uid.startswith(header.UID_ROOT)}
