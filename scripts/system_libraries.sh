#!/bin/sh
# The bpy module is linked against X11's libraries even without a screen. Installs what is missing (Debian, as root), or says what to do.
set -eu
missing=
for pair in libX11.so.6:libx11-6 libXrender.so.1:libxrender1 libXfixes.so.3:libxfixes3 libXi.so.6:libxi6 libXext.so.6:libxext6 \
    libxkbcommon.so.0:libxkbcommon0 libSM.so.6:libsm6 libICE.so.6:libice6 libGL.so.1:libgl1; do
    /sbin/ldconfig -p | grep -q "${pair%%:*}" || missing="$missing ${pair##*:}"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -q
    # shellcheck disable=SC2086  (a list of packages)
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing
else
    echo "Blender needs libraries that this machine lacks. Install them, then run make again: sudo apt-get install$missing" >&2
    exit 1
fi
