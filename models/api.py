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
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

DROPPED = -1
"""Label value of a sample whose condition is not given (unlabelled, or dropped for guidance)."""

OnStep = Callable[[int, int], None]
"""Called between sampler steps with (steps done, steps in all); raising from it cancels the sampling."""


@dataclass(frozen=True, slots=True)
class Condition:
    """What a batch of samples is asked to show.

    Attributes:
        labels: ``(B,)`` int64 class indices, ``DROPPED`` where nothing is asked.
    """

    labels: Tensor

    def __len__(self) -> int:
        return int(self.labels.shape[0])

    def dropped(self, mask: Tensor | None = None) -> Condition:
        """The same batch with the condition dropped where ``mask`` (``(B,)`` bool) is true; everywhere without one."""
        if mask is None:
            return Condition(torch.full_like(self.labels, DROPPED))
        return Condition(torch.where(mask, torch.full_like(self.labels, DROPPED), self.labels))

    def to(self, device: torch.device | str) -> Condition:
        """The condition on another device."""
        return Condition(self.labels.to(device))

    def __getitem__(self, index: slice) -> Condition:
        return Condition(self.labels[index])


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
    """

    family: str
    size: int
    channels: int
    classes: tuple[str, ...]
    options: Mapping[str, Any]


@runtime_checkable
class Family(Protocol):
    """A conditional generative model that can be trained step by step and sampled from."""

    config: FamilyConfig
    phases: tuple[str, ...]

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


@runtime_checkable
class Reconstructs(Protocol):
    """A family that can encode an image and decode it again."""

    def reconstruct(self, images: Tensor, condition: Condition) -> Tensor:
        """``(B, C, H, W)`` in [-1, 1] to the same shape and range."""
        ...
