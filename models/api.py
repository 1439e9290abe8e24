"""The contract between a generative family and everything around it.

A family is one kind of generative model (VAE, diffusion, ...). It composes five separate parts (codec,
network, preconditioning or path, objective, sampler) and shows only what this module names. Nothing here
knows files, patients, DICOM or the window: a family sees tensors and conditions.

Conventions: images are ``(B, C, H, W)`` float tensors in [-1, 1]; labels are ``(B,)`` int64 with ``DROPPED``
standing for "no condition"; one sample owns one integer seed, so that a picture does not depend on the batch
that it was drawn in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

DROPPED = -1
"""Label value of a sample whose condition is not given (unlabelled, or dropped for guidance)."""

OnStep = Callable[[int, int], None]
"""Called between sampler steps with (steps done, steps in all); raising from it cancels the sampling."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """Something besides the class that a sample can be asked to show: sex, age, scanner.

    Attributes:
        name: as the person called it.
        values: its categories, in order; empty where it is a number.
        low, high: of a number: what 0 and 1 stand for (the range of the training images).
    """

    name: str
    values: tuple[str, ...] = ()
    low: float = 0.0
    high: float = 1.0


@dataclass(frozen=True, slots=True)
class Condition:
    """What a batch of samples is asked to show; everything in it can be left open.

    Attributes:
        labels: ``(B,)`` int64 class indices, ``DROPPED`` where nothing is asked.
        attributes: ``(B, K)`` float32, one column for each ``FamilyConfig.attributes``: the number of a category, or a
            number scaled so that 0 is ``low`` and 1 is ``high``; NaN where nothing is asked. No columns if not given.
    """

    labels: Tensor
    attributes: Tensor = field(default_factory=lambda: torch.zeros(0, 0))

    def __post_init__(self) -> None:
        if not self.attributes.numel():
            columns = self.attributes.shape[1]
            object.__setattr__(self, "attributes", self.labels.new_zeros((len(self), columns), dtype=torch.float32))
        if len(self.attributes) != len(self.labels):
            raise ValueError(f"{len(self.attributes)} rows of attributes for {len(self.labels)} labels")

    def __len__(self) -> int:
        return int(self.labels.shape[0])

    def dropped(self, mask: Tensor | None = None) -> Condition:
        """The same batch with the condition dropped where ``mask`` (``(B,)`` bool) is true; everywhere without one."""
        if mask is None:
            mask = torch.ones_like(self.labels, dtype=torch.bool)
        return Condition(
            torch.where(mask, torch.full_like(self.labels, DROPPED), self.labels),
            torch.where(mask[:, None], torch.full_like(self.attributes, torch.nan), self.attributes),
        )

    def thinned(self, share: float, generator: torch.Generator) -> Condition:
        """The same batch with everything hidden from ``share`` of the images, for training.

        Where there are attributes, the class and each of them are hidden alone from as many again, so that any
        selection of them can be asked for. ``generator`` lives on the CPU.
        """
        device = self.labels.device
        whole = self.dropped((torch.rand(len(self), generator=generator) < share).to(device))
        columns = self.attributes.shape[1]
        if not columns:
            return whole
        alone = (torch.rand((len(self), 1 + columns), generator=generator) < share).to(device)
        return Condition(
            torch.where(alone[:, 0], torch.full_like(self.labels, DROPPED), whole.labels),
            torch.where(alone[:, 1:], torch.full_like(self.attributes, torch.nan), whole.attributes),
        )

    def followed_by(self, other: Condition) -> Condition:
        """Both batches in one."""
        return Condition(torch.cat([self.labels, other.labels]), torch.cat([self.attributes, other.attributes]))

    def to(self, device: torch.device | str) -> Condition:
        """The condition on another device."""
        return Condition(self.labels.to(device), self.attributes.to(device))

    def __getitem__(self, index: slice | Tensor) -> Condition:
        return Condition(self.labels[index], self.attributes[index])


@dataclass(frozen=True, slots=True)
class Batch:
    """One training batch.

    Attributes:
        images: ``(B, C, H, W)`` in [-1, 1].
        condition: labels of the batch.
        augmentation: ``(B, A)`` parameters of the geometric augmentation applied to ``images`` (zeros where none),
            told to the network so that it does not leak into samples (Karras et al. 2022, appendix F.2).
    """

    images: Tensor
    condition: Condition
    augmentation: Tensor

    def first(self, count: int) -> Batch:
        """The first ``count`` images."""
        part = slice(0, count)
        return Batch(self.images[part], self.condition[part], self.augmentation[part])


@dataclass(frozen=True, slots=True)
class LossTerms:
    """A scalar to descend and the named parts of it worth plotting."""

    total: Tensor
    named: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class FamilyConfig:
    """Everything needed to build a family again: stored as JSON beside every checkpoint.

    Attributes:
        family: registry name.
        size: image height and width in pixels.
        channels: image channels (1 or 3).
        classes: class names in label order.
        options: the family's own settings, JSON values only.
        attributes: what a sample can be asked to show besides its class.
    """

    family: str
    size: int
    channels: int
    classes: tuple[str, ...]
    options: Mapping[str, Any]
    attributes: tuple[Attribute, ...] = ()

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> FamilyConfig:
        """From ``dataclasses.asdict`` through JSON; raises KeyError or TypeError for anything else."""
        attributes = (
            Attribute(**{**entry, "values": tuple(entry["values"])}) for entry in document.get("attributes", ())
        )
        classes = tuple(document["classes"])
        return cls(**{**document, "classes": classes, "attributes": tuple(attributes)})


@dataclass(frozen=True, slots=True)
class Stage:
    """A stretch of the training: the phases that are stepped in turn while it lasts.

    Attributes:
        name: what is learnt in it, unique in its family.
        phases: one optimiser step each, in this order, in every training step.
        share: of the whole budget; the shares of a family sum to 1.
        watched: whether the loss on held-out images says how good the model is (that of a GAN does not).
        rate: of the plan's learning rate, what this stage learns at.
    """

    name: str
    phases: tuple[str, ...]
    share: float = 1.0
    watched: bool = True
    rate: float = 1.0


@runtime_checkable
class Family(Protocol):
    """A conditional generative model that can be trained step by step and sampled from."""

    config: FamilyConfig
    stages: tuple[Stage, ...]

    @property
    def network(self) -> nn.Module:
        """All trained weights (what EMA follows and a checkpoint stores)."""
        ...

    def parameters(self, phase: str) -> list[nn.Parameter]:
        """The parameters that the optimiser of ``phase`` moves."""
        ...

    def loss(self, batch: Batch, phase: str, step: int, generator: torch.Generator) -> LossTerms:
        """The training loss of one batch; every random number comes from ``generator`` (on the CPU)."""
        ...

    def sample(
        self,
        condition: Condition,
        seeds: Sequence[int],
        *,
        steps: int | None = None,
        guidance: float | None = None,
        on_step: OnStep | None = None,
    ) -> Tensor:
        """Draw one image per condition: ``(B, C, H, W)`` in [-1, 1].

        Args:
            condition: what to show, one entry per sample.
            seeds: one seed per sample; the same seed and condition give the same image in any batch.
            steps: network evaluations of an iterative sampler; the family's default where ``None``.
            guidance: classifier-free guidance weight (1 = none); the family's default where ``None``.
            on_step: called between steps; an exception from it ends the sampling.
        """
        ...


def phases_of(family: Family) -> tuple[str, ...]:
    """All phases of a family, in the order of its stages."""
    return tuple(phase for stage in family.stages for phase in stage.phases)


@runtime_checkable
class Staged(Protocol):
    """A family that has to look at the training images when a stage begins."""

    def enter(self, stage: str, examples: Batch) -> None:
        """Get ready for ``stage``; called once, after the weights of the stage before took their averages.

        What is measured here (the spread of latents, a codebook) belongs into buffers of ``network``, so that a
        checkpoint holds it.

        Args:
            stage: name of the stage that begins, never the first.
            examples: training images, evenly spread and untouched.
        """
        ...


@runtime_checkable
class Likelihood(Protocol):
    """A family that can say how likely an image is."""

    def log_likelihood(self, images: Tensor, condition: Condition) -> Tensor:
        """``(B,)`` natural logarithms of the density of ``images`` (as pixels in [-1, 1]), given ``condition``."""
        ...


@runtime_checkable
class Reconstructs(Protocol):
    """A family that can encode an image and decode it again."""

    def reconstruct(self, images: Tensor, condition: Condition) -> Tensor:
        """``(B, C, H, W)`` in [-1, 1] to the same shape and range."""
        ...
