#!/usr/bin/env bash
# Looks at the service under the systemd that it was started by. packaging/boot.sh runs it in a virtual machine, which is
# switched off at its end.
set -uo pipefail
unit=underlag.service
data=/var/lib/underlag
etc=/etc/underlag
faults=0
step() { printf -- '-- %s (%s s)\n' "$1" "$SECONDS"; }
holds() { printf 'ok: %s\n' "$1"; }
fault() { printf 'FAULT: %s\n' "$1"; faults=$((faults + 1)); }
must() { # WHAT COMMAND…
    local what=$1
    shift
    if "$@"; then holds "$what"; else fault "$what"; fi
}
must_not() { local what=$1; shift; if "$@" >/dev/null 2>&1; then fault "$what"; else holds "$what"; fi; }
property() { systemctl show -P "$1" "${2:-$unit}"; }
as() { runuser -u "$1" -- "${@:2}"; }
within() { # SECONDS COMMAND…: until it holds
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.5
    done
}
is() { [ "$(property "$1")" = "$2" ]; }
journal() { journalctl -u "$unit" --no-pager -o cat --since "$1"; }
said() { journalctl -u "$unit" --no-pager -o cat --since "$1" | grep -q -- "$2"; }
now() { date '+%Y-%m-%d %H:%M:%S'; }
end() {
    [ "$faults" -eq 0 ] || journalctl -u "$unit" --no-pager -n 60 -o short-monotonic
    if [ "$faults" -eq 0 ]; then echo 'BOOTED: all holds'; else echo "BOOTED: $faults faults"; fi
    sync
    systemctl poweroff --force
}
trap end EXIT

step "$(systemctl --version | head -n 1), $(uname -r), $(property ActiveState multi-user.target)"

step 'stand-ins for the sources'
systemd-run --quiet --unit=sandbox /usr/bin/underlag sandbox --listen 127.0.0.1:18080
within 20 sh -c 'journalctl -u sandbox -o cat | grep -q jobsearch'
sed -i -e 's#^base_url = "https://statistikdatabasen.*#base_url = "http://127.0.0.1:18080/pxweb/api/v2"#' \
    -e 's#^base_url = "https://api.kolada.*#base_url = "http://127.0.0.1:18080/kolada/v3"#' \
    -e 's#^base_url = "https://raw.githubusercontent.*#base_url = "http://127.0.0.1:18080/filer"#' $etc/sources.toml
install -d -m 0700 /etc/credstore
install -m 0600 /dev/stdin /etc/credstore/underlag.api-key-platsbanken <<<hemlig
as underlag underlag check || fault 'the configuration does not hold'

step 'start: Type=notify is satisfied'
begun=$(now)
must 'systemctl start returns 0, so READY=1 was heard' systemctl enable --now $unit underlag-verify.timer
must 'active (running)' is ActiveState active
must 'of type notify' is Type notify
printf 'status line: %s\n' "$(property StatusText)"
must 'a status line' [ -n "$(property StatusText)" ]
printf 'ready after %s µs\n' "$(($(property ActiveEnterTimestampMonotonic) - $(property InactiveExitTimestampMonotonic)))"
must 'the given credential is there, and no other' [ "$(ls /run/credentials/$unit)" = api-key-platsbanken ]
must 'it runs as underlag:underlag-readers' [ "$(ps -o user:20=,group:20= -p "$(property MainPID)" | tr -s ' ' ' ')" = 'underlag underlag-readers' ]
systemd-analyze security --no-pager $unit | tail -n 1
systemctl list-timers --no-pager underlag-verify.timer | head -n 2

step 'a pipeline that is added, its run on schedule, and what it publishes'
underlag source add scb:TAB9002 --name matchning >/dev/null || fault 'could not add a pipeline'
printf '\n[schedule]\ncron = "* * * * *"\n' >>$etc/pipelines/matchning/pipeline.toml
must 'systemctl reload returns 0' systemctl reload $unit
within 90 is ActiveState active || fault 'not active after a reload'
must 'published as its schedule says, every minute' within 600 test -e $data/datasets/matchning/current
printf 'status line: %s\n' "$(property StatusText)"
as underlag underlag status
sed -i 's/^cron = .*/cron = "10 8 * * *"/' $etc/pipelines/matchning/pipeline.toml

step 'journal'
journalctl -u $unit --no-pager -o json --since "$begun" | grep UNDERLAG_ | tail -n 1 | cut -c 1-1500
must 'fields of the program beside the message' sh -c \
    "journalctl -u $unit -o json --since '$begun' | grep -qE '\"UNDERLAG_(RUN|PIPELINE)\"'"
must 'no secret in it' sh -c "! journalctl -u $unit -o json | grep -q hemlig"

step 'readers'
useradd -m -G underlag-readers analyst
useradd -m stranger
file=$(find $data/datasets/matchning/current/ -name '*.parquet' | head -n 1)
must 'an analyst reads what is published' [ "$(as analyst head -c 4 "$file")" = PAR1 ]
must_not 'but not the archive' as analyst ls $data/archive
must_not 'nor the ledger' as analyst cat $data/ledger.sqlite
must_not 'and writes nothing' as analyst touch $data/datasets/stray
must_not 'a stranger reads nothing' as stranger ls $data
must_not 'the service writes nowhere else' nsenter -t "$(property MainPID)" -m touch /etc/underlag/stray
find $data -maxdepth 1 -printf '%M %u %g %p\n' | sort -k4

step 'verify beside it'
must 'underlag-verify.service' systemctl start underlag-verify.service
journalctl -u underlag-verify --no-pager -o cat | grep -E '^(ok|damaged|error)' | tail -n 2

step 'reload'
process=$(property MainPID)
begun=$(now)
printf 'nonsense = true\n' >>$etc/areas.toml
systemctl reload $unit
must 'a refused configuration is told of' within 90 said "$begun" refused
must 'and the daemon goes on' within 30 is ActiveState active
sed -i '/^nonsense/d' $etc/areas.toml
begun=$(now)
systemctl reload $unit
within 90 said "$begun" configuration
journal "$begun" | grep -i configuration | head -n 2
must 'as the same process' is MainPID "$process"

step 'the watchdog'
must 'WatchdogSec is 1 min' is WatchdogUSec 1min
fed=$(property WatchdogTimestampMonotonic)
sleep 35
must 'fed within 35 s' [ "$(property WatchdogTimestampMonotonic)" -gt "$fed" ]
mkdir -p /run/systemd/system/$unit.d
printf '[Service]\nWatchdogSec=15s\nRestartSec=1s\nTimeoutAbortSec=5s\n' >/run/systemd/system/$unit.d/short.conf
systemctl daemon-reload
systemctl restart $unit
process=$(property MainPID)
sleep 32
must 'not killed while it is fed' is MainPID "$process"
begun=$(now)
kill -STOP "$process"
anew() { [ "$(property MainPID)" != "$process" ] && is ActiveState active; }
must 'a daemon that hangs is started anew' within 180 anew
journalctl --no-pager -o cat --since "$begun" | grep -i watchdog | head -n 2
rm /run/systemd/system/$unit.d/short.conf
systemctl daemon-reload
systemctl restart $unit

step 'killed in the midst of a run'
systemctl kill -s KILL $unit
must 'tried again' within 240 is ActiveState active
must 'nothing is damaged' as underlag underlag --data-dir $data verify

step 'upgrade beside a running daemon'
process=$(property MainPID)
dpkg -i /underlag.deb >/dev/null 2>&1 || fault 'could not install again'
within 120 is ActiveState active
must 'started anew by the package' [ "$(property MainPID)" != "$process" ]
printf 'nonsense = true\n' >>$etc/areas.toml
process=$(property MainPID)
dpkg -i /underlag.deb 2>&1 | grep 'underlag: '
must 'left alone by a package whose program refuses the configuration' is MainPID "$process"
sed -i '/^nonsense/d' $etc/areas.toml

step 'stop'
(as underlag underlag --data-dir $data run matchning --force >/dev/null 2>&1 &)
begun=$(date +%s%N)
must 'systemctl stop' systemctl stop $unit
took=$((($(date +%s%N) - begun) / 1000000))
must "within the grace time: $took ms" [ "$took" -lt 30000 ]
must 'as a success' is Result success
must 'inactive' is ActiveState inactive
printf 'memory at most: %s; processor: %s ns\n' "$(property MemoryPeak 2>/dev/null || true)" "$(property CPUUsageNSec)"
