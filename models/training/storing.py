"""A run's state as a checkpoint, and back: which tensors under which names, and what is refused.

It knows ``RunState``, ``Checkpoint`` and families; not files, which are ``checkpoint``'s.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import monai
import torch
from torch import Tensor, nn

from models import registry
from models.api import Family, FamilyConfig
from models.config import TrainingPlan
from models.training import checkpoint
from models.training.checkpoint import Checkpoint, CheckpointError
from models.training.setbacks import Setbacks

if TYPE_CHECKING:
    from models.training.state import RunState


def described(state: RunState, *, seconds: float, held_out_loss: float | None, **told: Any) -> Checkpoint:
    """What a checkpoint of ``state`` says without its tensors."""
    return Checkpoint(
        plan=state.plan.to_json(),
        step=state.step,
        images_seen=state.images_seen,
        seconds=seconds,
        precision=state.precision,
        average=state.average,
        held_out_loss=held_out_loss,
        versions={"python": platform.python_version(), "torch": torch.__version__, "monai": monai.__version__},
        position=state.feed.deck.position,
        stage=state.stage_number,
        stage_began=state.stage_began,
        at_once=state.portions.at_once,
        setbacks=list(state.setbacks.steps),
        **told,
    )


def tensors_of(state: RunState) -> dict[str, Tensor]:
    """Every tensor of a run: weights, averages, optimisers, random states, deck."""
    found = {f"network/{name}": value for name, value in state.family.network.state_dict().items()}
    for length in {*state.averages.lengths, state.average}:
        found |= {f"average/{length}/{name}": value for name, value in state.averages.state(length).items()}
    for phase, optimiser in state.optimisers.items():
        for number, entry in optimiser.state_dict()["state"].items():
            found |= {f"optimiser/{phase}/{number}/{name}": value for name, value in entry.items()}
    found |= {"random/training": state.random.get_state(), "random/global": torch.get_rng_state()}
    return found | {"deck/order": state.feed.deck.order}


def take_up(state: RunState, path: Path) -> Checkpoint:
    """Put the checkpoint at ``path`` into ``state``.

    Raises:
        CheckpointError: it is damaged, or belongs to another plan.
    """
    stored = checkpoint.read(path)
    plan = TrainingPlan.from_json(stored.plan)
    if (plan.family, plan.seed, plan.batch) != (state.plan.family, state.plan.seed, state.plan.batch):
        raise CheckpointError(f"checkpoint {path.name}: it belongs to another run")
    put_weights(state.family.network, checkpoint.tensors(path, "network/"), path)
    try:
        take_averages(state, path)
        for phase, optimiser in state.optimisers.items():
            _load_optimiser(optimiser, checkpoint.tensors(path, f"optimiser/{phase}/"))
        random = checkpoint.tensors(path, "random/")
        state.random.set_state(random["training"])
        torch.set_rng_state(random["global"])
        state.feed.deck.order = checkpoint.tensors(path, "deck/")["order"]
    except (KeyError, IndexError, RuntimeError, ValueError, TypeError) as wrong:
        raise CheckpointError(f"checkpoint {path.name}: it does not fit its own run ({_first(wrong)})") from wrong
    state.feed.deck.position = stored.position
    state.stage_number, state.stage_began = stored.stage, stored.stage_began
    state.step, state.images_seen, state.average = stored.step, stored.images_seen, stored.average
    state.precision = "bf16" if stored.precision == "bf16" else "fp32"
    state.portions.at_once = stored.at_once or state.plan.batch
    state.setbacks = Setbacks(tuple(stored.setbacks))
    return stored


def take_averages(state: RunState, path: Path) -> None:
    """Put the weight averages of the checkpoint at ``path``, of this run, into ``state``."""
    for length in state.averages.lengths:
        state.averages.load(length, checkpoint.tensors(path, f"average/{length}/"))


def put_weights(network: nn.Module, weights: Mapping[str, Tensor], path: Path) -> None:
    """Load ``weights`` into ``network``.

    Raises:
        CheckpointError: they belong to a network of another shape.
    """
    try:
        network.load_state_dict(weights)
    except RuntimeError as wrong:
        raise CheckpointError(f"checkpoint {path.name}: its weights do not fit its family") from wrong


def sampler_of(path: Path, device: torch.device) -> tuple[Family, FamilyConfig]:
    """The family of a checkpoint, wearing the weight average that samples are drawn with.

    Raises:
        ValueError: the checkpoint is damaged or foreign.
    """
    described = checkpoint.read(path)
    config = TrainingPlan.from_json(described.plan).family
    family = registry.build(config)
    weights = checkpoint.tensors(path, "network/")  # averages hold what is not a whole number
    weights |= checkpoint.tensors(path, f"average/{described.average}/")
    put_weights(family.network, weights, path)
    family.network.to(device).eval()
    return family, config


def _load_optimiser(optimiser: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    parameters = [parameter for group in optimiser.param_groups for parameter in group["params"]]
    entries: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        number, _, name = key.partition("/")
        entries.setdefault(int(number), {})[name] = _laid_out(value, parameters[int(number)])
    optimiser.load_state_dict({**optimiser.state_dict(), "state": entries})


def _laid_out(value: Tensor, parameter: nn.Parameter) -> Tensor:
    """``value`` in the memory layout of its parameter: a fused optimiser walks both side by side."""
    if not value.dim():
        return value
    return torch.empty_like(parameter, device=value.device).detach().copy_(value.view_as(parameter))


def _first(wrong: Exception) -> str:
    return str(wrong).splitlines()[0] if str(wrong) else type(wrong).__name__
