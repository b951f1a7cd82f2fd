#!/bin/sh
# Installs the project's packages from the lock file, with whatever Node the machine has; everything later runs on the Node that this installs.
set -eu
cd "$(dirname "$0")/../.."

if ! command -v npm > /dev/null 2>&1; then
  if [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null 2>&1; then
    echo '  … Installing npm'
    export DEBIAN_FRONTEND=noninteractive
    apt-get install -y -q --no-install-recommends npm > /dev/null 2>&1 ||
      { apt-get update -q > /dev/null && apt-get install -y -q --no-install-recommends npm > /dev/null; }
  else
    echo 'Slipway needs Node.js 18 or newer with npm: https://nodejs.org' >&2
    exit 1
  fi
fi

started=$(date +%s)
log=$(mktemp)
# The lock file decides the versions; that the machine's own Node is older than some packages ask for does not matter.
npm ci --no-audit --no-fund --loglevel=error > "$log" 2>&1 &
pid=$!
trap 'kill $pid 2> /dev/null; rm -f "$log"; exit 130' INT TERM
printf '  … Packages'
while kill -0 $pid 2> /dev/null; do
  printf .
  sleep 2
done
echo
if ! wait $pid; then
  cat "$log" >&2
  rm -f "$log"
  exit 1
fi
rm -f "$log"
echo "  ✓ Packages ($(($(date +%s) - started))s)"
