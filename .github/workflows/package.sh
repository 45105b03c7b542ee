#!/usr/bin/env bash
# package.sh TARGET: builds slo for TARGET and packs it with completions, manual pages and licenses into dist/, with a
# checksum. SLO_BINARY names an existing binary.
set -euo pipefail
cd "$(dirname "$0")/../.."
target=$1
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)
name="slo-v$version-$target"
end=""
case $target in *windows*) end=.exe ;; esac
binary=${SLO_BINARY:-}
if [ -z "$binary" ]; then
  cargo build --release --locked --target "$target"
  binary="target/$target/release/slo$end"
fi
rm -rf "dist/$name" target/man1
mkdir -p "dist/$name"
cp "$binary" "dist/$name/slo$end"
"$binary" man --dir target/man1
cp -r completions target/man1 README.md CHANGELOG.md LICENSE-MIT LICENSE-APACHE "dist/$name/"
cd dist
if [ -n "$end" ]; then
  archive="$name.zip"
  7z a -bd "$archive" "$name" >/dev/null
else
  archive="$name.tar.gz"
  tar czf "$archive" "$name"
fi
rm -rf "$name"
if command -v sha256sum >/dev/null; then sha256sum "$archive" > "$archive.sha256"; else shasum -a 256 "$archive" > "$archive.sha256"; fi
cat "$archive.sha256"
