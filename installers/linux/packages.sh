# shellcheck shell=bash
# System packages on Debian and Ubuntu: what the window needs, found by its files, installed where that is allowed.
# Needs say.sh.

# Library file -> packages that bring it (Ubuntu 24.04 renamed some to *t64; the first one known to apt is taken).
readonly WINDOW_LIBRARIES="
libEGL.so.1            libegl1
libGL.so.1             libgl1
libfontconfig.so.1     libfontconfig1
libfreetype.so.6       libfreetype6
libdbus-1.so.3         libdbus-1-3
libglib-2.0.so.0       libglib2.0-0t64|libglib2.0-0
libxkbcommon.so.0      libxkbcommon0
libxkbcommon-x11.so.0  libxkbcommon-x11-0
libX11.so.6            libx11-6
libX11-xcb.so.1        libx11-xcb1
libxcb-cursor.so.0     libxcb-cursor0
libxcb-icccm.so.4      libxcb-icccm4
libxcb-image.so.0      libxcb-image0
libxcb-keysyms.so.1    libxcb-keysyms1
libxcb-randr.so.0      libxcb-randr0
libxcb-render-util.so.0 libxcb-render-util0
libxcb-render.so.0     libxcb-render0
libxcb-shape.so.0      libxcb-shape0
libxcb-shm.so.0        libxcb-shm0
libxcb-sync.so.1       libxcb-sync1
libxcb-util.so.1       libxcb-util1
libxcb-xfixes.so.0     libxcb-xfixes0
libxcb-xkb.so.1        libxcb-xkb1
"

# as_root COMMAND...: run with the rights that apt needs, without ever asking for a password.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
        sudo -n "$@"
    else
        return 1
    fi
}

may_install() { command -v apt-get >/dev/null 2>&1 && as_root true; }

# refresh_package_lists: once per start, and only when something is missing.
refresh_package_lists() {
    [ -n "${PACKAGE_LISTS_FRESH:-}" ] && return 0
    PACKAGE_LISTS_FRESH=1
    run_logged "apt-get update" as_root apt-get update -qq || true
}

# install_packages PACKAGE...: true when they were installed.
install_packages() {
    may_install || return 1
    refresh_package_lists
    say "installing system packages: $*"
    run_logged "apt-get install" as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "$@"
}

# known_package "A|B": the first name that apt knows, or the last one.
known_package() {
    local name names
    IFS='|' read -r -a names <<<"$1"
    for name in "${names[@]}"; do
        if command -v apt-cache >/dev/null 2>&1 && [ -n "$(apt-cache madison "$name" 2>/dev/null)" ]; then
            break
        fi
    done
    printf '%s\n' "$name"
}

# missing_window_libraries: "file packages" lines of what the dynamic linker cannot find.
missing_window_libraries() {
    local present file packages
    present=$(ldconfig -p 2>/dev/null || /sbin/ldconfig -p)
    while read -r file packages; do
        [ -n "$file" ] || continue
        [[ $present == *"$file "* ]] || printf '%s %s\n' "$file" "$packages"
    done <<<"$WINDOW_LIBRARIES"
}

has_fonts() { [ -n "$(find /usr/share/fonts /usr/local/share/fonts "$HOME/.fonts" -name '*.[to]tf' -print -quit 2>/dev/null)" ]; }

# missing_window_packages: names for apt of everything that the window lacks.
missing_window_packages() {
    local _file packages
    missing_window_libraries | while read -r _file packages; do known_package "$packages"; done | sort -u
    has_fonts || printf 'fonts-dejavu-core\n'
}

# ensure_window_libraries: install what the window lacks, or say in one line what to install.
ensure_window_libraries() {
    local missing
    [ -n "$(missing_window_libraries)" ] || ! has_fonts || return 0
    if may_install; then refresh_package_lists; fi
    mapfile -t missing < <(missing_window_packages)
    install_packages "${missing[@]}" && return 0
    say "the window needs system packages that could not be installed here; run: sudo apt-get install ${missing[*]}"
}

# ensure_commands COMMAND=PACKAGE...: optional programs; the tests that need a missing one are skipped with that reason.
ensure_commands() {
    local pair missing=()
    for pair in "$@"; do
        command -v "${pair%%=*}" >/dev/null 2>&1 || missing+=("${pair#*=}")
    done
    [ "${#missing[@]}" -eq 0 ] && return 0
    install_packages "${missing[@]}" ||
        say "not installed: ${missing[*]}; the tests that need them will be skipped"
}
