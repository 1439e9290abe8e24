"""A learned codec: images as small, smooth latents of few channels, for families that work above 128 pixels.

MONAI's ``AutoencoderKL`` on folded pixels (a fold halves the cost of the finest levels on a processor), trained with
absolute error, structure (``models.objectives.perceptual``), a patch critic and a slight pull of the latents towards
a normal distribution (Rombach et al. 2022, section 3.1 and appendix G). A family trains it in a stage of its own,
calls ``settle`` when that stage is over, and leaves it as it is from then on. It knows images, not conditions, noise
or what becomes of the latents.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from monai.networks.nets.autoencoderkl import AutoencoderKL
from torch import Tensor, nn
from torch.nn import functional

from models.api import LossTerms, Stage
from models.codecs.space_to_depth import TARGET_STD
from models.objectives.adversarial import PatchCritic, grown
from models.objectives.perceptual import structure_loss

ENCODE = "encode"
AUTOENCODE = "autoencode"
CRITICISE = "criticise"
AT_ONCE = 32
"""Images encoded together when the latents are measured."""


@dataclass(frozen=True, slots=True)
class CodecShape:
    """How an autoencoder is built; ``reduction`` is by how much each side shrinks.

    Attributes:
        fold: pixels folded along each side before the network.
        channels: per level of the network; each further level halves both sides.
        latent_channels: channels of the latents.
        res_blocks: residual blocks per level.
        norm_groups: groups of the normalisation; divides every entry of ``channels``.
        critic: channels of the critic's first layer, a multiple of 8.
    """

    fold: int = 2
    channels: tuple[int, ...] = (32, 64)
    latent_channels: int = 4
    res_blocks: int = 1
    norm_groups: int = 8
    critic: int = 32

    @property
    def reduction(self) -> int:
        """Image side over latent side."""
        return int(self.fold * 2 ** (len(self.channels) - 1))


@dataclass(frozen=True, slots=True)
class CodecWeights:
    """How the parts of the loss count beside the mean absolute error of pixels in [-1, 1].

    Attributes:
        structure: of ``structure_loss``.
        critic: of the critic's disbelief, after its warm-up.
        pull: of the divergence of a latent number from a standard normal one.
        warm_up: steps before the critic is listened to, and over which its weight then rises.
    """

    structure: float = 1.0
    critic: float = 0.05
    pull: float = 1e-4
    warm_up: int = 200


class Autoencoder(nn.Module):
    """Images to standardised latents and back.

    ``encode``, ``decode`` and ``latent_shape`` stand in for those of ``models.codecs.space_to_depth.SpaceToDepth``.
    """

    phases = (AUTOENCODE, CRITICISE)
    latent_mean: Tensor
    latent_std: Tensor

    def __init__(self, channels: int, shape: CodecShape | None = None, weights: CodecWeights | None = None) -> None:
        super().__init__()
        self.shape, self.weights = shape or CodecShape(), weights or CodecWeights()
        folded = channels * self.shape.fold**2
        self.coder = AutoencoderKL(
            spatial_dims=2,
            in_channels=folded,
            out_channels=folded,
            channels=self.shape.channels,
            num_res_blocks=self.shape.res_blocks,
            attention_levels=(False,) * len(self.shape.channels),
            latent_channels=self.shape.latent_channels,
            norm_num_groups=self.shape.norm_groups,
            with_encoder_nonlocal_attn=False,
            with_decoder_nonlocal_attn=False,
        )
        self.critic = PatchCritic(channels, self.shape.critic)
        numbers = (1, self.shape.latent_channels, 1, 1)
        self.register_buffer("latent_mean", torch.zeros(numbers))
        self.register_buffer("latent_std", torch.full(numbers, TARGET_STD))

    def latent_shape(self, channels: int, size: int) -> tuple[int, int, int]:
        """Shape of one encoded image; raises ValueError where ``size`` does not divide into the levels."""
        if size % self.shape.reduction:
            raise ValueError(f"a size of {size} does not divide into latents {self.shape.reduction} times smaller")
        side = size // self.shape.reduction
        return self.shape.latent_channels, side, side

    @torch.no_grad()
    def encode(self, images: Tensor) -> Tensor:
        """``(B, C, H, W)`` in [-1, 1] to ``(B, L, H/r, W/r)``; once settled, of mean 0 and deviation 0.5 a channel.

        No gradient flows back: whoever works on latents leaves the codec as it is.
        """
        mean, _ = self._spread(images)
        return (mean - self.latent_mean) * (TARGET_STD / self.latent_std)

    def decode(self, latents: Tensor) -> Tensor:
        """Latents as ``encode`` gives them to ``(B, C, H, W)`` in [-1, 1]."""
        return self._image(latents * (self.latent_std / TARGET_STD) + self.latent_mean).clamp(-1.0, 1.0)

    @torch.no_grad()
    def settle(self, images: Tensor) -> None:
        """Measure the latents of ``images``, so that ``encode`` standardises them from now on."""
        parts = [self._spread(images[at : at + AT_ONCE])[0] for at in range(0, len(images), AT_ONCE)]
        spread, mean = torch.std_mean(torch.cat(parts), dim=(0, 2, 3), keepdim=True)
        self.latent_mean.copy_(mean)
        self.latent_std.copy_(spread.clamp(min=1e-3))

    def phase_parameters(self, phase: str) -> list[nn.Parameter]:
        """The parameters that the optimiser of ``phase`` moves; none in a phase that is not the codec's."""
        parts = {AUTOENCODE: self.coder, CRITICISE: self.critic}
        return list(parts[phase].parameters()) if phase in parts else []

    def loss(self, images: Tensor, phase: str, step: int, generator: torch.Generator) -> LossTerms:
        """The loss of ``phase`` for ``(B, C, H, W)`` images; ``generator`` lives on the CPU."""
        if phase == CRITICISE:
            with torch.no_grad():
                back = self._blurred(images, generator)[0]
            doubt = self.critic.criticism(back, images)
            return LossTerms(doubt, {"critic": float(doubt.detach())})
        back, pull = self._blurred(images, generator)
        error, structure = (back - images).abs().mean(), structure_loss(back, images)
        total = error + self.weights.structure * structure + self.weights.pull * pull
        share = self.weights.critic * grown(step, self.weights.warm_up)
        if share:
            total = total + share * self.critic.disbelief(back)
        named = {"error": error, "structure": structure, "pull": pull}
        return LossTerms(total, {name: float(value.detach()) for name, value in named.items()})

    def _blurred(self, images: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Images decoded from latents with noise on them, and the mean divergence of a latent number."""
        mean, std = self._spread(images)
        noise = torch.randn(mean.shape, generator=generator).to(mean.device)
        pull = 0.5 * (mean.square() + std.square() - 1) - torch.log(std)
        return self._image(mean + std * noise), pull.mean()

    def _spread(self, images: Tensor) -> tuple[Tensor, Tensor]:
        mean, std = self.coder.encode(functional.pixel_unshuffle(images, self.shape.fold))
        return mean.float(), std.float()

    def _image(self, raw: Tensor) -> Tensor:
        return functional.pixel_shuffle(self.coder.decode(raw).float(), self.shape.fold)


def preceded(stages: Sequence[Stage], share: float) -> tuple[Stage, ...]:
    """The stages of a family that works in latents: ``share`` of the training for the codec, then ``stages``.

    Of the codec's losses one rises as the other falls, so their sum is not watched.
    """
    rest = (replace(stage, share=stage.share * (1.0 - share)) for stage in stages)
    return Stage(ENCODE, Autoencoder.phases, share, watched=False), *rest
