"""An exact codec: standardised pixels, folded so that a small network sees few positions with many channels.

Nothing is learned and nothing is lost. On a processor, halving both sides and working on four times the channels
costs far less than a network of the full resolution. It knows pixels, not noise or networks.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional

TARGET_STD = 0.5
"""Standard deviation of encoded images (sigma_data of Karras et al. 2022, table 1)."""


@dataclass(frozen=True, slots=True)
class SpaceToDepth:
    """Standardise with two fixed numbers, then fold ``factor`` x ``factor`` pixels into channels.

    Attributes:
        factor: pixels folded along each side; image height and width must be divisible by it.
        mean: mean pixel value of the training images, in [-1, 1].
        std: their standard deviation.
    """

    factor: int
    mean: float
    std: float

    def encode(self, images: Tensor) -> Tensor:
        """``(B, C, H, W)`` in [-1, 1] to ``(B, C f^2, H/f, W/f)`` with mean 0 and deviation 0.5."""
        return functional.pixel_unshuffle((images - self.mean) * (TARGET_STD / self.std), self.factor)

    def decode(self, latents: Tensor) -> Tensor:
        """The inverse of ``encode``, clipped to [-1, 1]."""
        images = functional.pixel_shuffle(latents, self.factor) * (self.std / TARGET_STD) + self.mean
        return images.clamp(-1.0, 1.0)

    def latent_shape(self, channels: int, size: int) -> tuple[int, int, int]:
        """Shape of one encoded image."""
        return channels * self.factor**2, size // self.factor, size // self.factor
