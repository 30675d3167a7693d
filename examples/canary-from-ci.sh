#!/usr/bin/env bash
# Publishes a changed settings file from CI, to one namespace after another, the canaries' first. Each is looked at before,
# published on top of what was looked at, and waited for: everybody there must run it before the next one gets it.
# Within one namespace `publish` goes out in stages by itself: this is for fleets that have a namespace each.
#
#   NOTICEBOARD_URL=https://config.internal NOTICEBOARD_TOKEN=... \
#     canary-from-ci.sh settings.yaml "a bigger pool" checkout/canary checkout/prod
#
# Ends with 1, and with the namespace rolled back, when a client refuses the file, dies of it or does not run it in time;
# with the status of `publish` when nothing was published, since the file is not valid or somebody else was first.
set -euo pipefail

file="$1" reason="$2"
namespaces=("${@:3}")
wait_seconds="${WAIT_SECONDS:-120}"
noticeboard="${NOTICEBOARD:-noticeboard}"

# status <namespace> <expression over `status`>: one word about a namespace.
status() {
  "$noticeboard" status "$1" --json | node -p "const status = JSON.parse(fs.readFileSync(0)); $2"
}

# What cannot be published anywhere is told before anything is.
for namespace in "${namespaces[@]}"; do
  echo "== $namespace: what would change"
  "$noticeboard" publish "$file" --namespace "$namespace" --everyone --reason "$reason" --dry-run
done

for namespace in "${namespaces[@]}"; do
  # What is there, by its position: a version alone says too little once a rollback has brought it back.
  newest="$(status "$namespace" 'status.newest ? `${status.newest.position.epoch}:${status.newest.position.sequence}` : ""')"
  echo "== $namespace: publish on top of ${newest:-nothing}"
  on_top=(--if-position "$newest")
  [[ -z $newest ]] && on_top=(--if-version 0)

  ended=0
  "$noticeboard" publish "$file" --namespace "$namespace" --everyone --reason "$reason" "${on_top[@]}" \
    --wait=completed --timeout "$wait_seconds" || ended=$?
  case $ended in
    0) ;;
    # It went out, and not everybody runs it: rolled back, paused, too late, refused.
    6 | 7 | 8 | 10)
      echo "== $namespace: not everybody runs it, going back" >&2
      "$noticeboard" rollback "$namespace" --reason "not everybody runs it: $reason"
      exit 1
      ;;
    *) exit "$ended" ;;
  esac
done
