"""Samplers: plain functions that walk a denoiser from noise to an image.

Each takes ``denoise(x, sigma)`` with a scalar noise level, the starting noise scaled to the first level, and the
falling levels, the last of which is 0. They know neither networks, classes, guidance nor image sizes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

from torch import Tensor

from models.api import OnStep

Denoise = Callable[[Tensor, float], Tensor]
Solver = Callable[[Denoise, Tensor, Sequence[float], OnStep], Tensor]


def levels(steps: int, *, lowest: float = 0.002, highest: float = 80.0, bend: float = 7.0) -> tuple[float, ...]:
    """``steps`` noise levels falling from ``highest`` to ``lowest``, then 0 (Karras et al. 2022, equation 5)."""
    if steps < 1:
        raise ValueError(f"a sampler needs at least one step, not {steps}")
    top, bottom = highest ** (1 / bend), lowest ** (1 / bend)
    fractions = (index / max(1, steps - 1) for index in range(steps))
    return (*((top + fraction * (bottom - top)) ** bend for fraction in fractions), 0.0)


def euler(denoise: Denoise, start: Tensor, sigmas: Sequence[float], on_step: OnStep) -> Tensor:
    """First-order steps along dx/dsigma = (x - D) / sigma; equal to DDIM, and to Euler steps of a straight path."""
    x = start
    for index, (now, following) in enumerate(pairwise(sigmas)):
        slope = (x - denoise(x, now)) / now
        x = x + (following - now) * slope
        on_step(index + 1, len(sigmas) - 1)
    return x


def heun(denoise: Denoise, start: Tensor, sigmas: Sequence[float], on_step: OnStep) -> Tensor:
    """Second-order steps, two evaluations each but for the last (Karras et al. 2022, algorithm 1)."""
    x = start
    for index, (now, following) in enumerate(pairwise(sigmas)):
        slope = (x - denoise(x, now)) / now
        ahead = x + (following - now) * slope
        if following > 0:
            later = (ahead - denoise(ahead, following)) / following
            ahead = x + (following - now) * (slope + later) / 2
        x = ahead
        on_step(index + 1, len(sigmas) - 1)
    return x


def midpoint(denoise: Denoise, start: Tensor, sigmas: Sequence[float], on_step: OnStep) -> Tensor:
    """Second-order steps by the slope half way, two evaluations each but for the last (explicit midpoint method).

    Half way is the geometric mean of the two levels, as in DPM-Solver-2 (Lu et al. 2022): levels fall by factors.
    """
    x = start
    for index, (now, following) in enumerate(pairwise(sigmas)):
        slope = (x - denoise(x, now)) / now
        if following > 0:
            middle = math.sqrt(now * following)
            between = x + (middle - now) * slope
            slope = (between - denoise(between, middle)) / middle
        x = x + (following - now) * slope
        on_step(index + 1, len(sigmas) - 1)
    return x


def dpmpp_2m(denoise: Denoise, start: Tensor, sigmas: Sequence[float], on_step: OnStep) -> Tensor:
    """DPM-Solver++ (2M), one evaluation a step (Lu et al. 2022, algorithm 2, data prediction)."""
    x, before, width_before = start, None, 0.0
    for index, (now, following) in enumerate(pairwise(sigmas)):
        clean = denoise(x, now)
        if following == 0:
            x = clean
        else:
            width = math.log(now / following)
            ratio = width / (2 * width_before) if before is not None else 0.0
            towards = clean if before is None else (1 + ratio) * clean - ratio * before
            x = (following / now) * x - math.expm1(-width) * towards
            before, width_before = clean, width
        on_step(index + 1, len(sigmas) - 1)
    return x


SOLVERS: dict[str, Solver] = {"euler": euler, "heun": heun, "midpoint": midpoint, "dpmpp_2m": dpmpp_2m}
EVALUATIONS_PER_STEP = {"euler": 1, "heun": 2, "midpoint": 2, "dpmpp_2m": 1}
