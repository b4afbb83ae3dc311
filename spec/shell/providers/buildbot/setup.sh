#!/usr/bin/env bash
# Installs Buildbot from PyPI, for the tests that speak to a real one: as little of it as serves the REST API and runs builds.
# It goes into .buildbot beside package.json. Does nothing where it is already, nor where TACK_BUILDBOT names another one.
set -euo pipefail

version=4.3.0
if [ -n "${TACK_BUILDBOT:-}" ]; then
  echo "The Buildbot in $TACK_BUILDBOT is used as it is"
  exit 0
fi
cd "$(dirname "$0")/../../../.."
if [ "$(cat .buildbot/installed 2>/dev/null)" = "$version" ]; then
  echo "Buildbot $version is in $PWD/.buildbot"
  exit 0
fi
# Half of one must not be taken for a whole.
rm -rf .buildbot
trap '[ $? -eq 0 ] || rm -rf .buildbot' EXIT
python3 -m venv .buildbot
.buildbot/bin/pip install --quiet --disable-pip-version-check --timeout 30 --retries 2 \
  "buildbot==$version" "buildbot-worker==$version" "buildbot-www==$version"
.buildbot/bin/buildbot --version
echo "$version" >.buildbot/installed
