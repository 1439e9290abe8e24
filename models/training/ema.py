"""Averages of the weights over training, of several lengths at once, and of any length in between afterwards.

The length is a share of the training so far (the power-function profile of Karras et al. 2024, section 3.1), so
one setting suits a run of two minutes and one of a night; which length is kept is decided on held-out images.

Karras et al. (section 3.2) store snapshots of two averages along the run and solve for any length at its end. Four
averages that end at the same step span the lengths between them as well (at most 3 % of a profile is missed, see
``mixture``), so nothing has to be stored along the run, and a resumed run needs its last checkpoint only.
It knows named tensors, not networks' meaning.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn

STRIDE = 4
"""Steps between two updates once a run has some length: a quarter of the work, and no average is that short."""
EVERY_STEP_UNTIL = 100


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
        early = step <= EVERY_STEP_UNTIL
        if not early and step % STRIDE:
            return
        current = list(_weights(self._network).values())
        passed = (1 if early else STRIDE) / step
        for length, average in zip(self.lengths, self._averages, strict=True):
            kept = (1.0 - passed) ** (1.0 / length)
            torch._foreach_lerp_(list(average.values()), current, 1.0 - kept)

    def state(self, length: float) -> Mapping[str, Tensor]:
        """The averaged weights of ``length``, by the network's names; mixed where that length is not followed."""
        if length in self.lengths:
            return self._averages[self.lengths.index(length)]
        parts = mixture(self.lengths, length)
        return {name: self._mixed(name, parts) for name in self._averages[0]}

    def between(self, length: float) -> list[float]:
        """Lengths between the followed ``length`` and its neighbours, as evenly spread as ratios can be."""
        order = sorted(self.lengths)
        at = order.index(length)
        pairs = [*zip(order[max(0, at - 1) : at], order[at : at + 1], strict=False)]
        pairs += [*zip(order[at : at + 1], order[at + 1 : at + 2], strict=False)]
        return [round(low * (high / low) ** share, 4) for low, high in pairs for share in (1 / 3, 2 / 3)]

    def load(self, length: float, state: Mapping[str, Tensor]) -> None:
        """Put stored averages of a followed length back."""
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

    def _mixed(self, name: str, parts: Sequence[float]) -> Tensor:
        mixed = torch.zeros_like(self._averages[0][name])
        for part, average in zip(parts, self._averages, strict=True):
            mixed.add_(average[name], alpha=part)
        return mixed


def mixture(followed: Sequence[float], wanted: float) -> list[float]:
    """How much of each followed average makes up one of length ``wanted``; the parts sum to 1.

    Averages of length L weigh the step at share ``s`` of the training by ``s ** (1 / L - 1) / L``. The mixture of
    such profiles that is nearest to the wanted one in least squares, as in Karras et al. (2024), section 3.2; the
    inner product of two profiles is ``1 / (L1 + L2 - L1 L2)``.
    """
    lengths = np.asarray(followed, dtype=np.float64)

    def inner(one: object, other: object) -> np.ndarray:
        first, second = np.asarray(one), np.asarray(other)
        return np.asarray(1.0 / (first + second - first * second))

    count = len(lengths)
    system = np.ones((count + 1, count + 1))
    system[:count, :count] = inner(lengths[:, None], lengths[None])
    system[count, count] = 0.0
    parts = np.linalg.solve(system, np.append(inner(lengths, wanted), 1.0))[:count]
    return [float(part) for part in parts]


def _weights(network: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach() for name, value in network.state_dict().items() if value.is_floating_point()}


@torch.no_grad()
def _put(network: nn.Module, state: Mapping[str, Tensor]) -> None:
    for name, value in _weights(network).items():
        value.copy_(state[name])
