"""The diffusion family: five parts put together, each of which can be exchanged by an option.

Codec (space to depth, or one learnt in a stage before the others), networks (MONAI's U-Net), preconditioning (EDM or
straight path), objective (denoising) and sampler (a plain function, guided). In a second stage a copy of the network
may learn to jump over the sampler's walk, so that one to four steps are enough. This module only wires the parts to
the family contract.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from models.api import Batch, Condition, FamilyConfig, LossTerms, OnStep, Stage
from models.codecs.autoencoder import Autoencoder, CodecShape, preceded
from models.codecs.space_to_depth import SpaceToDepth
from models.families.diffusion_networks import DiffusionNetworks, denoiser
from models.families.diffusion_options import DiffusionOptions
from models.families.options import read_options, spelt_out
from models.nets.unet import ConditionedUNet
from models.objectives.denoising import denoising_loss
from models.objectives.jumps import drawn_jumps, jump_loss, jumped, walk
from models.paths.preconditioning import PRECONDITIONINGS
from models.sampling.guidance import Guidance, guided
from models.sampling.jumps import MOST_JUMPS, Jump, landings, leap, stretches
from models.sampling.solvers import EVALUATIONS_PER_STEP, SOLVERS, Denoise, levels
from models.training.seeds import noise

DENOISE, WEAKER, JUMP = "denoise", "weaker", "jump"


class Diffusion:
    """Conditional diffusion of folded pixels or of latents. See ``models.api.Family`` and ``models.api.Staged``."""

    def __init__(self, config: FamilyConfig) -> None:
        self.options = options = read_options(DiffusionOptions, config.family, config.options)
        options.check(config.size)
        self.config = spelt_out(config, options)
        self.stages = _stages(options)
        self.codec = _codec(config, options)
        self.path = PRECONDITIONINGS[options.path]()
        self.latent_shape = self.codec.latent_shape(config.channels, config.size)
        self.networks = DiffusionNetworks(config, options, self.latent_shape[0])
        if isinstance(self.codec, Autoencoder):
            self.networks.codec = self.codec

    @property
    def network(self) -> nn.Module:
        """All networks."""
        return self.networks

    @property
    def evaluations(self) -> int:
        """Network evaluations of an image by default: a guided one counts twice, whichever network is the other."""
        options = self.options
        guidance = Guidance(options.guidance, options.guidance_interval)
        return guidance.evaluations(self._sigmas(options.steps)) * EVALUATIONS_PER_STEP[options.solver]

    def parameters(self, phase: str) -> list[nn.Parameter]:
        """The weights of the network that ``phase`` trains."""
        if isinstance(self.codec, Autoencoder) and phase in self.codec.phases:
            return self.codec.phase_parameters(phase)
        trained = {DENOISE: self.networks.main, WEAKER: self.networks.weaker, JUMP: self.networks.jumper}.get(phase)
        return list(trained.parameters()) if trained is not None else []

    def enter(self, stage: str, examples: Batch) -> None:
        """A codec is settled, the network that jumps is copied from the denoiser; see ``models.api.Staged``."""
        if stage == DENOISE and isinstance(self.codec, Autoencoder):
            self.codec.settle(examples.images)
        if stage == JUMP:
            self.networks.begin_jumps()

    def loss(self, batch: Batch, phase: str, step: int, generator: torch.Generator) -> LossTerms:
        """Denoising loss, or that of the jumps, with the class hidden from a share of the images; or the codec's."""
        if isinstance(self.codec, Autoencoder) and phase in self.codec.phases:
            return self.codec.loss(batch.images, phase, step, generator)
        if phase == JUMP:
            total = self._jump_loss(batch, generator)
            return LossTerms(total, {"jumping": float(total.detach())})
        if phase == WEAKER and self.networks.weaker is not None:
            part = batch.first(max(1, round(self.options.weaker_batch * len(batch.images))))
            return LossTerms(self._denoising_loss(self.networks.weaker, part, generator), {})
        total = self._denoising_loss(self.networks.main, batch, generator)
        return LossTerms(total, {"denoising": float(total.detach())})

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
        """Guided sampling; ``steps`` are network evaluations, of which a guided one counts as one, at least one.

        Up to four steps are jumps where these were learnt: they have learnt the default guidance with them, and
        ``guidance`` does not change it.
        """
        sigmas = self._sigmas(self.options.steps if steps is None else steps)
        start = noise(seeds, self.latent_shape).to(self._device) * sigmas[0]
        asked, told = condition.to(self._device), on_step or _ignore
        if steps is not None and steps <= MOST_JUMPS and self.networks.can_jump:
            stops = landings(self._sigmas(self.options.steps), steps, self.options.jump_middle)
            latents = leap(self._jump(asked), start, stops, told)
        else:
            latents = SOLVERS[self.options.solver](self._guided(asked, guidance), start, sigmas, told)
        return self.codec.decode(latents)

    @property
    def _device(self) -> torch.device:
        return next(self.networks.parameters()).device

    def _sigmas(self, evaluations: int) -> tuple[float, ...]:
        (low, high), per_step = self.options.noise_range, EVALUATIONS_PER_STEP[self.options.solver]
        return levels(-(-evaluations // per_step), lowest=low, highest=high, bend=self.options.bend)

    def _guided(self, condition: Condition, weight: float | None = None) -> Denoise:
        options, weaker = self.options, self.networks.weaker
        return guided(
            denoiser(self.networks.main, self.path),
            condition,
            Guidance(options.guidance if weight is None else weight, options.guidance_interval),
            weaker=None if weaker is None else denoiser(weaker, self.path),
        )

    def _denoising_loss(self, net: ConditionedUNet, batch: Batch, generator: torch.Generator) -> Tensor:
        condition = batch.condition.thinned(self.options.label_dropout, generator)

        def raw(latents: Tensor, time: Tensor) -> Tensor:
            output: Tensor = net(latents, time, condition, batch.augmentation)
            return output

        return denoising_loss(raw, self.path, self.codec.encode(batch.images), generator)

    def _jump_loss(self, batch: Batch, generator: torch.Generator) -> Tensor:
        """Some conditions of the batch start a walk each, from which several jumps are learnt."""
        options, sigmas = self.options, self._sigmas(self.options.steps)
        wanted = stretches(sigmas, options.jump_middle)
        count = max(1, len(batch.condition) // len(wanted))
        condition = batch.condition[:count].thinned(options.label_dropout, generator)
        start = torch.randn((count, *self.latent_shape), generator=generator).to(self._device) * sigmas[0]
        with torch.no_grad():
            states = walk(SOLVERS[options.solver], self._guided(condition), start, sigmas)
        told = condition
        for _ in wanted[1:]:
            told = told.followed_by(condition)
        return jump_loss(self.networks.jumping(told), self.path, drawn_jumps(states, wanted, generator))

    def _jump(self, condition: Condition) -> Jump:
        raw = self.networks.jumping(condition)

        def jump(noisy: Tensor, sigma: float, target: float) -> Tensor:
            now, then = (noisy.new_full((len(noisy),), level) for level in (sigma, target))
            return jumped(raw, self.path, noisy, now, then)

        return jump


def _codec(config: FamilyConfig, options: DiffusionOptions) -> SpaceToDepth | Autoencoder:
    if options.latent:
        return Autoencoder(config.channels, CodecShape(fold=options.unshuffle, channels=options.codec_channels))
    return SpaceToDepth(options.unshuffle, options.pixel_mean, options.pixel_std)


def _stages(options: DiffusionOptions) -> tuple[Stage, ...]:
    phases = (DENOISE, WEAKER) if options.guide == "weaker" else (DENOISE,)
    stages = [Stage(DENOISE, phases, 1.0 - options.jump_share)]
    if options.jump_share:
        stages.append(Stage(JUMP, (JUMP,), options.jump_share, watched=False))
    return preceded(stages, options.latent_share) if options.latent else tuple(stages)


def _ignore(done: int, total: int) -> None:
    """Nobody watches the steps."""


def build(config: FamilyConfig) -> Diffusion:
    """The registry's builder."""
    return Diffusion(config)
