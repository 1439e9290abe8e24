"""Beginning from a MONAI bundle: the weights of its diffusion network, put into the network of our diffusion family.

The bundle comes from outside: its settings are read as plain values, its weights as tensors, and nothing of it runs.
What fits is the network; how noise is told and what is predicted is this program's own and is learnt anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor

from models.api import FamilyConfig
from models.start import parcel, plain_settings, state_dict_file
from models.start.matching import check_finite
from models.start.skeleton import UNFIT, skeleton
from models.start.taken import Taken

FAMILY = "diffusion"
METADATA = "configs/metadata.json"
MOST_WEIGHTS = 4 << 30
LEAST_SHARE = 0.5
"""Share of the network that a bundle must fill; with less of it the rest would have to be learnt from noise anyway."""
FOLDINGS = (1, 2, 4)
"""Pixels that may be folded along each side, so that the pictures have the channels that the network expects."""
NARROWEST, WIDEST, DEEPEST = 8, 4096, 8
INPUT = "conv_in.conv.weight"


@dataclass(frozen=True, slots=True)
class BundleStart:
    """See ``models.start.taken.Start``.

    Attributes:
        settings: arguments of MONAI's ``DiffusionModelUNet``, plain values.
        tensors: its weights.
        sha256: of the file that they lie in.
    """

    settings: Mapping[str, Any]
    tensors: Mapping[str, Tensor]
    sha256: str

    @property
    def family(self) -> str:
        """The family that the weights are of."""
        return FAMILY

    def config(self, wanted: FamilyConfig) -> FamilyConfig:
        """``wanted`` with the bundle's network."""
        if wanted.family != FAMILY:
            raise ValueError(f"it holds a diffusion network, and {wanted.family} was asked for")
        inputs = self.settings["in_channels"]
        folding = next((f for f in FOLDINGS if wanted.channels * f * f == inputs), None)
        if folding is None:
            raise ValueError(f"its network takes {inputs} channels, the pictures here have {wanted.channels}")
        return replace(wanted, options={**wanted.options, "unshuffle": folding, **_shape(self.settings)})

    def weights(self, config: FamilyConfig) -> tuple[dict[str, Tensor], Taken]:
        """The tensors whose names and shapes agree; planes that the first layer has besides begin silent."""
        network = skeleton(config)
        wanted = network.state_dict()
        prefix = next(name.removesuffix(INPUT) for name in wanted if name.endswith(INPUT))
        begun: dict[str, Tensor] = {}
        numbers = 0
        for name, value in self.tensors.items():
            there = wanted.get(prefix + name)
            if there is None or not value.is_floating_point():
                continue
            if name == INPUT and _widens(value, there):
                begun[prefix + name] = there.new_zeros(there.shape, device="cpu")
                begun[prefix + name][:, : value.shape[1]] = value
            elif value.shape == there.shape:
                begun[prefix + name] = value.to(there.dtype)
            else:
                continue
            numbers += value.numel()
        share = numbers / sum(value.numel() for name, value in network.named_parameters() if name.startswith(prefix))
        if share < LEAST_SHARE:
            raise ValueError(f"only {share:.0%} of the network here could be filled from its weights")
        return begun, Taken(kind="bundle", share=share, new=config.classes, own_greys=True, sha256=self.sha256)


def opened(path: Path) -> BundleStart:
    """The bundle at ``path``, a folder or a ZIP.

    Raises:
        ValueError: it is no bundle, is damaged, holds code or no diffusion network; one line that says why.
    """
    files = parcel.opened(path)
    names = files.names()
    if METADATA not in names:
        raise ValueError(f"it is no MONAI bundle: {METADATA} is missing")
    plain_settings.document(files.read(METADATA, plain_settings.LONGEST), METADATA)
    settings = _settings(files, names)
    _check(settings)
    name = _weights(names)
    content = files.read(name, MOST_WEIGHTS)
    tensors = _tensors(content, name)
    check_finite(tensors, set(tensors))
    return BundleStart(settings, tensors, hashlib.sha256(content).hexdigest())


def _settings(files: parcel.Parcel, names: list[str]) -> dict[str, Any]:
    """Arguments of the network, from the first of the bundle's settings that describes one."""
    alone = [plain_settings.ALONE] if plain_settings.ALONE in names else []
    looked_at = alone or [one for one in names if one.startswith("configs/") and one.endswith(".json")]
    found = None
    for name in looked_at:
        document = plain_settings.document(files.read(name, plain_settings.LONGEST), name)
        found = found or plain_settings.network(document, name)
    if found is None:
        kind, place = plain_settings.NETWORK, plain_settings.ALONE
        raise ValueError(f"its JSON settings describe no {kind}; write one into {place}")
    return found


def _weights(names: list[str]) -> str:
    """The name of models/*.safetensors or, without one, of models/*.pt; that of the name "model" first."""
    inside = [name for name in names if name.startswith("models/")]
    by_name = sorted(inside, key=lambda name: PurePosixPath(name).stem != "model")
    for ending in (".safetensors", ".pt"):
        for name in by_name:
            if name.endswith(ending):
                return name
    raise ValueError("it holds no weights that can be read safely (models/model.safetensors or models/model.pt)")


def _tensors(content: bytes, name: str) -> dict[str, Tensor]:
    if name.endswith(".pt"):
        return state_dict_file.tensors(content, name)
    try:
        return load(content)
    except (SafetensorError, *UNFIT) as error:
        raise ValueError(f"{name} is not a sound safetensors file") from error


def _shape(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The shape of the network as options of our diffusion family.

    Raises:
        ValueError: a setting that our network has no counterpart for, or that makes no sense.
    """
    channels = settings.get("channels", settings.get("num_channels"))
    attention = settings.get("attention_levels")
    blocks = _one(settings.get("num_res_blocks", 2), "num_res_blocks")
    heads = settings.get("num_head_channels", 8)
    if not _whole(channels, NARROWEST, WIDEST) or not isinstance(attention, list) or len(attention) != len(channels):
        raise ValueError("its network has no sensible channels and attention_levels")
    if isinstance(heads, list):  # levels without attention have no heads
        heads = [one for one, used in zip(heads, attention, strict=False) if used] + heads[-1:]
    return {
        "channels": channels,
        "attention": [bool(one) for one in attention],
        "res_blocks": blocks,
        "head_channels": _one(heads, "num_head_channels"),
        "norm_groups": _one(settings.get("norm_num_groups", 32), "norm_num_groups"),
    }


def _check(settings: Mapping[str, Any]) -> None:
    """Raise ValueError where the network is of a kind that ours is not."""
    inputs, outputs = settings.get("in_channels"), settings.get("out_channels")
    for name, plain in (("spatial_dims", 2), ("with_conditioning", False), ("resblock_updown", False)):
        if settings.get(name, plain) != plain:
            raise ValueError(f"its network has {name} {settings[name]!r:.40}, ours {plain}")
    if not isinstance(inputs, int) or isinstance(inputs, bool) or inputs != outputs:
        raise ValueError("its network gives out other channels than it takes")


def _one(value: Any, name: str) -> int:
    """The one whole number that ``value`` is, or is a list of."""
    numbers = value if isinstance(value, list) else [value]
    if not _whole(numbers, 1, WIDEST) or len(set(numbers)) != 1:
        raise ValueError(f"its network has a {name} that ours has no counterpart for")
    return int(numbers[0])


def _whole(values: Any, least: int, most: int) -> bool:
    return (
        isinstance(values, list)
        and 0 < len(values) <= DEEPEST
        and all(type(one) is int and least <= one <= most for one in values)
    )


def _widens(value: Tensor, there: Tensor) -> bool:
    """Whether ``there`` is ``value`` with more input planes."""
    same = value.ndim == there.ndim and value.shape[0] == there.shape[0] and value.shape[2:] == there.shape[2:]
    return same and value.shape[1] < there.shape[1]
