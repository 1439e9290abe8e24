"""The pictures of the help: what every family draws after some minutes on the sample project.

    python -m tests.benchmarks.family_grids --minutes 3 [--families gan flow] [--out resources/help]

Trained and drawn by the program's own services and workers. One row a class, the last two columns real pictures that
no family was shown; the sample project's patients are invented, so these pictures may travel with the program.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app import compose
from app.compose import Services
from app.jobs.process import Job
from app.services.demo import recipe_for
from models import registry
from models.data.prepared import PreparedImages

DRAWN, REAL = 10, 2
"""Pictures of each class in a row."""
ZOOM = 2
GAP = 2
"""Grey pixels between pictures."""


def main(argv: list[str] | None = None) -> int:
    """Train, draw and write one PNG a family."""
    asked = _arguments(argv)
    asked.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        services = compose.create_project(Path(place) / "project")
        try:
            _finished(services.intake.start_sample_project())
            cohort = services.cohorts.make("sample", recipe_for(asked.minutes * 60), seed=0)
            for family in asked.families:
                run = _finished(services.training.start(cohort, family=family, budget_s=asked.minutes * 60))
                drawn = _finished(services.generation.start(run["run"], per_class=DRAWN))
                path = asked.out / f"{family}.png"
                _grid(services, run["run"], drawn["samples"]).save(path, optimize=True)
                print(f"{path}: {run['step']} steps, {run['images_per_s']} images/s")
        finally:
            services.close()
    return 0


def _finished(job: Job) -> dict[str, Any]:
    outcome = job.wait()
    if outcome is None:
        raise RuntimeError("a job was given up")
    if error := outcome.error():
        raise error
    return outcome.result


def _grid(services: Services, run: str, samples: str) -> Image.Image:
    info = services.training.run(run)
    data = PreparedImages.open(services.project.root / info.record.prepared)
    images, record = services.generation.images(samples), services.generation.load(samples)
    unseen = data.subset("test")
    rows: list[NDArray[np.floating[Any]]] = []
    for label, name in enumerate(data.classes):
        numbers = [sample.number for sample in record.samples if sample.label == name][:DRAWN]
        real = unseen[data.labels[unseen] == label][:REAL]
        rows.append(_row([*images[numbers][:, 0], *data.images(real)[:, 0]]))
    pixels = np.rint((np.concatenate(rows) + 1) * 127.5).astype(np.uint8)
    whole = Image.fromarray(pixels)
    return whole.resize((whole.width * ZOOM, whole.height * ZOOM), Image.Resampling.NEAREST)


def _row(pictures: list[NDArray[np.floating[Any]]]) -> NDArray[np.floating[Any]]:
    return np.concatenate([np.pad(one, ((0, GAP), (0, GAP))) for one in pictures], axis=1)


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=3.0, help="training time of each family")
    parser.add_argument("--families", nargs="+", choices=registry.names(), default=list(registry.names()))
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[2] / "resources" / "help")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
