#!/usr/bin/env bash
# Fuzzes the REST API against its own OpenAPI document, and fails on a server error or on a reply that the document does not
# describe. It starts a `confab up` of its own on a scratch folder, with limits that are out of the way.
#
#   e2e/schemathesis.sh [path of the confab binary]
#
# EXAMPLES=200 tries more; SEED=7 repeats a run. Schemathesis is installed once, at a fixed version, below the cache folder.
set -euo pipefail

version=4.32.5
here=$(dirname "$0")
binary=${1:-${CARGO_TARGET_DIR:-target}/debug/confab}
examples=${EXAMPLES:-30}
seed=${SEED:-$RANDOM}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/confab/schemathesis-$version

if [ ! -x "$cache/bin/schemathesis" ]; then
    python3 -m venv "$cache"
    "$cache/bin/pip" install --quiet "schemathesis==$version"
fi

scratch=$(mktemp -d)
server=
leave() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    [ -z "$server" ] || wait "$server" 2>/dev/null || true
    rm -rf "$scratch"
}
trap leave EXIT

cat > "$scratch/tenant.yaml" <<YAML
apiVersion: confab.dev/v1alpha1
kind: ChatTenant
metadata: {name: fuzzed, namespace: default}
spec:
  domain: localhost
  limits:
    authentication: {requests: 1000000, perSeconds: 60}
    regular: {requests: 1000000, perSeconds: 60}
YAML
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
port=$(free_port)
url=http://localhost:$port
CONFAB_OPS_LISTEN=127.0.0.1:$(free_port) "$binary" up -f "$scratch/tenant.yaml" --data "$scratch/data" \
    --listen "127.0.0.1:$port" > "$scratch/server.log" 2>&1 &
server=$!
curl --silent --fail --retry 60 --retry-delay 1 --retry-connrefused --output "$scratch/openapi.json" "$url/v1/openapi.json" \
    || { cat "$scratch/server.log"; exit 1; }

# Calls the API and takes one field out of the reply.
call() { # method path body field [token]
    curl --silent --show-error --fail-with-body --request "$1" "$url$2" --header 'Content-Type: application/json' \
        ${5:+--header "Authorization: Bearer $5"} --data "$3" \
        | python3 -c 'import json, sys; print(json.load(sys.stdin)["data"][sys.argv[1]])' "$4"
}
sign_up() { # name
    call POST /v1/auth/register \
        "{\"email\": \"$1@example.com\", \"username\": \"$1\", \"password\": \"correct-horse-7-staple\"}" user_id
}
sign_in() { # name
    call POST /v1/auth/login "{\"email\": \"$1@example.com\", \"password\": \"correct-horse-7-staple\"}" access_token
}
ann=$(sign_up ann) bob=$(sign_up bob) eve=$(sign_up eve)
token=$(sign_in ann) bobs=$(sign_in bob) eves=$(sign_in eve)
group=$(call POST /v1/conversations \
    "{\"type\": \"group\", \"name\": \"Team\", \"participant_ids\": [\"$bob\"]}" conversation_id "$token")
message=$(call POST "/v1/conversations/$group/messages" '{"content_encrypted": "SGVsbG8="}' message_id "$token")

# Not `logout`, which would end the pass that it is in; and text with NUL is refused everywhere, which no schema of a single
# field says.
run() { # name of the pass, token, further options
    local name=$1 token=$2
    shift 2
    echo "schemathesis: $name, seed $seed"
    # It leaves files where it runs.
    (cd "$scratch" && "$cache/bin/schemathesis" --config-file "$scratch/$name.toml" run "$url/v1/openapi.json" \
        --header "Authorization: Bearer $token" --max-examples "$examples" --seed "$seed" \
        --generation-allow-x00 false --generation-database none --no-color "$@") || failed=1
}
failed=0
pass() { # name, parameters
    # Parameters come first: what follows the operations would belong to the last of them.
    { printf '[parameters]\n%s\n\n' "$2"; cat "$here/schemathesis.toml"; } > "$scratch/$1.toml"
}
pass member "$(printf '"path.conversation_id" = "%s"\n"path.message_id" = "%s"\n"path.user_id" = "%s"\n' "$group" "$message" "$bob")"
pass colleague "$(printf '"path.conversation_id" = "%s"\n"path.message_id" = "%s"\n"path.user_id" = "%s"\n' "$group" "$message" "$ann")"
pass stranger ''
run member "$token" --exclude-operation-id logout
run colleague "$bobs" --exclude-operation-id logout
run stranger "$eves" --exclude-operation-id logout
run stranger "$eves" --include-operation-id logout

if grep --quiet --ignore-case --extended-regexp 'panicked|"level":"ERROR"| ERROR ' "$scratch/server.log"; then
    grep --ignore-case --extended-regexp 'panicked|ERROR' "$scratch/server.log" | head -20
    exit 1
fi
kill -0 "$server" && exit "$failed"
