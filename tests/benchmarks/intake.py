"""How fast the library takes in, opens and shows images, beside the programs and libraries that people use today.

    python tests/benchmarks/intake.py [--only volume|scan|window|library|viewer|compressed ...] [--repeats 5]

Prints one table of ratios, each measured in this run in interleaved repeats; ends with 1 where a wanted ratio was
missed. Peers come with the extra ``bench``; one that is not installed is named as such.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.benchmarks.figures import Figure, table

PARTS = ("volume", "scan", "window", "library", "viewer", "compressed")
"""Each is a module ``intake_<part>`` with ``measure(repeats) -> list[Figure]``."""


def main(argv: list[str] | None = None) -> int:
    """Measure and print."""
    asked = _arguments(argv)
    figures: list[Figure] = []
    for part in asked.only or PARTS:
        print(f"measuring {part} ...", file=sys.stderr, flush=True)
        module = importlib.import_module(f"tests.benchmarks.intake_{part}")
        figures += module.measure(asked.repeats)
    print(table(figures))
    return int(any(figure.met is False for figure in figures))


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=PARTS, help="measure these parts only")
    parser.add_argument("--repeats", type=int, default=5, help="measured rounds; 5 or more for a figure to quote")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
