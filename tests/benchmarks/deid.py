"""What de-identification leaves, what it removes without need, and how fast it is, beside the tools that people use.

    python tests/benchmarks/deid.py [--only leaving score speed] [--repeats 5]

Invented identities are planted in phantoms of eight kinds of objects (``app.deid.planting``). ``leaving`` sends them
through the program's own command line under maximum protection and searches every byte of what comes out, ``score``
counts the actions of MIDI-B, ``speed`` measures files a second; peers work on the same files in the same run, with
their defaults. Prints one table; ends with 1 where a wanted figure was missed. Peers come with the extra ``bench``.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.benchmarks.figures import Figure, table

PARTS = ("leaving", "score", "speed")
"""Each is a module ``deid_<part>`` with ``measure(repeats) -> list[Figure]``."""


def main(argv: list[str] | None = None) -> int:
    """Measure and print."""
    asked = _arguments(argv)
    figures: list[Figure] = []
    for part in asked.only or PARTS:
        print(f"measuring {part} ...", file=sys.stderr, flush=True)
        module = importlib.import_module(f"tests.benchmarks.deid_{part}")
        figures += module.measure(asked.repeats)
    print(table(figures))
    return int(any(figure.met is False for figure in figures))


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=PARTS, help="measure these parts only")
    parser.add_argument("--repeats", type=int, default=5, help="measured rounds of speed; 5 or more to quote")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
