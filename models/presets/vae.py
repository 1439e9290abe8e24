"""Numbers of the VAE family."""

from __future__ import annotations

from typing import Any

from models.presets.task import Task

TRAINING: dict[str, Any] = {"learning_rate": 2e-3}
"""Fields of ``TrainingPlan`` that differ from their defaults."""


def options(task: Task) -> dict[str, Any]:
    """Options of ``VaeOptions`` for ``task``.

    A strong fold is what makes a processor fast here: at 32 pixels, two levels on folds of four learn as much from as
    many images as three on folds of two, at twice the images a second.
    """
    if not task.on_cpu:
        fold = 2 if task.size <= 48 else 4 if task.size <= 128 else 8
        return {"unshuffle": fold, "channels": [96, 192, 256], "width": 48}
    fold = 4 if task.size <= 128 else 8
    return {"unshuffle": fold, "channels": [96, 128] if task.size <= 64 else [64, 96, 128], "width": 48}
