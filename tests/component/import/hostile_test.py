# SPDX-License-Identifier: Apache-2.0
"""Images that mean harm. Each is refused in one line, or comes out harmless; the host's files are as they
were, and nothing is left behind."""
import io
import json
import os
import random
import re
import shutil
import struct
import subprocess
import unittest
import zipfile

import harness
import layout
import rawtar
from layout import entry

LOST = ", which neither its layer nor a lower one has\n"


def snapshot(top):
    """All that is below `top`, to see that nothing of it has changed."""
    seen = {}
    for folder, folders, files in os.walk(top):
        for name in folders + files:
            path = os.path.join(folder, name)
            info = os.lstat(path)
            seen[path] = (info.st_mode, info.st_uid, info.st_size, info.st_mtime_ns, info.st_ino)
    return seen


class HostileTest(harness.ImportTest):
    def setUp(self):
        super().setUp()
        # What an attacker would like to reach, by name and from within.
        layout.write_folder(self.path("host"), {"secret": b"s", "etc/passwd": b"root"})

    def write(self, *layers, how="gzip"):
        """The layers as an image; entries may be bytes."""
        made = [x if isinstance(x, bytes) else rawtar.make_layer(x) for x in layers]
        layout.write_layout(self.path("in"), made, how)

    def refuse(self, message, source="oci:in", env=None):
        before = snapshot(self.folder)
        done = self.run_import(source, "out.sqsh", env=env)
        self.assertEqual(done.stderr.replace(self.folder, "DIR"), message)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertEqual(snapshot(self.folder), before)

    def refuse_like(self, pattern, source="oci:in", env=None):
        """As refuse(), where the words are in part another's."""
        before = snapshot(self.folder)
        done = self.run_import(source, "out.sqsh", env=env)
        self.assertRegex(done.stderr.replace(self.folder, "DIR"), rf"\A(?:{pattern})\Z")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertEqual(snapshot(self.folder), before)

    def refuse_entries(self, entries, why):
        self.write(entries)
        self.refuse(f"berth: cannot use the entry {why}\n")

    def expect(self, names):
        """Imports; these names come out."""
        before = snapshot(self.path("host"))
        tree = self.tree_of(self.image_of("oci:in"))
        self.assertEqual(snapshot(self.path("host")), before)
        self.assertEqual(sorted(tree), sorted(names))
        os.unlink(self.path("out.sqsh"))
        shutil.rmtree(self.path("unpacked"))
        return tree


class Paths(HostileTest):
    def test_that_climb_are_refused(self):
        for name in ["../host/secret", "a/../../host/secret", "/../host/secret", ".."]:
            self.refuse_entries([entry(name)], f"'{name}': its path has '..' in it")

    def test_that_are_absolute_or_empty_stay_inside(self):
        host = self.path("host/secret")
        self.write([entry(host, data=b"forged"), entry("//a//./b/", "dir")])
        parts = host[1:].split("/")
        tree = self.expect(["a", "a/b"] + ["/".join(parts[:n + 1]) for n in range(len(parts))])
        self.assertEqual(tree[host[1:]]["content"][0], 6)
        self.write([entry("")])
        self.refuse("berth: cannot use the entry '/': it is not a directory\n")

    def test_through_a_symlink_that_leads_out_stay_inside(self):
        host = self.path("host")
        self.write([entry("out", "symlink", target=host), entry("out/secret", data=b"forged")],
                   [entry("out/etc/passwd", data=b"forged")])
        self.expect(["out", "out/etc", "out/etc/passwd", "out/secret"])
        self.write([entry("out", "symlink", target=host)], [entry("out/secret", data=b"forged")])
        self.expect(["out", "out/secret"])

    def test_through_forty_symlinks_stay_inside(self):
        chain = [entry("l0", "symlink", target=self.path("host"))]
        chain += [entry(f"l{n}", "symlink", target=f"l{n - 1}") for n in range(1, 41)]
        self.write(chain, [entry("l40/secret", data=b"forged")])
        self.expect([f"l{n}" for n in range(41)] + ["l40/secret"])

    def test_the_root_replaced_by_a_symlink_is_refused(self):
        for kind in ["symlink", "link", "file"]:
            self.refuse_entries([entry(".", kind, target=self.path("host")), entry("secret")],
                                "'/': it is not a directory")

    def test_of_a_megabyte_and_of_100000_levels_are_refused_in_few_words(self):
        self.refuse_entries([entry("a/" * 100000 + "b")],
                            f"'{'a/' * 100}'...: its path is longer than 4095 bytes")
        self.refuse_entries([entry("n" * 900000)], f"'{'n' * 200}'...: a name is longer than 255 bytes")
        # libarchive leaves out a pax record of a million bytes, and would take the short name before it.
        for size, why in [(1000000, "Rejecting pax extended attribute"),
                          (1 << 20, "Special header too large")]:
            self.write([entry("n" * size)], how="none")
            self.refuse_like(rf"berth: cannot read the layer '[^']*': {why}[^\n]*\n")
        self.refuse_entries([entry("s", "symlink", target="t" * 900000)],
                            "'s': its target is longer than 4095 bytes")

    def test_with_control_characters_are_never_shown_raw(self):
        self.refuse_entries([entry("\x1b[2J\r\n\x9b/..")],
                            "'\\x1b[2J\\x0d\\x0a\\xc2\\x9b/..': its path has '..' in it")


class Links(HostileTest):
    def test_to_what_is_outside_are_refused(self):
        self.refuse_entries([entry("a", "link", target="../host/secret")],
                            "'../host/secret': its path has '..' in it")
        host = self.path("host/secret")
        self.write([entry("a", "link", target=host)])
        self.refuse(f"berth: cannot use the entry 'a': it is a hard link to '{host[1:]}'{LOST}")

    def test_to_later_entries_and_to_themselves_are_refused(self):
        for entries, target in [([entry("a", "link", target="b"), entry("b")], "b"),
                                ([entry("a", "link", target="a")], "a")]:
            self.refuse_entries(entries, f"'a': it is a hard link to '{target}'" + LOST[:-1])

    def test_to_themselves_change_nothing_where_there_is_a_file(self):
        self.write([entry("a", data=b"x"), entry("a", "link", target="a")])
        self.assertEqual(self.expect(["a"])["a"]["content"][0], 1)

    def test_with_data_do_not_write_through(self):
        with_data = rawtar.header(b"b", b"1", 3, target=b"a") + rawtar.padded(b"new")
        self.write([entry("a", data=b"old!"), rawtar.pax([("comment", b"-")]), with_data, entry("c")])
        tree = self.expect(["a", "b", "c"])
        self.assertEqual((tree["a"]["content"][0], tree["b"]["same as"]), (4, "a"))


class Whiteouts(HostileTest):
    LOW = [entry("etc", "dir"), entry("etc/passwd"), entry("d", "symlink", target="etc")]

    def test_of_nothing_that_has_a_name_are_refused(self):
        for name in [".wh.", ".wh..", ".wh...", "etc/.wh.", "etc/.wh..."]:
            self.refuse_entries([entry(name)], f"'{name}': it deletes nothing that has a name")

    def test_that_are_folders_are_refused(self):
        self.refuse_entries([entry(".wh.etc/passwd")], "'.wh.etc/passwd': a whiteout has nothing in it")

    def test_of_the_whole_root_spare_their_own_layer(self):
        self.write(self.LOW, [entry("new"), entry(".wh..wh..opq")])
        self.expect(["new"])

    def test_of_what_is_not_there_do_nothing(self):
        self.write(self.LOW, [entry(".wh.none"), entry("none/none/.wh.x"), entry("etc/passwd/.wh.x")])
        self.expect(["etc", "etc/passwd", "d"])

    def test_through_a_symlinked_parent_delete_nothing_behind_it(self):
        self.write(self.LOW, [entry("d/.wh.passwd"), entry("d/.wh..wh..opq")])
        self.expect(["etc", "etc/passwd", "d"])

    def test_of_the_longest_name_work(self):
        self.write([entry("n" * 255), entry("k")], [entry(".wh." + "n" * 255)])
        self.expect(["k"])


class Numbers(HostileTest):
    def test_sizes_beyond_all_disks_are_refused(self):
        huge = rawtar.pax([("size", b"%d" % 2**64)]) + rawtar.header(b"a", size=5) + rawtar.padded(b"x" * 5)
        self.write([huge])
        self.refuse_like(r"berth: cannot [^\n]*\n")
        self.refuse_entries([rawtar.pax([("size", b"%d" % 2**62)]) + rawtar.header(b"a")],
                            "'a': it is larger than 4 TiB")

    def test_ids_beyond_the_kernels_are_refused(self):
        for key, value in [("uid", 2**32 - 1), ("gid", 2**40), ("uid", -1)]:
            self.refuse_entries([entry("a", **{key: value}, style="gnu")],
                                f"'a': its owner {value} is out of range")

    def test_times_before_1970_become_1970(self):
        self.write([entry("a", mtime=-2**40, style="gnu"), entry("b", mtime=-0.5), entry("c", mtime=1.999)])
        tree = self.expect(["a", "b", "c"])
        self.assertEqual([tree[x]["mtime"] for x in "abc"], [0, 0, 1])

    def test_sparse_maps_that_overlap_are_refused(self):
        for more in [{"style": "gnu"}, {"sparse": "0.1"}, {"sparse": "1.0"}]:
            item = entry("s", regions=[(4096, b"a" * 512), (0, b"b" * 512)], size=9000, **more)
            self.write([item], how="none")
            self.refuse_like(r"berth: cannot read the layer '[^']*': a sparse file is damaged\n")


class Formats(HostileTest):
    def test_other_archives_posing_as_a_layer_are_refused(self):
        zipped = io.BytesIO()
        with zipfile.ZipFile(zipped, "w") as made:
            made.writestr("a", "x" * 2000)
        cpio = b"070701" + b"0" * 40 + b"00000001" + b"0" * 56 + b"a\0" + b"\0" * 600
        for data in [zipped.getvalue(), b"Rar!\x1a\x07\x00" + bytes(600), cpio,
                     b"7z\xbc\xaf\x27\x1c" + bytes(600), b"!<arch>\n" + b"a" * 600,
                     b"#mtree\n./a type=file\n" * 30]:
            self.write(data)
            self.refuse_like(r"berth: cannot read the layer '[^']*': "
                             r"(Unrecognized archive format|Damaged tar archive[^\n]*)\n")

    def test_libarchive_is_used_for_tar_and_two_filters_only(self):
        symbols = subprocess.run(["nm", "-D", "--undefined-only", harness.PROGRAM], capture_output=True,
                                 text=True, check=True).stdout
        used = {x.split("@")[0] for x in symbols.split()
                if re.match("archive_read_(support|append|set_format)", x)}
        self.assertEqual(used, {"archive_read_support_format_tar", "archive_read_support_format_raw",
                                "archive_read_support_filter_zstd", "archive_read_support_filter_bzip2"})

    def test_a_layer_that_is_packed_twice_is_refused(self):
        layer = rawtar.make_layer([entry("a")])
        for outer, inner, why in [
                ("bzip2", "zstd", "decompress 'in.tar': it is compressed more than once"),
                ("zstd", "zstd", "decompress 'in.tar': it is compressed more than once"),
                ("xz", "zstd", "read the layer 'in.tar': Unrecognized archive format"),
                ("gzip", "gzip", "read the layer 'in.tar': Unrecognized archive format")]:
            with open(self.path("in.tar"), "wb") as out:
                out.write(layout.compress(layout.compress(layer, inner), outer))
            self.refuse(f"berth: cannot {why}\n", source="tar:in.tar")

    def test_a_name_that_begins_as_a_compression_does_is_a_name(self):
        for name in ["BZh91AY", "BZh", "\udcfd7zXZa"]:
            self.write([entry(name, data=b"x")], how="none")
            self.assertEqual(self.expect([name])[name]["content"][0], 1)

    def test_garbage_behind_the_end_changes_nothing(self):
        self.write(rawtar.make_layer([entry("a")]) + b"garbage" * 1000)
        self.expect(["a"])

    def test_garbage_behind_the_compressed_bytes_is_refused_or_ignored_as_their_programs_do(self):
        # More than libarchive reads to see that there is something.
        layer = rawtar.make_layer([entry("a", data=random.Random(1).randbytes(1 << 20))])
        for how, why in [("gzip", None), ("bzip2", None), ("xz", "its xz data are damaged|it ends in the middle"),
                         ("zstd", "Zstd decompression failed: .*")]:
            for garbage in [b"garbage" * 1000, b"x"]:
                with open(self.path("in.tar"), "wb") as out:
                    out.write(layout.compress(layer, how) + garbage)
                before = snapshot(self.folder)
                if why is None:
                    self.assertEqual(list(self.tree_of(self.image_of("tar:in.tar"))), ["a"])
                    os.unlink(self.path("out.sqsh"))
                    shutil.rmtree(self.path("unpacked"))
                else:
                    self.refuse_like(rf"berth: cannot decompress 'in.tar': ({why})\n", "tar:in.tar")
                self.assertEqual(snapshot(self.folder), before)

    def test_a_layer_that_ends_early_is_refused(self):
        layer = rawtar.make_layer([entry("a", data=random.Random(2).randbytes(9000))])
        self.write(layer[:2000], how="none")
        self.refuse_like(r"berth: cannot read the layer '[^']*': Truncated tar archive\n")
        for how, why in [("gzip", "it ends in the middle"), ("xz", "it ends in the middle"),
                         ("zstd", "[^\n]*"), ("bzip2", "[^\n]*")]:
            with open(self.path("in.tar"), "wb") as out:
                out.write(layout.compress(layer, how)[:5000])
            self.refuse_like(rf"berth: cannot (decompress|read the layer) 'in.tar': {why}\n", "tar:in.tar")

    def test_zstd_with_frames_that_are_no_data(self):
        skipped = struct.pack("<II", 0x184D2A50, 5) + b"chunk"
        packed = layout.compress(rawtar.make_layer([entry("a", data=b"x" * 9000)]), "zstd")
        for data in [skipped + packed, packed + skipped, packed + skipped + skipped]:
            with open(self.path("in.tar.zst"), "wb") as out:
                out.write(data)
            self.assertEqual(list(self.tree_of(self.image_of("tar:in.tar.zst"))), ["a"])


def zstd_frame(data):
    return layout.compress(data, "zstd")


def skippable(data):
    return struct.pack("<II", 0x184D2A50, len(data)) + data


def chunked_blob(entries):
    """A layer as zstd:chunked: a frame for each header and each chunk of content, then two frames that are
    no data, with the table of contents and with where that is. Returns the blob, and what its
    descriptor says of the table."""
    out, table = bytearray(), []
    for name, data in entries:
        out += zstd_frame(rawtar.header(name.encode(), size=len(data)))
        begin = len(out)
        middle = len(data) // 2
        for piece in (data[:middle], data[middle:]):
            out += zstd_frame(piece) if piece else b""
        table.append({"type": "reg", "name": name, "mode": 0o644, "size": len(data),
                      "digest": layout.digest(data), "offset": begin, "endOffset": len(out),
                      "chunkDigest": layout.digest(data)})
        if len(data) % rawtar.BLOCK:
            out += zstd_frame(bytes(-len(data) % rawtar.BLOCK))
    out += zstd_frame(rawtar.END)
    plain = json.dumps({"version": 1, "entries": table}).encode()
    packed = zstd_frame(plain)
    place = len(out) + 8
    out += skippable(packed)
    footer = struct.pack("<QQQQQQQ8s", place, len(packed), len(plain), 1, 0, 0, 0, b"GNUlInUx")
    out += skippable(footer)
    annotations = {"io.github.containers.zstd-chunked.manifest-checksum": layout.digest(packed),
                   "io.github.containers.zstd-chunked.manifest-position": f"{place}:{len(packed)}:{len(plain)}:1"}
    return bytes(out), annotations


class Chunked(HostileTest):
    FILES = [("a", b"a" * 10000), ("empty", b""), ("b", bytes(range(256)) * 40)]

    def write_chunked(self, blob, annotations):
        plain = subprocess.run(["zstd", "-dc"], input=blob, capture_output=True, check=True).stdout
        blobs = layout.Blobs()
        config = {"architecture": layout.HOST, "os": "linux", "config": {},
                  "rootfs": {"type": "layers", "diff_ids": [layout.digest(plain)]}}
        layer = blobs.add(blob, layout.MEDIA + "layer.v1.tar+zstd", annotations=annotations)
        manifest = {"schemaVersion": 2, "mediaType": layout.MEDIA + "manifest.v1+json", "layers": [layer],
                    "config": blobs.add(json.dumps(config).encode(), layout.MEDIA + "config.v1+json")}
        made = blobs.add(json.dumps(manifest).encode(), layout.MEDIA + "manifest.v1+json")
        shutil.rmtree(self.path("in"), ignore_errors=True)
        layout.write_folder(self.path("in"), blobs.files(layout.index_of(made)))

    def test_is_read_as_the_zstd_that_it_is(self):
        blob, annotations = chunked_blob(self.FILES)
        self.write_chunked(blob, annotations)
        tree = self.expect([name for name, _ in self.FILES])
        for name, data in self.FILES:
            self.assertEqual(tree[name]["content"], (len(data), layout.digest(data)[7:]))

    def test_a_table_that_tells_lies_is_not_believed(self):
        blob, annotations = chunked_blob([("../host/secret", b"forged")])
        self.write_chunked(blob, annotations)
        self.refuse("berth: cannot use the entry '../host/secret': its path has '..' in it\n")
        honest, _ = chunked_blob(self.FILES)
        data = honest[:honest.rindex(skippable(b"")[:4], 0, len(honest) - 72)]
        lie = zstd_frame(json.dumps({"version": 1, "entries": [{"type": "reg", "name": "../x"}]}).encode())
        self.write_chunked(data + skippable(lie), {**annotations})
        self.expect([name for name, _ in self.FILES])


class Documents(HostileTest):
    def setUp(self):
        super().setUp()
        self.blobs = layout.Blobs()
        self.layer = layout.make_layer([entry("a")])

    def import_config(self, config, **more):
        item = self.blobs.add_image([self.layer], config=config, **more)
        layout.write_folder(self.path("in"), self.blobs.files(layout.index_of(item)))
        manifest = json.loads(self.blobs.content[item["digest"]])
        return manifest["config"]["digest"]

    def test_manifest_and_index_at_once_are_refused(self):
        item = self.blobs.add_image([self.layer])
        both = {**json.loads(self.blobs.content[item["digest"]]), "manifests": [item]}
        for kind in ["manifest", "index"]:
            made = self.blobs.add(json.dumps(both).encode(), layout.MEDIA + kind + ".v1+json")
            layout.write_folder(self.path("in"), self.blobs.files(layout.index_of(made)))
            self.refuse(f"berth: cannot read '{made['digest']}': it is an index and a manifest at once\n")
        layout.write_folder(self.path("in"), self.blobs.files({**both, "config": {}}))
        self.refuse("berth: cannot read 'in/index.json': it is an index and a manifest at once\n")

    def test_configs_that_no_launch_could_use_are_refused(self):
        for config, why in [({"Env": "A=b"}, "'Env' is not a list of texts"),
                            ({"Env": [1]}, "'Env' is not a list of texts"),
                            ({"Env": ["A=\0"]}, "'Env' is not a list of texts"),
                            ({"Entrypoint": "sh"}, "'Entrypoint' is not a list of texts"),
                            ({"Cmd": {"a": "b"}}, "'Cmd' is not a list of texts"),
                            ({"User": 0}, "'User' is not a text"),
                            ({"WorkingDir": ["/"]}, "'WorkingDir' is not a text"),
                            (["x"], "its 'config' is not a JSON object")]:
            name = self.import_config(config)
            self.refuse(f"berth: cannot read '{name}': {why}\n")

    def test_a_platform_cannot_write_to_the_terminal(self):
        self.import_config({}, architecture="\x1b[2J\n")
        self.refuse("berth: cannot use 'in': it is for 'linux/\\x1b[2J\\x0a', not for "
                    f"linux/{layout.HOST}\nberth: hint: to import it all the same: --platform "
                    "'linux/\\x1b[2J\\x0a'\n")

    def test_digests_that_are_none_or_of_an_unknown_kind_are_refused(self):
        item = self.blobs.add_image([self.layer])
        for key in ["sha256:../../host/secret", "sha512:" + "a" * 128, "md5:" + "a" * 32,
                    "sha256:" + "A" * 64, ""]:
            layout.write_folder(self.path("in"), self.blobs.files(layout.index_of({**item, "digest": key})))
            self.refuse(f"berth: cannot read 'in/index.json': it refers to the digest '{key}', which is not "
                        "sha256 and 64 digits\n")

    def test_ten_thousand_layers_are_refused(self):
        item = self.blobs.add_image([self.layer])
        manifest = json.loads(self.blobs.content[item["digest"]])
        manifest["layers"] *= 10000
        made = self.blobs.add(json.dumps(manifest).encode(), layout.MEDIA + "manifest.v1+json")
        layout.write_folder(self.path("in"), self.blobs.files(layout.index_of(made)))
        self.refuse(f"berth: cannot read '{made['digest']}': it has more than 1000 layers\n")

    def test_bytes_that_are_not_what_their_digest_or_size_says_are_refused(self):
        item = self.blobs.add_image([self.layer])
        manifest = json.loads(self.blobs.content[item["digest"]])
        files = self.blobs.files(layout.index_of(item))
        for descriptor, what in [(item, "manifest"), (manifest["config"], "config"),
                                 (manifest["layers"][0], "layer")]:
            name = "blobs/sha256/" + descriptor["digest"][7:]
            data = files[name]
            for wrong in [bytes([data[0] ^ 1]) + data[1:], data + b"x", data[:-1]]:
                layout.write_folder(self.path("in"), {**files, name: wrong})
                self.refuse_like(rf"berth: cannot [^\n]*'[^\n]*{descriptor['digest'][7:]}[^\n]*\n"
                                 r"(berth: hint: [^\n]*\n)?")

    def test_names_and_texts_of_the_image_are_never_shown_raw(self):
        item = self.blobs.add_image([self.layer])
        evil = "\x1b]0;x\x07\u202e\n"
        layout.write_folder(self.path("in"), self.blobs.files(layout.index_of(layout.tagged(item, evil))))
        self.refuse("berth: cannot find 'none' in 'in'\nberth: hint: there is: "
                    "'\\x1b]0;x\\x07\\xe2\\x80\\xae\\x0a'\n", source="oci:in:none")

    def test_tags_are_never_words_for_a_shell_or_options(self):
        layout.write_layout(self.path("in"), [self.layer], tag="v1")
        for tag in ["-x", "$(touch host/x)", ";touch host/x", "`touch host/x`", "../../host/secret"]:
            self.refuse(f"berth: cannot find '{tag}' in 'in'\nberth: hint: there is: 'v1'\n",
                        source="oci:in:" + tag)


class Amounts(HostileTest):
    def settle(self, text):
        layout.write_folder(self.folder, {"site.yaml": text})
        return {"BERTH_CONFIG": self.path("site.yaml")}

    def refuse_layer(self, why, env=None):
        self.refuse_like(rf"berth: cannot unpack '[^']*': {why}\)\n", env=env)

    def test_decompression_bombs_are_refused(self):
        self.write([entry("a", data=b"\0" * (5 << 20))])
        self.refuse_layer(r"the image unpacks to more than 4.0 MiB\nberth: hint: if you trust it: "
                          r"limits.unpacked-size in berth.yaml \(now 4194304, DIR/site.yaml:2",
                          self.settle(b"limits:\n  unpacked-size: 4M\n"))

    def test_holes_count_as_what_they_unpack_to(self):
        self.write([entry("a", regions=[(1 << 41, b"x")], size=(1 << 41) + 1)])
        self.refuse_layer(r"the image unpacks to more than 1.0 TiB\nberth: hint: if you trust it: "
                          r"limits.unpacked-size in berth.yaml \(now 1099511627776, berth's default")
        self.write([entry("a", regions=[(1 << 33, b"x")], size=(1 << 33) + 1)])
        self.refuse_layer(r"it unpacks to more than 1000 times its size\nberth: hint: if you trust it: "
                          r"limits.ratio in berth.yaml \(now 1000, berth's default")

    def test_too_many_entries_are_refused(self):
        self.write([entry(str(n)) for n in range(20)])
        self.refuse_layer(r"the layers have more than 19 entries\nberth: hint: if you trust it: "
                          r"limits.entries in berth.yaml \(now 19, DIR/site.yaml:2",
                          self.settle(b"limits:\n  entries: 19\n"))

    def test_too_many_layers_are_refused(self):
        layers = [layout.make_layer([])] * 3
        layout.write_layout(self.path("in"), layers)
        self.refuse("berth: cannot use an image of 3 layers: 2 are the most\n"
                    "berth: hint: if you trust it: limits.layers in berth.yaml (now 2, DIR/site.yaml:2)\n",
                    env=self.settle(b"limits:\n  layers: 2\n"))


if __name__ == "__main__":
    unittest.main()
