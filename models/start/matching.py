"""One network's weights put into another of the same architecture whose classes, attributes or size differ.

Classes, attributes and their categories are recognised by name. What is new begins as "not asked", which the source
has learnt to mean "any of them"; a new attribute begins silent. So a sample of an old class is, before the first step,
what the source drew (up to the rounding of sums in another order). It knows tensors, names and shapes, no files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from models.api import Attribute, FamilyConfig
from models.nets.conditioning import ConditionEmbedding
from models.start.skeleton import skeleton

Weights = Mapping[str, Tensor]


def check(weights: Weights, network: nn.Module) -> None:
    """Raise ValueError unless ``weights`` are all those of ``network``, of their shapes and kinds, and all numbers."""
    wanted = network.state_dict()
    if set(weights) != set(wanted):
        raise ValueError("its weights do not fit its description")
    for name, value in weights.items():
        if value.shape != wanted[name].shape or value.dtype != wanted[name].dtype:
            raise ValueError(f"its weights do not fit its description ({name})")
    check_finite(weights, {name for name, _ in network.named_parameters()})


def check_finite(weights: Weights, learnt: set[str]) -> None:
    """Raise ValueError where a number is missing (NaN), or endless among those that are ``learnt``."""
    for name, value in weights.items():
        if value.is_floating_point() and not (value.isfinite() if name in learnt else ~value.isnan()).all():
            raise ValueError("some of its weights are not numbers")


def carried_over(weights: Weights, old: FamilyConfig, new: FamilyConfig) -> tuple[dict[str, Tensor], float]:
    """The tensors with which the network of ``new`` begins, and the share of its learnt numbers that are the source's.

    What is not among the tensors begins anew.

    Args:
        weights: all tensors of the network of ``old``.
        old, new: of one family, with the same options.

    Raises:
        ValueError: a learnt tensor has another shape for a reason that is neither a class nor an attribute.
    """
    network = skeleton(new)
    learnt = {name for name, _ in network.named_parameters()}
    told, taken, silent = _conditions(network, weights, old, new)
    tables = _class_tables(old)
    for name, wanted in network.state_dict().items():
        if name.startswith(told):
            continue
        value = weights.get(name)
        if value is not None and name in tables:
            value = _rows(value.movedim(tables[name], 0), old.classes, new.classes).movedim(0, tables[name])
        if value is not None and value.shape == wanted.shape:
            taken[name] = value.contiguous()
        elif name in learnt:
            raise ValueError(f"its weights fit pictures of {old.size} pixels only, not of {new.size}")
    share = sum(value.numel() for name, value in taken.items() if name in learnt) / max(1, _numbers(network))
    return taken | silent, share


def _numbers(network: nn.Module) -> int:
    return sum(value.numel() for value in network.parameters())


def _class_tables(config: FamilyConfig) -> dict[str, int]:
    """Tensors with a row for every class, and the axis of the rows: those that one class more makes longer by one."""
    one_more = skeleton(replace(config, classes=(*config.classes, ""))).state_dict()
    found = {}
    for name, value in skeleton(config).state_dict().items():
        grown = [more - less for more, less in zip(one_more[name].shape, value.shape, strict=True)]
        if sorted(grown)[-1:] == [1] and sum(grown) == 1:
            found[name] = grown.index(1)
    return found


def _rows(table: Tensor, old: Sequence[str], new: Sequence[str]) -> Tensor:
    """Rows of ``new`` names; a name that is not among ``old`` gets the row of "not asked", or the mean without one."""
    open_ = len(table) == len(old) + 1
    unknown = table[-1] if open_ else table.mean(dim=0)
    rows = [table[old.index(name)] if name in old else unknown for name in new]
    return torch.stack([*rows, unknown] if open_ else rows)


def _conditions(
    network: nn.Module, weights: Weights, old: FamilyConfig, new: FamilyConfig
) -> tuple[tuple[str, ...], dict[str, Tensor], dict[str, Tensor]]:
    """Prefixes of all condition embeddings of ``network``, their tensors that are taken over, and the silent ones."""
    told: list[str] = []
    taken: dict[str, Tensor] = {}
    silent: dict[str, Tensor] = {}
    for place, module in network.named_modules():
        if isinstance(module, ConditionEmbedding):
            prefix = f"{place}." if place else ""
            told.append(prefix)
            taken |= _condition(prefix, weights, old, new)
            silent |= _silent(prefix, module, old, new)
    return tuple(told), taken, silent


def _condition(prefix: str, weights: Weights, old: FamilyConfig, new: FamilyConfig) -> dict[str, Tensor]:
    """The class, with what the source said of the attributes that are gone, and the attributes that both have."""
    label = _rows(weights[f"{prefix}label.weight"], old.classes, new.classes)
    begun: dict[str, Tensor] = {}
    for number, before in enumerate(old.attributes):
        there = f"{prefix}attributes.{number}."
        after = counterpart(before, new.attributes)
        if after is None:
            nothing = weights[f"{there}weight"][-1] if before.values else weights[f"{there}nothing"]
            label = label + nothing
            continue
        here = f"{prefix}attributes.{new.attributes.index(after)}."
        if before.values:
            begun[f"{here}weight"] = _rows(weights[f"{there}weight"], before.values, after.values)
            continue
        begun |= {here + name[len(there) :]: value for name, value in weights.items() if name.startswith(there)}
    return begun | {f"{prefix}label.weight": label}


def _silent(prefix: str, module: ConditionEmbedding, old: FamilyConfig, new: FamilyConfig) -> dict[str, Tensor]:
    """Attributes that are new: they add nothing until they have learnt something."""
    begun: dict[str, Tensor] = {}
    for number, attribute in enumerate(new.attributes):
        if counterpart(attribute, old.attributes) is None:
            names = ("weight",) if attribute.values else ("layers.2.weight", "layers.2.bias", "nothing")
            shapes = module.attributes[number].state_dict()
            begun |= {f"{prefix}attributes.{number}.{name}": torch.zeros(shapes[name].shape) for name in names}
    return begun


def counterpart(attribute: Attribute, others: Sequence[Attribute]) -> Attribute | None:
    """The attribute of the same name and kind among ``others``."""
    same = (one for one in others if one.name == attribute.name and bool(one.values) == bool(attribute.values))
    return next(same, None)
