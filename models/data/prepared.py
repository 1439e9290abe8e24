"""The prepared-array folder: what a cohort looks like once it is ready to train on.

It is the only thing that passes from the reading of medical files to the models, so it knows arrays, labels,
splits and physical windows, and must not know DICOM, patients' names, torch or the window. numpy and the
standard library only.

Layout: ``images.npy`` uint16 ``(N, C, H, W)``, memory-mapped, 0..65535 standing linearly for -1..1, and
``prepared.json`` with one entry per image in the same order.
"""

from __future__ import annotations

import json
import math
import shutil
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

SCHEMA = 1
SPLITS = ("train", "val", "test")
UNLABELLED = -1
LEVELS = 65535


class AttributeFacts(NamedTuple):
    """What is known of the images besides their class: a category each, or a number each.

    Attributes:
        name: as the person called it.
        values: categories in order; empty for a number.
        low, high: of a number, its range in the training split.
    """

    name: str
    values: tuple[str, ...] = ()
    low: float = 0.0
    high: float = 1.0

    def takes(self, value: float | None) -> bool:
        """Whether ``value`` can be one of its own."""
        return value is None or (value in range(len(self.values)) if self.values else math.isfinite(value))

    def scaled(self, value: float | None) -> float:
        """What a model is told: the category's number, a number with 0 for ``low`` and 1 for ``high``; NaN for None."""
        if value is None:
            return math.nan
        return value if self.values else (value - self.low) / ((self.high - self.low) or 1.0)


@dataclass(frozen=True, slots=True)
class PreparedFacts:
    """What is known of every image besides its pixels; lists run in the order of the images.

    Attributes:
        classes: class names in label order.
        labels: class index, or -1 where the image has none.
        split: "train", "val" or "test".
        groups: number of the patient (images of one group never sit in two splits).
        sources: a name by which the caller finds the original again; never shown to a model.
        recipe: how the pixels were made; any JSON value.
        pixel_spacing_mm: row and column spacing, or None where unknown.
        windows: the physical values that -1 and 1 stand for.
        attributes: what else is known of the images: name, categories in order (empty for a number), and of a number
            its range in the training split.
        values: of each image, one entry an attribute: the number of a category, or the number itself; None where it is
            not known.
        faces: what became of faces in the originals, by the part of ``sources`` that names the series: "state" and
            "why". Never shown to a model.
    """

    classes: tuple[str, ...]
    labels: tuple[int, ...]
    split: tuple[str, ...]
    groups: tuple[int, ...]
    sources: tuple[str, ...]
    recipe: Mapping[str, Any] = field(default_factory=dict)
    pixel_spacing_mm: tuple[tuple[float, float] | None, ...] = ()
    windows: tuple[tuple[float, float], ...] = ()
    attributes: tuple[AttributeFacts, ...] = ()
    values: tuple[tuple[float | None, ...], ...] = ()
    faces: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def check(self, count: int) -> None:
        """Raise ValueError unless the lists fit ``count`` images and each other."""
        names = ("labels", "split", "groups", "sources", "pixel_spacing_mm", "windows")
        for name in (*names, "values") if self.attributes else names:
            if len(getattr(self, name)) != count:
                raise ValueError(f"prepared data: {name} has {len(getattr(self, name))} entries for {count} images")
        if any(label not in range(UNLABELLED, len(self.classes)) for label in self.labels):
            raise ValueError("prepared data: a label has no class name")
        if not set(self.split) <= set(SPLITS):
            raise ValueError(f"prepared data: unknown split {sorted(set(self.split) - set(SPLITS))}")
        if any(not one.takes(v) for row in self.values for one, v in zip(self.attributes, row, strict=True)):
            raise ValueError("prepared data: an attribute has a value that is none of its categories")


class PreparedImages:
    """A prepared-array folder, opened for reading."""

    def __init__(self, folder: Path, images: NDArray[np.uint16], facts: PreparedFacts) -> None:
        self.folder = folder
        self.facts = facts
        self._images = images
        self.labels = np.asarray(facts.labels, dtype=np.int64)
        self.groups = np.asarray(facts.groups, dtype=np.int64)
        self.attributes = _told(facts, len(images))
        self._split = np.asarray(facts.split)

    @classmethod
    def open(cls, folder: Path) -> PreparedImages:
        """Open what ``write`` left.

        Raises:
            FileNotFoundError: the folder is not there or not whole.
            ValueError: it is not a prepared-array folder of this schema, or its parts do not fit each other.
        """
        document = json.loads((folder / "prepared.json").read_text(encoding="utf-8"))
        if document.get("schema") != SCHEMA:
            raise ValueError(f"prepared data: schema {document.get('schema')!r}, this program reads {SCHEMA}")
        images = np.load(folder / "images.npy", mmap_mode="r", allow_pickle=False)
        if images.dtype != np.uint16 or images.ndim != 4:
            raise ValueError("prepared data: images.npy is not a (N, C, H, W) array of 16-bit values")
        facts = _facts(document)
        facts.check(len(images))
        return cls(folder, images, facts)

    @classmethod
    def write(cls, folder: Path, images: NDArray[np.floating[Any]], facts: PreparedFacts) -> PreparedImages:
        """Write ``images`` (``(N, C, H, W)``, square, in [-1, 1]; values outside are clipped) and open the result.

        The folder appears whole or not at all, and an older one of the same name is replaced.
        """
        if images.ndim != 4 or images.shape[2] != images.shape[3]:
            raise ValueError(f"prepared data: images must be (N, C, H, H), not {images.shape}")
        facts.check(len(images))
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = folder.with_name(f".{folder.name}.{uuid.uuid4().hex}")
        temporary.mkdir()
        try:
            np.save(temporary / "images.npy", to_levels(images), allow_pickle=False)
            document = _document(images, facts)
            (temporary / "prepared.json").write_text(json.dumps(document), encoding="utf-8")
            _replace(temporary, folder)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        return cls.open(folder)

    def __len__(self) -> int:
        return len(self._images)

    @property
    def size(self) -> int:
        """Height and width in pixels."""
        return int(self._images.shape[-1])

    @property
    def channels(self) -> int:
        """Channels of an image."""
        return int(self._images.shape[1])

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names in label order."""
        return self.facts.classes

    def subset(self, split: str) -> NDArray[np.int64]:
        """Indices of the images of a split, in order."""
        return np.flatnonzero(self._split == split).astype(np.int64)

    def images(self, indices: Sequence[int] | NDArray[np.int64]) -> NDArray[np.float32]:
        """The images at ``indices`` as float32 ``(n, C, H, W)`` in [-1, 1]."""
        return from_levels(self._images[np.asarray(indices, dtype=np.int64)])

    def class_counts(self, split: str | None = None) -> dict[str, int]:
        """Labelled images of each class, in one split or in all."""
        labels = self.labels if split is None else self.labels[self.subset(split)]
        return {name: int((labels == index).sum()) for index, name in enumerate(self.classes)}

    def statistics(self) -> tuple[float, float]:
        """Mean and standard deviation of the training pixels (of all pixels where no image is for training)."""
        chosen = self.subset("train")
        values = self.images(chosen if len(chosen) else np.arange(len(self)))
        return float(values.mean()), float(max(values.std(), 1e-3))


def _told(facts: PreparedFacts, count: int) -> NDArray[np.float32]:
    """``(N, K)`` of what a model is told of the attributes."""
    rows = [[one.scaled(v) for one, v in zip(facts.attributes, row, strict=True)] for row in facts.values]
    return np.asarray(rows, dtype=np.float32).reshape(count, len(facts.attributes))


def to_levels(images: NDArray[np.floating[Any]]) -> NDArray[np.uint16]:
    """[-1, 1] to 0..65535, rounding to nearest and clipping."""
    scaled = (np.clip(images.astype(np.float64), -1.0, 1.0) + 1.0) * (LEVELS / 2)
    return np.rint(scaled).astype(np.uint16)


def from_levels(levels: NDArray[np.uint16]) -> NDArray[np.float32]:
    """0..65535 to [-1, 1]."""
    return levels.astype(np.float32) * np.float32(2.0 / LEVELS) - np.float32(1.0)


def _document(images: NDArray[np.floating[Any]], facts: PreparedFacts) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "size": int(images.shape[-1]),
        "channels": int(images.shape[1]),
        "classes": list(facts.classes),
        "labels": [int(label) for label in facts.labels],
        "split": list(facts.split),
        "groups": [int(group) for group in facts.groups],
        "sources": list(facts.sources),
        "recipe": dict(facts.recipe),
        "pixel_spacing_mm": [None if pair is None else list(pair) for pair in facts.pixel_spacing_mm],
        "windows": [list(pair) for pair in facts.windows],
        "attributes": [one._asdict() for one in facts.attributes],
        "values": [list(row) for row in facts.values],
        "faces": {series: dict(outcome) for series, outcome in facts.faces.items()},
    }


def _facts(document: Mapping[str, Any]) -> PreparedFacts:
    try:
        return PreparedFacts(
            classes=tuple(document["classes"]),
            labels=tuple(document["labels"]),
            split=tuple(document["split"]),
            groups=tuple(document["groups"]),
            sources=tuple(document["sources"]),
            recipe=document["recipe"],
            pixel_spacing_mm=tuple(pair and (pair[0], pair[1]) for pair in document["pixel_spacing_mm"]),
            windows=tuple((low, high) for low, high in document["windows"]),
            attributes=tuple(
                AttributeFacts(**{**a, "values": tuple(a["values"])}) for a in document.get("attributes", ())
            ),
            values=tuple(tuple(row) for row in document.get("values", ())),
            faces=document.get("faces", {}),
        )
    except KeyError as missing:
        raise ValueError(f"prepared data: prepared.json lacks {missing}") from missing


def _replace(temporary: Path, folder: Path) -> None:
    if folder.exists():
        older = folder.with_name(f".{folder.name}.{uuid.uuid4().hex}")
        folder.rename(older)
        temporary.rename(folder)
        shutil.rmtree(older, ignore_errors=True)
    else:
        temporary.rename(folder)
