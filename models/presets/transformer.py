"""Numbers of the transformer family."""

from __future__ import annotations

from typing import Any

from models.presets.task import Task

TRAINING: dict[str, Any] = {"learning_rate": 2e-3, "weight_decay": 0.045}
"""Fields of ``TrainingPlan`` that differ from their defaults."""


def options(task: Task) -> dict[str, Any]:
    """Options of ``TransformerOptions`` for ``task``: never more than 16 places along a side."""
    small, large = task.size <= 48, task.size > 128
    places = task.size // (4 if small else 16 if large else 8)
    whole = {"width": 256, "depth": 4, "fold": 2 if places % 2 == 0 else 1}
    return {
        "unshuffle": 2 if small else 4,
        "channels": [64, 128, 128] if large else [64, 128],
        "numbers": 6 if small else 16 if large else 12,
        **(whole if task.on_cpu else {"width": 384, "depth": 8, "fold": 1}),
    }
