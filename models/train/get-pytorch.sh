#!/bin/sh
# get-pytorch.sh - a Debian machine -> a Python with torch, onnxruntime and the rest that models/train needs.
#
#   models/train/get-pytorch.sh [FOLDER]          default FOLDER: /opt/photo2anime-trixie
#
# If the system's own python3-torch is recent enough it is used. Otherwise Debian trixie is set up in FOLDER (about 3 GB,
# needs root) from the mirror that this machine's apt already uses, and the last line printed says how to run in it.
# bookworm's torch 1.13 would do the same arithmetic, but its bf16 convolutions do not use the CPU's matrix unit (AMX):
# 4 to 5 times slower.
set -eu

folder=${1:-/opt/photo2anime-trixie}
root=$(cd "$(dirname "$0")/../.." && pwd)
shared=${P2A_SHARED:-$root/../shared}
packages="python3-torch python3-onnx python3-onnxruntime python3-safetensors python3-opencv python3-pil python3-numpy libopenblas0-pthread"
modules="import torch, onnx, onnxruntime, safetensors, cv2, PIL"
recent="$modules; assert tuple(map(int, torch.__version__.split('.')[:2])) >= (2, 4), torch.__version__"

if [ ! -d "$shared/data/teachers" ]; then
    echo "warning: expected teachers and photos in $shared/data, found none." >&2
    echo "         Without them no new training data can be prepared; evaluate.py and export.py still load weights." >&2
    echo "         P2A_SHARED=FOLDER names another place." >&2
fi

if python3 -c "$recent" 2>/dev/null; then
    echo "the system's python3 has all that is needed: run python3 models/train/train_style.py"
    exit 0
fi
if [ "$(id -u)" != 0 ]; then
    echo "expected root to set up $folder (or a system torch of 2.4 or later), got user $(id -un)" >&2
    exit 1
fi
if [ ! -x "$folder/usr/bin/python3" ]; then
    command -v debootstrap >/dev/null || apt-get install -y debootstrap
    # The first Debian mirror of apt's own lists, in either of their two formats.
    mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null |
        sed -n 's/^URIs: *\([^ ]*debian\)\/\{0,1\} *$/\1/p; s/^deb \(\[[^]]*\] \)\{0,1\}\([^ ]*debian\)\/\{0,1\} .*/\2/p' | head -n 1)
    [ -n "$mirror" ] || { echo "expected a Debian mirror in apt's sources, found none" >&2; exit 1; }
    debootstrap --variant=minbase trixie "$folder" "$mirror"
    for file in /etc/resolv.conf /etc/apt/apt.conf.d/*proxy*; do
        [ -f "$file" ] && cp "$file" "$folder$file"
    done
    chroot "$folder" apt-get update
fi
# shellcheck disable=SC2086
chroot "$folder" python3 -c "$recent" 2>/dev/null || chroot "$folder" apt-get install -y --no-install-recommends $packages
mkdir -p "$folder/work/photo2anime" "$folder/work/shared" "$folder/work/train-cache" /work/train-cache
mountpoint -q "$folder/proc" || mount -t proc proc "$folder/proc"
mountpoint -q "$folder/work/photo2anime" || mount --bind "$root" "$folder/work/photo2anime"
mountpoint -q "$folder/work/train-cache" || mount --bind /work/train-cache "$folder/work/train-cache"
if [ -d "$shared" ]; then
    mountpoint -q "$folder/work/shared" || mount --bind "$shared" "$folder/work/shared"
fi
chroot "$folder" python3 -c "$recent"
echo "chroot $folder env OMP_NUM_THREADS=1 python3 /work/photo2anime/models/train/train_style.py"
