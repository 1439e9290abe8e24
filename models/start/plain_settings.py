"""A MONAI bundle's description of its network, read as plain values: nothing in it is evaluated, imported or built.

MONAI's own reader (``monai.bundle.ConfigParser``) runs what begins with "$" as Python and builds whatever "_target_"
names. Here a file that holds any of it is refused by name: who trusts it can write down the network alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

LONGEST = 4 << 20
DEEPEST = 40
ALONE = "configs/network.json"
"""Looked at first: where a person writes down the network alone if the bundle's own files hold code."""
FIRST = (ALONE, "configs/inference.json", "configs/train.json")
NETWORK, CODEC = "DiffusionModelUNet", "AutoencoderKL"
MODULES = ("", "monai.networks.nets.", "generative.networks.nets.")
TARGETS = {module + name: name for name in (NETWORK, CODEC) for module in MODULES}
"""What "_target_" may name."""


def document(content: bytes, name: str) -> Mapping[str, Any]:
    """The JSON object in ``content``; raises ValueError where it is none or holds code."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as wrong:
        raise ValueError(f"{name} is not JSON") from wrong
    if not isinstance(found, dict):
        raise ValueError(f"{name} is not a JSON object")
    for place, value in _values(found, name):
        _refuse_code(name, place, value)
    return found


def network(found: Mapping[str, Any], name: str) -> dict[str, Any] | None:
    """The arguments of the diffusion network that ``found`` describes, None where it describes none.

    Raises:
        ValueError: there are several; or it works on the latents of a codec; or refers to other places.
    """
    described = [value for value in _objects(found) if "_target_" in value]
    kinds = [TARGETS.get(str(value["_target_"]), "") for value in described]
    if NETWORK not in kinds:
        return None
    if kinds.count(NETWORK) > 1:
        raise ValueError(f"{name} describes {kinds.count(NETWORK)} networks")
    if CODEC in kinds:
        raise ValueError(f"the network in {name} works on the latents of an {CODEC}, not on pictures")
    return {key: value for key, value in described[kinds.index(NETWORK)].items() if not key.startswith("_")}


def _values(value: Any, name: str, place: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Every key and every plain value, with where it stands."""
    if depth > DEEPEST:
        raise ValueError(f"{name} is nested too deeply")
    if isinstance(value, dict):
        for key, inner in value.items():
            yield place, key
            yield from _values(inner, name, f"{place}.{key}" if place else key, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            yield from _values(inner, name, place, depth + 1)
    else:
        yield place, value


def _refuse_code(name: str, place: str, value: Any) -> None:
    """Raise ValueError where a value would be run, built, or read from elsewhere."""
    if not isinstance(value, str):
        return
    alone = f"write its network alone into {ALONE}"
    if value.lstrip().startswith("$"):
        raise ValueError(f"{name} holds program code ({place[:60]}: {value[:60]!r}), which is never run; {alone}")
    if place.rpartition(".")[2] == "_target_" and value not in TARGETS:
        raise ValueError(f"{name} asks for {value[:60]!r}, which is never built; {alone}")
    if value.startswith(("@", "%")):
        raise ValueError(f"{name} refers to another place ({place[:60]}: {value[:60]!r}); {alone}")


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    """Every object in a document."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _objects(inner)
