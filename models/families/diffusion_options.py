"""Options of the diffusion family, and which of them fit together. It knows numbers and names, not networks."""

from __future__ import annotations

from dataclasses import dataclass

from models.paths.preconditioning import PRECONDITIONINGS
from models.sampling.solvers import SOLVERS

GUIDES = ("dropped", "weaker")
FEWEST_LEVELS = 4
"""Noise levels of a walk that jumps can be learnt from."""


@dataclass(frozen=True, slots=True)
class DiffusionOptions:
    """Options of the family, as they stand in ``FamilyConfig.options``.

    Attributes:
        path: "flow" (rectified flow) or "edm".
        unshuffle: pixels folded along each side before the network.
        latent: whether the network works on the latents of a codec that is learnt first, rather than on pixels.
        latent_share: share of the training that goes to that codec.
        codec_channels: per level of that codec, which begins with folded pixels; each further level halves both sides.
        channels, attention, res_blocks, head_channels, norm_groups: shape of the U-Net, level by level.
        label_dropout: share of training images whose class is hidden, so that guidance has a side to compare with.
        pixel_mean, pixel_std: of the training images.
        solver, steps: default sampler and the noise levels it visits; a guided visit takes two network evaluations.
        guide: what guidance compares with: "dropped" (the condition not told) or "weaker" (a smaller network, trained
            beside the other on a part of each batch).
        guidance: default guidance weight.
        guidance_interval: lowest and highest noise level on which guidance acts.
        noise_range: lowest and highest noise level of the sampler.
        bend: how strongly the sampler's levels crowd at the low end (rho of Karras et al. 2022).
        weaker_width: channels of the weaker network, as a share of the other's.
        weaker_batch: share of each batch that it is trained on.
        jump_share: share of the training in which a copy of the network learns to sample in one to four steps; 0 for
            none.
        jump_middle: noise level at which two jumps meet.
    """

    path: str = "flow"
    unshuffle: int = 2
    latent: bool = False
    latent_share: float = 0.3
    codec_channels: tuple[int, ...] = (32, 64)
    channels: tuple[int, ...] = (64, 128)
    attention: tuple[bool, ...] = (False, True)
    res_blocks: int = 2
    head_channels: int = 32
    norm_groups: int = 16
    label_dropout: float = 0.12
    pixel_mean: float = 0.0
    pixel_std: float = 0.5
    solver: str = "dpmpp_2m"
    steps: int = 6
    guide: str = "dropped"
    guidance: float = 2.0
    guidance_interval: tuple[float, float] = (0.2, 3.0)
    noise_range: tuple[float, float] = (0.02, 20.0)
    bend: float = 5.0
    weaker_width: float = 0.5
    weaker_batch: float = 0.25
    jump_share: float = 0.0
    jump_middle: float = 0.8

    def check(self, size: int) -> None:
        """Raises ValueError where a name is unknown or images of ``size`` pixels do not suit the network."""
        named = ((self.path, PRECONDITIONINGS), (self.solver, SOLVERS), (self.guide, GUIDES))
        for value, known in named:
            if value not in known:
                raise ValueError(f"diffusion: {value!r} is none of {', '.join(known)}")
        halvings = len(self.channels) - 1 + (len(self.codec_channels) - 1 if self.latent else 0)
        if size % (self.unshuffle * 2**halvings):
            raise ValueError(f"diffusion: a size of {size} does not divide into this network's levels")
        if not 0 <= self.jump_share < 1 or (self.jump_share and self.steps < FEWEST_LEVELS):
            raise ValueError(
                f"diffusion: {self.jump_share:g} of the training cannot go to jumps over {self.steps} levels"
            )
