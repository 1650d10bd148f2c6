#!/bin/bash
# Installs what the tests run Chamberlain against: Debian packages, and the npm packages in node/.
#   install.sh            does what is missing and it may do; otherwise names the one command that does
#   install.sh --check    only says what is missing; exit status 1 if anything is
# With CI=true a missing part is a failure. Without, the tests that need it are skipped.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
packages=(
  postgresql-15 openssl                          # the second database
  apache2 libapache2-mod-shib curl python3       # a Shibboleth service provider and its page
  xmlsec1                                        # a second opinion on signatures
  chromium fonts-dejavu-core                     # the browser
)
# A node that is there already, from wherever, is kept.
command -v node >/dev/null && command -v npm >/dev/null || packages+=(nodejs npm)

missing=()
if command -v dpkg-query >/dev/null; then
  there=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "${packages[@]}" 2>/dev/null || true)
  for p in "${packages[@]}"; do
    grep -q "^$p installed\$" <<<"$there" || missing+=("$p")
  done
else
  for p in initdb apache2 shibd xmlsec1 chromium node npm; do
    command -v "$p" >/dev/null || missing+=("$p")
  done
fi
npm_missing() { ! cmp -s "$here/node/package-lock.json" "$here/node/node_modules/.lock"; }

if [ "${1:-}" = --check ]; then
  npm_missing && missing+=(npm:node-saml)
  [ ${#missing[@]} -eq 0 ] || { echo "missing: ${missing[*]}"; exit 1; }
  exit 0
fi

give_up() { # The tests say per part what they skip; CI must not go on without.
  echo "$1" >&2
  [ "${CI:-}" = true ] && exit 1
  return 0
}

apt() {
  local root=$1; shift
  # Without this a freshly installed server starts at once, on the port that a developer's own may want.
  local policy=/usr/sbin/policy-rc.d made=
  if [ ! -e $policy ]; then
    made=1
    printf '#!/bin/sh\nexit 101\n' | $root tee $policy >/dev/null
    $root chmod 755 $policy
  fi
  local status=0
  if [ -z "$(find /var/lib/apt/lists -name '*_Packages*' -mmin -1440 2>/dev/null | head -1)" ]; then
    $root apt-get update -qq </dev/null || status=$?
  fi
  # One run for everything: each run pays its triggers anew.
  [ $status -ne 0 ] || $root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
    --no-install-recommends -o Dpkg::Options::=--force-unsafe-io -o Dpkg::Use-Pty=0 \
    "$@" </dev/null || status=$?
  [ -z "$made" ] || $root rm -f $policy
  return $status
}

if [ ${#missing[@]} -gt 0 ]; then
  if ! command -v apt-get >/dev/null; then
    give_up "Not here: ${missing[*]}. The tests that need them run on Debian 12."
  elif [ "$(id -u)" = 0 ]; then
    apt '' "${missing[@]}" || give_up "Could not install: ${missing[*]}"
  elif sudo -n true 2>/dev/null; then
    apt sudo "${missing[@]}" || give_up "Could not install: ${missing[*]}"
  else
    give_up "For every test, run: sudo apt-get install --no-install-recommends ${missing[*]}"
  fi
fi

if npm_missing; then
  if command -v npm >/dev/null; then
    (cd "$here/node" && npm ci --no-audit --no-fund --ignore-scripts --loglevel=error </dev/null) &&
      cp "$here/node/package-lock.json" "$here/node/node_modules/.lock" ||
      give_up 'npm ci failed in tests/counterparts/node'
  else
    give_up 'npm is missing: the tests against node-saml need it'
  fi
fi
