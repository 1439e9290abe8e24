"""What a training run tells while it runs: typed, so that a consumer matches on classes and not on strings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from torch import Tensor

Reason = Literal["budget", "steps", "step_cap", "turned", "stopped"]
Request = Literal["stop", "preview", "checkpoint"]


@dataclass(frozen=True, slots=True)
class StepDone:
    """One optimiser step.

    Attributes:
        step: steps done, over all resumes.
        images_seen: training images seen so far.
        loss: the named parts of the loss, and "total".
        images_per_s: recent speed.
        seconds: training seconds used, over all resumes.
        fraction: share of the budget used, 0..1.
    """

    step: int
    images_seen: int
    loss: Mapping[str, float]
    images_per_s: float
    seconds: float
    fraction: float


@dataclass(frozen=True, slots=True)
class Validated:
    """The loss of the worn weight average on held-out images, the same noise each time."""

    step: int
    held_out_loss: float


@dataclass(frozen=True, slots=True)
class PreviewDue:
    """Samples on fixed seeds, one row a class: ``images`` ``(B, C, H, W)`` in [-1, 1] on the CPU, ``labels`` ``(B,)``.

    In the first of several stages of a family that encodes, held-out images encoded and decoded.

    ``copy_rate`` is the share of them that are suspected copies of training images, None where nothing can be compared.
    """

    step: int
    images: Tensor
    labels: Tensor
    copy_rate: float | None


@dataclass(frozen=True, slots=True)
class CheckpointSaved:
    """A checkpoint is safely on disk; ``best`` where no other has a lower held-out loss."""

    step: int
    path: Path
    best: bool


@dataclass(frozen=True, slots=True)
class Notice:
    """Something worth knowing, as a code and facts.

    "started"; "stage" (name, number); "stepped-back" (step, back, share of the learning rate that is left);
    "smaller-portions" (at_once, batch); "turned" and "turned-copies" (step, best, stage).
    """

    code: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ended:
    """The run is over; ``checkpoint`` is its last, to go on from, and ``best`` the one to draw from."""

    reason: Reason
    step: int
    checkpoint: Path
    best: Path


Event = StepDone | Validated | PreviewDue | CheckpointSaved | Notice | Ended
