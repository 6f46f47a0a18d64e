#!/usr/bin/env bash
# npm in dashboards/, with the Node that scripts/need.sh may have installed under .tools/.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root/dashboards"
exec env PATH="$root/.tools/node/bin:$PATH" npm "$@"
