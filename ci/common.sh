# What the scripts of ci/ share; to be sourced.
export DEBIAN_FRONTEND=noninteractive CARGO_TERM_COLOR=never CARGO_NET_RETRY=10

# Registries fail now and then: try a step again before it counts.
retry() {
    local attempt
    for attempt in 1 2 3 4 5; do
        "$@" && return
        echo "attempt $attempt of '$*' failed" >&2
        sleep $((attempt * 10))
    done
    return 1
}

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

# Debian packages, unless they are here.
packages() {
    dpkg -s "$@" >/dev/null 2>&1 && return
    retry as_root apt-get update -qq
    retry as_root apt-get install -qq -y --no-install-recommends "$@" >/dev/null
}

# The command that the README gives for a purpose: the first line of that word in a code block.
readme_command() { sed -n '/^```/,/^```/p' README.md | grep -m1 -E "^$1( |$)" | sed 's/ *#.*//'; }
