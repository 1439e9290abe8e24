"""What a preset is chosen for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Task:
    """The images at hand, and where they are learnt.

    Attributes:
        size: image side in pixels, a multiple of 16.
        channels: of an image, 1 or 3.
        images: training images.
        on_cpu: whether a processor learns them; a graphics card carries a wider network.
    """

    size: int
    channels: int
    images: int
    on_cpu: bool
