"""What a new run begins with, and the contract of everything that it can begin from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from torch import Tensor

from models.api import FamilyConfig


@dataclass(frozen=True, slots=True)
class Taken:
    """What was taken over, as a run records and tells it.

    Attributes:
        kind: "checkpoint" or "bundle".
        share: of the new network's numbers, 0..1, that begin as they were.
        kept, new, lost: classes that both have, that only the new run has, that only the source had.
        attributes_kept, attributes_new, attributes_lost: the same of the attributes.
        own_greys: whether grey levels are standardised by the new pictures instead of the source's.
        size: image side that the source drew, 0 where it does not say.
        step: optimiser steps behind the source, 0 where it does not say.
        sha256: of the file with the weights.
    """

    kind: str
    share: float
    kept: tuple[str, ...] = ()
    new: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    attributes_kept: tuple[str, ...] = ()
    attributes_new: tuple[str, ...] = ()
    attributes_lost: tuple[str, ...] = ()
    own_greys: bool = False
    size: int = 0
    step: int = 0
    sha256: str = ""

    def to_json(self) -> dict[str, Any]:
        """JSON values only."""
        return asdict(self)


class Start(Protocol):
    """Weights to begin with."""

    @property
    def family(self) -> str:
        """The family that the weights are of."""
        ...

    def config(self, wanted: FamilyConfig) -> FamilyConfig:
        """``wanted`` (the preset's answer to the pictures at hand) with the architecture that the weights fit.

        Raises:
            ValueError: no network for these pictures can wear the weights; one line that says why.
        """
        ...

    def weights(self, config: FamilyConfig) -> tuple[Mapping[str, Tensor], Taken]:
        """Tensors for the network of ``config`` by its names; what is not among them begins anew.

        Raises:
            ValueError: they do not fit; one line that says why.
        """
        ...
