"""A rank that follows, in a process of its own, for tests that lead."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.helpers.command import ROOT, environment

FOLLOW = """
import sys
from pathlib import Path
import torch
from models.training.distributed import follow
from models.training.team import Team
torch.set_num_threads(1)
rank, size, meeting = sys.argv[1:]
follow(Team(int(rank), int(size), torch.device("cpu"), Path(meeting), lambda: None))
"""


def follower(rank: int, size: int, meeting: Path) -> subprocess.Popen[bytes]:
    """Start rank ``rank``."""
    words = [sys.executable, "-c", FOLLOW, str(rank), str(size), str(meeting)]
    return subprocess.Popen(words, cwd=ROOT, env=environment(), stderr=subprocess.PIPE)
