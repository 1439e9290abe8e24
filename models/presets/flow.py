"""Numbers of the flow family."""

from __future__ import annotations

from typing import Any

from models.presets.task import Task

TRAINING: dict[str, Any] = {"learning_rate": 3e-3, "betas": (0.9, 0.95)}
"""Fields of ``TrainingPlan`` that differ from their defaults."""


def options(task: Task) -> dict[str, Any]:
    """Options of ``FlowOptions`` for ``task``.

    Most layers stand in the block next to the noise, as in STARFlow (Gu et al. 2025): it settles what is shown, the
    others settle edges.
    """
    finest = 48 if task.on_cpu else 64
    return {
        "patch": 4 if task.size <= finest else 8,
        "width": 128 if task.on_cpu else 384,
        "heads": 4 if task.on_cpu else 6,
        "layers": [1, 1, 2, 4] if task.on_cpu else [2, 2, 2, 6],
        # A flow of a few minutes hardly heeds the class unguided: on brain slices 3.5 halves the distance of 1.
        "guidance": 3.5,
    }
