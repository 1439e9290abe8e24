"""One training on several devices of one machine: every step's batch is shared out, and the gradients are added up.

One process leads. It runs the training loop as ever, alone holds optimisers, averages and data, and alone writes. For
every phase of a step it hands the network and the batch to all ranks; each computes the loss of its own slice, and the
gradients are summed (data-parallel training as of Li et al. 2020, "PyTorch Distributed", with the weights sent out
instead of every rank descending by itself: what a checkpoint, a setback or the next stage changes then reaches all
ranks of its own accord, and a rank needs no data). Each slice has a seed of its own, drawn from the run's generator,
so the same number of devices gives the same run.

It knows families and batches, not how ranks talk (``team``) nor who started them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from models import registry
from models.api import Batch, Condition, Family, FamilyConfig
from models.data.feeding import on_device
from models.training.augment import PARAMETERS
from models.training.memory import Portions
from models.training.precision import Chosen, autocast
from models.training.seeds import generator
from models.training.team import RankLostError, Team


class Leader:
    """Rank 0's view of a step: what ``RunState`` asks for its gradients instead of computing them alone.

    Attributes:
        size: how many ranks there are; a batch must have at least as many images.
    """

    def __init__(self, team: Team) -> None:
        self._team, self.size = team, team.size
        self._told: FamilyConfig | None = None

    def gradients(self, family: Family, batch: Batch, precision: Chosen, **step: Any) -> dict[str, float]:
        """Leave the gradient of the loss of the whole batch in ``family``; returns its named parts.

        Args:
            family: the network as it is now.
            batch: the whole batch.
            precision: number format.
            step: ``phase``, ``step`` and ``seeds`` (one for each rank) of ``share_of``.
        """
        team = self._team
        if self._told != family.config:
            self._told = family.config
            team.tell({"family": asdict(family.config)})
        team.tell({"shape": list(batch.images.shape), "precision": precision, **step})
        for flat in _flat(family.network).values():
            team.spread(flat)
        for part in _parts(batch):
            team.spread(part.to(team.device).contiguous())
        return _combined(team, family, batch, {"precision": precision, **step})

    def close(self) -> None:
        """Send the others home; those that are gone already are not missed."""
        with suppress(RankLostError):
            self._team.tell({"end": True})
        self._team.close()


def follow(team: Team) -> None:
    """Compute what the leader asks for until it is done.

    Raises:
        RankLostError: the leader is gone.
    """
    family: Family | None = None
    while "end" not in (said := team.hear()):
        if "family" in said:
            family = registry.build(FamilyConfig.from_json(said["family"]))
            family.network.to(team.device)
            continue
        if family is None:
            raise RankLostError("the leader did not say what is trained")
        for flat in (whole := _flat(family.network)).values():
            team.spread(flat)
        _unfold(family.network, whole)
        batch = _received(team, said.pop("shape"), len(family.config.attributes))
        _combined(team, family, batch, said)
    team.close()


def share_of(
    family: Family, part: Batch, *, phase: str, step: int, seed: int, precision: Chosen, share: float
) -> dict[str, float]:
    """Leave the gradient of ``share`` times the loss of ``part`` in ``family``; returns its named parts times it.

    In portions where memory runs out.
    """
    device = next(family.network.parameters()).device
    portions = Portions(max(1, len(part.images)), device)

    def drop() -> None:
        family.network.zero_grad(set_to_none=True)

    def work() -> dict[str, float]:
        drop()
        random = generator(seed, "share")
        told: dict[str, float] = {}
        for at in portions.of(len(part.images)):
            portion = on_device(Batch(part.images[at], part.condition[at], part.augmentation[at]), device)
            weight = share * len(portion.images) / len(part.images)
            with autocast(precision, device):
                terms = family.loss(portion, phase, step, random)
            (terms.total * weight).backward()  # type: ignore[no-untyped-call]
            for name, value in {**terms.named, "total": float(terms.total.detach())}.items():
                told[name] = told.get(name, 0.0) + weight * value
        return told

    return portions.fitting(work, drop)


def slices(count: int, size: int) -> list[slice]:
    """The positions of ``count`` images in ``size`` slices, as even as can be."""
    bounds = [count * rank // size for rank in range(size + 1)]
    return [slice(low, high) for low, high in pairwise(bounds)]


def _combined(team: Team, family: Family, batch: Batch, step: Mapping[str, Any]) -> dict[str, float]:
    """This rank's share, then the sum over all ranks."""
    own = slices(len(batch.images), team.size)[team.rank]
    mine = Batch(batch.images[own], batch.condition[own], batch.augmentation[own])
    told = share_of(
        family,
        mine,
        phase=step["phase"],
        step=step["step"],
        seed=step["seeds"][team.rank],
        precision=step["precision"],
        share=len(mine.images) / len(batch.images),
    )
    moved = family.parameters(step["phase"])
    gradients = [torch.zeros_like(one) if one.grad is None else one.grad for one in moved]
    names = sorted(told)
    values = torch.tensor([told[name] for name in names], dtype=torch.float32, device=team.device)
    flat = team.add_up(torch.cat([*(one.reshape(-1).float() for one in gradients), values]))
    at = 0
    for one in moved:
        # In the layout of the weight (channels_last, perhaps): fused optimisers take both as rows in memory.
        one.grad = torch.empty_like(one).copy_(flat[at : at + one.numel()].view(one.shape))
        at += one.numel()
    return dict(zip(names, flat[at:].tolist(), strict=True))


def _flat(network: nn.Module) -> dict[torch.dtype, Tensor]:
    """All tensors of a network in one row for each number format."""
    kinds: dict[torch.dtype, list[Tensor]] = {}
    for value in network.state_dict().values():
        kinds.setdefault(value.dtype, []).append(value.detach().reshape(-1))
    return {kind: torch.cat(values) for kind, values in kinds.items()}


def _unfold(network: nn.Module, whole: Mapping[torch.dtype, Tensor]) -> None:
    """The inverse of ``_flat``."""
    places = dict.fromkeys(whole, 0)
    for value in network.state_dict().values():
        at = places[value.dtype]
        places[value.dtype] = at + value.numel()
        value.copy_(whole[value.dtype][at : at + value.numel()].view_as(value))


def _parts(batch: Batch) -> Sequence[Tensor]:
    return batch.images, batch.condition.labels, batch.condition.attributes, batch.augmentation


def _received(team: Team, shape: Sequence[int], attributes: int) -> Batch:
    """The batch that the leader spreads."""

    def part(*size: int, dtype: torch.dtype = torch.float32) -> Tensor:
        return team.spread(torch.empty(size, dtype=dtype, device=team.device))

    count = shape[0]
    images, labels = part(*shape), part(count, dtype=torch.int64)
    told = part(count, attributes)
    return Batch(images, Condition(labels, told), part(count, PARAMETERS))
