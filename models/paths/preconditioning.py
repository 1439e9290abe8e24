"""How a network becomes a denoiser: EDM preconditioning and the straight path of rectified flow.

Both are the same thing seen from the denoiser D(x; sigma) = c_skip x + c_out F(c_in x; c_noise): they differ in
four scalars and in the noise levels that training draws. So every sampler and the objective are written once.
It knows noise levels, not images, networks or samplers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from models.codecs.space_to_depth import TARGET_STD

NETWORK_TIME = 1000.0
"""Networks embed time as sinusoids made for 0..1000 steps."""


@dataclass(frozen=True, slots=True)
class Scalings:
    """c_skip, c_out, c_in, each ``(B, 1, 1, 1)``, and the time ``(B,)`` that the network is told."""

    skip: Tensor
    out: Tensor
    into: Tensor
    time: Tensor


class Preconditioning(Protocol):
    """A choice of scalings and of training noise levels."""

    def scalings(self, sigma: Tensor) -> Scalings:
        """Scalings at the noise levels ``sigma`` ``(B,)`` > 0."""
        ...

    def draw(self, count: int, generator: torch.Generator) -> Tensor:
        """``(count,)`` noise levels to train on."""
        ...


@dataclass(frozen=True, slots=True)
class Edm:
    """Karras et al. 2022, table 1, with log-normal training noise.

    Attributes:
        log_mean: mean of log sigma in training.
        log_std: its standard deviation.
        data_std: standard deviation of encoded images.
    """

    log_mean: float = -0.8
    log_std: float = 1.2
    data_std: float = TARGET_STD

    def scalings(self, sigma: Tensor) -> Scalings:
        """See ``Preconditioning``."""
        level = sigma[:, None, None, None]
        total = (level.square() + self.data_std**2).sqrt()
        return Scalings(
            skip=self.data_std**2 / total.square(),
            out=level * self.data_std / total,
            into=1.0 / total,
            time=sigma.log() * (NETWORK_TIME / 4.0),
        )

    def draw(self, count: int, generator: torch.Generator) -> Tensor:
        """See ``Preconditioning``."""
        return (torch.randn(count, generator=generator) * self.log_std + self.log_mean).exp()


@dataclass(frozen=True, slots=True)
class StraightPath:
    """Rectified flow (Liu et al. 2022): x_t = (1 - t) x + t n, velocity n - x, with logit-normal t.

    In units of the denoiser, sigma = t / (1 - t). The logit-normal draw is that of Esser et al. 2024, section 3.1.

    Attributes:
        logit_mean: mean of logit t in training.
        logit_std: its standard deviation.
        data_std: standard deviation of encoded images; the flow itself runs on unit-variance data.
    """

    logit_mean: float = 0.0
    logit_std: float = 1.0
    data_std: float = TARGET_STD

    def scalings(self, sigma: Tensor) -> Scalings:
        """See ``Preconditioning``."""
        relative = sigma[:, None, None, None] / self.data_std
        return Scalings(
            skip=1.0 / (1.0 + relative),
            out=-self.data_std * relative / (1.0 + relative),
            into=1.0 / (self.data_std * (1.0 + relative)),
            time=NETWORK_TIME * (sigma / (sigma + self.data_std)),
        )

    def draw(self, count: int, generator: torch.Generator) -> Tensor:
        """See ``Preconditioning``."""
        logit = torch.randn(count, generator=generator) * self.logit_std + self.logit_mean
        return self.data_std * logit.exp()


PRECONDITIONINGS: dict[str, type[Edm] | type[StraightPath]] = {"edm": Edm, "flow": StraightPath}
