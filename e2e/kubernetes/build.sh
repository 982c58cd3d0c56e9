#!/bin/sh
# Builds the programs of a Kubernetes cluster from the folders beside this script, and links them at
# <cache>/confab/kubernetes/bin, where tests look for them. go.mod and go.sum hold their versions and hashes; the image that holds
# the namespaces of a pod is built from C.
#
#   e2e/kubernetes/build.sh MODULE...      (kubernetes, etcd, coredns, …: a folder beside this script)
#
# What is built already, from the same files with the same flags, is left alone; then no network is asked and it is quick.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/confab/kubernetes
# What a module was built to is kept this long after its last use, since other checkouts may have other versions.
keep_days=14
# One more whenever something below changes what is built.
recipe=1
PATH="$PATH:/usr/local/go/bin"
version=$(sed -n 's/^.*k8s\.io\/kubernetes \(v1\.[0-9.]*\).*/\1/p' "$here/kubernetes/go.mod")
[ -n "$version" ] || { echo "$here/kubernetes/go.mod names no version of Kubernetes" >&2; exit 1; }

linker_flags() { # module
    printf '%s' "-s -w"
    [ "$1" = kubernetes ] || return 0
    minor=${version#v1.}
    # Clients read the version of the server here; without it kubectl and Helm take it for 0.0.
    for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
        printf ' -X %s.gitVersion=%s' "$package" "$version"
        printf ' -X %s.gitMajor=1 -X %s.gitMinor=%s' "$package" "$package" "${minor%%.*}"
        printf ' -X %s.gitTreeState=clean' "$package"
    done
}

folder_of() { # module
    hash=$({ echo "$recipe"; linker_flags "$1"; cat "$here/$1"/*; } | sha256sum | cut -c1-16)
    printf '%s' "$cache/$1-$hash"
}

need_go() { # module
    wanted=$(sed -n 's/^go //p' "$here/$1/go.mod")
    # Go 1.21 and later can fetch the version that a module wants, unless GOTOOLCHAIN forbids it.
    (cd "$here/$1" && GOFLAGS="" GOWORK=off go list -m >/dev/null 2>&1) && return
    found=$(go version 2>/dev/null) || found="none"
    echo "building $1 needs Go $wanted or later (found: $found)" >&2
    echo "install it from https://go.dev/dl/ to /usr/local/go, or put its bin folder on PATH" >&2
    exit 1
}

build_go() { # module, folder
    need_go "$1"
    cd "$here/$1"
    export GOFLAGS="" GOWORK=off CGO_ENABLED=0
    go build -trimpath -mod=readonly -ldflags "$(linker_flags "$1")" -o "$2/" tool
    case $1 in
    # Go names a program by the last folder of its package.
    etcd) mv "$2/server" "$2/etcd" ;;
    # Traefik serves Gateway API; its definitions are to be had from the module of that version.
    traefik)
        cp -r "$(go list -m -f '{{.Dir}}' sigs.k8s.io/gateway-api)/config/crd/standard" "$2/gateway-api"
        chmod -R u+w "$2/gateway-api"
        ;;
    esac
}

build_pause() { # folder
    mkdir "$1/root"
    cc -Os -s -static -o "$1/root/pause" "$here/pause/main.c"
    sh "$here/oci-archive.sh" "$1/root" confab.dev/pause:1 /pause "$1/pause.tar"
    rm -r "$1/root"
}

# Built in a folder of its own and renamed, so that nobody ever sees half of it.
build() { # module, folder
    echo "building $1 from source, once for this version (minutes)" >&2
    scratch=$(mktemp -d "$cache/.building-XXXXXX")
    trap 'rm -rf "$scratch"' EXIT
    trap 'exit 130' INT TERM
    case $1 in
    pause) build_pause "$scratch" ;;
    *) (build_go "$1" "$scratch") ;;
    esac
    chmod 755 "$scratch"
    mv -T "$scratch" "$2"
    find "$cache" -maxdepth 1 -name '*-*' -type d -mtime "+$keep_days" -exec rm -rf {} +
}

link() { # folder
    for program in "$1"/*; do
        name=$(basename "$program")
        [ "$(readlink "$cache/bin/$name")" != "$program" ] || continue
        ln -sfn "$program" "$cache/bin/.$name-$$"
        mv -T "$cache/bin/.$name-$$" "$cache/bin/$name"
    done
}

mkdir -p "$cache/bin"
for module in "$@"; do
    folder=$(folder_of "$module")
    if [ ! -d "$folder" ]; then
        # Whoever comes second waits for the first and finds its work done.
        exec 9>"$cache/lock"
        flock 9
        # Not with ||, behind which a failed step would not end the script.
        if [ ! -d "$folder" ]; then build "$module" "$folder"; fi
        exec 9>&-
    fi
    touch "$folder"
    link "$folder"
done
