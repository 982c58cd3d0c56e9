#!/bin/sh
# Builds Go programs of a Kubernetes cluster, by the versions and hashes in the go.mod and go.sum of the folders beside this
# script, and links them at <cache>/confab/kubernetes/bin, where tests look for them.
#
#   e2e/kubernetes/build.sh MODULE...      (kubernetes, etcd, coredns, …: a folder beside this script)
#
# What is built already, from the same files with the same flags, is left alone; then no network is asked and it is quick.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/confab/kubernetes
# What a module was built to is kept this long after its last use, since other checkouts may have other versions.
keep_days=14
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
    hash=$({ linker_flags "$1"; cat "$here/$1/go.mod" "$here/$1/go.sum"; } | sha256sum | cut -c1-16)
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

# Built in a folder of its own and renamed, so that nobody ever sees half of it.
build() { # module, folder
    need_go "$1"
    echo "building $1 from source, once for this version (minutes)" >&2
    scratch=$(mktemp -d "$cache/.building-XXXXXX")
    trap 'rm -rf "$scratch"' EXIT
    trap 'exit 130' INT TERM
    (
        cd "$here/$1"
        GOFLAGS="" GOWORK=off CGO_ENABLED=0 go build -trimpath -mod=readonly -ldflags "$(linker_flags "$1")" -o "$scratch/" tool
    )
    # Go names a program by the last folder of its package.
    [ ! -f "$scratch/server" ] || mv "$scratch/server" "$scratch/etcd"
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
        [ -d "$folder" ] || build "$module" "$folder"
        exec 9>&-
    fi
    touch "$folder"
    link "$folder"
done
