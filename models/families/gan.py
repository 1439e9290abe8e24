"""The GAN family: one step from noise to image, sharp from the start, with no number for how good it is.

Codec (space to depth), networks (a styled generator and a projection critic), objective (paired ranking with
penalties on both sides), views (differentiable augmentation) and sampler (one drawing). This module only wires them
to the family contract.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.api import Batch, Condition, FamilyConfig, LossTerms, OnStep, Stage
from models.codecs.space_to_depth import SpaceToDepth
from models.families.options import read_options, spelt_out
from models.nets.gan_critic import Critic
from models.nets.gan_generator import Generator
from models.objectives.relativistic import gradient_penalty, ranking_loss
from models.training.augment import PARAMETERS
from models.training.diffaugment import CriticView
from models.training.seeds import noise

CRITICISE, GENERATE = "criticise", "generate"
TYPICAL = 64
"""Latents whose mean style is what guidance pulls towards."""


@dataclass(frozen=True, slots=True)
class GanOptions:
    """Options of the family, as they stand in ``FamilyConfig.options``.

    Attributes:
        unshuffle: pixels folded along each side before critic and after generator.
        channels: channels per level of both; each further level halves both sides.
        width: length of styles and of what the critic compares.
        latent: normal numbers behind one image.
        norm_groups: of the generator's normalisation.
        penalty: gamma of the gradient penalties at 32 pixels; it grows with the number of pixels.
        penalised: share of the batch that the penalties are taken at, at least one image: in every step those dealt
            first, whose mean is the whole batch's in expectation, at a part of its price.
        view_share: share of the images that each change of the critic's views is made to; 0 for none.
        label_dropout: share of training images whose class is hidden.
        guidance: 1 for all the variety there is; above it, images closer to the typical one of their condition.
        pixel_mean, pixel_std: of the training images.
    """

    unshuffle: int = 2
    channels: tuple[int, ...] = (48, 96, 192)
    width: int = 128
    latent: int = 64
    norm_groups: int = 8
    penalty: float = 0.2
    penalised: float = 0.25
    view_share: float = 0.4
    label_dropout: float = 0.1
    guidance: float = 1.0
    pixel_mean: float = 0.0
    pixel_std: float = 0.5


class Gan:
    """Class-conditional GAN. See ``models.api.Family``."""

    stages = (Stage("compete", (CRITICISE, GENERATE), watched=False),)

    def __init__(self, config: FamilyConfig) -> None:
        self.options = options = read_options(GanOptions, config.family, config.options)
        self.config = spelt_out(config, options)
        if config.size % (options.unshuffle * 2 ** (len(options.channels) - 1)):
            raise ValueError(f"gan: a size of {config.size} does not divide into this network's levels")
        self.codec = SpaceToDepth(options.unshuffle, options.pixel_mean, options.pixel_std)
        self.view = CriticView(options.view_share)
        shape = self.codec.latent_shape(config.channels, config.size)
        told = (len(config.classes), config.attributes)
        self.generator = Generator(
            (config.channels, config.size, config.size),
            told,
            augmentations=PARAMETERS,
            latent=options.latent,
            width=options.width,
            channels=options.channels,
            groups=options.norm_groups,
            factor=options.unshuffle,
        )
        self.critic = Critic(shape, told, augmentations=PARAMETERS, width=options.width, channels=options.channels)
        self.net = nn.ModuleDict({"generator": self.generator, "critic": self.critic})
        # Steps take half as long again otherwise, on a processor.
        self.net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    @property
    def network(self) -> nn.Module:
        """Generator and critic."""
        return self.net

    def parameters(self, phase: str) -> list[nn.Parameter]:
        """The critic's weights or the generator's."""
        parts: dict[str, nn.Module] = {CRITICISE: self.critic, GENERATE: self.generator}
        return list(parts[phase].parameters()) if phase in parts else []

    def loss(self, batch: Batch, phase: str, step: int, generator: torch.Generator) -> LossTerms:
        """One side of the game; real and generated images are paired in what is asked and how they were moved."""
        condition = batch.condition.thinned(self.options.label_dropout, generator)
        asked = Batch(batch.images, condition, batch.augmentation)
        return self._criticised(asked, generator) if phase == CRITICISE else self._generated(asked, generator)

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
        """Draw each image from its own latent: always one step, of images that were never moved."""
        device = next(self.generator.parameters()).device
        condition = condition.to(device)
        style = self._style(noise(seeds, (self.options.latent,)).to(device), condition)
        weight = self.options.guidance if guidance is None else guidance
        if weight > 1.0:
            style = torch.lerp(self._typical(condition), style, 1.0 / weight)
        images = self._pixels(self.generator.drawn(style)).clamp(-1.0, 1.0)
        if on_step is not None:
            on_step(1, 1)
        return images

    def _criticised(self, batch: Batch, random: torch.Generator) -> LossTerms:
        with torch.no_grad():
            fakes = self._fakes(batch, random)
        real, fake = self._shown(batch.images, random), self._shown(fakes, random)
        scores = self.critic(torch.cat([real, fake]), *_twice(batch))
        loss = ranking_loss(*scores.chunk(2))
        part = batch.first(max(1, round(len(real) * self.options.penalised)))
        points = torch.cat([real[: len(part.images)], fake[: len(part.images)]])
        told = _twice(part)
        penalty = gradient_penalty(lambda images: self.critic(images, *told), points)
        # As many points of either side lie in one mean: gamma / 2 times (R1 + R2) is gamma times it.
        weight = self.options.penalty * (self.config.size / 32) ** 2
        named = {"critic": float(loss.detach()), "penalty": float(penalty.detach())}
        return LossTerms(loss + weight * penalty, named)

    def _generated(self, batch: Batch, random: torch.Generator) -> LossTerms:
        fakes = self._fakes(batch, random)
        with torch.no_grad():
            real = self.critic(self._shown(batch.images, random), batch.condition, batch.augmentation)
        with _frozen(self.critic):
            fake = self.critic(self._shown(fakes, random), batch.condition, batch.augmentation)
        loss = ranking_loss(fake, real)
        return LossTerms(loss, {"generator": float(loss.detach())})

    def _fakes(self, batch: Batch, random: torch.Generator) -> Tensor:
        latents = torch.randn((len(batch.images), self.options.latent), generator=random).to(batch.images.device)
        return self._pixels(self.generator(latents, batch.condition, batch.augmentation))

    def _shown(self, images: Tensor, random: torch.Generator) -> Tensor:
        return self.codec.encode(self.view.of(images, random))

    def _pixels(self, drawn: Tensor) -> Tensor:
        return drawn.float() * self.options.pixel_std + self.options.pixel_mean

    def _style(self, latents: Tensor, condition: Condition) -> Tensor:
        return self.generator.style(latents, condition, latents.new_zeros((len(latents), PARAMETERS)))

    def _typical(self, condition: Condition) -> Tensor:
        many = noise(range(TYPICAL), (self.options.latent,)).to(condition.labels.device)
        rows = torch.arange(len(condition)).repeat_interleave(TYPICAL)
        styles = self._style(many.repeat(len(condition), 1), condition[rows.to(condition.labels.device)])
        return styles.view(len(condition), TYPICAL, -1).mean(dim=1)


def _twice(batch: Batch) -> tuple[Condition, Tensor]:
    """What is asked of the real and of the generated half."""
    return batch.condition.followed_by(batch.condition), batch.augmentation.repeat(2, 1)


@contextmanager
def _frozen(network: nn.Module) -> Iterator[None]:
    """No gradient reaches the network's own weights from what is computed inside."""
    network.requires_grad_(False)
    try:
        yield
    finally:
        network.requires_grad_(True)


def build(config: FamilyConfig) -> Gan:
    """The registry's builder."""
    return Gan(config)
