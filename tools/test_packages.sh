#!/bin/sh
# What some tests need from the system: Virtuoso, the remote store that they run against; Chromium,
# in which the query page is tried; R, for which the pages have examples.
# Installs it where apt and root (or sudo without a password) are at hand; says so otherwise.
set -u
packages=""
command -v virtuoso-t >/dev/null 2>&1 || packages="$packages virtuoso-opensource-7-bin"
command -v chromium >/dev/null 2>&1 || packages="$packages chromium"
command -v Rscript >/dev/null 2>&1 || packages="$packages r-base-core"
command -v curl >/dev/null 2>&1 || packages="$packages curl"
[ -n "$packages" ] || exit 0
sudo_=""
[ "$(id -u)" = 0 ] || sudo_="sudo -n"
if command -v apt-get >/dev/null 2>&1 && $sudo_ true 2>/dev/null; then
  # shellcheck disable=SC2086 # several words
  $sudo_ apt-get update -qq &&
    DEBIAN_FRONTEND=noninteractive $sudo_ apt-get install -y -qq --no-install-recommends $packages >/dev/null
fi || echo "Not installed:$packages; tests that need it are skipped (in CI they fail)."
exit 0
