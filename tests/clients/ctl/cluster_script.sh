#!/usr/bin/env bash
# scripts/cluster as somebody uses it by hand: starts all, twice; kills and cuts off nodes; ends all; and nothing is left, also where the
# user postgres cannot come to the folder.
set -euo pipefail
cd "$(dirname "$0")/../../.."

parent=$(mktemp -d "${TMPDIR:-/tmp}/fenfen-cluster-script.XXXXXX")
export FOLDER=$parent/cluster
before=$(find /var/tmp -maxdepth 1 -name 'fenfen-postgres-*' 2>/dev/null | wc -l)
finish() {
  [ ! -d "$FOLDER" ] || scripts/cluster down
  rm -rf "$parent"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

fail() {
  echo "cluster_script: $*" >&2
  [ ! -f "$FOLDER/log" ] || tail -n 30 "$FOLDER/log" >&2
  exit 1
}
role() { scripts/cluster status | awk -v name="$1" '$1 == name { print $5 }'; }
count() { scripts/cluster status | awk -v word="$1" '{ for (i = 1; i <= NF; ++i) n += $i == word } END { print n + 0 }'; }
# wait_for WHAT COMMAND…: polls for two minutes.
wait_for() {
  local what=$1 deadline=$((SECONDS + 120))
  shift
  until "$@"; do
    [ $SECONDS -lt $deadline ] || fail "too long until $what"
    sleep 0.2
  done
}
is() { [ "$("${@:2}")" = "$1" ]; }

scripts/cluster up
is 3 count master || fail "not three masters"
is 3 count replica || fail "not a replica for each master"
is primary role pg-1 || fail "no primary"
is standby role pg-2 || fail "no standby"
watcher=$(cat "$FOLDER/watcher.pid")
scripts/cluster up
[ "$(cat "$FOLDER/watcher.pid")" = "$watcher" ] || fail "a second up has started another"

scripts/cluster kill-node pg-primary
wait_for "the standby takes over" is primary role pg-2
scripts/cluster kill-node redis-1
scripts/cluster kill-node fenfend-1
scripts/cluster partition redis-2 5
scripts/cluster up
wait_for "every node has its role again" is 3 count master
wait_for "the killed node follows" is 3 count replica
wait_for "the old primary follows" is standby role pg-1
curl -sf -m 20 "http://$(jq -r .http "$FOLDER/ports.json")/openapi.json" >/dev/null || fail "the bridge does not answer"
if scripts/cluster kill-node nobody 2>/dev/null; then fail "it has killed nobody"; fi

scripts/cluster down
[ ! -e "$FOLDER" ] || fail "the folder is left"
[ "$(find /var/tmp -maxdepth 1 -name 'fenfen-postgres-*' 2>/dev/null | wc -l)" = "$before" ] || fail "PostgreSQL's folder is left"
[ ! -d "/proc/$watcher" ] || fail "the watcher is left"
echo "cluster_script: up, up again, kill-node, partition, down: nothing is left"
