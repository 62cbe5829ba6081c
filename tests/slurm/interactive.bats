#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154,SC2016  # helpers.bash sets variables; programs for the job's shell
# People at a terminal: windows by X11, and a shell in an allocation.
load helpers

setup_file() {
  # Slurm forwards X11 from a step of its own, which proctrack/linuxproc has not.
  start_cluster "$BERTH_TEST_DIR/berth" -x PrologFlags=X11 -x ProctrackType=proctrack/pgid \
    -x LaunchParameters=use_interactive_step -x 'InteractiveStepOptions="--interactive --preserve-env --pty sh"'
}

teardown() {
  teardown_job
  # It may have ended by itself, which is the test's to notice.
  if [ -n "${server:-}" ] && kill -0 "$server" 2>/dev/null; then kill "$server"; fi
}

# What an X server and its clients do first: the client shows a cookie, which has to be the server's.
write_x11_programs() {
  cat >server.py <<'END'
import socket, sys
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1] - 6000, flush=True)
while True:
    client = listener.accept()[0]
    shown = client.recv(4096)[-16:].hex()
    client.sendall(b"welcome" if shown == sys.argv[1] else b"go away")
    client.close()
END
  cat >client.py <<'END'
import os, socket
data = open(os.environ["XAUTHORITY"], "rb").read()[2:]  # Xau(3): parts behind the family
parts = []
while len(parts) < 4:
    size = int.from_bytes(data[:2], "big")
    parts.append(data[2 : 2 + size])
    data = data[2 + size :]
assert parts[2] == b"MIT-MAGIC-COOKIE-1", parts
host, number = os.environ["DISPLAY"].split(":")
server = socket.create_connection((host, 6000 + int(number.split(".")[0])))
server.sendall(b"hello " + parts[3])
print(server.recv(100).decode(), "on", os.environ["SLURMD_NODENAME"], open("/etc/motd").read(), end="")
END
}

@test "a program in a container finds the user's display, and may use it" {
  skip_unless "xauth is not installed" test -x /usr/bin/xauth
  local cookie=00112233445566778899aabbccddeeff
  write_x11_programs
  # A port from 6000 on is a display's.
  python3 server.py "$cookie" >display 3>&- &
  server=$!
  await display
  export DISPLAY XAUTHORITY=$folder/xauthority
  DISPLAY=localhost:$(cat display)
  user xauth -q -f "$XAUTHORITY" add "$DISPLAY" . "$cookie"
  run -0 user srun --x11 -w n2 --container="$image" python3 client.py
  [ "$output" = "welcome on n2 berth demo image" ]
  # As an image of Pyxis's is shown, too, which has neither the home nor the current directory.
  run -0 user srun --x11 -w n1 --container-image="$image" --no-container-mount-home \
    --container-mounts="$folder:/in" python3 /in/client.py
  [ "$output" = "welcome on n1 berth demo image" ]
  user xauth -q -f "$XAUTHORITY" add "$DISPLAY" . "${cookie/00/ff}"
  run -0 user srun --x11 -w n1 --container="$image" python3 client.py
  [ "$output" = "go away on n1 berth demo image" ]
}

@test "steps from the shell that salloc starts on a node" {
  skip_unless "python3 has no module pty" python3 -c 'import pty'
  cat >shell.sh <<END
readlink /proc/self/ns/user >outside
srun --overlap -N2 --container=$image sh -c 'cat /etc/motd >in.\$SLURMD_NODENAME; readlink /proc/self/ns/user >>in.\$SLURMD_NODENAME'
srun --overlap -N1 --pty --container=$image sh -c 'test -t 0 && cat /etc/motd >terminal'
exit 5
END
  run -5 typed salloc -N2 --overcommit <<<'. ./shell.sh'
  echo "$output"
  [ "$(cat terminal)" = "berth demo image" ]
  [ "$(cat in.n1 in.n2 | grep -cx 'berth demo image')" = 2 ]
  [ "$(sed -n 2p in.n1)" != "$(cat outside)" ]
  expect_idle
  expect_no_process_left
}
