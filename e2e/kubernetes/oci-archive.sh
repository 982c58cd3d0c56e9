#!/bin/sh
# Packs a folder as an image of one layer, for `ctr images import`: a few JSON files around a tar, so no image builder is needed.
#
#   e2e/kubernetes/oci-archive.sh FOLDER NAME:TAG ENTRYPOINT ARCHIVE
set -eu
folder=$1 name=$2 entrypoint=$3 archive=$4
case $(uname -m) in
x86_64) architecture=amd64 ;;
aarch64) architecture=arm64 ;;
*) echo "no name for the architecture $(uname -m)" >&2; exit 1 ;;
esac

layout=$(mktemp -d)
trap 'rm -rf "$layout"' EXIT
mkdir -p "$layout/blobs/sha256"

# Moves a file to where its hash leads, and prints hash and size as a descriptor has them.
add_blob() { # file, media type
    hash=$(sha256sum "$1" | cut -d' ' -f1)
    size=$(stat -c %s "$1")
    mv "$1" "$layout/blobs/sha256/$hash"
    printf '"mediaType": "%s", "digest": "sha256:%s", "size": %s' "$2" "$hash" "$size"
}

format=application/vnd.oci.image
tar --owner=0 --group=0 --numeric-owner --sort=name --mtime=@0 -C "$folder" -cf "$layout/layer" .
layer=$(add_blob "$layout/layer" $format.layer.v1.tar)
digest=$(printf '%s' "$layer" | sed 's/.*"\(sha256:[0-9a-f]*\)".*/\1/')
cat >"$layout/config" <<JSON
{"architecture": "$architecture", "os": "linux", "config": {"Entrypoint": ["$entrypoint"]},
 "rootfs": {"type": "layers", "diff_ids": ["$digest"]}}
JSON
config=$(add_blob "$layout/config" $format.config.v1+json)
printf '{"schemaVersion": 2, "mediaType": "%s", "config": {%s}, "layers": [{%s}]}' \
    $format.manifest.v1+json "$config" "$layer" >"$layout/manifest"
manifest=$(add_blob "$layout/manifest" $format.manifest.v1+json)
printf '{"schemaVersion": 2, "manifests": [{%s, "annotations": {"io.containerd.image.name": "%s"}}]}' \
    "$manifest" "$name" >"$layout/index.json"
printf '{"imageLayoutVersion": "1.0.0"}' >"$layout/oci-layout"
tar -C "$layout" -cf "$archive" oci-layout index.json blobs
