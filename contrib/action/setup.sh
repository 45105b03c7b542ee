#!/bin/sh
# Installs the release $SLO_VERSION of slo, after checking its checksum, unless slo is already on the path.
# Reads SLO_VERSION, SLO_REPOSITORY, RUNNER_OS, RUNNER_ARCH, RUNNER_TEMP; appends to the file GITHUB_PATH.
set -eu
if command -v slo >/dev/null; then
  slo --version
  exit 0
fi
case "$RUNNER_OS-$RUNNER_ARCH" in
  Linux-X64) target=x86_64-unknown-linux-musl ;;
  Linux-ARM64) target=aarch64-unknown-linux-musl ;;
  macOS-X64) target=x86_64-apple-darwin ;;
  macOS-ARM64) target=aarch64-apple-darwin ;;
  *) echo "::error::no release of slo for $RUNNER_OS-$RUNNER_ARCH; install it yourself before this step"; exit 2 ;;
esac
name="slo-v$SLO_VERSION-$target"
url="https://github.com/$SLO_REPOSITORY/releases/download/v$SLO_VERSION"
cd "$RUNNER_TEMP"
curl -fsSL --retry 3 -O "$url/$name.tar.gz" -O "$url/$name.tar.gz.sha256"
if command -v sha256sum >/dev/null; then
  sha256sum -c "$name.tar.gz.sha256"
else
  shasum -a 256 -c "$name.tar.gz.sha256"
fi
tar xzf "$name.tar.gz"
echo "$RUNNER_TEMP/$name" >> "$GITHUB_PATH"
"$RUNNER_TEMP/$name/slo" --version
