"""The set-up scripts: they parse, they find what the doctor finds, and a second run has nothing to do."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from app.services.checkup import WINDOW_LIBRARIES

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = sorted([*ROOT.glob("installers/**/*.sh"), ROOT / ".ci/run"])

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")


def bash(script: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    sourced = "".join(f". {ROOT}/installers/{name}.sh\n" for name in ("common/say", "linux/packages", "common/python"))
    return subprocess.run(
        ["bash", "-c", f"set -euo pipefail\n{sourced}{script}"], cwd=cwd, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_script_parses(script: Path) -> None:
    assert subprocess.run(["bash", "-n", script], capture_output=True, check=False).stderr == b""


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed")
def test_shellcheck_has_nothing_to_say() -> None:
    done = subprocess.run(["shellcheck", "-x", *SCRIPTS], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout == ""


def test_the_doctor_looks_for_libraries_that_the_installer_brings() -> None:
    table = bash('printf "%s" "$WINDOW_LIBRARIES"').stdout.split()
    assert set(WINDOW_LIBRARIES) <= set(table)


def test_a_python_that_is_too_old_is_not_taken(tmp_path: Path) -> None:
    for name in ("python3", "python3.11", "python3.12", "python3.13", "python3.14", "python"):
        (tmp_path / name).write_text("#!/bin/sh\nexit 1\n")
        (tmp_path / name).chmod(0o755)
    assert bash(f"PATH={tmp_path}:$PATH; find_python || echo none").stdout == "none\n"


def test_what_failed_is_shown_and_tried_again() -> None:
    done = bash('sleep() { :; }; retry 2 run_logged "the download" sh -c "echo no route; exit 3" || echo gave up')
    assert done.stdout == "gave up\n"
    assert done.stderr.count("no route") == 2
    assert "trying again" in done.stderr


def test_the_second_run_installs_nothing(tmp_path: Path) -> None:
    """With the stamp of this pyproject.toml in place, no pip is called: the interpreter here has none."""
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    venv = tmp_path / "venv/bin"
    venv.mkdir(parents=True)
    (venv / "python").write_text('#!/bin/sh\n[ "$*" = "-m pip --version" ] || { echo called "$*"; exit 9; }\n')
    (venv / "python").chmod(0o755)
    stamp = 'project_stamp venv "[test]" > venv/.understudy-test-stamp\n'
    assert bash(stamp + 'install_project venv "[test]" && echo ready', tmp_path).stdout == "ready\n"
    assert bash('install_project venv "" && echo the program too', tmp_path).stdout == "the program too\n"
    (tmp_path / "pyproject.toml").write_text("[project]\ndependencies = []\n")
    again = bash('sleep() { :; }; install_project venv "[test]" && echo ready', tmp_path)
    assert "called -m pip install" in again.stderr
    assert again.returncode == 1


def bare_machine(folder: Path, *, root: bool) -> str:
    """Bash lines for a system with no library of the window, an apt of Ubuntu 24.04 and a recording apt-get."""
    programs = {
        "ldconfig": "exit 0",
        "apt-cache": '[ "$2" = libglib2.0-0 ] || echo "$2 | 1.0 | noble"',
        "apt-get": f'echo "$@" >> {folder}/asked',
        "id": f"echo {0 if root else 1000}",
        "sudo": "exit 1",
    }
    for name, body in programs.items():
        (folder / name).write_text(f"#!/bin/bash\n{body}\n")
        (folder / name).chmod(0o755)
    return f"PATH={folder}:$PATH\n"


def test_missing_libraries_are_installed_under_the_names_of_this_system(tmp_path: Path) -> None:
    done = bash(bare_machine(tmp_path, root=True) + "ensure_window_libraries")
    assert done.returncode == 0, done.stderr
    update, install = (tmp_path / "asked").read_text().splitlines()
    assert update.startswith("update")
    names = install.split()
    assert {"install", "-y", "libegl1", "libxcb-cursor0", "libxcb-icccm4", "libglib2.0-0t64"} <= set(names)
    assert "libglib2.0-0" not in names


def test_where_nothing_may_be_installed_one_line_names_the_packages(tmp_path: Path) -> None:
    done = bash(bare_machine(tmp_path, root=False) + "ensure_window_libraries; echo goes on")
    assert done.stdout == "goes on\n"
    assert not (tmp_path / "asked").exists()
    (line,) = done.stderr.splitlines()
    assert "sudo apt-get install" in line
    assert "libxcb-cursor0" in line
