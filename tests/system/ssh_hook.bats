#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2154
# --hook=ssh: a client of the image's reaches a real server on the loopback with the user's keys, his agent,
# and what the node says of the host.
load ../helpers

setup_file() {
  export stock=$BERTH_TEST_DIR/ssh-stock
  mkdir -p "$stock"
  cd "$stock" || return
  # An image with a client and no settings.
  mkdir -p root/bin root/etc root/usr/bin root/lib64
  cp "$(command -v busybox)" root/bin/busybox
  local program library
  for program in ssh ssh-add; do
    cp "$(command -v $program)" root/usr/bin
    while read -r library; do
      mkdir -p "root$(dirname "$library")"
      cp -L "$library" "root$library"
    done < <(ldd "$(command -v $program)" | grep -o '/[^ ]*')
  done
  cp -L /lib/x86_64-linux-gnu/libnss_files.so.2 root/lib/x86_64-linux-gnu/
  "$BERTH" import dir:root client.sqsh
  # A server of the user's own, of the release that this machine has.
  export sshd=/usr/sbin/sshd
  if [ ! -x $sshd ]; then
    # shellcheck source=/dev/null
    fetch_package "$(. /etc/os-release && echo "$VERSION_CODENAME")" openssh-server server
    sshd=$stock/server$sshd
  fi
  ssh-keygen -q -t ed25519 -N '' -f host-key
  ssh-keygen -q -t ed25519 -N '' -f user-key
  chmod 700 .
  cat >sshd_config <<END
HostKey $stock/host-key
AuthorizedKeysFile $stock/user-key.pub
PidFile $stock/pid
UsePAM no
StrictModes no
END
}

setup() {
  enter_work ssh
  # One connection, which a server that inetd would start serves: no port is anybody's before it is ours.
  mkdir -p home/.ssh site/etc-ssh
  chmod 700 home home/.ssh
  read -r port server < <(python3 - "$sshd" "$stock/sshd_config" <<'END'
import os, socket, subprocess, sys
listener = socket.create_server(("127.0.0.1", 0))
if pid := os.fork():
    print(listener.getsockname()[1], pid, flush=True)
else:
    os.close(1)
    os.closerange(3, listener.fileno())
    listener.settimeout(60)
    for _ in range(4):
        try:
            connection, _ = listener.accept()
        except TimeoutError:
            break
        subprocess.Popen([sys.argv[1], "-i", "-e", "-f", sys.argv[2]], stdin=connection, stdout=connection)
        connection.close()
END
)
  echo "[127.0.0.1]:$port $(cat "$stock/host-key.pub")" >known
  printf 'Host server\n  HostName 127.0.0.1\n  Port %s\n  HostKeyAlias [127.0.0.1]:%s\n' "$port" "$port" >site/etc-ssh/ssh_config
  cp known site/etc-ssh/ssh_known_hosts
  export HOME=$work/home
}

teardown() {
  [ -z "${agent:-}" ] || kill "$agent"
  # It ends by itself after four connections.
  if [ -d "/proc/$server" ]; then kill "$server"; fi
  leave_work
}

# at_site COMMAND...: on a node with these settings.
at_site() {
  unshare --user --map-current-user --mount --keep-caps sh -euc '
    if [ -n "${ROOTS_FILE-}" ]; then mount --bind "$ROOTS_FILE" site/etc-ssh/ssh_config.d/00-root.conf; fi
    mount --rbind site/etc-ssh /etc/ssh
    exec setpriv --bounding-set=-all --inh-caps=-all --ambient-caps=-all timeout -s KILL 30 "$@"' sh "$@"
}

start_agent() {
  local text
  text=$(ssh-agent -s -a "$work/agent.socket")
  agent=$(sed -n 's/^SSH_AGENT_PID=\([0-9]*\);.*/\1/p' <<<"$text")
  export SSH_AUTH_SOCK=$work/agent.socket
  ssh-add -q "$stock/user-key"
}

@test "a server is reached with the user's key and the node's settings, where the home is not shown" {
  cp "$stock/user-key" home/.ssh/id_ed25519
  run at_site "$BERTH" run --home none "$stock/client.sqsh" -- ssh server id -u
  [ "$status" = 255 ]
  run --separate-stderr at_site "$BERTH" run --hook=ssh --home none "$stock/client.sqsh" -- ssh server id -u
  echo "$stderr"
  [ "$output" = "$(id -u)" ]
  # The key is as good as its mode, inside too, and nothing of it can be changed.
  run at_site "$BERTH" run --hook=ssh --home none "$stock/client.sqsh" -- \
    busybox sh -c 'busybox stat -c "%u %a" /.ssh/id_ed25519; busybox touch /.ssh/new'
  [ "${lines[0]}" = "$(id -u) 600" ]
  [[ "${lines[1]}" == *"Read-only file system" ]]
}

@test "the agent is reached where /tmp is another and no variable is passed on, and no key is shown" {
  start_agent
  run --separate-stderr at_site "$BERTH" run --hook=ssh --home none --tmp none --clean-env "$stock/client.sqsh" -- ssh server id -u
  echo "$stderr"
  [ "$output" = "$(id -u)" ]
  run at_site "$BERTH" run --hook=ssh --home none --tmp none "$stock/client.sqsh" -- busybox ls /.ssh
  [ -z "$output" ]
  run at_site "$BERTH" run --hook=ssh --home none --plan "$stock/client.sqsh" -- ssh server id
  [ "${lines[0]}" = "# ssh: the node's settings and known hosts, the user's ~/.ssh, the agent: 1 variable, 0 devices, 4 mounts" ]
}

@test "a home that is shown stays the user's, and a host that the node does not know is not believed" {
  cp "$stock/user-key" home/.ssh/id_ed25519
  run at_site "$BERTH" run --hook=ssh "$stock/client.sqsh" -- busybox touch "$HOME/.ssh/new"
  [ "$status" = 0 ]
  [ -e home/.ssh/new ]
  sed -i 's/AAAAC3/AAAAC4/' site/etc-ssh/ssh_known_hosts
  run at_site "$BERTH" run --hook=ssh --home none "$stock/client.sqsh" -- ssh -o BatchMode=yes server id
  [ "$status" = 255 ]
}

@test "an agent that is none is said in a line" {
  export SSH_AUTH_SOCK=$work/known
  run --separate-stderr at_site "$BERTH" run --hook=ssh "$stock/client.sqsh" -- busybox echo runs
  [ "$output" = runs ]
  [ "$stderr" = "berth: continuing without what ssh asks for: the agent: SSH_AUTH_SOCK is '$work/known', which is no socket" ]
}

@test "settings of the node that root has written are taken, in files of the user's own" {
  cp "$stock/user-key" home/.ssh/id_ed25519
  mkdir site/etc-ssh/ssh_config.d
  mv site/etc-ssh/ssh_config site/etc-ssh/ssh_config.d/10-server.conf
  echo 'Include /etc/ssh/ssh_config.d/*.conf' >site/etc-ssh/ssh_config
  touch site/etc-ssh/ssh_config.d/00-root.conf
  # Some file of root's that ssh can read as settings.
  ROOTS_FILE=$(find /usr/lib/python3 -name __init__.py -empty -user root -print -quit)
  [ -n "$ROOTS_FILE" ]
  export ROOTS_FILE
  run --separate-stderr at_site "$BERTH" run --hook=ssh --home none "$stock/client.sqsh" -- ssh server id -u
  echo "$stderr"
  [ "$output" = "$(id -u)" ]
  [ -z "$stderr" ]
  run at_site "$BERTH" run --hook=ssh --home none "$stock/client.sqsh" -- busybox stat -c %u /etc/ssh/ssh_config.d/00-root.conf
  [ "$output" = "$(id -u)" ]
  # A changes' directory keeps nothing of them.
  mkdir kept
  run at_site "$BERTH" run --hook=ssh --home none --overlay "$work/kept" "$stock/client.sqsh" -- ssh server id -u
  [ "$output" = "$(id -u)" ]
  run find kept/upper -name '*.conf'
  [ -z "$output" ]
}

@test "what the hook would show below a directory of the user's is left out with a line" {
  start_agent
  mkdir mine
  run --separate-stderr at_site "$BERTH" run --hook=ssh --home none -v "$work/mine:/etc/ssh" -v "$work/mine:/run" \
    "$stock/client.sqsh" -- busybox sh -c 'echo runs; echo "$SSH_AUTH_SOCK"'
  echo "$stderr"
  [ "$output" = "runs
$work/agent.socket" ]
  [ "${#stderr_lines[@]}" = 3 ]
  for place in /etc/ssh/ssh_config /etc/ssh/ssh_known_hosts /run/berth/ssh-agent; do
    tree=/run
    case $place in /etc/*) tree=/etc/ssh ;; esac
    grep -qxF "berth: continuing without what ssh asks for: '$place': the launch shows a directory of yours at '$tree', which has no such place" <<<"$stderr"
  done
  [ -z "$(ls -A mine)" ]
}
