"""How much drawing costs, and what fewer network evaluations lose: one diffusion model, trained here, on real images.

    python tests/benchmarks/sampling.py [--minutes 5 | --steps N] [--size 32] [--seed 0]

The model is trained through the preset and the loop that the program uses. Distances are the median over several sets
of samples, each with as many images of every class as the unseen real images have. The 1000 steps of a DDPM are a
few unguided evaluations of the same network, multiplied.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from models.api import Condition
from models.config import preset, training_plan
from models.data.prepared import PreparedImages
from models.evaluate.classifier import Judge, train_judge
from models.evaluate.frechet import frechet_distance
from models.families.diffusion import Diffusion
from models.sampling.generate import generate
from models.training.events import Ended, StepDone
from models.training.loop import train
from models.training.seeds import derived
from models.training.storing import sampler_of
from tests.benchmarks import tumour_set
from tests.benchmarks.figures import Figure, interleaved, table

DDPM_STEPS = 1000
TIMED_STEPS = 20
"""Of the DDPM; the rest costs the same."""
MANY = 50
"""Evaluations that stand for the sampler's best."""
FEW = 2
TIMED_IMAGES = 32
SETS = 3
"""Sets of samples, each from other seeds."""
CHEAPER, WORSE, FEW_WORSE = 150.0, 1.1, 1.5


def main(argv: list[str] | None = None) -> int:
    """Run the benchmark and print its table."""
    asked = _arguments(argv)
    if not tumour_set.present():
        print(f"skipped: {tumour_set.ABSENT}")
        return 0
    with tempfile.TemporaryDirectory() as place:
        data = tumour_set.prepare(Path(place) / "prepared", asked.size)
        checkpoint = trained(data, asked, Path(place) / "run")
        print(table([*distances(data, checkpoint, asked.seed), *costs(checkpoint)]))
    return 0


def trained(data: PreparedImages, asked: argparse.Namespace, folder: Path) -> Path:
    """The checkpoint of the program's own diffusion model after the time or the steps asked for."""
    images = len(data.subset("train"))
    config = preset(
        "diffusion",
        size=data.size,
        channels=data.channels,
        classes=data.classes,
        images=images,
        statistics=data.statistics(),
    )
    budget = {"steps": asked.steps} if asked.steps else {"budget_s": asked.minutes * 60}
    for event in train(training_plan(config, images=images, seed=asked.seed, **budget), data, folder=folder):
        if isinstance(event, StepDone) and event.step % 200 == 0:
            print(f"  step {event.step}, {event.images_per_s:.0f} images/s, {event.seconds:.0f} s", file=sys.stderr)
        if isinstance(event, Ended):
            return event.best
    raise RuntimeError("the training ended without a checkpoint")


def distances(data: PreparedImages, checkpoint: Path, seed: int) -> list[Figure]:
    """What the default and two steps lose against many evaluations."""
    judge, labels = train_judge(data, seed=0), data.labels[data.subset("test")]
    unseen, _ = judge.look(data.images(data.subset("test")))
    found: dict[int | None, float] = {}
    for steps in (None, FEW, MANY):
        sets = (_drawn(checkpoint, labels, steps, derived(seed, "set", number)) for number in range(SETS))
        values = [frechet_distance(judge.look(images)[0], unseen) for images in sets]
        found[steps] = statistics.median(values)
        print(f"  {steps or 'default'}: Frechet {', '.join(f'{value:.3f}' for value in values)}", file=sys.stderr)
    floor, default = _floor(data, judge, labels, unseen), f"default ({_family(checkpoint).evaluations} evaluations)"
    return [
        _distance(default, found[None], found[MANY], round(1 / WORSE, 2)),
        _distance(f"{FEW} steps", found[FEW], found[MANY], round(1 / FEW_WORSE, 2)),
        Figure("Frechet distance, default", found[None], "real training images", floor, floor / found[None], None, ""),
    ]


def costs(checkpoint: Path, repeats: int = 5) -> list[Figure]:
    """Seconds per image of the default and of two steps, against a DDPM of the same network."""
    family = _family(checkpoint)
    condition = Condition(torch.arange(TIMED_IMAGES) % max(1, len(family.config.classes)))
    seeds = list(range(TIMED_IMAGES))

    def contender(steps: int | None = None, guidance: float | None = None) -> Callable[[], object]:
        return lambda: family.sample(condition, seeds, steps=steps, guidance=guidance)

    taken = interleaved(
        repeats,
        {"default": contender(), "few": contender(steps=FEW), "ddpm": contender(steps=TIMED_STEPS, guidance=1.0)},
    )
    return [
        _cost("default", taken["default"], taken["ddpm"], CHEAPER),
        _cost(f"{FEW} steps", taken["few"], taken["ddpm"]),
    ]


def _floor(data: PreparedImages, judge: Judge, labels: NDArray[np.int64], unseen: NDArray[np.float64]) -> float:
    """The median distance of as many real training images of every class."""
    train, known = data.subset("train"), data.labels[data.subset("train")]
    values = []
    for number in range(SETS):
        random = np.random.default_rng(number)
        chosen = [random.choice(train[known == label], (labels == label).sum()) for label in np.unique(labels)]
        values.append(frechet_distance(judge.look(data.images(np.concatenate(chosen)))[0], unseen))
    return statistics.median(values)


def _distance(name: str, ours: float, many: float, wanted: float) -> Figure:
    return Figure(f"Frechet distance, {name}", ours, f"{MANY} levels", many, many / ours, wanted, "")


def _cost(name: str, ours: float, part: float, wanted: float | None = None) -> Figure:
    ddpm = part * DDPM_STEPS / TIMED_STEPS
    note = f"DDPM: {TIMED_STEPS} steps measured, times {DDPM_STEPS // TIMED_STEPS}"
    name, peer = f"cost of an image, {name}", f"DDPM, {DDPM_STEPS} steps"
    return Figure(name, 1e3 * ours / TIMED_IMAGES, peer, 1e3 * ddpm / TIMED_IMAGES, ddpm / ours, wanted, "ms", note)


def _drawn(checkpoint: Path, labels: NDArray[np.int64], steps: int | None, seed: int) -> NDArray[np.float32]:
    seeds = [derived(seed, "benchmark", number) for number in range(len(labels))]
    return np.concatenate(list(generate(checkpoint, labels.tolist(), seeds, steps=steps)))


def _family(checkpoint: Path) -> Diffusion:
    family, _ = sampler_of(checkpoint, torch.device("cpu"))
    if not isinstance(family, Diffusion):
        raise TypeError("this benchmark is about diffusion")
    return family


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=5.0, help="training time")
    parser.add_argument("--steps", type=int, help="a step budget instead, on a machine that is busy")
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
