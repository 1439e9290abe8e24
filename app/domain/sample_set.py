"""Sample set: what one generation produced."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from app.domain.condition import Value


@dataclass(frozen=True, slots=True)
class Sample:
    """One generated picture.

    Attributes:
        number: position in ``images.npy`` of the sample set.
        label: class asked for.
        seed: its own seed.
        kept: false where the person threw it out.
        attributes: what the model was told besides: as it was asked for, else as it occurs in this class.
    """

    number: int
    label: str
    seed: int
    kept: bool = True
    attributes: Mapping[str, Value] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class SampleSetRecord:
    """``samples.json`` of a sample set; ``images.npy`` beside it is float32 (N, C, H, W) in [-1, 1].

    Attributes:
        id: folder name.
        run: run that it came from.
        checkpoint: file name of the checkpoint.
        checkpoint_sha256: hash of that file.
        steps, guidance: sampler settings; ``None`` = the family's default.
        seed: first seed.
        created: ISO time (UTC).
        screened_out: pictures drawn, found to be suspected copies, and replaced.
        window: (low, high) physical values of -1 and +1: the median of the training images.
        pixel_spacing_mm: (row, column) spacing, median of the training images, or ``None``.
        samples: the pictures.
        asked: attributes that the person asked of every picture.
    """

    id: str
    run: str
    checkpoint: str
    checkpoint_sha256: str
    steps: int | None
    guidance: float | None
    seed: int
    created: str
    screened_out: int
    window: tuple[float, float]
    pixel_spacing_mm: tuple[float, float] | None
    samples: tuple[Sample, ...]
    versions: dict[str, str] = field(default_factory=dict)
    asked: Mapping[str, Value] = field(default_factory=dict)

    def counts(self) -> dict[str, int]:
        """Kept pictures per class."""
        return dict(Counter(sample.label for sample in self.samples if sample.kept))

    def to_json(self) -> dict[str, Any]:
        """JSON values only."""
        return asdict(self)

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> SampleSetRecord:
        """Inverse of ``to_json``."""
        spacing = record["pixel_spacing_mm"]
        low, high = record["window"]
        return cls(
            **{
                **record,
                "samples": tuple(Sample(**sample) for sample in record["samples"]),
                "window": (low, high),
                "pixel_spacing_mm": None if spacing is None else (spacing[0], spacing[1]),
            }
        )
