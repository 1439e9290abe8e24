"""The GAN family: one step from noise to image.

Codec (space to depth), networks (a styled generator, an encoder and a projection critic), objectives (an outline from
codes; paired ranking with penalties on both sides), views (differentiable augmentation) and sampler (one drawing).
This module only wires them to the family contract.

A generator that begins with nothing needs hundreds of thousands of images before it draws more than one slice of a
class. So it first learns the outline of every training image from that image's code, as the decoder of a VAE does;
then it competes. Half of what it draws while competing comes from codes still, is paired with the very image that the
code is of, and has to stay true to it: no image can be given up (after Larsen et al. 2016, "Autoencoding beyond pixels
using a learned similarity metric").
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
from models.nets.coders import Encoder
from models.nets.gan_critic import Critic
from models.nets.gan_generator import Generator
from models.objectives.fidelity import fidelity_loss
from models.objectives.relativistic import gradient_penalty, ranking_loss
from models.training.augment import PARAMETERS
from models.training.diffaugment import CriticView
from models.training.seeds import noise

OUTLINE, CRITICISE, GENERATE = "outline", "criticise", "generate"
CALM = 0.1
"""Of the learning rate, what is left where two networks compete: at the full rate each chases the other's last step."""
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
        outlined: share of the training in which outlines are learnt.
        warm_up: steps over which the divergence of codes from normal numbers gains its full weight.
        coded: share of the images drawn from codes while competing.
        anchor: weight of staying true to them.
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
    outlined: float = 0.7
    warm_up: int = 200
    coded: float = 0.5
    anchor: float = 8.0
    penalty: float = 0.2
    penalised: float = 0.125
    view_share: float = 0.4
    label_dropout: float = 0.1
    guidance: float = 1.0
    pixel_mean: float = 0.0
    pixel_std: float = 0.5


class Gan:
    """Class-conditional GAN. See ``models.api.Family``."""

    def __init__(self, config: FamilyConfig) -> None:
        self.options = options = read_options(GanOptions, config.family, config.options)
        self.config = spelt_out(config, options)
        if config.size % (options.unshuffle * 2 ** (len(options.channels) - 1)):
            raise ValueError(f"gan: a size of {config.size} does not divide into this network's levels")
        self.codec = SpaceToDepth(options.unshuffle, options.pixel_mean, options.pixel_std)
        self.view = CriticView(options.view_share)
        self.stages = (
            Stage("outline", (OUTLINE,), options.outlined),
            Stage("compete", (CRITICISE, GENERATE), 1.0 - options.outlined, watched=False, rate=CALM),
        )
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
        self.encoder = Encoder(shape, told, options.channels, options.latent)
        self.net = nn.ModuleDict({"generator": self.generator, "critic": self.critic, "encoder": self.encoder})
        # Steps take half as long again otherwise, on a processor.
        self.net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    @property
    def network(self) -> nn.Module:
        """Generator, critic and encoder."""
        return self.net

    def parameters(self, phase: str) -> list[nn.Parameter]:
        """What the phase moves."""
        parts = {OUTLINE: ("encoder", "generator"), CRITICISE: ("critic",), GENERATE: ("generator",)}
        return [parameter for part in parts.get(phase, ()) for parameter in self.net[part].parameters()]

    def loss(self, batch: Batch, phase: str, step: int, generator: torch.Generator) -> LossTerms:
        """Outlines, or one side of the game; images are paired in what is asked and how they were moved."""
        condition = batch.condition.thinned(self.options.label_dropout, generator)
        asked = Batch(batch.images, condition, batch.augmentation)
        if phase == OUTLINE:
            return self._outlined(asked, step, generator)
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

    def _outlined(self, batch: Batch, step: int, random: torch.Generator) -> LossTerms:
        """Negative evidence bound per pixel, with normal numbers as the codes' prior."""
        mean, log_variance = self._coded(batch)
        codes = _near(mean, log_variance, self._latents(batch, random))
        error, named = self._untrue(self._pixels(self.generator(codes, batch.condition, batch.augmentation)), batch)
        apart = 0.5 * (mean.square() + log_variance.exp() - log_variance - 1.0).sum(dim=1).mean()
        divergence = apart / batch.images[0].numel()
        weight = min(1.0, (step + 1) / max(1, self.options.warm_up))
        return LossTerms(error + weight * divergence, named | {"divergence": float(divergence.detach())})

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
        named, part = {"generator": float(loss.detach())}, self._part(batch)
        if part is None:
            return LossTerms(loss, named)
        error, told = self._untrue(fakes[: len(part.images)], part)
        return LossTerms(loss + self.options.anchor * error, named | told)

    def _fakes(self, batch: Batch, random: torch.Generator) -> Tensor:
        """Drawn from codes where there are some, and from normal numbers."""
        latents, part = self._latents(batch, random), self._part(batch)
        if part is not None:
            with torch.no_grad():
                mean, log_variance = self._coded(part)
            latents = torch.cat([_near(mean, log_variance, latents[: len(mean)]), latents[len(mean) :]])
        return self._pixels(self.generator(latents, batch.condition, batch.augmentation))

    def _part(self, batch: Batch) -> Batch | None:
        """Those of ``batch`` that are drawn from their codes."""
        count = round(len(batch.images) * self.options.coded)
        return batch.first(count) if count else None

    def _coded(self, batch: Batch) -> tuple[Tensor, Tensor]:
        mean, log_variance = self.encoder(self.codec.encode(batch.images), batch.condition, batch.augmentation)
        return mean, log_variance

    def _latents(self, batch: Batch, random: torch.Generator) -> Tensor:
        return torch.randn((len(batch.images), self.options.latent), generator=random).to(batch.images.device)

    def _untrue(self, drawn: Tensor, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        error = ((drawn - batch.images) / self.options.pixel_std).square().mean()
        return fidelity_loss(error, drawn, batch.images)

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


def _near(mean: Tensor, log_variance: Tensor, normal: Tensor) -> Tensor:
    return mean + torch.exp(0.5 * log_variance) * normal


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
