"""Reads data sets for the self-test as a suspicious person would: every element, at its path, as text.

Planting and scoring share it. It reads with pydicom alone and knows nothing of the engine that is judged.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from pathlib import Path

import pydicom
from pydicom.datadict import keyword_for_tag
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

TAG = re.compile("[0-9A-F]{8}")

UNREADABLE = (ArithmeticError, AttributeError, LookupError, NotImplementedError, TypeError, ValueError)
"""What pydicom raises for a value that does not fit its representation."""


def read(path: Path) -> Dataset:
    """A file's data set.

    Raises:
        OSError: it cannot be read.
        pydicom.errors.InvalidDicomError: it is no DICOM file.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pydicom.dcmread(path)


def elements(dataset: Dataset, inside: str = "") -> Iterator[tuple[str, DataElement]]:
    """Every element that can be read with its path ("00400275/0/00321060"), sequences before what they hold."""
    for tag in sorted(dataset.keys()):
        element = element_of(dataset, f"{int(tag):08X}")
        if element is None:
            continue
        path = f"{inside}{int(tag):08X}"
        yield path, element
        if element.VR == "SQ":
            for number, held in enumerate(element.value):
                yield from elements(held, f"{path}/{number}/")


def element_of(dataset: Dataset, path: str) -> DataElement | None:
    """The element at a path; ``None`` where there is none, or none that can be read."""
    *outer, last = path.split("/")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for tag, number in zip(outer[::2], outer[1::2], strict=True):
                dataset = dataset[int(tag, 16)].value[int(number)]
            return dataset[int(last, 16)]
    except UNREADABLE:
        return None


def text_of(element: DataElement) -> str:
    """A value as text: parts joined by a backslash, bytes as UTF-8; "" for sequences and empty values."""
    if element.VR == "SQ" or element.value is None:
        return ""
    parts = element.value if isinstance(element.value, MultiValue | list | tuple) else [element.value]
    return "\\".join(
        part.decode("utf-8", "replace").rstrip("\0 ") if isinstance(part, bytes) else str(part) for part in parts
    )


def around(path: Path) -> dict[str, str]:
    """What a file says outside its data set, as text: its name, preamble, file meta and last bytes.

    Raises:
        OSError: it cannot be read.
    """
    content = path.read_bytes()
    meta = read(path).file_meta
    return {
        "name": path.name,
        "preamble": content[:128].decode("utf-8", "replace").rstrip("\0"),
        "meta": "\n".join(text_of(element) for element in meta),
        "tail": content[-16:].decode("latin-1"),
    }


def name_of(path: str) -> str:
    """A path in words, for a person: keywords, and tags where there is none."""
    return "/".join(
        (keyword_for_tag(int(part, 16)) or f"({part[:4]},{part[4:]})") if TAG.fullmatch(part) else part
        for part in path.split("/")
    )
