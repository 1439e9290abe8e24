"""How many images a second training takes in: our default network and loop beside MONAI's tutorial, on one machine.

    python tests/benchmarks/training.py [--sizes 32,64] [--seconds 8] [--repeats 5] [--device cpu]

Both sides train as they would: ours through ``models.training.loop`` with its weight averages, clipping, augmentation,
looks and checkpoints as they come due, the tutorial through the loop of ``tutorial``. The default network is measured
against the tutorial's, and on a processor once more against a plain loop (float32, Adam) round the very same network.
The contenders take turns in short rounds; the table holds medians.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from models import registry
from models.api import FamilyConfig, Stage
from models.config import TrainingPlan, choose_family, preset, training_plan
from models.data.feeding import Feed, on_device
from models.data.prepared import PreparedImages
from models.training.augment import Augmentation
from models.training.events import Notice, StepDone
from models.training.loop import train
from tests.benchmarks import tutorial
from tests.benchmarks.figures import Figure, faster, interleaved, table
from tests.helpers.prepared_factory import write_prepared

IMAGES = 600
LONG = 10**9
"""Steps of a budget that no round comes near, so that every round is in the middle of a training."""


def main(argv: list[str] | None = None) -> int:
    """Run the benchmark and print its table."""
    asked = _arguments(argv)
    figures: list[Figure] = []
    for size in asked.sizes:
        with tempfile.TemporaryDirectory() as place:
            figures += measured(Path(place), size, asked)
    print(table(figures))
    return 0


def measured(place: Path, size: int, asked: argparse.Namespace) -> list[Figure]:
    """The figures of one image size."""
    data = write_prepared(place / "prepared", size=size, train=IMAGES, val=64, test=8)
    plan = default_plan(data, asked.device)
    sides = {
        "ours": images(stepping(plan, data, place / "run"), asked.device),
        "tutorial": images(tutorial.steps(tutorial.build(data), data, 0, asked.device), asked.device),
    }
    if asked.device == "cpu":
        sides["plain"] = images(plain_steps(plan.family, plan.batch, data), asked.device)
    counts = {name: taken_in(side, asked.seconds) for name, side in sides.items()}
    rounds = {name: (lambda side=side, count=counts[name]: side(count)) for name, side in sides.items()}
    seconds = interleaved(asked.repeats, rounds)
    speed = {name: counts[name] / seconds[name] for name in sides}
    peer, wanted = ("MONAI tutorial, AMP", 2.0) if asked.device != "cpu" else ("MONAI tutorial", 12.0)
    figures = [
        _figure(
            f"{plan.family.family} at {size} pixels, {asked.device}", speed["ours"], peer, speed["tutorial"], wanted
        )
    ]
    if "plain" in speed:
        name = f"the same network at {size} pixels"
        figures.append(_figure(name, speed["ours"], "plain loop, float32, Adam", speed["plain"], 1.5))
    return figures


def default_plan(data: PreparedImages, device: str) -> TrainingPlan:
    """What the program would train on these images in ten minutes, without an end."""
    count = len(data.subset("train"))
    family, _ = choose_family(images=count, size=data.size, budget_s=600, device=device)
    config = preset(
        family,
        size=data.size,
        channels=data.channels,
        classes=data.classes,
        images=count,
        device=device,
        statistics=data.statistics(),
    )
    return training_plan(config, images=count, steps=LONG, step_cap=None, device=device)


def stepping(plan: TrainingPlan, data: PreparedImages, folder: Path) -> Iterator[int]:
    """Our loop: images seen so far."""
    for event in train(plan, data, folder=folder):
        if isinstance(event, Notice):
            print(f"  {event.code}: {dict(event.facts)}", file=sys.stderr)
        if isinstance(event, StepDone):
            yield event.images_seen


def plain_steps(config: FamilyConfig, size: int, data: PreparedImages) -> Iterator[int]:
    """The loop that one writes first: the same network and loss, float32, Adam, nothing else."""
    torch.manual_seed(0)
    family = registry.build(config)
    stage: Stage = family.stages[0]
    optimisers = {phase: torch.optim.Adam(family.parameters(phase), lr=1e-4) for phase in stage.phases}
    feed, random = Feed(data, "train"), torch.Generator().manual_seed(0)
    seen = 0
    while True:
        batch = on_device(feed.batch(size, Augmentation(share=0.0), random), torch.device("cpu"))
        for phase, optimiser in optimisers.items():
            loss = family.loss(batch, phase, seen, random).total
            family.network.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
        seen += size
        yield seen


def images(steps: Iterator[int], device: str) -> Callable[[int], int]:
    """A side of the comparison: takes in at least so many more images, and says how many."""
    seen = 0

    def take(count: int) -> int:
        nonlocal seen
        began = seen
        while seen - began < count:
            seen = next(steps)
        if device.startswith("cuda"):
            torch.cuda.synchronize()
        return seen - began

    return take


def taken_in(side: Callable[[int], int], seconds: float) -> int:
    """Images that a side takes in in about so many seconds, a whole number of its steps."""
    step = side(1)  # the first step also sets up what the others find ready
    started, count = time.perf_counter(), 0
    while time.perf_counter() - started < seconds:
        count += side(step)
    return count


def _figure(name: str, ours: float, peer_name: str, peer: float, wanted: float) -> Figure:
    return faster(name, 1, (1 / ours, 1 / peer), peer_name, wanted)


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=lambda text: [int(size) for size in text.split(",")], default=[32, 64])
    parser.add_argument("--seconds", type=float, default=8.0, help="length of a round of each contender")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
