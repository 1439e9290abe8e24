# shellcheck shell=bash
# The Python environment in .venv: made once, and again only when pyproject.toml changes.
# Needs say.sh; the system's own part (how a missing package is installed) is given as install_packages.

readonly MINIMUM_PYTHON=3.11
readonly TORCH_PIN="torch==2.13.0"

# find_python: the first interpreter that is new enough, or nothing.
find_python() {
    local candidate
    for candidate in "${UNDERSTUDY_PYTHON:-}" python3 python3.13 python3.12 python3.11 python3.14 python; do
        if [ -n "$candidate" ] && command -v "$candidate" >/dev/null 2>&1 &&
            "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
            command -v "$candidate"
            return 0
        fi
    done
    return 1
}

# make_environment VENV: a virtual environment with pip.
make_environment() {
    local venv=$1 python version
    [ -x "$venv/bin/python" ] && "$venv/bin/python" -m pip --version >/dev/null 2>&1 && return 0
    if ! python=$(find_python); then
        install_packages python3 python3-venv || true
        python=$(find_python) || fail "Python $MINIMUM_PYTHON or newer is needed and was not found. Install it \
(Debian 12, Ubuntu 24.04: apt install python3 python3-venv; Ubuntu 22.04: apt install python3.11 python3.11-venv) \
and start this again."
    fi
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    if ! "$python" -c 'import ensurepip' >/dev/null 2>&1; then
        install_packages "python$version-venv" || install_packages python3-venv ||
            fail "Python $version has no venv module. Install the package python$version-venv and start this again."
    fi
    say "making the environment in .venv with Python $version"
    rm -rf "$venv"
    run_logged "making .venv" "$python" -m venv "$venv" || fail "the environment could not be made; nothing else was changed."
}

# project_stamp VENV EXTRAS: changes when the dependencies, the extras or the interpreter change.
project_stamp() {
    { cat pyproject.toml && printf '%s %s' "$2" "$(readlink -f "$1/bin/python")"; } | sha256sum | cut -d' ' -f1
}

stamp_file() { printf '%s/.understudy%sstamp' "$1" "${2//[\[\]]/-}"; }

# is_installed VENV EXTRAS: whether exactly this was installed; what the tests need includes what the program needs.
is_installed() {
    local extras file
    for extras in "$2" "[test]"; do
        file=$(stamp_file "$1" "$extras")
        [ -f "$file" ] && [ "$(cat "$file")" = "$(project_stamp "$1" "$extras")" ] && return 0
    done
    return 1
}

# install_project VENV EXTRAS: Understudy and its pinned dependencies, editable. EXTRAS is "" or "[test]".
install_project() {
    local venv=$1 extras=$2
    make_environment "$venv"
    is_installed "$venv" "$extras" && return 0
    local pip=("$venv/bin/python" -m pip install --quiet --disable-pip-version-check --retries 5)
    say "installing $TORCH_PIN (the largest part; minutes on a slow line)"
    retry 3 run_logged "installing torch" "${pip[@]}" "$TORCH_PIN" ||
        fail "torch could not be installed; the lines above say why. Check the connection and start this again."
    say "installing Understudy and the other libraries"
    retry 3 run_logged "installing the libraries" "${pip[@]}" -e ".$extras" ||
        fail "the libraries could not be installed; the lines above say why. Check the connection and start this again."
    project_stamp "$venv" "$extras" >"$(stamp_file "$venv" "$extras")"
}
