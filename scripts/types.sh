#!/bin/sh
# Type checks of the extension as the package that Blender sees. The first argument is a Python that has mypy and Blender's types.
set -eu
cd "$(dirname "$0")/.."
tree=build/types/ldr_to_hdri
mkdir -p "$tree"
for part in __init__.py hdr_core operators ui; do ln -sfn "$PWD/$part" "$tree/$part"; done
MYPYPATH=build/types "$1" -m mypy -p ldr_to_hdri
"$1" -m mypy training
