"""What a critic is shown instead of an image: moved, shaded and partly covered, in a way that gradients pass through.

A critic that never sees the same view twice cannot learn a few hundred training images by heart; real and generated
images are treated alike, and some are left alone, so that none of it pays for the generator to draw (Zhao et al.
2020, "Differentiable Augmentation"; Karras et al. 2020, section 2.2). It knows pixels, not who looks at them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from models.training.augment import Augmentation


@dataclass(frozen=True, slots=True)
class CriticView:
    """How far a view may differ from its image.

    Attributes:
        share: share of the images that each kind of change is made to.
        brightness: largest shift of all pixels either way.
        contrast: largest relative change of the distance from the mean.
        cover: side of the covered square, as a share of the image side.
        geometry: how far images are moved; ``share`` of the images, whatever it says itself.
    """

    share: float = 0.4
    brightness: float = 0.3
    contrast: float = 0.3
    cover: float = 0.4
    geometry: Augmentation = field(default_factory=lambda: Augmentation(flip=0.0, shift=0.125))

    def of(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """Views of ``(B, C, H, W)`` images, every one changed on its own; ``generator`` lives on the CPU."""
        moved, _ = replace(self.geometry, share=self.share).apply(images, generator)
        return self._covered(self._shaded(moved, generator), generator)

    def _shaded(self, images: Tensor, generator: torch.Generator) -> Tensor:
        drawn = torch.rand((2, len(images), 1, 1, 1), generator=generator) * 2 - 1
        drawn = (drawn * self._chosen(len(images), generator)).to(images.device)
        from_mean = images - images.mean(dim=(1, 2, 3), keepdim=True)
        return images + from_mean * (self.contrast * drawn[0]) + self.brightness * drawn[1]

    def _covered(self, images: Tensor, generator: torch.Generator) -> Tensor:
        count, _, height, width = images.shape
        centre = torch.rand((2, count, 1, 1, 1), generator=generator)
        chosen = self._chosen(count, generator)
        rows = (torch.arange(height).view(1, 1, -1, 1) + 0.5) / height
        columns = (torch.arange(width).view(1, 1, 1, -1) + 0.5) / width
        inside = ((rows - centre[0]).abs() < self.cover / 2) & ((columns - centre[1]).abs() < self.cover / 2) & chosen
        return images.masked_fill(inside.to(images.device), 0.0)

    def _chosen(self, count: int, generator: torch.Generator) -> Tensor:
        return torch.rand((count, 1, 1, 1), generator=generator) < self.share
