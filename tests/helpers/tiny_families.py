"""Options that make every family small enough to be trained within a test."""

from __future__ import annotations

from typing import Any

from models.api import Attribute, FamilyConfig

OPTIONS: dict[str, dict[str, Any]] = {
    "diffusion": {"channels": [16, 32], "attention": [False, True], "res_blocks": 1, "norm_groups": 8, "guidance": 1.5},
    "gan": {"channels": [16, 32], "width": 32, "latent": 16, "view_share": 0.0, "penalty": 5.0},
    "transformer": {"channels": [16, 32], "numbers": 3, "levels": 5, "width": 32, "depth": 2, "heads": 2},
    "vae": {"channels": [16, 32], "width": 8, "components": 2, "warm_up": 50},
    "flow": {"width": 64, "layers": [1, 1, 2], "heads": 2, "guidance": 2.0},
}
SIZE = 16
ATTRIBUTES = (Attribute("scanner", ("A", "B", "C")), Attribute("age", low=20.0, high=80.0))


def tiny(
    family: str, *, channels: int = 1, attributes: tuple[Attribute, ...] = (), size: int = SIZE, **options: Any
) -> FamilyConfig:
    """A small network for pictures of 16 pixels in two classes."""
    return FamilyConfig(family, size, channels, ("dark", "light"), {**OPTIONS[family], **options}, attributes)
