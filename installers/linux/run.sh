#!/usr/bin/env bash
# Set Understudy up on Debian 12 or Ubuntu and run it: the window where there is a display, otherwise the demo.
# Arguments go to the program: ./installers/linux/run.sh doctor
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
started_in=$PWD
cd "$root"
# shellcheck source=installers/common/say.sh
. installers/common/say.sh
# shellcheck source=installers/linux/packages.sh
. installers/linux/packages.sh
# shellcheck source=installers/common/python.sh
. installers/common/python.sh

ensure_window_libraries
install_project "$root/.venv" ""

cd "$started_in"
if [ "$#" -gt 0 ]; then
    exec "$root/.venv/bin/understudy" "$@"
elif [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
    say "opening the window"
    exec "$root/.venv/bin/understudy"
fi
say "no display here, so the demo runs instead: the whole road on invented patients, under five minutes"
exec "$root/.venv/bin/understudy" demo
