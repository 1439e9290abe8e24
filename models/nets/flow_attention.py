"""Causal transformer layers that can be run over a whole sequence, or position by position with a memory.

The two ways give the same numbers; the second never computes a position twice. They know vectors in order, not what
these stand for. MONAI's transformer block keeps no memory of keys and values, so attention is written here.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from monai.networks.blocks.mlp import MLPBlock
from torch import Tensor, nn
from torch.nn import functional


@dataclass(slots=True)
class Memory:
    """Keys and values of the positions that one layer has seen, in room for all of them.

    Attributes:
        capacity: positions of the whole sequence.
        length: positions seen.
    """

    capacity: int
    length: int = 0
    _kept: Tensor = field(default_factory=lambda: torch.empty(0))

    def extend(self, fresh: Tensor) -> Tensor:
        """Keep ``fresh`` ``(2, B, heads, n, width)`` (keys, values) and return all that is kept so far."""
        if not self.length:
            self._kept = fresh.new_empty((*fresh.shape[:3], self.capacity, fresh.shape[4]))
        end = self.length + fresh.shape[3]
        self._kept[:, :, :, self.length : end] = fresh
        self.length = end
        return self._kept[:, :, :, :end]


class CausalLayer(nn.Module):
    """Attention to the positions up to the own one, then a perceptron; both residual, layer norm first."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        if width % heads:
            raise ValueError(f"a width of {width} does not divide into {heads} heads")
        self.heads = heads
        self.attention_norm = nn.LayerNorm(width)
        self.projection = nn.Linear(width, 3 * width, bias=False)
        self.output = nn.Linear(width, width)
        self.perceptron_norm = nn.LayerNorm(width)
        self.perceptron = MLPBlock(width, 4 * width)

    def forward(self, x: Tensor, memory: Memory | None = None) -> Tensor:
        """``(B, n, width)`` to the same shape.

        Without ``memory`` the sequence is whole. With one, ``x`` is the single next position (n = 1).
        """
        x = x + self._attended(self.attention_norm(x), memory)
        result: Tensor = x + self.perceptron(self.perceptron_norm(x))
        return result

    def _attended(self, x: Tensor, memory: Memory | None) -> Tensor:
        batch, length, width = x.shape
        split = self.projection(x).view(batch, length, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        known = split[1:] if memory is None else memory.extend(split[1:])
        mixed = _attention(split[0], known[0], known[1], causal=memory is None)
        result: Tensor = self.output(mixed.transpose(1, 2).reshape(batch, length, width))
        return result


def _attention(queries: Tensor, keys: Tensor, values: Tensor, *, causal: bool) -> Tensor:
    """Scaled dot products, written out: on a processor torch's own take several times as long backwards."""
    scores = (queries * queries.shape[-1] ** -0.5) @ keys.transpose(2, 3)
    if causal:
        hidden = torch.full(scores.shape[2:], float("-inf"), dtype=scores.dtype, device=scores.device).triu(1)
        scores = scores + hidden
    return functional.softmax(scores, dim=3).to(values.dtype) @ values
