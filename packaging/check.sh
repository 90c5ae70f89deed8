#!/usr/bin/env bash
# Builds the Debian package from the program that is built already, lints it, and puts it through what a machine does to
# it, in a clean Debian root: install, use, upgrade over edited configuration, reinstall, remove, purge.
#
#   packaging/check.sh CACHE             CACHE keeps cargo-deb and the root from one time to the next
#
# Leaves the package in target/debian. Wants target/release/underlag (or in $CARGO_TARGET_DIR), apt, and root for the part in the clean root: without it that
# part is left out, and the end says so.
set -euo pipefail
cd "$(dirname "$0")/.."
cache=$(realpath -m "$1")
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
program=$target/release/underlag
mkdir -p "$cache"
scratch=$(mktemp -d)
root=$scratch/root
leave() {
    # Mounts of a root are gone with the namespace that made them; a file system in the way would be emptied otherwise.
    rm -rf --one-file-system "$scratch"
}
trap leave EXIT

fail() { printf 'package: %s\n' "$1" >&2; exit 1; }
step() { printf -- '-- %s (%s s)\n' "$1" "$SECONDS"; }
[ -x "$program" ] || fail "there is no $program: cargo build --release"

sudo=()
[ "$(id -u)" -eq 0 ] || sudo=(sudo)
want() { # COMMAND PACKAGE
    command -v "$1" >/dev/null && return
    "${sudo[@]}" apt-get update -qq
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$2"
}

step 'tools'
want lintian lintian
want debootstrap debootstrap
version=3.8.0
cargo_deb=$cache/cargo-deb-$version/bin/cargo-deb
if [ ! -x "$cargo_deb" ]; then
    # A program that runs for seconds: built for the building to be quick. xz is apt's own.
    CARGO_TARGET_DIR=$cache/cargo-deb-build cargo install --quiet --locked --profile dev --no-default-features \
        --version "=$version" --root "$cache/cargo-deb-$version" cargo-deb
    rm -rf "$cache/cargo-deb-build"
fi

step 'manual pages'
"$program" man --write "$scratch/man"
# One complaint is one too many.
if command -v man >/dev/null; then
    for page in "$scratch"/man/*.1; do
        said=$(LC_ALL=C.UTF-8 MANROFFSEQ='' MANWIDTH=80 man --warnings -E UTF-8 -l -Tutf8 -Z "$page" 2>&1 >/dev/null)
        [ -z "$said" ] || fail "${page##*/}: $said"
    done
fi

step 'build'
declared=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
head -n 1 packaging/debian/changelog | grep -qF "underlag ($declared-1)" \
    || fail "packaging/debian/changelog does not begin with $declared-1, which Cargo.toml says"
packaging/stage "$program" packaging/made
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null || date +%s)
export SOURCE_DATE_EPOCH
deb=$target/debian/underlag_$declared-1_$(dpkg --print-architecture).deb
mkdir -p "${deb%/*}"
"$cargo_deb" --no-build --no-strip --fast --output "$deb"
echo "$(stat -c %s "$deb") bytes, $(dpkg-deb -c "$deb" | grep -vc '/$') files"

step 'lintian'
lintian --allow-root --fail-on error,warning --tag-display-limit 0 "$deb"
cmp <(dpkg-deb -I "$deb" conffiles | sort) <(cd packaging/made && find etc -type f -printf '/%p\n' | sort) \
    || fail 'not every file below /etc is a conffile, or the other way round'

if [ "$(id -u)" -ne 0 ] || ! unshare --mount --pid --fork true 2>/dev/null; then
    echo 'SKIPPED: the clean root, which wants root and unshare: nothing was installed, upgraded or removed'
    exit 0
fi

step 'a clean root'
# The suite and the mirror are those of this machine.
suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
mirror=$(apt-get indextargets --format '$(SITE) $(RELEASE) $(SUITE) $(CODENAME)' 'Created-By: Packages' 'Component: main' \
    | awk -v suite="$suite" '$2 == suite || $3 == suite || $4 == suite { print $1; exit }')
[ -n "$mirror" ] || fail "apt here is configured with no mirror of $suite"
kept=$cache/root-$suite-1.tar
if [ ! -f "$kept" ]; then
    debootstrap --variant=minbase --include=ca-certificates,tzdata,procps,systemd,systemd-sysv,dbus "$suite" "$root" "$mirror" \
        >"$scratch/debootstrap.log" 2>&1 || { tail -n 20 "$scratch/debootstrap.log" >&2; fail 'debootstrap failed'; }
    rm -rf "$root"/var/cache/apt/archives/*.deb
    tar -C "$root" --one-file-system -cf "$kept.new" . && mv "$kept.new" "$kept"
else
    mkdir "$root" && tar -C "$root" -xf "$kept"
fi

# The next version: all that may change has changed, configuration included.
step 'the next version'
dpkg-deb -R "$deb" "$scratch/next"
sed -i "s/^Version: .*/Version: $declared-2/" "$scratch/next/DEBIAN/control"
for file in underlag.toml sources.toml pipelines/befolkning/pipeline.toml reference/lan.csv; do
    case $file in *.toml) printf '\n# of the next version\n' ;; *) printf '\n' ;; esac >>"$scratch/next/etc/underlag/$file"
done
(cd "$scratch/next" && find . -path ./DEBIAN -prune -o -type f -printf '%P\0' | xargs -0 md5sum >DEBIAN/md5sums)
dpkg-deb --root-owner-group -Znone -b "$scratch/next" "$scratch/next.deb" >/dev/null
rm -rf "$scratch/next"

mkdir "$root/packages"
cp "$deb" "$root/packages/underlag.deb"
cp "$scratch/next.deb" packaging/lifecycle.sh "$root/packages/"
unshare --mount --pid --fork --kill-child sh -c '
    mount -t proc proc "$1/proc" && mount -t tmpfs tmpfs "$1/run" && exec chroot "$1" \
        env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 HOME=/root DEBIAN_FRONTEND=noninteractive \
        bash /packages/lifecycle.sh' sh "$root"
step 'done'
