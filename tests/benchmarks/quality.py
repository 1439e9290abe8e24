"""How good the images are after a fixed time: our default beside MONAI's tutorial recipe, on real images.

    python tests/benchmarks/quality.py --minutes 5 [--size 32] [--seed 0] [--family auto] [--images 200] [--ours-only]
                                       [--out DIR]

Ours is trained and sampled through the preset, loop and sampler that the program uses. Both are measured by
``models.evaluate.measures`` with as many images of each class as the unseen real images have.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from models import registry
from models.config import choose_family, preset, training_plan
from models.data.prepared import PreparedImages
from models.evaluate.measures import Measures, measure
from models.sampling.generate import generate
from models.training.events import Ended, Notice, StepDone
from models.training.loop import train
from models.training.seeds import derived
from tests.benchmarks import tumour_set, tutorial


@dataclass(frozen=True)
class Row:
    """One recipe's result."""

    name: str
    images_per_s: float
    seconds_per_sample: float
    images: np.ndarray
    measures: Measures


def main(argv: list[str] | None = None) -> int:
    """Run the benchmark and print its table."""
    asked = _arguments(argv)
    if not tumour_set.present():
        print(f"skipped: {tumour_set.ABSENT}")
        return 0
    with tempfile.TemporaryDirectory() as place:
        data = tumour_set.prepare(Path(place) / "prepared", asked.size, asked.images)
        rows = [ours(data, asked, Path(place) / "run")]
        print(table(rows), file=sys.stderr)
        if not asked.ours_only:
            rows.append(baseline(data, asked.minutes * 60, asked.seed))
        print(table(rows))
        if asked.out:
            asked.out.mkdir(parents=True, exist_ok=True)
            for row in rows:
                grid(data, row, asked.out / f"{row.name.split()[0]}-{asked.seed}.png")
            written = [{**asdict(row), "images": None} for row in rows]
            (asked.out / f"quality-{asked.seed}.json").write_text(json.dumps(written, indent=1), encoding="utf-8")
    return 0


def ours(data: PreparedImages, asked: argparse.Namespace, folder: Path) -> Row:
    """The program's default for these images, this time and this machine, or the family asked for."""
    images, seconds, seed = len(data.subset("train")), asked.minutes * 60, asked.seed
    family = asked.family
    if family == "auto":
        family, _ = choose_family(images=images, size=data.size, budget_s=seconds, device="cpu")
    config = preset(
        family,
        size=data.size,
        channels=data.channels,
        classes=data.classes,
        images=images,
        statistics=data.statistics(),
    )
    plan = training_plan(config, images=images, seed=seed, **{"budget_s": seconds, **_settings(asked)})
    last: StepDone | None = None
    for event in train(plan, data, folder=folder):
        if isinstance(event, Notice):
            print(f"  {event.code}: {dict(event.facts)}", file=sys.stderr)
        if isinstance(event, StepDone):
            last = event
            if event.step % 200 == 0:
                print(f"  step {event.step}, {event.images_per_s:.0f} images/s, {event.seconds:.0f} s", file=sys.stderr)
        if isinstance(event, Ended):
            checkpoint = event.best
    labels = data.labels[data.subset("test")]
    seeds = [derived(seed, "benchmark", number) for number in range(len(labels))]
    started = time.monotonic()
    drawn = np.concatenate(list(generate(checkpoint, labels.tolist(), seeds)))
    spent = time.monotonic() - started
    speed = last.images_seen / last.seconds if last else 0.0
    return Row(f"{family} (ours)", speed, spent / len(labels), drawn, measure(data, drawn, labels, seed=0))


def baseline(data: PreparedImages, seconds: float, seed: int) -> Row:
    """MONAI's tutorial recipe for the same time."""
    network, speed = tutorial.train(data, seconds, seed)
    labels = data.labels[data.subset("test")]
    started = time.monotonic()
    drawn = tutorial.sample(network, labels, (data.channels, data.size, data.size), seed)
    spent = time.monotonic() - started
    return Row("tutorial (MONAI DDPM)", speed, spent / len(labels), drawn, measure(data, drawn, labels, seed=0))


def table(rows: list[Row]) -> str:
    """One line a figure, one column a recipe."""
    lines = [("", *(row.name for row in rows))]
    lines += [
        ("training images per second", *(f"{row.images_per_s:.0f}" for row in rows)),
        ("seconds per image drawn", *(f"{row.seconds_per_sample:.3f}" for row in rows)),
        ("Frechet to unseen real", *(f"{row.measures.frechet:.2f}" for row in rows)),
        ("  floor (real train to unseen)", *(f"{row.measures.frechet_floor:.2f}" for row in rows)),
        ("  times the floor", *(f"{_ratio(row.measures):.2f}" for row in rows)),
    ]
    for name in rows[0].measures.accuracy:
        shares = ((row.measures.agreement[name] or 0.0, row.measures.accuracy[name] or 1.0) for row in rows)
        lines.append((f"{name}: agrees / is right", *(f"{a:.2f} / {b:.2f} ({a / b:.2f})" for a, b in shares)))
    lines.append(("suspected copies", *(f"{_copies(row.measures):.1%}" for row in rows)))
    lines.append(("nearer to training (unseen real)", *(_nearer(row.measures) for row in rows)))
    lines.append(("images compared (n)", *(str(row.measures.n_compared) for row in rows)))
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines)


def grid(data: PreparedImages, row: Row, path: Path) -> None:
    """Per class a line of twelve generated images and, right of them, four unseen real ones."""
    test = data.subset("test")
    labels = data.labels[test]
    lines = []
    for label in range(len(data.classes)):
        drawn = row.images[labels == label][:12]
        at = test[labels == label]
        real = data.images(at[:: max(1, len(at) // 4)][:4])
        lines.append(np.concatenate([*drawn[:, 0], *real[:, 0]], axis=1))
    pixels = Image.fromarray(np.rint((np.concatenate(lines) + 1) * 127.5).astype(np.uint8))
    pixels.resize((pixels.width * 3, pixels.height * 3), Image.Resampling.NEAREST).save(path)


def _ratio(measures: Measures) -> float:
    return (measures.frechet or 0.0) / (measures.frechet_floor or float("nan"))


def _nearer(measures: Measures) -> str:
    return "-" if measures.nearer is None else f"{measures.nearer:.1%} ({measures.nearer_floor:.1%})"


def _copies(measures: Measures) -> float:
    return measures.copies.share if measures.copies else float("nan")


def _settings(asked: argparse.Namespace) -> dict[str, object]:
    return {"budget_s": None, "steps": asked.steps} if asked.steps else {}


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=5.0, help="training time of each recipe")
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--family", default="auto", choices=["auto", *registry.names()])
    parser.add_argument("--images", type=int, help="learn from this many images only, as many of each class")
    parser.add_argument("--steps", type=int, help="a step budget for ours, on a machine that is busy")
    parser.add_argument("--ours-only", action="store_true")
    parser.add_argument("--out", type=Path, help="folder for grids (PNG) and figures (JSON)")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
