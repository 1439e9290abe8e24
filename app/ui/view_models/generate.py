"""What the Generate room shows and asks, as plain values: the wish, the sets, and the sheet of pictures.

Tested without a window. It must not know Qt; pixels are numpy arrays here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from app.domain.condition import Value
from app.domain.sample_set import Sample, SampleSetRecord
from app.ui import phrases
from app.ui.view_models import plain

if TYPE_CHECKING:
    from app.services.history import RunInfo


class Amount(StrEnum):
    """How the person says how many."""

    SAME = "same"
    EACH = "each"
    BALANCE = "balance"


@dataclass(slots=True)
class Wish:
    """How many pictures of which class, and the settings behind the fold.

    Attributes:
        amount: which of the three ways counts.
        same: pictures per class of "the same for all".
        each: pictures by class of "each its own".
        attributes: what every picture is to show besides its class, as a person writes it.
        steps, guidance: sampler settings; ``None`` leaves them to the model.
        seed: first seed.
    """

    amount: Amount = Amount.SAME
    same: int = 16
    each: dict[str, int] = field(default_factory=dict)
    attributes: dict[str, str] = field(default_factory=dict)
    steps: int | None = None
    guidance: float | None = None
    seed: int = 0

    def options(self) -> dict[str, Any]:
        """The wish as keywords of ``Generation.start``."""
        options: dict[str, Any] = {"steps": self.steps, "guidance": self.guidance, "seed": self.seed}
        if self.attributes:
            options["attributes"] = dict(self.attributes)
        match self.amount:
            case Amount.SAME:
                options["per_class"] = self.same
            case Amount.EACH:
                options["classes"] = {name: number for name, number in self.each.items() if number > 0}
            case Amount.BALANCE:
                options["balance"] = True
        return options

    def total(self, classes: Iterable[str], real: Mapping[str, int]) -> int:
        """Pictures that the wish comes to; ``real`` = training images per class."""
        names = list(classes)
        match self.amount:
            case Amount.SAME:
                return self.same * len(names)
            case Amount.EACH:
                return sum(self.each.get(name, 0) for name in names)
            case Amount.BALANCE:
                return sum(missing(names, real).values())


def missing(classes: Iterable[str], real: Mapping[str, int]) -> dict[str, int]:
    """Pictures that each class lacks to have as many as the largest."""
    largest = max(real.values(), default=0)
    return {name: largest - real.get(name, 0) for name in classes}


def wish_line(wish: Wish, classes: tuple[str, ...], real: Mapping[str, int]) -> str:
    """What pressing the button will do, in one sentence."""
    total = wish.total(classes, real)
    if total == 0 and wish.amount is Amount.BALANCE:
        return "Your classes are balanced already; choose a number instead."
    if total == 0:
        return "Choose how many images you want of at least one class."
    if wish.amount is Amount.BALANCE:
        lacking = {name: number for name, number in missing(classes, real).items() if number}
        return f"Draws {phrases.count(total, 'image')}: {plain.listed(lacking)}{_showing(wish.attributes)}."
    asked = [name for name in classes if wish.amount is Amount.SAME or wish.each.get(name, 0)]
    within = phrases.count(len(asked), "class", "classes")
    return f"Draws {phrases.count(total, 'image')} in {within}{_showing(wish.attributes)}."


def _showing(attributes: Mapping[str, Value]) -> str:
    """ ", all with Sex F, Age 70"."""
    return f", all with {told(attributes)}" if attributes else ""


def told(attributes: Mapping[str, Value]) -> str:
    """ "Sex F, Age 70"."""
    return ", ".join(
        f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}" for name, value in attributes.items()
    )


def usable(runs: Iterable[RunInfo]) -> list[RunInfo]:
    """The runs that can draw: those that saved something, in the order given (newest first)."""
    return [run for run in runs if run.checkpoint is not None]


def set_title(record: SampleSetRecord) -> str:
    """ "48 images, 21 Nov 13:20": a sample set as a line of a list."""
    return f"{phrases.count(sum(record.counts().values()), 'image')}, {plain.moment(record.created)}"


def set_detail(record: SampleSetRecord) -> str:
    """Counts per class, what was thrown out by the person and what was screened out by the program."""
    parts = [plain.listed(record.counts()) + _showing(record.asked)] if record.counts() else []
    thrown = sum(not sample.kept for sample in record.samples)
    if thrown:
        parts.append(f"{thrown} thrown out")
    if record.screened_out:
        parts.append(f"{record.screened_out} suspected copies drawn again")
    return " · ".join(parts)


def shown(record: SampleSetRecord, label: str) -> list[Sample]:
    """The pictures of a class ("" = all), by class and number."""
    chosen = [sample for sample in record.samples if label in ("", sample.label)]
    return sorted(chosen, key=lambda sample: (sample.label, sample.number))


def to_grey(image: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    """One generated picture, float (C, H, W) in [-1, 1], as 8-bit grey (H, W) for the screen only."""
    grey = np.clip((np.asarray(image[0], dtype=np.float32) + 1.0) * 127.5, 0, 255)
    return np.ascontiguousarray(np.rint(grey).astype(np.uint8))
