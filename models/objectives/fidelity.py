"""How true a drawn image is to a real one: likelihoods of pixels and of structure, their scales at their optimum.

With the scale of a likelihood at its optimum, its negative logarithm is the logarithm of the mean error (Rybkin et al.
2021, "Simple and effective VAE training with calibrated decoders"): no weight between pixels, structure and a
divergence has to be found by hand. It knows images, not models.
"""

from __future__ import annotations

import torch
from torch import Tensor

from models.objectives.perceptual import structure_loss

LEAST_ERROR = 1e-4
"""Squared error and structural distance below which nothing more is gained."""


def fidelity_loss(
    error: Tensor, drawn: Tensor, real: Tensor, structure: float = 0.5
) -> tuple[Tensor, dict[str, float]]:
    """Negative log-likelihood of ``real`` given ``drawn``, per pixel and up to a constant; also names both errors.

    Args:
        error: mean squared error of the pixels, in whatever unit; Gaussian.
        drawn, real: ``(B, C, H, W)`` in [-1, 1].
        structure: weight of the distance between what edge filters see in both; Laplacian.
    """
    edges = structure_loss(drawn, real)
    total = 0.5 * torch.log(error + LEAST_ERROR) + structure * torch.log(edges + LEAST_ERROR)
    return total, {"reconstruction": float(error.detach()), "structure": float(edges.detach())}
