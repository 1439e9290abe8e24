"""Nothing goes online: no module of ours can, and over the whole road no process tries to.

The road runs with every network call of every Python process, workers included, recorded and refused.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

from app.services.offline import NETWORK_EVENTS
from tests.helpers import dicom_factory
from tests.helpers.command import environment, understudy

ROOT = Path(__file__).resolve().parents[2]

FORBIDDEN = {
    "socket", "socketserver", "ssl", "http", "urllib.request", "ftplib", "smtplib", "xmlrpc", "asyncio", "requests",
    "urllib3", "httpx", "aiohttp", "websockets", "pynetdicom", "pickle", "shelve", "marshal",
}  # fmt: skip
"""Modules that reach the network, and those that run code found in a file."""

TRAP = """
import os, sys
_trapped = {events!r}
def _hook(event, arguments):
    if event in _trapped:
        with open(os.path.join({folder!r}, "calls"), "a") as file:
            file.write(f"{{event}} {{arguments[1:]}} {{sys.argv}}\\n")
        raise OSError(f"trapped: {{event}}")
sys.addaudithook(_hook)
with open(os.path.join({folder!r}, f"process-{{os.getpid()}}"), "w") as file:
    file.write(" ".join(sys.argv))
"""


def set_trap(folder: Path) -> dict[str, str]:
    """An environment in which every Python process sets the trap as it starts and leaves its name in ``folder``."""
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(TRAP.format(events=set(NETWORK_EVENTS), folder=str(folder)))
    path = os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    return {"PYTHONPATH": path, "OMP_NUM_THREADS": "2"}


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def is_forbidden(name: str) -> bool:
    return any(name == module or name.startswith(module + ".") for module in FORBIDDEN)


def test_no_module_of_ours_can_reach_the_network_or_run_a_pickle() -> None:
    sources = [path for top in ("app", "models") for path in (ROOT / top).rglob("*.py")]
    found = {str(path.relative_to(ROOT)): sorted(filter(is_forbidden, imported(path))) for path in sources}
    assert {path: names for path, names in found.items() if names} == {}
    assert len(sources) > 50


def test_the_trap_catches_a_call(tmp_path: Path) -> None:
    env = environment(set_trap(tmp_path / "trap"))
    dial = "import socket; socket.create_connection(('127.0.0.1', 9))"
    done = subprocess.run([sys.executable, "-c", dial], env=env, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "socket.getaddrinfo" in (tmp_path / "trap/calls").read_text()


def test_the_whole_road_makes_no_network_call(tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    dicom_factory.write_classes(tmp_path / "images", patients=8)
    small = ("--steps", "8", "--per-class", "2", "--size", "16")
    road = ("demo", "--from", tmp_path / "images", "--out", tmp_path / "demo", *small)
    understudy(*road, env=set_trap(trap)).done()
    processes = [file.read_text() for file in trap.glob("process-*")]
    assert sum("worker" in words for words in processes) >= 5, "the workers of the road were not watched"
    assert not (trap / "calls").exists(), (trap / "calls").read_text()
