"""Learning to jump: from one noise level of a sampler's walk straight to a later one.

A network that is told where to land learns the mean slope of the walk between two levels, as shortcut models
(Frans et al. 2024) and mean flows (Geng et al. 2025) do; but its targets are the states that the trained,
guided many-step sampler passes through, not its own shorter jumps. Such targets are right from the first step on,
which a budget of minutes needs, and guidance is learnt with them. It knows walks and networks as callables.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from models.codecs.space_to_depth import TARGET_STD
from models.paths.preconditioning import NETWORK_TIME, Preconditioning, Scalings
from models.sampling.solvers import Denoise, Solver

JumpNetwork = Callable[[Tensor, Tensor, Tensor], Tensor]
"""(scaled noisy latents, time ``(B,)``, time to land on ``(B,)``) to raw output of the latents' shape."""


@dataclass(frozen=True, slots=True)
class Jumps:
    """What a network that jumps is taught.

    Attributes:
        noisy: ``(B, L, h, w)`` states of walks.
        sigma: ``(B,)`` their noise levels.
        landed: states of the same walks further on.
        target: ``(B,)`` the lower noise levels there.
    """

    noisy: Tensor
    sigma: Tensor
    landed: Tensor
    target: Tensor


def walk(solver: Solver, denoise: Denoise, start: Tensor, sigmas: Sequence[float]) -> dict[float, Tensor]:
    """The states ``(B, L, h, w)`` that ``solver`` passes through on its way from ``start``, by noise level.

    A solver that asks twice about a level asks last about the state that it goes on from.
    """
    states: dict[float, Tensor] = {}

    def noted(x: Tensor, sigma: float) -> Tensor:
        states[sigma] = x
        return denoise(x, sigma)

    states[0.0] = solver(noted, start, sigmas, lambda done, total: None)
    return states


def drawn_jumps(
    states: Mapping[float, Tensor], stretches: Sequence[Sequence[tuple[float, float]]], generator: torch.Generator
) -> Jumps:
    """From every walk one jump of each group of ``stretches`` (from, to), chosen by ``generator`` (on the CPU)."""
    pairs: list[tuple[Tensor, float, Tensor, float]] = []
    for group in stretches:
        for row, at in enumerate(torch.randint(len(group), (len(states[0.0]),), generator=generator).tolist()):
            sigma, target = group[at]
            pairs.append((states[sigma][row], sigma, states[target][row], target))
    noisy, sigmas, landed, targets = zip(*pairs, strict=True)
    place = states[0.0]
    return Jumps(torch.stack(noisy), place.new_tensor(sigmas), torch.stack(landed), place.new_tensor(targets))


def jumped(network: JumpNetwork, path: Preconditioning, noisy: Tensor, sigma: Tensor, target: Tensor) -> Tensor:
    """The states at the noise levels ``target`` of walks that are at ``noisy`` at ``sigma``, both ``(B,)``.

    The network, preconditioned as a denoiser, says towards which clean latents a straight line leads there.
    """
    scale = path.scalings(sigma)
    left = _share_left(sigma, target)
    return left * noisy + (1.0 - left) * (scale.skip * noisy + scale.out * _raw(network, scale, noisy, target))


def jump_loss(network: JumpNetwork, path: Preconditioning, jumps: Jumps) -> Tensor:
    """Mean squared error of the raw output against what lands exactly; a scalar."""
    scale = path.scalings(jumps.sigma)
    left = _share_left(jumps.sigma, jumps.target)
    towards = (jumps.landed - left * jumps.noisy) / (1.0 - left)
    wanted = (towards - scale.skip * jumps.noisy) / scale.out
    return (_raw(network, scale, jumps.noisy, jumps.target) - wanted).square().mean()


def _raw(network: JumpNetwork, scale: Scalings, noisy: Tensor, target: Tensor) -> Tensor:
    landing = NETWORK_TIME * target / (target + TARGET_STD)  # 0 for a clean image, nearly 1000 for noise
    return network(scale.into * noisy, scale.time, landing).float()


def _share_left(sigma: Tensor, target: Tensor) -> Tensor:
    return (target / sigma)[:, None, None, None]
