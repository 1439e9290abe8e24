"""A worker whose training meets trouble: numbers that are none, a cap on memory, a full disk.

Run as a script with the name of the trouble and a spec. The trouble is real (the system refuses memory or space) or
planted round a family's loss; the program's own code is what runs everywhere else.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

ROOM = 3 << 30
"""Bytes of address space that are left to a worker whose memory is capped."""


def command(trouble: str) -> list[str]:
    """What starts such a worker; the spec comes last."""
    return [sys.executable, __file__, trouble]


def planted(before: Callable[[Any, int], None], after: Callable[[Any, int], Any] = lambda terms, step: terms) -> None:
    """Do something with the batch before every training loss of the VAE, and something to the loss."""
    import torch

    from models.families.vae import Vae

    genuine = Vae.loss

    def loss(self: Vae, batch: Any, phase: str, step: int, generator: torch.Generator) -> Any:
        if not torch.is_grad_enabled():
            return genuine(self, batch, phase, step, generator)
        before(batch, step)
        return after(genuine(self, batch, phase, step, generator), step)

    Vae.loss = loss  # type: ignore[method-assign]


def poison(times: int) -> None:
    """The loss of the fourth step is not a number, so many times."""
    from models.api import LossTerms

    left = [times]

    def spoil(terms: LossTerms, step: int) -> LossTerms:
        if step != 3 or not left[0]:
            return terms
        left[0] -= 1
        return LossTerms(terms.total * float("nan"), terms.named)

    planted(lambda batch, step: None, spoil)


def hunger(each: int) -> None:
    """Every image of a portion takes so many bytes of address space, of which there is only ``ROOM`` left."""
    import resource

    import torch

    capped: list[int] = []

    def eat(batch: Any, step: int) -> None:
        if not capped:
            capped.append(int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize() + ROOM)
            resource.setrlimit(resource.RLIMIT_AS, (capped[0], capped[0]))
        torch.empty(len(batch.images) * each, dtype=torch.uint8)

    planted(eat)


def full_disk() -> None:
    """After the first checkpoint the system lets no file grow to the size of a second."""
    import resource

    from models.training import checkpoint

    genuine = checkpoint.write

    def write(*arguments: Any) -> Path:
        path = genuine(*arguments)
        limit = path.with_suffix(checkpoint.TENSORS).stat().st_size // 2
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        return path

    checkpoint.write = write


TROUBLES: dict[str, Callable[[], None]] = {
    "poison once": lambda: poison(1),
    "poison": lambda: poison(99),
    "hunger": lambda: hunger(256 << 20),
    "starvation": lambda: hunger(2 * ROOM),
    "full disk": full_disk,
}

if __name__ == "__main__":
    from app.worker.main import main

    TROUBLES[sys.argv[1]]()
    raise SystemExit(main(sys.argv[2:]))
