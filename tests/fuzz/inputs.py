#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""inputs.py unpack DIR FROM...           writes the inputs in FROM, files or folders, into DIR
inputs.py replay PROGRAM FROM...       runs PROGRAM, a fuzz target, once over all of them
inputs.py dump FILE...                 prints files as one .hex

A file of text is an input as it is. One with other bytes is kept as .hex, so that people can read it:
pairs of hex digits, "text as it stands", `*N` behind either for N times, a comment from # to the end of
the line; a line of -- begins the next input.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

TOKEN = re.compile(r'\s+|#[^\n]*|(?:"([^"\n]*)"|((?:[0-9a-fA-F]{2})+))(?:\*(\d+))?(?![^\s#])')
PLAIN = re.compile(rb'(?:(?!")[ -~]){1,90}')


def bytes_of(text):
    """What one input of a .hex file says; ValueError where it says nothing."""
    found, at = bytearray(), 0
    while at < len(text):
        token = TOKEN.match(text, at)
        if not token:
            raise ValueError(f"not hex, text or comment: {text[at:at + 20]!r}")
        at = token.end()
        quoted, digits, times = token.groups()
        if quoted is not None or digits is not None:
            piece = bytes.fromhex(digits) if digits else quoted.encode("ascii")
            found += piece * int(times or 1)
    return bytes(found)


def inputs_in(path):
    """(name, bytes) of each input in a file, or in the files of a folder."""
    if path.is_dir():
        for child in sorted(path.iterdir()):
            yield from inputs_in(child)
    elif path.suffix == ".hex":
        for number, text in enumerate(re.split(r"^--\n", path.read_text("ascii"), flags=re.M)):
            yield f"{path.stem}-{number}", bytes_of(text)
    else:
        yield path.name, path.read_bytes()


def unpack(folder, sources):
    written = []
    for source in sources:
        place = pathlib.Path(source)
        for name, data in inputs_in(place):
            written.append(pathlib.Path(folder) / f"{place.parent.name}-{name}")
            written[-1].write_bytes(data)
    return written


def replay(program, sources):
    with tempfile.TemporaryDirectory() as folder:
        inputs = unpack(folder, sources)
        if not inputs:
            sys.exit(f"no input in {sources}")
        return subprocess.run([program, *inputs], check=False).returncode


def dump(data):
    """The words of a .hex file for these bytes."""
    words, digits, at = [], "", 0
    while at < len(data):
        same = len(data[at:]) - len(data[at:].lstrip(data[at:at + 1]))
        plain = PLAIN.match(data, at)
        is_run = same >= (24 if plain else 8)
        if not is_run and not (plain and len(plain[0]) > 2):
            digits += f"{data[at]:02x}"
            at += 1
            continue
        words += [digits] if digits else []
        digits = ""
        words.append(f"{data[at]:02x}*{same}" if is_run else f'"{plain[0].decode()}"')
        at += same if is_run else len(plain[0])
    return words + ([digits] if digits else [])


def lines_of(words):
    line = ""
    for word in words:
        pieces = [word[i:i + 96] for i in range(0, len(word), 96)] if word[0] != '"' else [word]
        for piece in pieces:
            if line and len(line) + len(piece) > 98:
                yield line
                line = ""
            line += (" " if line else "") + piece
    yield line


def main(arguments):
    command, *rest = arguments
    if command == "unpack":
        os.makedirs(rest[0], exist_ok=True)
        unpack(rest[0], rest[1:])
    elif command == "replay":
        sys.exit(replay(rest[0], rest[1:]))
    elif command == "dump":
        texts = ["\n".join(lines_of(dump(pathlib.Path(name).read_bytes()))) for name in rest]
        print("\n--\n".join(texts))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:] or ["help"])
