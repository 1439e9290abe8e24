"""Averages of the weights over training, of several lengths at once.

The length is a share of the training so far (the power-function profile of Karras et al. 2024, section 3.1), so
one setting suits a run of two minutes and one of a night; which length is kept is decided on held-out images.
It knows named tensors, not networks' meaning.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class WeightAverages:
    """Running averages of all floating-point weights of a network, one for each length."""

    def __init__(self, network: nn.Module, lengths: Sequence[float]) -> None:
        if not lengths or any(not 0 < length < 1 for length in lengths):
            raise ValueError(f"average lengths are shares of the training in (0, 1), not {list(lengths)}")
        self.lengths = tuple(lengths)
        self._network = network
        self._averages = [{name: value.clone() for name, value in _weights(network).items()} for _ in self.lengths]

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Move the averages towards the network's weights after step ``step`` (1-based)."""
        current = list(_weights(self._network).values())
        for length, average in zip(self.lengths, self._averages, strict=True):
            torch._foreach_lerp_(list(average.values()), current, min(1.0, 1.0 / (length * step)))

    def state(self, length: float) -> dict[str, Tensor]:
        """The averaged weights of one length, by the network's names."""
        return self._averages[self.lengths.index(length)]

    def load(self, length: float, state: Mapping[str, Tensor]) -> None:
        """Put stored averages back."""
        for name, value in self.state(length).items():
            value.copy_(state[name])

    def settle(self, length: float) -> None:
        """Let the network keep the averaged weights of one length."""
        _put(self._network, self.state(length))

    @contextmanager
    def worn(self, length: float) -> Iterator[None]:
        """The network wears the averaged weights inside the ``with`` block and gets its own back after it."""
        own = {name: value.clone() for name, value in _weights(self._network).items()}
        _put(self._network, self.state(length))
        try:
            yield
        finally:
            _put(self._network, own)


def _weights(network: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach() for name, value in network.state_dict().items() if value.is_floating_point()}


@torch.no_grad()
def _put(network: nn.Module, state: Mapping[str, Tensor]) -> None:
    for name, value in _weights(network).items():
        value.copy_(state[name])
