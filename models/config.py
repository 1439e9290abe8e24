"""Presets: what to train on this many images of this size on this device, and for how long.

One declarative place for every number that a person never sees. It knows sizes, counts and devices; it builds
nothing and reads no files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from importlib import import_module
from typing import Any

from models.api import Attribute, FamilyConfig
from models.presets.task import Task
from models.registry import FAMILIES
from models.training.augment import Augmentation
from models.training.precision import Precision

SIZES = (32, 48, 64, 96, 128)
"""Image sizes that every preset takes; a recipe chooses one of them."""

BATCH = 32
"""Images a step: fewer waste the processor, more leave too few steps in a short budget."""

EPOCH_CAP = 1000
"""Passes over the training images after which a run ends by itself: beyond it a network this size learns images by
heart rather than anatomy (the copy rate of the previews watches the same thing live)."""

SMALLEST_CAP = 400
"""Steps that even a handful of images gets, so that the first thing seen is an image and not noise."""


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """Everything that decides a run; stored as JSON in every checkpoint.

    Attributes:
        family: what is trained.
        budget_s: seconds of training in all, over every resume; None where ``steps`` is the budget.
        steps: optimiser steps in all; None where time is the budget. Exactly one of the two is given.
        batch: images a step.
        learning_rate: highest rate; it rises over ``warm_up`` steps, holds until ``decay_from`` of the budget is used,
            and falls linearly to nothing at its end.
        warm_up: steps.
        decay_from: share of the budget.
        weight_decay, betas: of AdamW.
        clip: largest gradient norm.
        averages: lengths of the weight averages that are followed, as shares of the training; held-out images choose
            one of them, or at the end one in between.
        average: the one of them that is worn until then, and for good where the loss says nothing (a GAN).
        patience: share of the steps done for which the held-out loss may rise clearly, or copies persist, before the
            run ends at its turn; None for never.
        augmentation: how training images are moved.
        seed: of the whole run.
        device: "cpu", "cuda", "cuda:1", "mps".
        precision: "auto" times both formats at the start.
        preview_per_class: images of each class in a preview.
        preview_steps: sampler steps of a preview.
        preview_from, preview_growth: share of the budget at the first preview, and factor between two.
        validate_every: steps between two looks at the held-out loss.
        checkpoint_every_s: seconds between two checkpoints.
        step_cap: steps after which the run ends whatever the budget; None for no cap.
    """

    family: FamilyConfig
    budget_s: float | None = None
    steps: int | None = None
    batch: int = BATCH
    learning_rate: float = 1e-3
    warm_up: int = 100
    decay_from: float = 0.3
    weight_decay: float = 0.01
    betas: tuple[float, float] = (0.9, 0.99)
    clip: float = 1.0
    averages: tuple[float, ...] = (0.02, 0.05, 0.12, 0.3)
    average: float = 0.05
    patience: float | None = 0.5
    augmentation: Augmentation = field(default_factory=Augmentation)
    seed: int = 0
    device: str = "cpu"
    precision: Precision = "auto"
    preview_per_class: int = 4
    preview_steps: int = 6
    preview_from: float = 0.02
    preview_growth: float = 1.8
    validate_every: int = 200
    checkpoint_every_s: float = 60.0
    step_cap: int | None = None

    def __post_init__(self) -> None:
        if (self.budget_s is None) == (self.steps is None):
            raise ValueError("a plan has either a time budget or a step budget")
        if (self.budget_s or self.steps or 0) <= 0:
            raise ValueError("a budget must be above zero")
        if self.average not in self.averages:
            raise ValueError(f"no weight average of length {self.average} is followed, only {list(self.averages)}")

    def to_json(self) -> dict[str, Any]:
        """JSON values only."""
        return asdict(self)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> TrainingPlan:
        """The inverse of ``to_json``; raises ValueError for a document that is not one."""
        try:
            values = {**document, "family": FamilyConfig.from_json(document["family"])}
            values["averages"], values["betas"] = tuple(values["averages"]), tuple(values["betas"])
            values["augmentation"] = Augmentation(**values["augmentation"])
            return cls(**values)
        except (KeyError, TypeError) as wrong:
            raise ValueError(f"not a training plan: {wrong}") from wrong


def preset(
    family: str,
    *,
    size: int,
    channels: int,
    classes: tuple[str, ...],
    images: int,
    attributes: tuple[Attribute, ...] = (),
    device: str = "cpu",
    statistics: tuple[float, float] = (0.0, 0.5),
) -> FamilyConfig:
    """The family's settings for this task.

    Args:
        family: registry name.
        size: image side in pixels, a multiple of 16.
        channels: image channels.
        classes: class names in label order.
        images: training images at hand.
        attributes: what is known of the images besides.
        device: where it will be trained; a graphics card carries a wider network than a processor.
        statistics: mean and standard deviation of the training pixels (``PreparedImages.statistics``).

    Raises:
        ValueError: an unknown family, or a size that no preset divides.
    """
    if size % 16 or size < 16:
        raise ValueError(f"images must be a multiple of 16 pixels wide, not {size}")
    options = dict(_presets(family).options(Task(size, channels, images, device == "cpu")))
    options |= {"pixel_mean": statistics[0], "pixel_std": statistics[1]}
    return FamilyConfig(family, size, channels, classes, options, attributes)


def training_plan(config: FamilyConfig, *, images: int, **settings: Any) -> TrainingPlan:
    """The training of ``config`` on ``images`` training images; ``settings`` override fields of ``TrainingPlan``."""
    plan = TrainingPlan(family=config, **{**_presets(config.family).TRAINING, **settings})
    if "step_cap" in settings:
        return plan
    return replace(plan, step_cap=max(SMALLEST_CAP, EPOCH_CAP * max(1, images) // plan.batch))


def choose_family(*, images: int, size: int, budget_s: float | None, device: str) -> tuple[str, str]:
    """The family that "auto" stands for, and one sentence that says why."""
    enough = budget_s is None or device != "cpu" or budget_s >= _SECONDS_FOR_DIFFUSION * (size / 32) ** 2
    if enough:
        return "diffusion", "Diffusion gives the sharpest images that this time allows."
    return "vae", f"At {size} pixels this short a time is too little for diffusion; a VAE gives a first result."


_SECONDS_FOR_DIFFUSION = 20.0
"""Seconds on a processor below which diffusion at 32 pixels still shows noise."""


def _presets(family: str) -> Any:
    """The module of a family's numbers (``options(task)`` and ``TRAINING``)."""
    if family not in FAMILIES:
        raise ValueError(f"no preset for family {family!r}; there are presets for {', '.join(FAMILIES)}")
    return import_module(f"models.presets.{family}")
