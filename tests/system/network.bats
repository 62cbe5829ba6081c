#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2154
# --net=private: a network of the container's own with a way out. The tests make a node of their own: a
# network namespace with two addresses, for a container that pasta connects has the first of them itself.
load ../helpers

setup() {
  image=$BERTH_DEMO_IMAGE
  enter_work network
  export image
  cat >server.py <<'END_OF_PYTHON'
import socket, sys, threading
def serve(address):
    with socket.create_server((address, 0)) as server:
        print(server.getsockname()[1], file=open("port-" + address, "w"), flush=True)
        while True:
            peer, (name, _) = server.accept()
            peer.sendall(name.encode()); peer.close()
for address in sys.argv[1:]: threading.Thread(target=serve, args=(address,)).start()
END_OF_PYTHON
  cat >ask.py <<'END_OF_PYTHON'
import socket, sys
for address, port in zip(sys.argv[1::2], sys.argv[2::2]):
    try: print("heard", socket.create_connection((address, int(port)), 1).recv(99).decode())
    except OSError as error: print(error.strerror or error)
END_OF_PYTHON
  cat >lib.sh <<'END_OF_SHELL'
await() { for _ in $(seq 200); do [ ! -s "$1" ] || return 0; sleep 0.05; done; echo "no $1" >&2; exit 1; }
serve() { python3 server.py "$@" & server=$!; for a; do await "port-$a"; done; }
trap '[ -z "${server:-}" ] || kill "$server"' EXIT
END_OF_SHELL
}

teardown() {
  leave_work
}

# on_node SCRIPT [HIDDEN...]: in the node of the tests' own, on which the HIDDEN programs are not installed.
on_node() {
  timeout 60 unshare --user --map-current-user --keep-caps --net --mount bash -c '
    set -e
    for program in "${@:2}"; do mount --bind /dev/null "$program"; done
    ip link set lo up
    ip link add out type veth peer name far
    for one in 192.0.2.7/24 198.51.100.7/24; do ip address add "$one" dev out; done
    ip link set out up && ip link set far up
    ip route add default via 192.0.2.1 dev out
    . ./lib.sh
    eval "$1"' - "$@"
}

@test "--net=private: what is outside can be reached, the node's loopback cannot, and nobody comes in" {
  local hidden script='serve 198.51.100.7 127.0.0.1
    "$BERTH" run --net=private "$image" -- python3 ask.py 198.51.100.7 $(cat port-198.51.100.7) 127.0.0.1 $(cat port-127.0.0.1) \
      192.0.2.1 $(cat port-127.0.0.1) 10.0.2.2 $(cat port-127.0.0.1)
    "$BERTH" run --net=private "$image" -- sh -c "ls /sys/class/net; cat /etc/resolv.conf; readlink /proc/self/ns/net"
    readlink /proc/self/ns/net
    rm port-*; "$BERTH" run --net=private "$image" -- timeout 20 python3 server.py 0.0.0.0 & inside=$!
    await port-0.0.0.0
    python3 ask.py 192.0.2.7 $(cat port-0.0.0.0) 198.51.100.7 $(cat port-0.0.0.0) 127.0.0.1 $(cat port-0.0.0.0)
    kill $inside; wait $inside || echo $?'
  for hidden in /usr/bin/slirp4netns /usr/bin/pasta; do
    rm -f port-*
    run -0 on_node "$script" "$hidden"
    echo "$output"
    [ "${lines[0]%% *}" = heard ]
    [ "$(sed -n 2,4p <<<"$output" | grep -c heard)" = 0 ]
    [ "$(sed -n 5,6p <<<"$output")" = "$([ "$hidden" = /usr/bin/pasta ] && printf 'lo\ntap0' || printf 'lo\nout')" ] ||
      [ "$(sed -n 5,6p <<<"$output")" = $'out\nlo' ]
    grep -xE "nameserver (169.254.1.1|10.0.2.3)" <<<"$output"
    [ "$(grep '^net:' <<<"$output" | count_different)" = 2 ]
    [ "$(tail -n 4 <<<"$output")" = $'Connection refused\nConnection refused\nConnection refused\n143' ]
  done
}

@test "--net=private: the program beside the container has berth's variables, and ends with it in any case" {
  local hidden
  for hidden in /usr/bin/slirp4netns /usr/bin/pasta; do
    for option in --share=none --share=node --pid; do
      run -0 on_node 'export LD_LIBRARY_PATH=/x SECRET=1
        "$BERTH" run --net=private '$option' "$image" -- sh -c "echo \$\$ >started; exec sleep 100" & berth=$!
        await started; rm started
        helper=$(pgrep -u "$(id -u)" -x "pas(st|ta).*|slirp4netns")
        tr "\0" "\n" <"/proc/$helper/cmdline" | head -n 1
        if [ -r "/proc/$helper/environ" ]; then tr "\0" "\n" <"/proc/$helper/environ"; fi
        kill -KILL $berth; wait $berth || [ $? = 137 ]
        for _ in $(seq 100); do [ -d "/proc/$helper" ] || break; sleep 0.05; done
        [ ! -d "/proc/$helper" ] && echo gone' "$hidden"
      echo "$output"
      [[ "$output" == */pasta* || "$output" == */slirp4netns* ]]
      [[ "$output" != *SECRET* && "$output" != *LD_LIBRARY* ]]
      [ "${lines[-1]}" = gone ]
    done
  done
}

@test "--net=private: ranks that share a container share its network" {
  run -0 on_node 'for n in 1 2; do
      "$BERTH" run --share=node --net=private "$image" -- sh -c "readlink /proc/self/ns/net; while [ ! -e go ]; do sleep 0.05; done" >"said$n" &
      await "said$n"
    done
    pgrep -u "$(id -u)" -cx "pas(st|ta).*|slirp4netns"
    touch go; wait $(jobs -p); cat said1 said2'
  echo "$output"
  [ "${lines[0]}" = 1 ]
  [ "$(grep ^net: <<<"$output" | count_different)" = 1 ]
}

@test "--net=private: what is missing is said" {
  run -0 on_node '"$BERTH" run --net=private "$image" -- true || echo $?' /usr/bin/pasta /usr/bin/slirp4netns
  [ "${lines[0]}" = "berth: cannot connect a network of the container's own to the node's: this node has neither pasta nor slirp4netns" ]
  [ "${lines[1]}" = "berth: hint: ask the administrator to install passt or slirp4netns, or leave --net=private out" ]
  [ "${lines[2]}" = 125 ]
  run -0 on_node 'mkdir net && mount --bind net /dev/net; "$BERTH" run --net=private "$image" -- true || echo $?'
  [ "${lines[0]}" = "berth: cannot connect a network of the container's own to the node's: use '/dev/net/tun': open: No such file or directory (ENOENT)" ]
  [ "${lines[1]}" = "berth: hint: ask the administrator to open the device: chmod 666 /dev/net/tun" ]
  # One that starts and comes to nothing.
  run -0 on_node 'cp /bin/false false; mount --bind false /usr/bin/slirp4netns
    "$BERTH" run --net=private "$image" -- true || echo $?' /usr/bin/pasta
  echo "$output"
  [ "${lines[0]}" = "berth: cannot connect the container to the network through '/usr/bin/slirp4netns': recv: Network is unreachable (ENETUNREACH)" ]
  [ "${lines[2]}" = 125 ]
}
