"""A learned codec between an image and a small grid of whole numbers.

Every grid place holds a few numbers, each one of a handful of levels: finite scalar quantisation (Mentzer et al. 2023).
Against a learned codebook it has no dead codes, no codebook loss and nothing to average by hand, which matters most
where there are few images. The coders are MONAI's residual units over folded pixels. It knows pixels and codes, not
how codes are modelled.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from monai.networks.blocks import Convolution, ResidualUnit, UpSample
from torch import Tensor, nn
from torch.nn import functional

from models.codecs.space_to_depth import SpaceToDepth

NORM = ("GROUP", {"num_groups": 8})
ACT = "GELU"


class FiniteScalarQuantiser:
    """Numbers to the nearest of ``levels`` evenly spaced values in [-1, 1], and back."""

    def __init__(self, levels: int) -> None:
        if levels < 2:
            raise ValueError(f"a code needs at least 2 levels, not {levels}")
        self.levels = levels

    def quantise(self, raw: Tensor) -> Tensor:
        """Any real numbers to their values; the gradient passes as if nothing were rounded (straight through)."""
        within = torch.tanh(raw.float()) * (0.5 * (self.levels - 1))
        return (within + (self._rounded(within) - within).detach()) / (0.5 * (self.levels - 1))

    def values(self, codes: Tensor) -> Tensor:
        """Codes, whole numbers in 0..levels-1, to values in [-1, 1]."""
        return codes.float() / (0.5 * (self.levels - 1)) - 1.0

    def codes(self, values: Tensor) -> Tensor:
        """The code nearest to each value; the inverse of ``values``."""
        return ((values + 1.0) * (0.5 * (self.levels - 1))).round().long().clamp(0, self.levels - 1)

    def _rounded(self, within: Tensor) -> Tensor:
        """To the nearest level: whole numbers where their count is odd, halves where it is even."""
        shift = 0.5 * ((self.levels - 1) % 2)
        largest = 0.5 * (self.levels - 1)
        return ((within + shift).round() - shift).clamp(-largest, largest)


class QuantisedCodec(nn.Module):
    """Images to codes and back.

    Attributes:
        grid: places along each side of the grid of codes.
    """

    def __init__(
        self, fold: SpaceToDepth, shape: tuple[int, int], channels: Sequence[int], codes: tuple[int, int]
    ) -> None:
        """
        Args:
            fold: how pixels are standardised and folded before the first convolution.
            shape: (channels, side) of an image.
            channels: of each resolution; every further one halves the sides.
            codes: (numbers at each place, levels of each number).
        """
        super().__init__()
        self.fold = fold
        self.quantiser = FiniteScalarQuantiser(codes[1])
        folded, side, _ = fold.latent_shape(*shape)
        self.grid = side >> (len(channels) - 1)
        self.encoder = _encoder(folded, channels, codes[0])
        self.decoder = _decoder(codes[0], channels, folded)

    def raw(self, images: Tensor) -> Tensor:
        """``(B, C, H, W)`` in [-1, 1] to ``(B, D, h, w)`` numbers to be quantised."""
        output: Tensor = self.encoder(self.fold.encode(images))
        return output.float()

    def encode(self, images: Tensor) -> Tensor:
        """``(B, C, H, W)`` in [-1, 1] to codes ``(B, h*w, D)``, place by place."""
        values = self.quantiser.quantise(self.raw(images))
        return self.quantiser.codes(values).flatten(2).transpose(1, 2)

    def folded(self, values: Tensor) -> Tensor:
        """Values ``(B, D, h, w)`` to the standardised, folded image."""
        output: Tensor = self.decoder(values)
        return output.float()

    def decode(self, codes: Tensor) -> Tensor:
        """Codes ``(B, h*w, D)`` to ``(B, C, H, W)`` in [-1, 1]."""
        values = self.quantiser.values(codes).transpose(1, 2)
        return self.fold.decode(self.folded(values.reshape(len(codes), -1, self.grid, self.grid)))


def reconstruction_loss(codec: QuantisedCodec, images: Tensor, noise: float, generator: torch.Generator) -> Tensor:
    """How far decoded images are from ``images``: absolute errors of pixels and of their differences to neighbours.

    The second term keeps edges that the first alone would blur. A share ``noise`` of the values is moved within a
    level of where it was, so that the decoder stays sensible where a drawn code is a little off; and half of the images
    are decoded from the first few numbers of each place alone, so that these hold what matters most (nested dropout,
    Rippel et al. 2014).

    Args:
        codec: in training.
        images: ``(B, C, H, W)`` in [-1, 1].
        noise: share of the values that are moved.
        generator: on the CPU; all noise comes from it.
    """
    values = codec.quantiser.quantise(codec.raw(images))
    moved = torch.rand(values.shape, generator=generator) < noise
    shift = (torch.rand(values.shape, generator=generator) * 2 - 1) * moved * (2 / (codec.quantiser.levels - 1))
    kept = _kept(len(values), values.shape[1], generator).to(values)
    factor = codec.fold.factor
    wanted = functional.pixel_shuffle(codec.fold.encode(images), factor)
    found = functional.pixel_shuffle(codec.folded((values + shift.to(values)) * kept[:, :, None, None]), factor)
    error = found - wanted
    edges = (error.diff(dim=2).abs().mean() + error.diff(dim=3).abs().mean()) / 2
    return error.abs().mean() + edges


def _kept(count: int, numbers: int, generator: torch.Generator) -> Tensor:
    """``(count, numbers)`` ones and, after a place of each image's own, zeros; half of the images keep all."""
    first = torch.randint(1, numbers + 1, (count,), generator=generator)
    whole = torch.rand(count, generator=generator) < 0.5
    return (torch.arange(numbers) < torch.where(whole, numbers, first)[:, None]).float()


def _residual(inside: int, outside: int, strides: int = 1) -> ResidualUnit:
    return ResidualUnit(2, inside, outside, strides=strides, subunits=2, norm=NORM, act=ACT)


def _encoder(folded: int, channels: Sequence[int], numbers: int) -> nn.Sequential:
    layers: list[nn.Module] = [Convolution(2, folded, channels[0], norm=NORM, act=ACT)]
    layers += [_residual(inside, outside, 2) for inside, outside in pairwise(channels)]
    layers += [_residual(channels[-1], channels[-1]), Convolution(2, channels[-1], numbers, conv_only=True)]
    return nn.Sequential(*layers)


def _decoder(numbers: int, channels: Sequence[int], folded: int) -> nn.Sequential:
    layers: list[nn.Module] = [Convolution(2, numbers, channels[-1], conv_only=True)]
    layers += [_residual(channels[-1], channels[-1])]
    for inside, outside in pairwise(reversed(channels)):
        layers += [UpSample(2, inside, outside, 2, mode="deconv"), _residual(outside, outside)]
    layers += [Convolution(2, channels[0], folded, conv_only=True)]
    return nn.Sequential(*layers)
