#!/usr/bin/env bash
# Packs the program with all that belongs to it, for machines without Debian's packages and for people without root:
#
#   packaging/tarball.sh FOLDER          writes FOLDER/underlag-VERSION-linux-x86_64.tar.gz, and .sha256 beside it
#
# Wants target/release/underlag (or in $CARGO_TARGET_DIR). The same program and the same commit give the same bytes.
set -euo pipefail
out=$(realpath -m "$1")
cd "$(dirname "$0")/.."
program=$(realpath -m "${CARGO_TARGET_DIR:-target}")/release/underlag
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
name=underlag-$version-linux-$(uname -m)
packaging/stage "$program" "$scratch/all"

# Below one folder, to be unpacked in /usr/local or ~/.local: bin, lib, share. The configuration waits in share, since what
# is in /etc is not to be unpacked over.
top=$scratch/$name
mkdir -p "$top/bin" "$top/share/underlag" "$top/share/systemd/user"
install -m 0755 "$program" "$top/bin/underlag"
mv "$scratch/all/usr/lib" "$top/lib"
cp -r "$scratch/all/usr/share/." "$top/share/"
mv "$scratch/all/etc/underlag" "$top/share/underlag/etc"
mkdir -p "$top/share/zsh/site-functions"
mv "$top/share/zsh/vendor-completions/_underlag" "$top/share/zsh/site-functions/"
rmdir "$top/share/zsh/vendor-completions"
sed -i 's#/usr/bin/underlag#/usr/local/bin/underlag#' "$top"/lib/systemd/system/*
install -m 0644 systemd/user/underlag.service "$top/share/systemd/user/underlag.service"
install -m 0644 LICENSE LICENSE-MIT LICENSE-APACHE "$top/share/doc/underlag/"

epoch=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
mkdir -p "$out"
tar -C "$scratch" --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$epoch" --format=posix \
    --pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime -cf - "$name" | gzip -9n >"$out/$name.tar.gz"
(cd "$out" && sha256sum "$name.tar.gz" | tee "$name.tar.gz.sha256")
