#!/usr/bin/env bash
# Set Understudy up with its test tools and run every check: style, types, layers, tests.
# Arguments go to pytest: ./installers/linux/test.sh tests/unit -k split
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root"
# shellcheck source=installers/common/say.sh
. installers/common/say.sh
# shellcheck source=installers/linux/packages.sh
. installers/linux/packages.sh
# shellcheck source=installers/common/python.sh
. installers/common/python.sh

ensure_window_libraries
ensure_commands xvfb-run=xvfb xauth=xauth
install_project "$root/.venv" "[test]"

bin=$root/.venv/bin
check() {
    say "checking $1"
    shift
    "$@"
}
check style "$bin/ruff" check --quiet .
check formatting "$bin/ruff" format --check --quiet .
check types "$bin/mypy"
check layers "$bin/lint-imports" --no-logo

# Two test processes on two cores: one thread each, or they fight for the cores.
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}"
screen=()
if command -v xvfb-run >/dev/null 2>&1 && command -v xauth >/dev/null 2>&1; then
    screen=(xvfb-run --auto-servernum --server-args "-screen 0 1600x1000x24")
    export QT_QPA_PLATFORM="${QT_QPA_PLATFORM:-xcb}"
else
    export QT_QPA_PLATFORM=offscreen
fi
say "running the tests"
exec "${screen[@]}" "$bin/python" -m pytest -n 2 --dist loadfile "$@"
