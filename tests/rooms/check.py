# SPDX-License-Identifier: Apache-2.0
"""Fails when a room includes a room that rooms.txt does not allow."""
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])
allowed = {}
for line in (root / "tests/rooms/rooms.txt").read_text().splitlines():
    if line and not line.startswith("#"):
        room, _, others = line.partition(":")
        allowed[room] = {room, *others.split()}

def room_of(path):
    """The longest room name that is a leading part of the path."""
    return max((r for r in allowed if path.startswith(r + "/")), key=len, default=None)

wrong = []
for top in sorted({room.split("/")[0] for room in allowed}):
    for file in (root / top).rglob("*.*"):
        name = file.relative_to(root).as_posix()
        for target in re.findall(r'^#include "([^"]+)"', file.read_text(errors="replace"), re.M):
            there = room_of(target)
            if there and there not in allowed.get(room_of(name), set()):
                wrong.append(f"{name}: room '{room_of(name)}' may not include '{there}/'")
print("\n".join(wrong))
sys.exit(bool(wrong))
