"""Which number format a step runs in, measured rather than guessed.

bfloat16 halves the time of a step on processors made for it and lengthens it on others; so both are timed on the
run's own network before it starts. It knows a callable step, not what it computes.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Literal

import torch

Precision = Literal["auto", "bf16", "fp32"]
Chosen = Literal["bf16", "fp32"]


def autocast(precision: Chosen, device: torch.device) -> AbstractContextManager[object]:
    """The context in which the forward pass runs."""
    if precision == "fp32":
        return nullcontext()
    return torch.autocast(device.type, dtype=torch.bfloat16)


def faster(step: Callable[[Chosen], None], device: torch.device, *, repeats: int = 3) -> Chosen:
    """Time ``step`` in both formats and name the faster; bf16 must win by a tenth, since it is the coarser."""
    if device.type == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported() else "fp32"
    if device.type != "cpu":
        return "fp32"
    seconds = {precision: _timed(step, precision, repeats) for precision in ("bf16", "fp32")}
    return "bf16" if seconds["bf16"] < 0.9 * seconds["fp32"] else "fp32"


def _timed(step: Callable[[Chosen], None], precision: Chosen, repeats: int) -> float:
    step(precision)
    best = float("inf")
    for _ in range(repeats):
        started = time.perf_counter()
        step(precision)
        best = min(best, time.perf_counter() - started)
    return best
