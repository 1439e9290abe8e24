"""The denoising objective: one noise level per image, equal weight on what the network itself has to say.

With the target written for the raw network output F, the loss weight is 1 / c_out^2 (Karras et al. 2022,
equation 8); for the straight path it is the velocity matching loss of rectified flow. It knows a preconditioned
network and a generator, not images' meaning, classes' names or the optimiser.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from models.paths.preconditioning import Preconditioning

RawNetwork = Callable[[Tensor, Tensor], Tensor]
"""(scaled noisy latents, time ``(B,)``) to raw output of the latents' shape."""


def denoising_loss(network: RawNetwork, path: Preconditioning, latents: Tensor, generator: torch.Generator) -> Tensor:
    """Mean squared error of the raw network output against what makes the denoiser exact; a scalar.

    ``generator`` lives on the CPU, so that a run draws the same numbers on every device.
    """
    sigma = path.draw(len(latents), generator).to(latents.device)
    noise = torch.randn(latents.shape, generator=generator).to(latents.device)
    noisy = latents + sigma[:, None, None, None] * noise
    scale = path.scalings(sigma)
    target = (latents - scale.skip * noisy) / scale.out
    output = network(scale.into * noisy, scale.time).float()
    return (output - target).square().mean()


def denoise(network: RawNetwork, path: Preconditioning, noisy: Tensor, sigma: Tensor) -> Tensor:
    """The denoiser D(noisy; sigma): the expected clean latents. ``sigma`` is ``(B,)``."""
    scale = path.scalings(sigma)
    return scale.skip * noisy + scale.out * network(scale.into * noisy, scale.time).float()
