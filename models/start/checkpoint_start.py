"""Beginning from a checkpoint of this program: the same architecture, for other classes, attributes or sizes.

It reads safetensors and JSON, executes nothing, and believes nothing that the tensors do not bear out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from torch import Tensor

from models.api import FamilyConfig
from models.config import TrainingPlan
from models.start.matching import carried_over, check, counterpart
from models.start.skeleton import UNFIT, plain_line, skeleton
from models.start.taken import Taken
from models.training import checkpoint

LONGEST_DESCRIPTION = 4 << 20
"""Bytes of JSON; a checkpoint's is a few thousand."""
MEANS_APART, STDS_APART = 0.5, 1.5
"""Grey levels differ much where the means lie further apart than this many of the source's standard deviations, or the
deviations by more than this factor. Below it the source's own numbers stand, so that its weights see what they know."""


@dataclass(frozen=True, slots=True)
class CheckpointStart:
    """See ``models.start.taken.Start``.

    Attributes:
        source: what the weights were learnt for.
        tensors: all tensors of its network, averaged as samples are drawn with.
        step: optimiser steps behind them.
        sha256: of their file.
    """

    source: FamilyConfig
    tensors: dict[str, Tensor]
    step: int
    sha256: str

    @property
    def family(self) -> str:
        """The family that the weights are of."""
        return self.source.family

    def config(self, wanted: FamilyConfig) -> FamilyConfig:
        """``wanted`` with the source's options; its grey levels too, unless they differ much."""
        if wanted.family != self.source.family:
            raise ValueError(f"it is of the family {self.source.family}, and {wanted.family} was asked for")
        if wanted.channels != self.source.channels:
            raise ValueError(f"it draws {_tones(self.source)} pictures, those here are {_tones(wanted)}")
        options = dict(self.source.options)
        if self._own_greys(wanted):
            options |= {name: wanted.options[name] for name in ("pixel_mean", "pixel_std")}
        return replace(wanted, options=options)

    def weights(self, config: FamilyConfig) -> tuple[dict[str, Tensor], Taken]:
        """Tensors for the network of ``config``, and what was taken over."""
        source = self.source
        begun, share = carried_over(self.tensors, source, config)
        kept, new, lost = _compared(source.classes, config.classes)
        before, after = source.attributes, config.attributes
        taken = Taken(
            kind="checkpoint",
            share=share,
            kept=kept,
            new=new,
            lost=lost,
            attributes_kept=tuple(one.name for one in after if counterpart(one, before)),
            attributes_new=tuple(one.name for one in after if not counterpart(one, before)),
            attributes_lost=tuple(one.name for one in before if not counterpart(one, after)),
            own_greys=config.options.get("pixel_mean") != source.options.get("pixel_mean"),
            size=source.size,
            step=self.step,
            sha256=self.sha256,
        )
        return begun, taken

    def _own_greys(self, wanted: FamilyConfig) -> bool:
        try:
            mean, std = (float(self.source.options[name]) for name in ("pixel_mean", "pixel_std"))
            other_mean, other_std = (float(wanted.options[name]) for name in ("pixel_mean", "pixel_std"))
        except KeyError:
            return False
        return abs(other_mean - mean) > MEANS_APART * std or not 1 / STDS_APART < other_std / std < STDS_APART


def opened(path: Path) -> CheckpointStart:
    """The checkpoint at ``path`` (its JSON), read and found sound.

    Raises:
        ValueError: it is damaged, foreign or dishonest; one line that says why.
    """
    if not path.is_file():
        raise ValueError(f"its description {path.name} does not lie beside it")
    if path.stat().st_size > LONGEST_DESCRIPTION:
        raise ValueError(f"its description {path.name} is far too long")
    try:
        described = checkpoint.read(path)
        config = TrainingPlan.from_json(described.plan).family
        tensors = checkpoint.tensors(path, "network/")  # averages hold what is not a whole number
        tensors |= checkpoint.tensors(path, f"average/{described.average}/")
        numbers = sum(value.numel() for value in tensors.values())
        check(tensors, skeleton(config, tensors=len(tensors), numbers=numbers))
        return CheckpointStart(config, tensors, int(described.step), described.sha256)
    except UNFIT as wrong:
        raise ValueError(plain_line(wrong)) from wrong


def _tones(config: FamilyConfig) -> str:
    return "grey" if config.channels == 1 else "colour"


def _compared(before: Sequence[str], after: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Names that both have, that only ``after`` has, that only ``before`` has."""
    return (
        tuple(name for name in after if name in before),
        tuple(name for name in after if name not in before),
        tuple(name for name in before if name not in after),
    )
