"""A normalizing flow of causal transformers: an invertible map from tokens to normal noise, with its determinant.

Each block shifts and scales every token by what a transformer says of the tokens before it (masked autoregressive
flow, Papamakarios et al. 2017; with transformers and patches: TarFlow, Zhai et al. 2024). Blocks read the
tokens in alternating order. One way is a single pass; the way back goes token by token. It knows tokens and
conditions, not images, noise levels or losses.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.api import Attribute, Condition
from models.nets.conditioning import ConditionEmbedding
from models.nets.flow_attention import CausalLayer, Memory

OnToken = Callable[[int, int], None]
"""Called after each token of a block on the way back with (tokens done, tokens in all), over all blocks."""


@dataclass(frozen=True, slots=True)
class Sequences:
    """What the tokens are, and what is known of an image besides.

    Attributes:
        tokens: of an image.
        width: values of a token.
        classes: of images.
        attributes: of images.
        augmentations: parameters of the augmentation.
    """

    tokens: int
    width: int
    classes: int
    attributes: tuple[Attribute, ...]
    augmentations: int


@dataclass(frozen=True, slots=True)
class Known:
    """What a batch is told.

    Attributes:
        condition: of ``B`` images.
        augmentation: ``(B, A)`` parameters of the augmentation applied to them.
    """

    condition: Condition
    augmentation: Tensor

    def with_dropped(self) -> Known:
        """Twice the batch, the second time without condition."""
        free = self.condition.dropped()
        return Known(self.condition.followed_by(free), self.augmentation.repeat(2, 1))


class AutoregressiveBlock(nn.Module):
    """One affine autoregressive map: z_i = (x_i - shift_i) exp(-log_scale_i), both told by x_1 .. x_(i-1)."""

    def __init__(self, sequences: Sequences, *, width: int, layers: int, heads: int, bound: float) -> None:
        super().__init__()
        self.bound = bound
        self.condition = ConditionEmbedding(sequences.classes, sequences.attributes, width)
        self.inlet = nn.Linear(sequences.width + sequences.augmentations, width)
        self.positions = nn.Parameter(0.02 * torch.randn(sequences.tokens, width))
        self.layers = nn.ModuleList(CausalLayer(width, heads) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, 2 * sequences.width)
        nn.init.zeros_(self.head.weight)  # the flow begins as the identity
        nn.init.zeros_(self.head.bias)

    def forward(self, tokens: Tensor, known: Known) -> tuple[Tensor, Tensor]:
        """``(B, N, D)`` in this block's order to the mapped tokens and ``(B,)`` logarithms of the determinant."""
        shift, log_scale = self.affine(tokens, known)
        return (tokens - shift) * torch.exp(-log_scale), -log_scale.sum(dim=(1, 2))

    def affine(self, tokens: Tensor, known: Known) -> tuple[Tensor, Tensor]:
        """Shift and log-scale of every token, each ``(B, N, D)`` and made of the tokens before it."""
        before = torch.cat([torch.zeros_like(tokens[:, :1]), tokens[:, :-1]], dim=1)
        x = self._entering(before, known.augmentation) + self.positions + self.condition(known.condition)[:, None]
        for layer in self.layers:
            x = layer(x)
        return self._bounded(x)

    def inverse(self, noise: Tensor, known: Known, weight: float, on_token: Callable[[], None]) -> Tensor:
        """The tokens that ``forward`` maps to ``noise``, one after the other.

        Args:
            noise: ``(B, N, D)`` in this block's order.
            known: what the batch is told.
            weight: of guidance; 1 for none. It takes effect linearly with the position (Zhai et al. 2024):
                the first tokens have seen nothing that could say how typical they are.
            on_token: called after each token.
        """
        guided = weight != 1.0
        told = known.with_dropped() if guided else known
        fixed = self.positions + self.condition(told.condition)[:, None]
        memories = [Memory(noise.shape[1]) for _ in self.layers]
        done = [torch.zeros_like(noise[:, :1])]
        for index in range(noise.shape[1]):
            before = done[-1].repeat(2, 1, 1) if guided else done[-1]
            x = self._entering(before, told.augmentation) + fixed[:, index : index + 1]
            for layer, memory in zip(self.layers, memories, strict=True):
                x = layer(x, memory)
            shift, log_scale = self._bounded(x)
            if guided:
                here = 1.0 + (weight - 1.0) * index / max(1, noise.shape[1] - 1)
                shift, log_scale = _guided(shift, here), _guided(log_scale, here)
            done.append(noise[:, index : index + 1] * torch.exp(log_scale) + shift)
            on_token()
        return torch.cat(done[1:], dim=1)

    def _entering(self, before: Tensor, augmentation: Tensor) -> Tensor:
        told = augmentation[:, None].expand(-1, before.shape[1], -1).to(before.dtype)
        entering: Tensor = self.inlet(torch.cat([before, told], dim=2))
        return entering

    def _bounded(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Shift and log-scale in float32 whatever the layers ran in; log-scales stay within the bound."""
        with torch.autocast(x.device.type, enabled=False):
            shift, raw = self.head(self.norm(x.float())).chunk(2, dim=2)
            return shift, self.bound * torch.tanh(raw / self.bound)


class AutoregressiveFlow(nn.Module):
    """Blocks in a row; every second reads the tokens from the end."""

    def __init__(
        self, sequences: Sequences, *, width: int, layers: Sequence[int], heads: int, bound: float = 4.0
    ) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            AutoregressiveBlock(sequences, width=width, layers=count, heads=heads, bound=bound) for count in layers
        )

    def forward(self, tokens: Tensor, known: Known) -> tuple[Tensor, Tensor]:
        """``(B, N, D)`` tokens to noise of the same shape and ``(B,)`` logarithms of the determinant."""
        total = tokens.new_zeros(len(tokens))
        for number, block in enumerate(self.blocks):
            ordered, log_determinant = block(_ordered(tokens, number), known)
            tokens, total = _ordered(ordered, number), total + log_determinant
        return tokens, total

    def inverse(self, noise: Tensor, known: Known, weight: float = 1.0, on_token: OnToken | None = None) -> Tensor:
        """The tokens that ``forward`` maps to ``noise``; with a guidance ``weight`` above 1 more typical ones."""
        per_block, tokens, done = noise.shape[1], noise, 0

        def token_done() -> None:
            nonlocal done
            done += 1
            if on_token is not None:
                on_token(done, per_block * len(self.blocks))

        for number in reversed(range(len(self.blocks))):
            block = self.blocks[number]
            assert isinstance(block, AutoregressiveBlock)
            tokens = _ordered(block.inverse(_ordered(tokens, number), known, weight, token_done), number)
        return tokens


def normal_log_density(noise: Tensor) -> Tensor:
    """``(B,)`` logarithms of the standard normal density of ``(B, N, D)``, in float32."""
    values = noise.float()
    return -0.5 * values.square().sum(dim=(1, 2)) - 0.5 * math.log(2 * math.pi) * values[0].numel()


def _ordered(tokens: Tensor, number: int) -> Tensor:
    return tokens.flip(1) if number % 2 else tokens


def _guided(both: Tensor, weight: float) -> Tensor:
    asked, free = both.chunk(2)
    return free + weight * (asked - free)
