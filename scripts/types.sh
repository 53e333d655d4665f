#!/bin/sh
# Type checks: the extension as the package that Blender sees, and the training beside the installed core. The first argument is a
# Python that has mypy and Blender's types. Links, because the root is itself a package, named after whatever folder it lies in.
set -eu
cd "$(dirname "$0")/.."
root=$PWD
mkdir -p build/types/blender/ldr_to_hdri build/types/training
for part in __init__.py hdr_core operators ui; do ln -sfn "$root/$part" "build/types/blender/ldr_to_hdri/$part"; done
for part in hdr_core training; do ln -sfn "$root/$part" "build/types/training/$part"; done
(cd build/types/blender && "$1" -m mypy --config-file "$root/pyproject.toml" -p ldr_to_hdri)
(cd build/types/training && "$1" -m mypy --config-file "$root/pyproject.toml" -p training)
