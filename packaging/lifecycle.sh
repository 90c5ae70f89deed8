#!/usr/bin/env bash
# What a machine does to the package in its life. packaging/check.sh runs it as root in a clean root, with the package and
# its next version in /packages.
set -euo pipefail
cd /
fail() { printf 'package: %s\n' "$1" >&2; exit 1; }
step() { printf -- '-- in the clean root: %s (%s s)\n' "$1" "$SECONDS"; }
as() { runuser -u "$1" -- "${@:2}"; }
may() { as "$@" >/dev/null 2>&1 || fail "$1 may not: ${*:2}"; }
may_not() { ! as "$@" >/dev/null 2>&1 || fail "$1 may: ${*:2}"; }
# As unattended upgrades do it: what was edited is kept, and nobody is asked.
install() { dpkg --force-confdef --force-confold -i "$1" >/tmp/dpkg.log 2>&1 || { cat /tmp/dpkg.log; fail "could not install $1"; }; }
state() { find /etc/underlag -type f -printf '%p %m %u %g ' -exec md5sum {} \; | sort; }
etc=/etc/underlag
data=/var/lib/underlag

step 'install'
[ "$(dpkg-query -W -f '${Package}' underlag 2>/dev/null || true)" = '' ] || fail 'it is there already'
install /packages/underlag.deb
cat /tmp/dpkg.log
[ "$(id -gn underlag)" = underlag-readers ] || fail 'the user underlag is not of the readers'\'' group'
[ "$(stat -c '%U:%G %a' $data)" = 'underlag:underlag-readers 750' ] || fail "$data: $(stat -c '%U:%G %a' $data)"
for private in $data/archive $data/stage; do
    [ "$(stat -c %a "$private")" = 700 ] || fail "$private: $(stat -c %a "$private")"
done
[ "$(systemctl is-enabled underlag.service || true)" = disabled ] || fail 'the daemon was enabled by the installation'
underlag --version
underlag check
underlag completions bash | cmp - /usr/share/bash-completion/completions/underlag
systemd-analyze verify --man=no underlag.service underlag-verify.service underlag-verify.timer

step 'use: check, test and demo, as the user that the daemon has, and as anybody'
as underlag underlag check
as underlag underlag test
useradd -m anybody
as anybody env HOME=/home/anybody underlag demo --once --data-dir /home/anybody/demo 2>&1 | tail -n 2
as anybody underlag --data-dir /home/anybody/demo verify

step 'readers'
# Published where the daemon publishes, with the umask of its unit.
as underlag sh -c "umask 0027 && underlag demo --once --data-dir $data" 2>&1 | tail -n 1
useradd -m -G underlag-readers analyst
useradd -m stranger
file=$(find $data/datasets/befolkning/current/ -name '*.parquet' | head -n 1)
may analyst cat "$file"
may analyst cat $data/datasets/befolkning/changes.json $data/site/current/index.html
may analyst underlag --data-dir $data export befolkning --area 0180 -o /home/analyst/befolkning.csv
may_not analyst ls $data/archive
may_not analyst ls $data/stage
may_not analyst cat $data/ledger.sqlite
may_not analyst touch "$data/datasets/befolkning/stray" "$file"
may_not stranger ls $data
may_not stranger cat "$file"
as underlag underlag --data-dir $data verify | tail -n 1

step 'upgrade over edited configuration'
sed -i 's/Region Exempel/Region Uppsala/' $etc/underlag.toml
rm -r $etc/pipelines/annonser
printf "kept\n" >$etc/own.txt
before=$(state)
published=$(find $data -path $data/etc -prune -o -type f -exec md5sum {} + | sort | md5sum)
install /packages/next.deb
[ "$(dpkg-query -W -f '${Version}' underlag)" != "$(dpkg-deb -f /packages/underlag.deb Version)" ] || fail 'it was not upgraded'
grep -q 'Region Uppsala' $etc/underlag.toml || fail 'an edited file was overwritten'
! grep -q 'of the next version' $etc/underlag.toml || fail 'an edited file was changed'
grep -q 'of the next version' $etc/underlag.toml.dpkg-dist || fail 'the new file is not beside the edited one'
grep -q 'of the next version' $etc/sources.toml || fail 'a file that nobody edited is not the new one'
[ ! -e $etc/pipelines/annonser ] || fail 'a pipeline that was removed is back'
[ -f $etc/own.txt ] || fail 'a file of the operator is gone'
[ "$published" = "$(find $data -path $data/etc -prune -o -type f -exec md5sum {} + | sort | md5sum)" ] || fail 'data changed'
underlag check
after=$(state)
[ "$(diff <(echo "$before") <(echo "$after") | grep -c '^<')" = 3 ] || fail "other files changed: $(diff <(echo "$before") <(echo "$after"))"

step 'a configuration that the new program refuses is told, and stops nothing'
sed -i 's/^version = 1/version = 1\nnonsense = true/' $etc/sources.toml
install /packages/next.deb
grep -q 'refuses the configuration' /tmp/dpkg.log || { cat /tmp/dpkg.log; fail 'a refused configuration was not told'; }
sed -i '/^nonsense/d' $etc/sources.toml

step 'reinstall'
before=$(state)
install /packages/next.deb
[ "$before" = "$(state)" ] || fail 'a reinstallation changed the configuration'

step 'remove'
dpkg -r underlag >/tmp/dpkg.log 2>&1 || { cat /tmp/dpkg.log; fail 'could not remove'; }
[ ! -e /usr/bin/underlag ] || fail 'the program is still there'
grep -q 'Region Uppsala' $etc/underlag.toml || fail 'removing took the configuration'
[ -f "$file" ] || fail 'removing took data'
install /packages/underlag.deb
grep -q 'Region Uppsala' $etc/underlag.toml || fail 'the configuration did not outlive removing and installing'
underlag check

step 'purge'
dpkg -P underlag >/tmp/dpkg.log 2>&1 || { cat /tmp/dpkg.log; fail 'could not purge'; }
cat /tmp/dpkg.log
[ ! -e $etc/underlag.toml ] || fail 'purging left the configuration'
[ -f $etc/own.txt ] || fail 'purging took a file of the operator'
[ -f "$file" ] && [ -d $data/archive ] || fail 'purging took data'
id underlag >/dev/null || fail 'purging took the user'
left=$(find / -xdev -path /packages -prune -o -path /proc -prune -o -path $data -prune -o -path /home -prune \
    -o -iname '*underlag*' -print)
echo "left after the purge: ${left//$'\n'/ }"
install /packages/underlag.deb
underlag check
