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
LONGEST_S = 4.0
"""Seconds after which the timing ends with what it has."""


def autocast(precision: Chosen, device: torch.device) -> AbstractContextManager[object]:
    """The context in which the forward pass runs."""
    if precision == "fp32":
        return nullcontext()
    return torch.autocast(device.type, dtype=torch.bfloat16)


def faster(step: Callable[[Chosen], None], device: torch.device, *, repeats: int = 4) -> Chosen:
    """Time ``step`` in both formats, in turns, and name the faster; bf16 must win by a tenth, being the coarser.

    One thread's processor time counts, and the best of each: threads that wait for each other, and what else the
    machine does, say nothing about the format.
    """
    if device.type == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported() else "fp32"
    if device.type != "cpu":
        return "fp32"
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return _faster_alone(step, repeats)
    finally:
        torch.set_num_threads(threads)


def _faster_alone(step: Callable[[Chosen], None], repeats: int) -> Chosen:
    best: dict[Chosen, float] = {"bf16": float("inf"), "fp32": float("inf")}
    began = time.monotonic()
    for turn in range(repeats + 1):
        if turn > 1 and time.monotonic() - began > LONGEST_S:
            break
        for precision, before in best.items():
            started = time.process_time()
            step(precision)
            if turn:  # the first of each is spent on warming up
                best[precision] = min(before, time.process_time() - started)
    return "bf16" if best["bf16"] < 0.9 * best["fp32"] else "fp32"
