# shellcheck shell=bash
# How the installers speak: short lines for a person, details in one log.

say() { printf '%s\n' "understudy: $*" >&2; }

fail() {
    say "$*"
    exit 1
}

# run_logged WHAT COMMAND...: run quietly; on failure show the end of what the command said.
run_logged() {
    local what=$1 log status=0
    shift
    log=$(mktemp)
    "$@" >"$log" 2>&1 || status=$?
    if [ "$status" -ne 0 ]; then
        say "$what failed:"
        tail -n 15 "$log" >&2
    fi
    rm -f "$log"
    return "$status"
}

# retry TIMES COMMAND...: for downloads; waits a little longer after each failure.
retry() {
    local times=$1 try=1
    shift
    until "$@"; do
        [ "$try" -ge "$times" ] && return 1
        say "trying again ($try of $((times - 1)))"
        sleep $((try * 3))
        try=$((try + 1))
    done
}
