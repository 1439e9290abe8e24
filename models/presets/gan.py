"""Numbers of the GAN family."""

from __future__ import annotations

from typing import Any

from models.presets.task import Task
from models.training.augment import Augmentation

TRAINING: dict[str, Any] = {
    "learning_rate": 2e-3,
    # Momentum carries two players past each other: after 400 steps on four pictures the mean error is 0.4 with the
    # usual 0.9, and below 0.1 without any.
    "betas": (0.0, 0.99),
    # No held-out loss could choose between several.
    "averages": (0.2,),
    "average": 0.2,
    # The critic's views move real and generated images alike, so the generator never has to draw a moved one.
    "augmentation": Augmentation(share=0.0),
}
"""Fields of ``TrainingPlan`` that differ from their defaults."""

COARSEST = 7
"""Positions along a side that need no further halving."""


def options(task: Task) -> dict[str, Any]:
    """Options of ``GanOptions`` for ``task``."""
    fold = 2 if task.size <= 64 else 4  # folded by 4, an image of 32 pixels was still noise where by 2 it was a head
    side, levels = task.size // fold, 1
    while side > COARSEST and side % 2 == 0:
        side, levels = side // 2, levels + 1
    channels = [32, 64, 128, 128, 128, 128] if task.on_cpu else [96, 192, 384, 384, 384, 384]
    return {"unshuffle": fold, "channels": channels[:levels]}
