#!/bin/sh
# tools/setup.sh demo|test: everything `make demo` or `make test` needs, on a fresh Debian or Ubuntu machine.
#
# Makes .venv with the package installed in place, and the system libraries when run as root; prints the one command to
# type when it may not install them. What is done is stamped, so that a second run takes no time.
# PYTHON=... picks the interpreter of a new .venv. pip uses whatever index its own configuration names.
set -eu
cd "$(dirname "$0")/.."

goal=${1:-}
case $goal in
demo) extras=sim,web ;;
test) extras=dev ;;
*)
    echo "usage: tools/setup.sh demo|test" >&2
    exit 2
    ;;
esac
venv=.venv
log=$venv/setup.log

say() { echo "==> $*"; }
fail() {
    echo "error: $*" >&2
    exit 2
}
has() { command -v "$1" >/dev/null 2>&1; }
is_root() { [ "$(id -u)" = 0 ] && has apt-get; }

# Installs Debian packages; the package lists of a fresh machine are empty or old, so they are fetched if need be.
apt_install() {
    DEBIAN_FRONTEND=noninteractive
    export DEBIAN_FRONTEND
    apt-get -qq -y install --no-install-recommends "$@" >/dev/null 2>&1 ||
        { apt-get -qq update >/dev/null 2>&1 && apt-get -qq -y install --no-install-recommends "$@" >/dev/null 2>&1; }
}

# ---------------------------------------------------------------------------------------------------------- Python
# Names are tried by running them: a version manager may have a name on the path that leads nowhere.
new_enough='import sys; sys.exit(sys.version_info < (3, 11))'
find_python() {
    for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
        if "$candidate" -c "$new_enough" >/dev/null 2>&1; then
            echo "$candidate"
            return
        fi
    done
}

make_venv() {
    python=$(find_python)
    if [ -z "$python" ] && [ -z "${PYTHON:-}" ] && is_root; then
        for version in 3.13 3.12 3.11; do
            say "installing Python $version"
            apt_install "python$version" "python$version-venv" && break
        done
        python=$(find_python)
    fi
    if [ -z "$python" ]; then
        [ -z "${PYTHON:-}" ] || fail "PYTHON=$PYTHON is not Python 3.11 or newer"
        fail "Python 3.11 or newer is needed; install it with: sudo apt-get install python3.11 python3.11-venv"
    fi
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    if ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
        is_root || fail "Python $version lacks its venv module; install it with: sudo apt-get install python$version-venv"
        say "installing python$version-venv"
        apt_install "python$version-venv" || apt_install python3-venv ||
            fail "apt-get could not install python$version-venv, which Python needs for its virtual environment"
    fi
    say "virtual environment $venv with Python $version"
    "$python" -m venv --clear "$venv" >/dev/null 2>&1 || fail "$python -m venv --clear $venv failed; run it to see why"
}

# -------------------------------------------------------------------------------------- virtual environment, package
# One that was moved has scripts that point to its old place, so it is made anew.
if ! "$venv/bin/python" -c "import pip; $new_enough" >/dev/null 2>&1 || ! grep -qF "$PWD/$venv" "$venv/bin/activate"; then
    make_venv
fi

# The stamp names all that an installation depends on: the interpreter, and what is to be installed.
version=$("$venv/bin/python" -c 'import platform; print(platform.python_version())')
stamp="$version $(cksum <pyproject.toml)"
if [ "$(cat "$venv/.stamp-$goal" 2>/dev/null)" != "$stamp" ]; then
    say "installing gazeline[$extras] (once; several hundred MB to fetch on a fresh machine)"
    if ! "$venv/bin/python" -m pip install --disable-pip-version-check -e ".[$extras]" >"$log" 2>&1; then
        { grep -E '^ *(ERROR|error)[: ]' "$log" || tail -n 5 "$log"; } | head -n 5 | cut -c 1-300 >&2
        fail "pip could not install gazeline[$extras]; its reason is above, its whole output in $log"
    fi
    rm -f "$venv/.libraries-$goal"
    echo "$stamp" >"$venv/.stamp-$goal"
    [ "$goal" = demo ] || echo "$stamp" >"$venv/.stamp-demo" # what the tests need includes what the demo needs
fi

# ------------------------------------------------------------------------------------------------- system libraries
# Whether the simulator can draw is found out by opening its context; only that proves a driver.
can_draw() { "$venv/bin/python" -c 'from gazeline.sim.gl import make_current; make_current()' >/dev/null 2>&1; }
# The browser is driven by playwright, whose own Node.js is tried by running it.
browser_works() {
    { has chromium || has chromium-browser || has google-chrome; } &&
        "$venv/bin/python" -m playwright --version >/dev/null 2>&1
}

if [ ! -e "$venv/.libraries-$goal" ]; then
    complete=yes
    gl="libegl1 libegl-mesa0 libgl1-mesa-dri libopengl0"
    if ! can_draw; then
        # shellcheck disable=SC2086 # a list of packages
        if is_root && say "installing $gl" && apt_install $gl && can_draw; then
            :
        else
            complete=no
            say "the simulator cannot draw here; to let it: sudo apt-get install $gl"
            [ "$goal" = test ] || say "until then the demo plays a short recording of the simulator"
        fi
    fi
    browser="chromium libatomic1"
    if [ "$goal" = test ] && ! browser_works; then
        # shellcheck disable=SC2086 # a list of packages
        if is_root && say "installing $browser" && apt_install $browser && browser_works; then
            :
        else
            complete=no
            say "the browser page cannot be tested here; to have that: sudo apt-get install $browser"
        fi
    fi
    [ "$complete" = no ] || : >"$venv/.libraries-$goal"
fi
