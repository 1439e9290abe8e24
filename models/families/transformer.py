"""The transformer family: an image as a grid of codes, the codes guessed a few at a time.

Codec (finite scalar quantisation over MONAI's residual units), network (bidirectional transformer), objective (masked
guessing) and sampler (masked decoding, guided). The codec is learnt first and then kept still. This module only wires
them to the family contract.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.api import Batch, Condition, FamilyConfig, LossTerms, OnStep, Stage
from models.codecs.space_to_depth import SpaceToDepth
from models.codecs.vector_quantised import QuantisedCodec, reconstruction_loss
from models.families.options import read_options, spelt_out
from models.nets.token_transformer import CodeShape, FeatureDropout, TokenTransformer
from models.objectives.masked_tokens import Guess, masked_loss
from models.sampling.masked_decoding import decode_masked
from models.training.augment import PARAMETERS

ENCODE, PREDICT = "encode", "predict"
TOGETHER = 16
"""Images whose hidden codes are guessed in one evaluation."""


@dataclass(frozen=True, slots=True)
class TransformerOptions:
    """Options of the family, as they stand in ``FamilyConfig.options``.

    Attributes:
        unshuffle: pixels folded along each side before the codec's first convolution.
        channels: of the codec, per resolution; each further one halves both sides.
        numbers, levels: numbers at each place of the grid of codes, and levels that each can take.
        code_noise: share of the codes that are moved a little while the codec learns.
        width, depth, heads: of the transformer.
        fold: places along each side that it sees as one token.
        dropout: share of its features that are dropped in training.
        token_noise: share of the numbers in sight that are wrong in training.
        label_dropout: share of training images whose class is hidden, so that guidance has a side to compare with.
        steps: default network evaluations per image (without guidance).
        guidance: default guidance weight.
        temperature, wander: of the draws (see ``decode_masked``).
        pixel_mean, pixel_std: of the training images.
    """

    unshuffle: int = 2
    channels: tuple[int, ...] = (64, 128)
    numbers: int = 6
    levels: int = 8
    code_noise: float = 0.1
    width: int = 256
    depth: int = 4
    heads: int = 4
    fold: int = 2
    dropout: float = 0.1
    token_noise: float = 0.05
    label_dropout: float = 0.12
    steps: int = 8
    guidance: float = 1.5
    temperature: float = 0.85
    wander: float = 1.0
    pixel_mean: float = 0.0
    pixel_std: float = 0.5


class Transformer:
    """Class-conditional masked modelling of codes. See ``models.api.Family``, ``Staged`` and ``Reconstructs``."""

    stages = (Stage(ENCODE, (ENCODE,), 0.35), Stage(PREDICT, (PREDICT,), 0.65))

    def __init__(self, config: FamilyConfig) -> None:
        self.options = options = read_options(TransformerOptions, config.family, config.options)
        self.config = spelt_out(config, options)
        if config.size % (options.fold * options.unshuffle * 2 ** (len(options.channels) - 1)):
            raise ValueError(f"transformer: a size of {config.size} does not divide into these codes")
        fold = SpaceToDepth(options.unshuffle, options.pixel_mean, options.pixel_std)
        image = (config.channels, config.size)
        self.codec = QuantisedCodec(fold, image, options.channels, (options.numbers, options.levels))
        self.shape = CodeShape(self.codec.grid, options.numbers, options.levels)
        self.predictor = TokenTransformer(
            self.shape,
            classes=len(config.classes),
            attributes=config.attributes,
            augmentations=PARAMETERS,
            width=options.width,
            depth=options.depth,
            heads=options.heads,
            fold=options.fold,
        )
        self.net = nn.ModuleDict({"codec": self.codec, "predictor": self.predictor})

    @property
    def network(self) -> nn.Module:
        """Codec and transformer."""
        return self.net

    def parameters(self, phase: str) -> list[nn.Parameter]:
        """The codec's weights while it learns, then the transformer's."""
        return list({ENCODE: self.codec, PREDICT: self.predictor}[phase].parameters())

    def loss(self, batch: Batch, phase: str, step: int, generator: torch.Generator) -> LossTerms:
        """Reconstruction of the images, or cross-entropy of hidden codes in nats.

        Without gradients, where held-out images are looked at, no features are dropped.
        """
        options = self.options
        if phase == ENCODE:
            total = reconstruction_loss(self.codec, batch.images, options.code_noise, generator)
            return LossTerms(total, {"reconstruction": float(total.detach())})
        condition = batch.condition.thinned(options.label_dropout, generator)
        with torch.no_grad():
            codes = self.codec.encode(batch.images)
        dropout = FeatureDropout(options.dropout, generator) if torch.is_grad_enabled() else None

        def guess(seen: Tensor) -> Tensor:
            logits: Tensor = self.predictor(seen, condition, batch.augmentation, dropout)
            return logits

        total = masked_loss(guess, codes, options.token_noise, generator)
        return LossTerms(total, {"codes": float(total.detach())})

    @torch.no_grad()
    def enter(self, stage: str, examples: Batch) -> None:
        """The transformer starts from how often each level stands at each place of ``examples``."""
        self.predictor.expect(self.codec.encode(examples.images))

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
        """Guided masked decoding; ``steps`` are network evaluations, at least one."""
        options = self.options
        device = self.predictor.position.device
        codes = decode_masked(
            self._guess(condition.to(device), options.guidance if guidance is None else guidance),
            seeds,
            self.shape,
            device,
            steps=options.steps if steps is None else steps,
            temperature=options.temperature,
            wander=options.wander,
            on_step=on_step or _ignore,
        )
        return self.codec.decode(codes)

    @torch.no_grad()
    def reconstruct(self, images: Tensor, condition: Condition) -> Tensor:
        """Written down as codes and read again; the condition plays no part."""
        return self.codec.decode(self.codec.encode(images))

    def _guess(self, condition: Condition, weight: float) -> Guess:
        """Guided odds, always of as many images at once, the last ones repeated where there are fewer.

        What is drawn hangs on comparisons of odds, and the last bits of a product of matrices hang on its shape.
        """
        plain = torch.zeros((2 * TOGETHER, PARAMETERS), device=self.predictor.position.device)

        def together(numbers: Tensor, codes: Tensor) -> Tensor:
            asked = condition[numbers]
            if weight == 1.0:
                alone: Tensor = self.predictor(codes, asked, plain[:TOGETHER])
                return alone
            both: Tensor = self.predictor(codes.repeat(2, 1, 1), asked.followed_by(asked.dropped()), plain)
            told, free = both.chunk(2)
            return free + weight * (told - free)

        def guess(codes: Tensor) -> Tensor:
            first = range(0, len(codes), TOGETHER)
            rows = [torch.arange(at, at + TOGETHER, device=codes.device).clamp(max=len(codes) - 1) for at in first]
            return torch.cat([together(numbers, codes[numbers]) for numbers in rows])[: len(codes)]

        return guess


def _ignore(done: int, total: int) -> None:
    """Nobody watches the steps."""


def build(config: FamilyConfig) -> Transformer:
    """The registry's builder."""
    return Transformer(config)
