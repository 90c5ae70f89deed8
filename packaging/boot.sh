#!/usr/bin/env bash
# Shows the service under a real systemd: installs the Debian package in a clean Debian, boots that as a virtual machine
# of its own kernel, and has packaging/booted.sh look at everything that the unit promises.
#
#   packaging/boot.sh PACKAGE.deb CACHE      CACHE keeps the root from one time to the next
#
# Wants root, apt, and some 3 GB of disk for a while. With /dev/kvm it takes some five minutes; where there is none, or one
# that does not work (ACCEL=tcg), some twenty. Not part of CI.
set -euo pipefail
deb=$(realpath "$1")
cache=$(realpath -m "$2")
cd "$(dirname "$0")/.."
mkdir -p "$cache"
scratch=$(mktemp -d)
trap 'rm -rf --one-file-system "$scratch"' EXIT
root=$scratch/root
fail() { printf 'boot: %s\n' "$1" >&2; exit 1; }
[ "$(id -u)" -eq 0 ] || fail 'this wants root'

for needed in debootstrap:debootstrap qemu-system-x86_64:qemu-system-x86 mke2fs:e2fsprogs unshare:util-linux; do
    command -v "${needed%:*}" >/dev/null && continue
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${needed#*:}"
done

suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
mirror=$(apt-get indextargets --format '$(SITE) $(RELEASE) $(SUITE) $(CODENAME)' 'Created-By: Packages' 'Component: main' \
    | awk -v suite="$suite" '$2 == suite || $3 == suite || $4 == suite { print $1; exit }')
[ -n "$mirror" ] || fail "apt here is configured with no mirror of $suite"
in_root() {
    unshare --mount --pid --fork --kill-child sh -c '
        mount -t proc proc "$1/proc" && mount -t tmpfs tmpfs "$1/run" && root=$1 && shift && exec chroot "$root" \
            env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 HOME=/root DEBIAN_FRONTEND=noninteractive "$@"' \
        sh "$root" "$@"
}
kept=$cache/boot-$suite-1.tar
if [ ! -f "$kept" ]; then
    echo "-- a Debian with a kernel ($SECONDS s)"
    debootstrap --variant=minbase --include=ca-certificates,tzdata,procps,systemd,systemd-sysv,dbus,initramfs-tools,zstd \
        "$suite" "$root" "$mirror" >"$scratch/log" 2>&1 || { tail -n 20 "$scratch/log" >&2; fail 'debootstrap failed'; }
    cp /etc/resolv.conf "$root/etc/resolv.conf"
    in_root sh -c 'apt-get update -qq && apt-get install -y -qq --no-install-recommends linux-image-cloud-amd64' \
        >"$scratch/log" 2>&1 || { tail -n 20 "$scratch/log" >&2; fail 'there is no kernel'; }
    rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/*
    tar -C "$root" --one-file-system -cf "$kept.new" . && mv "$kept.new" "$kept"
else
    mkdir "$root" && tar -C "$root" -xf "$kept"
fi

echo "-- the package in it ($SECONDS s)"
cp "$deb" "$root/underlag.deb"
in_root dpkg -i /underlag.deb
install -m 0755 packaging/booted.sh "$root/usr/local/sbin/booted"
cat >"$root/etc/systemd/system/booted.service" <<'UNIT'
[Unit]
Description=Looks at the service
After=multi-user.target
[Service]
Type=oneshot
ExecStart=/usr/local/sbin/booted
StandardOutput=file:/dev/ttyS0
StandardError=file:/dev/ttyS0
TimeoutStartSec=30min
[Install]
WantedBy=graphical.target
UNIT
# A login there would hang up the line that the report is written to.
ln -sf /dev/null "$root/etc/systemd/system/serial-getty@ttyS0.service"
ln -sf /usr/lib/systemd/system/graphical.target "$root/etc/systemd/system/default.target"
mkdir -p "$root/etc/systemd/system/graphical.target.wants"
ln -sf ../booted.service "$root/etc/systemd/system/graphical.target.wants/booted.service"
echo underlag-test >"$root/etc/hostname"
echo '/dev/vda / ext4 defaults 0 1' >"$root/etc/fstab"

echo "-- boot ($SECONDS s)"
cp "$root"/boot/vmlinuz-* "$scratch/vmlinuz"
cp "$root"/boot/initrd.img-* "$scratch/initrd"
mke2fs -q -t ext4 -d "$root" "$scratch/disk" 3G
rm -rf --one-file-system "$root"
accel=${ACCEL:-$([ -w /dev/kvm ] && echo kvm || echo tcg)}
speed=(-accel tcg -cpu max)
[ "$accel" = tcg ] || speed=(-accel "$accel" -cpu qemu64)
timeout 2400 qemu-system-x86_64 "${speed[@]}" -m 3G -smp 2 -nographic -no-reboot -nic none \
    -drive "file=$scratch/disk,format=raw,if=virtio,cache=unsafe" -kernel "$scratch/vmlinuz" -initrd "$scratch/initrd" \
    -append 'root=/dev/vda rw console=ttyS0 quiet loglevel=3 systemd.show_status=false' </dev/null \
    | tee "$scratch/console"
grep -q '^BOOTED: all holds' "$scratch/console" || fail 'not everything holds under systemd'
echo "-- done ($SECONDS s)"
