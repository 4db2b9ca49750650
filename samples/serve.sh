#!/usr/bin/env bash
# Requests to `fovea serve` with curl.
#
# usage: samples/serve.sh IMAGE [URL]        URL: http://127.0.0.1:8000 unless given; FOVEA_TOKEN where it asks for one
set -euo pipefail
image=${1:?usage: samples/serve.sh IMAGE [URL]}
url=${2:-http://127.0.0.1:8000}
ask() {
  printf '\n%s\n' "$1"; shift
  curl --silent --show-error --fail-with-body ${FOVEA_TOKEN:+-H "Authorization: Bearer $FOVEA_TOKEN"} "$@"
}

ask 'models' "$url/v1/models"
ask 'the two most probable classes' -H 'Content-Type: application/octet-stream' --data-binary "@$image" \
  "$url/v1/classify?top=2"
ask 'two images in one request' -F "image=@$image" -F "image=@$image" "$url/v1/classify?top=1"
base64 < "$image" | tr -d '\n' | sed 's/.*/{"image": "&", "top": 1}/' > "${TMPDIR:-/tmp}/fovea-request.$$"
trap 'rm -f "${TMPDIR:-/tmp}/fovea-request.$$"' EXIT
ask 'JSON' -H 'Content-Type: application/json' --data-binary "@${TMPDIR:-/tmp}/fovea-request.$$" "$url/v1/classify"
ask 'features' -F "image=@$image" "$url/v1/features" | cut -c 1-200
ask 'relevance, into relevance.png' -F "image=@$image" "$url/v1/explain?kind=relevance" --output relevance.png
ask 'ready?' "$url/readyz"
printf '\n'
