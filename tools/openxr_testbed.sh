#!/usr/bin/env bash
# tools/openxr_testbed.sh [PYTEST ARGS…]: the OpenXR tests, on a real OpenXR runtime (Monado) without a headset.
#
# Monado is in Debian from 13 (trixie) on, and needs that Debian's C library: so the tests run in a trixie root, made once
# and kept in the cache (about 2 GB, a minute or two). Monado listens on a port of all interfaces: the tests have a
# network of their own, which also ends with them, as do their mounts and processes.
#
# `tools/openxr_testbed.sh --shell COMMAND…` runs another command in there; the exit code is 77 where none of it can be.
set -euo pipefail
cd "$(dirname "$0")/.."
repository=$PWD

suite=trixie
packages=ca-certificates,monado-service,libopenxr1-monado,mesa-vulkan-drivers,libgl1-mesa-dri,libglx-mesa0,libegl-mesa0
packages+=,libgl1,libegl1,libopengl0,xvfb,imagemagick,iproute2,python3-venv,fonts-dejavu-core
python=3.13 # that of the suite
extras=(sim xr)
tools=(pytest hypothesis)

cache=${XDG_CACHE_HOME:-$HOME/.cache}/gazeline
root=$cache/openxr-root

say() { echo "==> $*"; }
cannot() {
    say "the OpenXR tests did not run: $*"
    exit 77
}

[ "$(id -u)" = 0 ] || cannot "they need root, for a Debian root of their own"
unshare --mount --net --pid --fork true 2>/dev/null || cannot "this machine allows no namespaces of their own"

# ------------------------------------------------------------------------------------------------ the root, made once
if [ "$(cat "$root/.packages" 2>/dev/null)" != "$suite $packages" ]; then
    if ! command -v mmdebstrap >/dev/null; then
        command -v apt-get >/dev/null || cannot "mmdebstrap is missing, and so is apt-get to install it"
        { DEBIAN_FRONTEND=noninteractive apt-get -qq -y install --no-install-recommends mmdebstrap ||
            { apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq -y install --no-install-recommends mmdebstrap; }; } \
            >/dev/null 2>&1 || cannot "apt-get could not install mmdebstrap"
    fi
    say "making $root with Monado (once)"
    rm -rf --one-file-system "$root"
    mkdir -p "$cache"
    mmdebstrap --quiet --variant=apt --aptopt='APT::Install-Recommends "false"' --include="$packages" "$suite" "$root" ||
        cannot "mmdebstrap could not make a $suite root"
    echo "$suite $packages" >"$root/.packages"
fi

# Python packages are fetched outside, where pip knows its index and certificates, and installed inside without either.
fetcher=.venv/bin/python
[ -x $fetcher ] || fetcher=python3
wanted=$(PYTHONWARNINGS=ignore $fetcher - "${extras[@]}" <<'PYTHON'
import sys, tomllib
project = tomllib.load(open("pyproject.toml", "rb"))["project"]
for extra in sys.argv[1:]:
    project["dependencies"] += project["optional-dependencies"][extra]
print("\n".join(project["dependencies"]))
PYTHON
)
wanted+=$(printf '\n%s' "${tools[@]}")
if [ "$(cat "$root/.requirements" 2>/dev/null)" != "$wanted" ]; then
    say "installing the package's dependencies in it (once)"
    rm -rf "$root/wheels" "$root/venv"
    mkdir "$root/wheels"
    echo "$wanted" >"$root/wheels/requirements.txt"
    $fetcher -m pip download -qq --disable-pip-version-check -d "$root/wheels" --python-version $python --only-binary=:all: \
        -r "$root/wheels/requirements.txt" 2>/dev/null || cannot "pip could not fetch the dependencies"
    chroot "$root" /bin/sh -c 'python3 -m venv /venv &&
        /venv/bin/pip install -qq --no-index --find-links /wheels -r /wheels/requirements.txt' ||
        cannot "pip could not install the dependencies"
    rm -rf "$root/wheels"
    echo "$wanted" >"$root/.requirements"
fi

# ----------------------------------------------------------------------------------------------------------- the tests
if [ "${1:-}" = --shell ]; then
    shift
    command=("$@")
else
    case " $* " in
    *" tests/"*) ;;
    *) set -- tests/openxr "$@" ;;
    esac
    command=(/venv/bin/python -m pytest -p no:cacheprovider "$@")
fi
mkdir -p "$root/repository"
# The quoted part runs in namespaces of its own. The package is imported from where the type checkers see it.
# shellcheck disable=SC2016
exec unshare --mount --net --pid --fork --kill-child --mount-proc sh -euc '
    root=$1 repository=$2
    shift 2
    ip link set lo up 2>/dev/null || chroot "$root" ip link set lo up
    mount --bind "$repository" "$root/repository"
    mount --rbind /dev "$root/dev"
    mount -t proc proc "$root/proc"
    mount -t tmpfs tmpfs "$root/tmp"
    exec chroot "$root" /usr/bin/env -i PATH=/venv/bin:/usr/bin:/bin:/usr/sbin:/sbin HOME=/tmp LANG=C.UTF-8 \
        PYTHONPATH=/repository/typings PYTHONDONTWRITEBYTECODE=1 OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}" \
        GAZELINE_OPENXR_TESTBED=1 GAZELINE_PICTURES="${GAZELINE_PICTURES:-}" \
        sh -c "cd /repository && exec \"\$@\"" sh "$@"
' sh "$root" "$repository" "${command[@]}"
