#!/usr/bin/env bash
# Publishes a changed settings file from CI: looks first, publishes only on top of what was looked at, and waits
# until the canaries, and then everybody, run it. Rolls back when anybody refuses it.
#
#   NOTICEBOARD_URL=https://config.internal NOTICEBOARD_TOKEN=... canary-from-ci.sh checkout/prod settings.yaml "bigger pool"
set -euo pipefail

namespace="$1" file="$2" reason="$3"
wait_seconds="${WAIT_SECONDS:-120}"
noticeboard() { "${NOTICEBOARD:-noticeboard}" "$@" --namespace "$namespace"; }

# What runs now; publishing later insists on it, so that a change of somebody else in between is not overwritten.
status="$(noticeboard status --json)"
version="$(jq '.newest.version // 0' <<<"$status")"

echo "== What would change on top of version $version"
noticeboard publish "$file" --everyone --reason "$reason" --dry-run

echo "== Publish"
noticeboard publish "$file" --everyone --reason "$reason" --if-version "$version"

echo "== Wait for the fleet"
for ((second = 0; second < wait_seconds; second++)); do
  status="$(noticeboard status --json)"
  read -r behind rejected < <(jq -r '[.fleet.counts.behind // 0, .fleet.counts.rejected // 0] | @tsv' <<<"$status")
  if ((rejected > 0)); then
    noticeboard status
    noticeboard rollback --reason "refused by $rejected clients: $reason"
    exit 1
  fi
  ((behind == 0)) && break
  sleep 1
done
noticeboard status
((behind == 0))
