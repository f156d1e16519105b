# Rust's standard library for other systems than this one; to be sourced after common.sh. rustup has it. Where rustup is not
# there, or cannot download, the compiler of Debian 12's rustc-web builds it from rust-web-src, unpacked and not installed,
# for it would take rustup's place. ALLOCHECK_STD=source goes that way at once.

# What these packages need of one another; all else that they need is on every Debian or installed below.
needed() { apt-cache depends "$@" | sed -n 's/^ *|\?Depends: //p' | grep -E '^lib(std-rust-web|llvm|git2|mbed|http-parser)'; }

debian_packages() {
    local all="rustc-web cargo-web" before=""
    while [ "$all" != "$before" ]; do
        before=$all
        all=$( (tr ' ' '\n' <<<"$all"; needed $all) | sort -u | paste -sd ' ')
    done
    echo "$all" rust-web-src
}

# A download that has come to its end is known by a file that comes last, and names what it is.
debian_toolchain() {
    local tools=$1
    packages gcc libc6-dev libcurl4 libssh2-1 libsqlite3-0
    [ -e "$tools/version" ] && return
    retry as_root apt-get update -qq
    rm -rf "$tools/root" "$tools/packages"
    mkdir -p "$tools/root" "$tools/packages"
    (cd "$tools/packages" && retry apt-get download -qq $(debian_packages))
    for package in "$tools"/packages/*.deb; do dpkg -x "$package" "$tools/root"; done
    rm -rf "$tools/packages"
    apt-cache policy rustc-web | sed -n 's/ *Candidate: //p' >"$tools/version"
}

# What cargo is told so that it has the standard library of these targets: `library`.   need_std TARGET...
need_std() {
    # What strips is not in every toolchain.
    export CARGO_PROFILE_DEV_STRIP=false
    library=()
    if [ "${ALLOCHECK_STD:-}" != source ] && command -v rustup >/dev/null && timeout 300 rustup target add "$@"; then
        echo "standard libraries: rustup's"
        return
    fi
    local tools=$HOME/.cache/allocheck-tools
    debian_toolchain "$tools"
    export PATH=$tools/root/usr/bin:$PATH LD_LIBRARY_PATH=$tools/root/usr/lib/x86_64-linux-gnu RUSTC_BOOTSTRAP=1
    library=(-Zbuild-std=std,panic_unwind,test)
    echo "standard libraries: built from source by $(rustc --version), rustc-web $(cat "$tools/version")"
}
