#!/usr/bin/env bash
# Installs Debian packages that only a benchmark compares with. Where that can't be, it says so, and the benchmark goes without.
set -uo pipefail
[ "$(id -u)" = 0 ] && as_root=() || as_root=(sudo -n)
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get install -y -qq --no-install-recommends "$@" </dev/null >/dev/null 2>&1 && exit 0
"${as_root[@]}" apt-get update -qq 2>/dev/null
"${as_root[@]}" apt-get install -y -qq --no-install-recommends "$@" </dev/null >/dev/null 2>&1 && exit 0
echo "These Debian packages can't be installed here, and are not compared with: $*"
