#!/bin/sh
# A hook of mmdebstrap, which gives the root file system as $1: lists its packages there, each with
# its version and the sha256 of its .deb, while apt still knows those.
set -eu
folder=$1/usr/share/base
mkdir -p "$folder"
chroot "$1" dpkg-query --show --showformat '${Package}=${Version}\n' > "$folder/installed"
APT_CONFIG=$MMDEBSTRAP_APT_CONFIG xargs apt-cache show < "$folder/installed" \
    | awk '$1 == "Package:" { name = $2 } $1 == "Version:" { version = $2 }
           $1 == "SHA256:" { print name, version, $2 }' \
    | LC_ALL=C sort -u > "$folder/packages"
rm "$folder/installed"
