"""The flow family: an exact density of images, and images drawn from it.

Codec (space to depth, then patches as tokens), network (a flow of causal transformers), objective (the exact negative
log-likelihood of slightly noisy images), sampler (the flow backwards, then the noise taken off again) are TarFlow's
(Zhai et al. 2024). This module only wires them to the family contract. A learned latent space would stand where
``codec`` and ``PatchTokens`` stand: both sides of the flow know tokens only.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.api import Batch, Condition, FamilyConfig, LossTerms, OnStep, Stage
from models.codecs.space_to_depth import TARGET_STD, SpaceToDepth
from models.families.options import read_options, spelt_out
from models.nets.autoregressive_flow import AutoregressiveFlow, Known, Sequences, normal_log_density
from models.nets.flow_tokens import PatchTokens
from models.training.augment import PARAMETERS
from models.training.seeds import noise

PHASE = "likelihood"
MOST_TOKENS = 256
"""Tokens of an image; the way back takes one step for each in every block."""


@dataclass(frozen=True, slots=True)
class FlowOptions:
    """Options of the family, as they stand in ``FamilyConfig.options``.

    Attributes:
        patch: pixels along each side of a patch, which is one token.
        width: of the transformers.
        heads: of their attention.
        layers: transformer layers of each block, the one next to the images first.
        bound: largest change of scale in a block, as a natural logarithm.
        noise: deviation of the Gaussian noise on training images, in pixel values; without it the density of a black
            background would grow for ever.
        label_dropout: share of training images whose class is hidden, so that guidance has a side to compare with.
        pixel_mean, pixel_std: of the training images.
        guidance: default guidance weight.
    """

    patch: int = 4
    width: int = 128
    heads: int = 4
    layers: tuple[int, ...] = (2, 2, 4)
    bound: float = 4.0
    noise: float = 0.05
    label_dropout: float = 0.1
    pixel_mean: float = 0.0
    pixel_std: float = 0.5
    guidance: float = 1.0


class Flow:
    """Conditional autoregressive flow. See ``models.api.Family`` and ``models.api.Likelihood``."""

    stages = (Stage(PHASE, (PHASE,)),)

    def __init__(self, config: FamilyConfig) -> None:
        self.options = options = read_options(FlowOptions, config.family, config.options)
        self.config = spelt_out(config, options)
        if config.size % options.patch:
            raise ValueError(f"flow: a size of {config.size} does not divide into patches of {options.patch}")
        self.codec = SpaceToDepth(options.patch, options.pixel_mean, options.pixel_std)
        values, grid, _ = self.codec.latent_shape(config.channels, config.size)
        if grid**2 > MOST_TOKENS:
            raise ValueError(f"flow: {grid**2} patches are too many, at most {MOST_TOKENS}")
        self.grid, self.dimensions = grid, values * grid**2
        self.token_shape = (grid**2, values)
        self.tokens = PatchTokens(config.channels, options.patch, grid)
        sequences = Sequences(grid**2, values, len(config.classes), config.attributes, PARAMETERS)
        self.flow = AutoregressiveFlow(
            sequences, width=options.width, layers=options.layers, heads=options.heads, bound=options.bound
        )
        self.net = nn.ModuleDict({"tokens": self.tokens, "flow": self.flow})

    @property
    def network(self) -> nn.Module:
        """All blocks."""
        return self.net

    def parameters(self, phase: str) -> list[nn.Parameter]:
        """All weights, in the one phase there is."""
        return list(self.net.parameters()) if phase == PHASE else []

    def loss(self, batch: Batch, phase: str, step: int, generator: torch.Generator) -> LossTerms:
        """Negative log-likelihood in nats per pixel value, the class hidden from a share of the images."""
        condition = batch.condition.thinned(self.options.label_dropout, generator)
        normal = torch.randn(batch.images.shape, generator=generator).to(batch.images)
        noisy = batch.images + self.options.noise * normal
        density, determinant = self._parts(noisy, Known(condition, batch.augmentation))
        total = -(density + determinant).mean() / self.dimensions
        named = {"nats_per_dimension": total, "log_determinant": determinant.mean() / self.dimensions}
        return LossTerms(total, {name: float(value.detach()) for name, value in named.items()})

    @torch.no_grad()
    def sample(
        self,
        condition: Condition,
        seeds: Sequence[int],
        *,
        steps: int | None = None,
        guidance: float | None = None,
        on_step: OnStep | None = None,
    ) -> Tensor:
        """The flow backwards, token by token, then the training noise taken off.

        ``steps`` has no meaning: each token of each block is one step. ``on_step`` is called after each row of
        patches, and once at the end. Computed in float32 also under autocast: the way back adds up what it rounds.
        """
        device = next(self.net.parameters()).device
        known = self._plainly(condition.to(device))
        start = noise(seeds, self.token_shape).to(device)
        weight = self.options.guidance if guidance is None else guidance
        rows = self.grid * len(self.options.layers) + 1

        def token_done(done: int, total: int) -> None:
            if on_step is not None and done % self.grid == 0:
                on_step(done // self.grid, rows)

        with torch.autocast(device.type, enabled=False):
            clean = self._denoised(self.flow.inverse(start, known, weight, token_done), known)
        if on_step is not None:
            on_step(rows, rows)
        return self.codec.decode(self.tokens.inverse(clean))

    @torch.no_grad()
    def log_likelihood(self, images: Tensor, condition: Condition) -> Tensor:
        """See ``models.api.Likelihood``; deterministic.

        The flow learns images with noise, and one without lies aside of all that it has seen. So the same noise, one
        fixed picture of it, is laid over every image; moved by a constant, a density stays one.

        As an outlier score it has two sides: noise, inversion or parts out of place make an image unlikely, but one
        with less in it than any real one (blurred, blank) is *more* likely than they are (Nalisnick et al. 2019).
        What lies outside the range of held-out real images is unusual either way.
        """
        fixed = self.options.noise * noise([0], images.shape[1:]).to(images)
        density, determinant = self._parts(images + fixed, self._plainly(condition.to(images.device)))
        return density + determinant

    def _parts(self, images: Tensor, known: Known) -> tuple[Tensor, Tensor]:
        """``(B,)`` log-densities of the noise of ``images`` and of the map's determinants, as pixels in [-1, 1]."""
        latents, determinant = self.flow(self.tokens(self.codec.encode(images)), known)
        stretched = self.dimensions * math.log(TARGET_STD / self.options.pixel_std)
        return normal_log_density(latents), determinant + stretched

    def _denoised(self, tokens: Tensor, known: Known) -> Tensor:
        """The tokens expected without the training noise, by Tweedie's formula (Zhai et al. 2024)."""
        deviation = self.options.noise * TARGET_STD / self.options.pixel_std
        with torch.enable_grad():
            noisy = tokens.detach().requires_grad_()
            latents, determinant = self.flow(noisy, known)
            likelihood = (normal_log_density(latents) + determinant).sum()
            (slope,) = torch.autograd.grad(likelihood, noisy)
        return tokens + deviation**2 * slope

    def _plainly(self, condition: Condition) -> Known:
        return Known(condition, condition.attributes.new_zeros((len(condition), PARAMETERS)))


def build(config: FamilyConfig) -> Flow:
    """The registry's builder."""
    return Flow(config)
