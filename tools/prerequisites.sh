#!/bin/sh
# Names everything that is missing to build, and how to get it. First argument: the Python to use.
python=$1
missing=0

lacks() {
    missing=1
    printf '  missing: %s\n      get it: %s\n' "$1" "$2" >&2
}

# 1.89 and 1.100 compared as people mean it
at_least() {
    [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]
}

if ! command -v "$python" >/dev/null 2>&1; then
    lacks "Python 3.11 or newer" "apt install python3, or python.org; another one: make PYTHON=/path/to/python3"
elif ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    lacks "Python 3.11 or newer ($python is $("$python" -V 2>&1))" \
        "install a newer one, then: make PYTHON=/path/to/python3"
elif ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
    lacks "the venv module of $python" "apt install python3-venv"
fi

rust=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
if ! command -v cargo >/dev/null 2>&1 || ! command -v rustc >/dev/null 2>&1; then
    lacks "cargo, the builder of Rust (Rust $rust or newer)" "rustup.rs says how, without root"
elif ! at_least "$rust" "$(rustc --version | cut -d ' ' -f 2)"; then
    lacks "Rust $rust or newer (this is $(rustc --version))" "rustup update stable"
fi

if ! command -v "${CC:-cc}" >/dev/null 2>&1; then
    lacks "a C compiler (SQLite is built in)" "apt install build-essential, or xcode-select --install"
fi

[ "$missing" = 0 ] && exit 0
echo "Install what is missing, then run the same command again." >&2
exit 1
