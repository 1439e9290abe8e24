"""Byte mutations of real files against the readers: nothing may crash the program, hang it, or eat its memory.

``python -m tests.fuzz.mutate --count 10000 --seconds 3600`` looks at each mutated file in this process, as an import
does, and decodes it in the program's killable decoding processes. It prints how every file ended, and what escaped:
an error that is no sentence, a look that took too long, memory beyond the limit. A number is a seed: the same number
gives the same file.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil
import pydicom
from PIL import Image

from app.domain.errors import Failed
from app.imaging import reader
from app.jobs.decoders import Decoders, Limits
from tests.helpers.nifti_factory import write_volume
from tests.helpers.real_data import REAL_DATA

LARGEST = 400_000
"""Bytes of the largest file that is mutated; larger ones add time, not ideas."""
SLOWEST_LOOK_S = 10.0
LIMITS = Limits(seconds=20.0, bytes=1 << 30)
NOT_DICOM = (".nii", ".nii.gz", ".mha", ".nrrd", ".png", ".tiff", ".tif", ".jpg")
MARGIN_S = 15.0
"""What waiting for a child's turn and starting it anew may add to its limit."""


@dataclass
class Tally:
    """What became of the files.

    Attributes:
        ends: "shown", or the code by which a file was set aside, with how often.
        formats: file endings, with how often.
        costly: number, file and end of everything that cost a decoding process.
        escaped: number, file and fault of everything that the program would not have survived.
        slowest_look_s, slowest_check_s: the longest that one file took.
        own_bytes, child_bytes: most memory that this process and its largest child were seen with.
    """

    ends: Counter[str] = field(default_factory=Counter)
    formats: Counter[str] = field(default_factory=Counter)
    costly: list[str] = field(default_factory=list)
    escaped: list[str] = field(default_factory=list)
    slowest_look_s: float = 0.0
    slowest_check_s: float = 0.0
    own_bytes: int = 0
    child_bytes: int = 0

    @property
    def total(self) -> int:
        """Files tried."""
        return sum(self.ends.values()) + len(self.escaped)


def seeds(folder: Path) -> list[Path]:
    """Real files of every format, and small ones written into ``folder`` for the formats that have no real one."""
    wheel = Path(pydicom.__file__).parent / "data" / "test_files"
    found = [*wheel.glob("*.dcm"), *_written(folder)]
    for pattern in ("dicom_robustness/**/*", "nifti/**/*", "brain_tumor_mri/images/**/*_1.jpg"):
        found += REAL_DATA.glob(pattern)
    sized = (path for path in sorted(set(found)) if path.is_file() and path.suffix != ".csv")
    return [path for path in sized if 0 < path.stat().st_size <= LARGEST and _is_image(path)]


def _is_image(path: Path) -> bool:
    try:
        reader.look(path)
    except Failed:
        return False
    return True


def _written(folder: Path) -> Iterator[Path]:
    import SimpleITK

    chance = np.random.default_rng(0)
    voxels = chance.integers(0, 900, (12, 14, 16)).astype(np.int16)
    yield write_volume(folder / "plain.nii", voxels)
    yield write_volume(folder / "packed.nii.gz", np.stack([voxels, voxels + 1], axis=3), spacing=(1, 1, 1))
    image = SimpleITK.GetImageFromArray(voxels)
    for name, packed in (("a.mha", False), ("b.mha", True), ("a.nrrd", False), ("b.nrrd", True)):
        SimpleITK.WriteImage(image, str(folder / name), packed)
        yield folder / name
    for name in ("a.png", "a.tiff", "b.jpg"):
        Image.fromarray(chance.integers(0, 255, (64, 64)).astype(np.uint8)).save(folder / name)
        yield folder / name
    Image.fromarray(chance.integers(0, 9000, (64, 64)).astype(np.uint16)).save(folder / "c.tif", compression="tiff_lzw")
    yield folder / "c.tif"


def mutated(data: bytes, chance: random.Random, other: bytes) -> bytes:
    """``data`` with one kind of damage, ``other`` being a file to take foreign bytes from."""
    changed = bytearray(data)
    reach = len(changed) if chance.random() < 0.4 else min(len(changed), 2000)  # headers hold the decisions
    kind = chance.randrange(8)
    if kind == 0:
        return bytes(changed[: chance.randrange(len(changed))])
    if kind <= 3:
        for _ in range(chance.choice([1, 2, 8, 64])):
            changed[chance.randrange(reach)] = chance.randrange(256)
    elif kind == 4:
        at = chance.randrange(reach)
        changed[at : at + 4] = chance.choice([b"\xff\xff\xff\xff", b"\0\0\0\0", b"\xff\xff\xff\x7f", b"\0\0\0\x80"])
    elif kind == 5:
        at, size = chance.randrange(reach), chance.choice([1, 16, 512])
        del changed[at : at + size]
    elif kind == 6:
        at, size = chance.randrange(reach), chance.choice([4, 64, 2048])
        source = chance.randrange(len(other))
        changed[at : at + size] = other[source : source + size]
    else:
        at, size = chance.randrange(reach), chance.choice([8, 256])
        changed[at:at] = changed[at : at + size] * chance.choice([1, 3])
    return bytes(changed)


def run(numbers: Sequence[int], seconds: float, folder: Path, threads: int = 2) -> Tally:
    """Try the mutated files ``numbers``, or as many as the time allows."""
    sources = seeds(folder)
    tally, lock, end = Tally(), threading.Lock(), time.monotonic() + seconds
    decoders = Decoders(threads, LIMITS)

    def one(number: int) -> None:
        if time.monotonic() < end:
            _try(number, sources, folder, decoders, (tally, lock))

    done = threading.Event()
    watch = threading.Thread(target=_watch, args=(tally, done), daemon=True)
    watch.start()
    try:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(one, numbers))
    finally:
        done.set()
        decoders.close()
        watch.join()
    return tally


def _try(
    number: int, sources: Sequence[Path], folder: Path, decoders: Decoders, kept: tuple[Tally, threading.Lock]
) -> None:
    tally, lock = kept
    chance = random.Random(number)
    source, other = chance.choice(_like(sources, chance)), chance.choice(sources)
    path = folder / f"{number}{'.nii.gz' if source.name.endswith('.nii.gz') else source.suffix}"
    path.write_bytes(mutated(source.read_bytes(), chance, other.read_bytes()))
    end, fault, (look_s, check_s) = _tried(path, decoders)
    if look_s > SLOWEST_LOOK_S or check_s > LIMITS.seconds + MARGIN_S:
        fault = fault or f"took {look_s:.1f} s to look at, {check_s:.1f} s to check"
    with lock:
        tally.formats[source.suffix] += 1
        tally.slowest_look_s = max(tally.slowest_look_s, look_s)
        tally.slowest_check_s = max(tally.slowest_check_s, check_s)
        if fault:
            tally.escaped.append(f"{number} ({source.name}): {fault}")
        else:
            tally.ends[end] += 1
        if end.startswith("decoder-"):
            tally.costly.append(f"{number} ({source.name}): {end}")
    path.unlink()


def _like(sources: Sequence[Path], chance: random.Random) -> Sequence[Path]:
    """The DICOM files, or for every third file the others, of which there are fewer."""
    others = chance.random() < 1 / 3
    chosen = [path for path in sources if path.name.lower().endswith(NOT_DICOM) == others]
    return chosen or sources


def _tried(path: Path, decoders: Decoders) -> tuple[str, str, tuple[float, float]]:
    """How the file ended, what of that is a fault, and how long looking (of the processor) and checking took."""
    end, fault = "shown", ""
    worked, looked = time.thread_time(), 0.0
    try:
        content = reader.look(path)
        look_s, looked = time.thread_time() - worked, time.monotonic()
        decoders.check(content)
    except Failed as failed:
        end = failed.code
        fault = "" if str(failed).endswith(".") and len(str(failed)) < 500 else "no sentence"
    except Exception as error:  # noqa: BLE001 - whatever comes is what this is looking for
        fault = f"{type(error).__name__}: {error}"
    if not looked:
        return end, fault, (time.thread_time() - worked, 0.0)
    return end, fault, (look_s, time.monotonic() - looked)


def _watch(tally: Tally, done: threading.Event) -> None:
    me = psutil.Process()
    while not done.wait(0.05):
        tally.own_bytes = max(tally.own_bytes, me.memory_info().rss)
        for child in me.children():
            try:
                tally.child_bytes = max(tally.child_bytes, child.memory_info().rss)
            except psutil.Error:
                continue


def main() -> None:
    """Run by hand, print the figures, leave with 1 where something escaped."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--count", type=int, default=10_000)
    options.add_argument("--seconds", type=float, default=3600.0)
    options.add_argument("--first", type=int, default=0, help="number of the first file")
    options.add_argument("--threads", type=int, default=2)
    chosen = options.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        numbers = range(chosen.first, chosen.first + chosen.count)
        tally = run(numbers, chosen.seconds, Path(folder), chosen.threads)
    print(f"{tally.total} files in {time.monotonic() - began:.0f} s: {dict(tally.formats.most_common())}")
    for end, count in tally.ends.most_common():
        print(f"  {end:22} {count}")
    print(f"slowest look {tally.slowest_look_s:.2f} s of the processor, slowest check {tally.slowest_check_s:.2f} s")
    print(f"most memory: this process {tally.own_bytes >> 20} MB, a child {tally.child_bytes >> 20} MB")
    print(f"decoding processes lost: {len(tally.costly)}", *tally.costly, sep="\n  ")
    print(f"escaped: {len(tally.escaped)}", *tally.escaped, sep="\n  ")
    raise SystemExit(bool(tally.escaped))


if __name__ == "__main__":
    main()
