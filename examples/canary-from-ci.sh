#!/usr/bin/env bash
# Publishes a changed settings file from CI, to one namespace after another, the canaries' first. Each is looked at before,
# published on top of what was looked at, and waited for: everybody there must run it before the next one gets it.
#
#   NOTICEBOARD_URL=https://config.internal NOTICEBOARD_TOKEN=... \
#     canary-from-ci.sh settings.yaml "a bigger pool" checkout/canary checkout/prod
#
# Ends with 1, and with the namespace rolled back, when a client refuses the file or is not there in time.
set -euo pipefail

file="$1" reason="$2"
namespaces=("${@:3}")
wait_seconds="${WAIT_SECONDS:-120}"
noticeboard="${NOTICEBOARD:-noticeboard}"

# status <namespace> <expression over `status`>: one word about a namespace.
status() {
  "$noticeboard" status "$1" --json | node -p "const status = JSON.parse(fs.readFileSync(0)); $2"
}

# Says `done`, `waiting`, or `refused`. A fleet of which nothing was heard is no evidence, so that is waited for too.
standing() {
  status "$1" "const { counts } = status.fleet
    !counts ? 'waiting' : counts.rejected + counts.failed > 0 ? 'refused' : counts.current > 0 && counts.behind === 0 ? 'done' : 'waiting'"
}

# What cannot be published anywhere is told before anything is.
for namespace in "${namespaces[@]}"; do
  echo "== $namespace: what would change"
  "$noticeboard" publish "$file" --namespace "$namespace" --everyone --reason "$reason" --dry-run
done

for namespace in "${namespaces[@]}"; do
  version="$(status "$namespace" 'status.newest?.version ?? 0')"
  echo "== $namespace: publish on top of version $version"
  "$noticeboard" publish "$file" --namespace "$namespace" --everyone --reason "$reason" --if-version "$version"

  for ((second = 0; second < wait_seconds; second++)); do
    standing="$(standing "$namespace")"
    [[ $standing != waiting ]] && break
    sleep 1
  done
  "$noticeboard" status "$namespace"
  if [[ $standing != done ]]; then
    echo "== $namespace: $standing after $second s, going back" >&2
    "$noticeboard" rollback "$namespace" --reason "$standing: $reason"
    exit 1
  fi
done
