"""A critic that tells decoded images from real ones patch by patch, and what both sides descend.

MONAI's patch discriminator (Isola et al. 2017) with group instead of batch normalisation, and the least-squares
losses of Mao et al. 2017. It knows images, not where the decoded ones come from.
"""

from __future__ import annotations

import torch
from monai.losses.adversarial_loss import PatchAdversarialLoss
from monai.networks.nets.patchgan_discriminator import PatchDiscriminator
from torch import Tensor, nn


class PatchCritic(nn.Module):
    """Judges overlapping patches of images; images of 16 pixels or more."""

    def __init__(self, channels: int, width: int, layers: int = 2) -> None:
        super().__init__()
        norm = ("GROUP", {"num_groups": 8})
        self.patches = PatchDiscriminator(2, width, channels, num_layers_d=layers, norm=norm)
        self.squares = PatchAdversarialLoss(criterion="least_squares", no_activation_leastsq=True)

    def criticism(self, drawn: Tensor, real: Tensor) -> Tensor:
        """What the critic descends: 0 where it calls all of ``real`` real and all of ``drawn`` drawn; a scalar.

        Both are ``(B, C, H, W)`` in [-1, 1]; nothing flows back into ``drawn``.
        """
        verdicts = self.patches(torch.cat([drawn.detach(), real]))[-1].float()
        of_drawn, of_real = verdicts.split([len(drawn), len(real)])
        wrong: Tensor = self.squares(of_drawn, False, True) + self.squares(of_real, True, True)
        return 0.5 * wrong

    def disbelief(self, drawn: Tensor) -> Tensor:
        """What the side that drew ``drawn`` descends: 0 where the critic calls all of it real; a scalar."""
        found: Tensor = self.squares(self.patches(drawn)[-1].float(), True, False)
        return found


def grown(step: int, warm_up: int) -> float:
    """Weight of the critic's opinion after ``step`` steps: none for ``warm_up`` steps, then rising over as many to 1.

    A critic that has just begun, of images that have just begun, has nothing to teach yet.
    """
    return min(1.0, max(0.0, (step - warm_up) / max(1, warm_up)))
