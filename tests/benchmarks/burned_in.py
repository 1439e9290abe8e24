"""How much burned-in text is found and blacked out, how much picture is lost without need, and what it costs.

    python tests/benchmarks/burned_in.py [--texts 240] [--clean 40] [--threads 2] [--seed 0]

Text of 10 pixels and more is drawn on flat, noisy and real backgrounds; ``redact`` has found it where at most 2 % of
its strokes are left. Real frames without text say what is lost. CPU seconds stay true on a busy machine. The
real images lie beside the project; without them only drawn backgrounds are measured, and the output says so.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from app.deid.burned_in.finder import TextFinder
from app.deid.burned_in.views import Display
from app.domain.errors import Refused
from tests.helpers.burned_text import FORMS, Burned, burned, flat
from tests.helpers.real_data import REAL_DATA

Item = TypeVar("Item")

SIZES = (10, 12, 16, 24, 32)
CONTRASTS = (1.0, 0.5, 0.25)
PIECE = 320
"""Side of the backgrounds cut from real frames, in pixels."""
WANTED_RECALL, WANTED_AREA = 1.0, 0.005
SERIES = {
    "dicom_series/ct_abdomen_C3L-00189": (-160, 240),
    "dicom_series/ct_head_ge_tilt_variable_spacing": (0, 80),
    "dicom_series/mr_brain_fse_pd_oblique": None,
    "dicom_series/mr_t1w_studyforrest_excerpt": None,
    "dicom_series/mr_fmri_ge_4d": None,
}
"""Real series without text, and the window (HU) that they are usually shown in."""


@dataclass(frozen=True)
class Real:
    """A real frame: where it is from, stored values, how they are shown."""

    source: str
    frame: NDArray[np.generic]
    display: Display

    def levels(self) -> NDArray[np.uint8]:
        """Grey levels as a background to write on."""
        low, high = self.display.windows[0] if self.display.windows else np.percentile(self.frame, (0.5, 99.5))
        return (np.clip((self.frame.astype(np.float64) - low) / max(high - low, 1e-6), 0, 1) * 255).astype(np.uint8)


def main() -> int:
    """Measure and print; 1 where a figure is not what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, default=240)
    parser.add_argument("--clean", type=int, default=40)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    finder = TextFinder(threads=given.threads)
    generator = np.random.default_rng(given.seed)
    real = list(_spread(list(_real_frames(given.clean, generator)), given.clean))
    print(f"{given.threads} thread(s), {given.texts} texts, {len(real)} real frames, seed {given.seed}")
    if not real:
        print("The real images are not beside the project: backgrounds are drawn ones only.")
    found = _recall(finder, given.texts, real, generator)
    lost = _lost(finder, real) if real else 0.0
    _marked_files(finder)
    return 0 if found >= WANTED_RECALL and lost <= WANTED_AREA else 1


def _recall(finder: TextFinder, count: int, real: Sequence[Real], generator: np.random.Generator) -> float:
    """Share of texts that are gone after redaction; prints it by everything that was varied."""
    groups: dict[str, list[bool]] = defaultdict(list)
    cases = _cases(count, real, generator)
    used, began = time.process_time(), time.perf_counter()
    for names, sample in cases:
        gone = _gone(finder, sample)
        for name in ("all texts", *names):
            groups[name].append(gone)
        if not gone:
            print("  left:", ", ".join(names))
    seconds = (time.perf_counter() - began) / len(cases), (time.process_time() - used) / len(cases)
    print("Text gone after redaction")
    for name in sorted(groups, key=lambda name: (name != "all texts", name)):
        print(f"  {name:28} {np.mean(groups[name]):7.1%} of {len(groups[name])}")
    print(f"  found, blacked out and read again: {seconds[0]:.2f} s a frame, {seconds[1]:.2f} CPU seconds")
    return float(np.mean(groups["all texts"]))


def _gone(finder: TextFinder, sample: Burned) -> bool:
    """A frame that is refused does not leave, so its text does not either."""
    try:
        _, report = finder.redact(sample.frame[None], display=sample.display)
    except Refused:
        return True
    return sample.hidden(report.mask())


def _cases(count: int, real: Sequence[Real], generator: np.random.Generator) -> list[tuple[tuple[str, ...], Burned]]:
    """Texts over all sizes, contrasts, backgrounds, directions and forms, drawn evenly."""
    backgrounds = ["black", "white", "grey", "noise", *(["real"] if real else [])]
    ways = list(itertools.product(SIZES, backgrounds, CONTRASTS, (False, True), FORMS))
    generator.shuffle(ways)
    cases: list[tuple[tuple[str, ...], Burned]] = []
    for size, ground, contrast, turned, form in itertools.islice(itertools.cycle(ways), count):
        levels = {
            "black": lambda: flat(generator, 0),
            "white": lambda: flat(generator, 255),
            "grey": lambda: flat(generator, 120),
            "noise": lambda: flat(generator, 100, 15),
            "real": lambda: _background(real, generator),
        }[ground]()
        sample = burned(levels, generator, size=size, contrast=contrast, turned=turned, form=form)
        names = (f"size {size}", f"background {ground}", f"contrast {contrast:.0%}", f"form {form}")
        cases.append(((*names, "vertical" if turned else "horizontal"), sample))
    return cases


def _background(real: Sequence[Real], generator: np.random.Generator) -> NDArray[np.uint8]:
    """A piece of a real frame to write on, with a black border where the frame is too small for a line of text."""
    levels = real[int(generator.integers(len(real)))].levels()
    levels = np.pad(levels, max(0, PIECE - min(levels.shape)) // 2)
    top, left = (int(generator.integers(0, side - PIECE + 1)) for side in levels.shape)
    return levels[top : top + PIECE, left : left + PIECE]


def _lost(finder: TextFinder, real: Sequence[Real]) -> float:
    """Mean share of real frames without text that is blacked out; prints it by source, with the cost."""
    shares: dict[str, list[float]] = defaultdict(list)
    used, began = time.process_time(), time.perf_counter()
    for one in real:
        report = finder.examine([one.frame], display=one.display)
        shares[one.source].append(float(report.mask().mean()))
    seconds = (time.perf_counter() - began) / len(real), (time.process_time() - used) / len(real)
    print("Blacked out without need")
    for source, parts in sorted(shares.items()):
        hit = sum(part > 0 for part in parts)
        print(f"  {source:48} {np.mean(parts):7.2%} of area, in {hit} of {len(parts)} frames")
    everything = float(np.mean([part for parts in shares.values() for part in parts]))
    print(f"  {'all real frames':48} {everything:7.2%}")
    print(f"  looked at: {seconds[0]:.2f} s a frame, {seconds[1]:.2f} CPU seconds")
    return everything


def _real_frames(count: int, generator: np.random.Generator) -> Iterator[Real]:
    from PIL import Image
    from pydicom import dcmread

    brains = sorted((REAL_DATA / "brain_tumor_mri").rglob("*.jpg"))
    for number in generator.permutation(len(brains))[: max(1, count // 2)]:
        yield Real("brain_tumor_mri", np.asarray(Image.open(brains[number]).convert("L")), Display())
    for source, window in SERIES.items():
        for path in _spread(sorted(path for path in (REAL_DATA / source).rglob("*") if path.is_file()), count // 10):
            dataset = dcmread(path, force=True)
            slope, offset = float(dataset.get("RescaleSlope", 1)), float(dataset.get("RescaleIntercept", 0))
            windows = (((window[0] - offset) / slope, (window[1] - offset) / slope),) if window else ()
            yield Real(source, dataset.pixel_array, Display(str(dataset.PhotometricInterpretation), windows))


def _spread(items: list[Item], count: int) -> list[Item]:
    """At most so many, evenly from the whole."""
    return [items[index] for index in np.linspace(0, len(items) - 1, min(count, len(items))).astype(int)]


def _marked_files(finder: TextFinder) -> None:
    """Real files with invented names burned in: which of their lines are gone."""
    import csv

    from pydicom import dcmread

    folder = REAL_DATA / "deid_burned_in"
    if not folder.exists():
        return
    print("Files with burned-in names")
    with (folder / "text_ground_truth.csv").open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    for name in sorted({row["file"] for row in rows}):
        frame = dcmread(folder / name).pixel_array
        _, report = finder.redact(frame[None], display=Display("RGB" if frame.ndim == 3 else "MONOCHROME2"))
        for row in (row for row in rows if row["file"] == name):
            part = report.mask()[int(row["y0"]) : int(row["y1"]), int(row["x0"]) : int(row["x1"])]
            print(f"  {name}, line {rows.index(row) + 1}: {part.mean():.0%} of its box is black")


if __name__ == "__main__":
    sys.exit(main())
