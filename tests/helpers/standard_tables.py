"""Makes ``resources/deid/iods.json`` from highdicom's tables of PS3.3; run by hand when a new edition is taken over.

    python -m tests.helpers.standard_tables

Only image classes are taken: those whose IOD has a module with pixels.
"""

from __future__ import annotations

import json
from collections import defaultdict
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

FILE = Path(__file__).resolve().parents[2] / "resources" / "deid" / "iods.json"
PIXELS = {"image-pixel", "floating-point-image-pixel", "double-floating-point-image-pixel"}
STRICTEST = ("1", "1C", "2", "2C", "3")
RETIRED = {
    "1.2.840.10008.5.1.4.1.1.3": "ultrasound-multi-frame-image",
    "1.2.840.10008.5.1.4.1.1.5": "nuclear-medicine-image",
    "1.2.840.10008.5.1.4.1.1.6": "ultrasound-image",
    "1.2.840.10008.5.1.4.1.1.12.3": "x-ray-angiographic-image",
    "1.2.840.10008.5.1.4.1.1.77.1": "vl-photographic-image",
    "1.2.840.10008.5.1.4.1.1.77.2": "video-photographic-image",
}
"""Retired classes that old files still name, and the kind that took their place."""


def tables(folder: Path) -> dict[str, object]:
    """The compact tables: modules' own attributes, what items of each sequence may hold, and classes."""
    of_iod = json.loads((folder / "iod_module_map.json").read_text())
    of_module = json.loads((folder / "module_attribute_map.json").read_text())
    of_class = json.loads((folder / "sop_class_iod_map.json").read_text())
    images = {name: parts for name, parts in of_iod.items() if PIXELS & {part["key"] for part in parts}}
    used = {part["key"] for parts in images.values() for part in parts}
    modules: dict[str, dict[str, str]] = {name: {} for name in used}
    items: dict[str, dict[str, str]] = defaultdict(dict)
    for name in used:
        for attribute in of_module.get(name, ()):
            place = items[attribute["path"][-1]] if attribute["path"] else modules[name]
            kind = str(attribute["type"] or "3")
            place[attribute["keyword"]] = min(place.get(attribute["keyword"], "3"), kind, key=STRICTEST.index)
    return {
        "schema": 1,
        "about": "Attributes of the image IODs with their types, strictest first where a module states several. What "
        "items of a sequence may hold is gathered over all of these IODs. Modules marked * are not mandatory.",
        "source": f"PS3.3 and PS3.4 as carried by highdicom {version('highdicom')} (MIT licence); "
        "made by tests/helpers/standard_tables.py.",
        "classes": {uid: iod for uid, iod in sorted({**of_class, **RETIRED}.items()) if iod in images},
        "iods": {
            name: " ".join(part["key"] + ("" if part["usage"] == "M" else "*") for part in parts)
            for name, parts in sorted(images.items())
        },
        "modules": {name: _by_type(modules[name]) for name in sorted(modules)},
        "items": {name: _by_type(items[name]) for name in sorted(items)},
    }


def _by_type(attributes: dict[str, str]) -> dict[str, str]:
    grouped = defaultdict(list)
    for keyword, kind in sorted(attributes.items()):
        grouped[kind].append(keyword)
    return {kind: " ".join(grouped[kind]) for kind in STRICTEST if kind in grouped}


def main() -> None:
    spec = find_spec("highdicom")
    assert spec is not None
    assert spec.origin is not None
    made = tables(Path(spec.origin).parent / "_standard")
    FILE.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
