#!/usr/bin/env bash
# Installs the Debian packages named in scripts/system_packages.txt that are missing; does nothing when all are there.
# Without root or sudo it names the missing ones and stops with exit code 1.
set -euo pipefail
cd "$(dirname "$0")/.."

is_installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

missing=()
while read -r package _; do
    case "$package" in ''|'#'*) continue ;; esac
    is_installed "$package" || missing+=("$package")
done < scripts/system_packages.txt
[ ${#missing[@]} -eq 0 ] && exit 0

if [ "$(id -u)" = 0 ]; then as_root=()
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then as_root=(sudo)
else
    echo "These Debian packages are missing and this user can't install them. Please run:" >&2
    echo "    sudo apt-get install ${missing[*]}" >&2
    exit 1
fi
echo "Installing Debian packages: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" </dev/null >/dev/null
