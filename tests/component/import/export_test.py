# SPDX-License-Identifier: Apache-2.0
"""`berth image export`: what other tools make of the archive, and what comes back from it."""
import copy
import hashlib
import json
import os
import random
import resource
import shutil
import signal
import socket
import subprocess
import tarfile
import time
import unittest

import harness
import layout
import rawtar
import stacks

LONG = "d/" + "/".join(["n" * 250] * 15)


def everything():
    """A layer with all that an image can have."""
    noise = random.Random(5).randbytes(1_500_000)
    return rawtar.make_layer([
        {"name": "./", "kind": "dir", "mode": 0o1755, "uid": 7, "mtime": 1500000000},
        {"name": "d", "kind": "dir", "mode": 0o2750, "uid": 3000000, "gid": 4_000_000_000},
        *[{"name": os.path.join(*LONG.split("/")[:n]), "kind": "dir"} for n in range(2, 17)],
        {"name": LONG + "/f", "kind": "file", "data": b"deep"},
        {"name": "d/nam\u00e9", "kind": "file", "data": b"utf-8", "mtime": 0},
        {"name": os.fsdecode(b"d/caf\xe9"), "kind": "file", "data": b"latin", "mtime": 1600000000.75},
        {"name": "d/e\u0301", "kind": "file", "data": b"decomposed", "mtime": -5},
        {"name": "d/tab\tnew\nline", "kind": "file", "data": noise, "mtime": 2**32 - 1},
        {"name": "d/empty", "kind": "file"},
        {"name": "d/hole", "kind": "file", "regions": [(5_000_192, b"x" * 512)], "size": 9_000_001},
        {"name": "d/setuid", "kind": "file", "data": b"#!", "mode": 0o6755},
        {"name": "d/link", "kind": "link", "target": "d/nam\u00e9"},
        {"name": "a-link", "kind": "link", "target": os.fsdecode(b"d/caf\xe9")},
        {"name": "sym", "kind": "symlink", "target": os.fsdecode(b"../x\xff" + b"y" * 200)},
        {"name": "sym2", "kind": "link", "target": "sym"},
        {"name": "fifo", "kind": "fifo", "mode": 0o600},
        {"name": "x", "kind": "file", "data": b"x", "xattrs": {
            "user.k": b"a=b\n\0c", "user.long": b"v" * 3000, "security.capability": stacks.CAPABILITY}},
        {"name": "e", "kind": "dir", "xattrs": {"user.m": b""}},
    ])


def sum_of(path):
    with open(path, "rb") as data:
        return hashlib.sha256(data.read()).hexdigest()


class ExportTest(harness.ImportTest):
    def export(self, *words, **more):
        environment = {**os.environ, "BERTH_STORE": self.path("store")}
        more = {"capture_output": True, "text": True, **more}
        return subprocess.run([harness.PROGRAM, "image", "export", *words], cwd=self.folder,
                              env=environment, check=False, **more)

    def exported(self, image, *options, name="out.tar"):
        done = self.export("--force", *options, image, name)
        self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)
        return self.path(name)

    def refuses(self, message, *words, hint=None, status=1, **more):
        before = sorted(os.listdir(self.folder))
        done = self.export(*words, **more)
        expected = "berth: cannot " + message + "\n" + (f"berth: hint: {hint}\n" if hint else "")
        self.assertEqual((done.stderr, done.stdout, done.returncode), (expected, "", status))
        self.assertEqual(sorted(os.listdir(self.folder)), before)

    def documents(self, archive):
        """The files of the layout, which are what their names say; and index, manifest and config."""
        with tarfile.open(archive) as tar:
            files = {x.name: tar.extractfile(x).read() for x in tar}
        for name, data in files.items():
            if name.startswith("blobs/sha256/"):
                self.assertEqual(hashlib.sha256(data).hexdigest(), name[13:])
        index = json.loads(files["index.json"])
        blob = lambda item: files["blobs/sha256/" + item["digest"][7:]]
        manifest = json.loads(blob(index["manifests"][0]))
        config = json.loads(blob(manifest["config"]))
        for item in [*index["manifests"], manifest["config"], *manifest["layers"]]:
            self.assertEqual(item["size"], len(blob(item)))
        return files, index, manifest, config


class RoundTrip(ExportTest):
    def setUp(self):
        super().setUp()
        layout.write_layout(self.path("in"), [everything()])
        self.image = self.image_of("oci:in", "--xattrs", name="first.sqsh")
        self.tree = self.tree_of(self.image)

    def test_the_tree_comes_back_and_the_second_time_the_bytes(self):
        for how in ["gzip", "zstd", "none"]:
            out = self.exported("first.sqsh", "--compression", how, "--tag=v1")
            again = self.image_of("oci-archive:out.tar:v1", "--xattrs", name="second.sqsh")
            self.assertEqual(harness.differences(self.tree_of(again), self.tree), "", how)
            self.assertEqual(sum_of(self.exported("second.sqsh", "--compression", how, "--tag=v1",
                                                  name="again.tar")), sum_of(out), how)
            self.assertEqual(sum_of(self.image_of("oci-archive:again.tar", "--xattrs")), sum_of(again), how)

    def test_the_bytes_are_the_same_on_one_cpu_and_for_standard_output(self):
        for how in ["gzip", "zstd"]:
            expected = sum_of(self.exported("first.sqsh", "--compression", how))
            cpu = min(os.sched_getaffinity(0))
            done = self.export("--force", "--compression", how, "first.sqsh", "one.tar",
                               preexec_fn=lambda: os.sched_setaffinity(0, {cpu}))
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(sum_of(self.path("one.tar")), expected)
            done = self.export("--compression", how, "first.sqsh", "-", text=False)
            self.assertEqual(hashlib.sha256(done.stdout).hexdigest(), expected)

    def test_without_berths_own_folder_and_with_few_extended_headers(self):
        done = subprocess.run(["tar", "-xOf", self.exported("first.sqsh", "--compression=none"),
                               *[x for x in self.documents(self.path("out.tar"))[0] if "blobs" in x][:1]],
                              stdout=subprocess.PIPE, check=True)
        with open(self.path("layer.tar"), "wb") as out:
            out.write(done.stdout)
        with tarfile.open(self.path("layer.tar"), encoding="utf-8", errors="surrogateescape") as tar:
            members = tar.getmembers()
        names = [x.name for x in members]
        self.assertEqual([x for x in names if ".berth" in x], [])
        plain = [x.name for x in members if not x.pax_headers]
        for name in ["fifo", "d/empty", "d/setuid"]:
            self.assertIn(name, plain)
        self.assertEqual(len(names), len(set(names)))

    def test_the_store_gives_the_tag_and_the_option_another(self):
        self.assertEqual(self.run_import("--name", "host:5000/team/app:v1", "oci:in").returncode, 0)
        self.assertEqual(self.run_import("--name", "plain", "oci:in").returncode, 0)
        os.mkdir(self.path("My"))
        shutil.copy(self.image, self.path("My/App:V1.sqsh"))
        os.rename(self.image, self.path("..odd  name..sqsh"))
        for words, tag in [(["host:5000/team/app:v1"], "host:5000/team/app:v1"),
                           (["plain"], "plain:latest"), (["./store/plain.sqsh"], "plain:latest"),
                           (["plain", "--tag", "x/y:z"], "x/y:z"), (["./..odd  name..sqsh"], "latest"),
                           (["./My/App:V1.sqsh"], "app:V1")]:
            index = self.documents(self.exported(*words))[1]
            self.assertEqual(index["manifests"][0]["annotations"],
                             {"org.opencontainers.image.ref.name": tag})


class OtherTools(RoundTrip):
    """The same image, as others see it."""
    test_the_tree_comes_back_and_the_second_time_the_bytes = None
    test_the_bytes_are_the_same_on_one_cpu_and_for_standard_output = None
    test_without_berths_own_folder_and_with_few_extended_headers = None
    test_the_store_gives_the_tag_and_the_option_another = None

    def setUp(self):
        super().setUp()
        # In a pax header a record without a value is none (pax(1)); berth and libarchive differ.
        self.whole, self.tree = self.tree, copy.deepcopy(self.tree)
        self.tree["e"]["xattrs"].pop("user.m")

    def run_tool(self, *words):
        done = subprocess.run(words, cwd=self.folder, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_skopeo_inspects_and_copies_it(self):
        for how in ["gzip", "zstd", "none"]:
            self.exported("first.sqsh", "--compression", how, "--tag=app:v1")
            _, index, manifest, _ = self.documents(self.path("out.tar"))
            seen = json.loads(self.run_tool("skopeo", "inspect", "oci-archive:out.tar:app:v1"))
            self.assertEqual(seen["Digest"], index["manifests"][0]["digest"])
            self.assertEqual(seen["Layers"], [manifest["layers"][0]["digest"]])
            self.run_tool("skopeo", "--insecure-policy", "copy", "-q", "oci-archive:out.tar", f"oci:{how}:t")
            if how == "gzip":  # this skopeo knows no zstd in docker's own format
                self.run_tool("skopeo", "--insecure-policy", "copy", "-q", "oci-archive:out.tar",
                              "docker-archive:docker.tar:app:v1")
                image = self.image_of("docker-archive:docker.tar", "--xattrs")
                self.assertEqual(harness.differences(self.tree_of(image), self.whole), "")

    def test_umoci_unpacks_it_to_the_same_tree_as_root(self):
        harness.need(os.getuid() == 0, "only root can give files to others")
        os.mkdir(self.path("layout"))
        self.run_tool("tar", "-xf", self.exported("first.sqsh", "--tag=app:v1"), "-C", "layout")
        self.run_tool("umoci", "unpack", "--image", "layout:app:v1", "bundle")
        seen = harness.scan(self.path("bundle/rootfs"))
        self.assertEqual(harness.differences(seen, self.tree), "")

    def test_podman_loads_it_to_the_same_tree_as_root(self):
        harness.need(os.getuid() == 0, "only root can give files to others")
        harness.need(shutil.which("podman"), "package podman is not installed")
        podman = ["podman", "--root", self.path("storage"), "--runroot", self.path("run"),
                  "--storage-driver=vfs"]
        self.addCleanup(subprocess.run, [*podman, "image", "unmount", "--all"], check=False,
                        capture_output=True)
        self.exported("first.sqsh", "--tag=team/app:v1")
        told = self.run_tool(*podman, "load", "-i", "out.tar")
        self.assertEqual(told, "Loaded image: localhost/team/app:v1\n")
        config = self.documents(self.path("out.tar"))[2]["config"]["digest"]
        seen = json.loads(self.run_tool(*podman, "image", "inspect", "localhost/team/app:v1"))
        self.assertEqual(seen[0]["Id"], config[7:])
        top = self.run_tool(*podman, "image", "mount", "localhost/team/app:v1").strip()
        self.assertEqual(harness.differences(harness.scan(top), self.tree), "")


class Documents(ExportTest):
    def test_config_and_history_say_one_layer_and_keep_the_rest(self):
        blobs = layout.Blobs()
        item = blobs.add_image([layout.make_layer([layout.entry("a")]),
                                layout.make_layer([layout.entry("b")])], config={"Env": ["A=b"]})
        manifest = json.loads(blobs.content[item["digest"]])
        config = json.loads(blobs.content[manifest["config"]["digest"]])
        config.update(created="2026-01-01T00:00:00Z", author="me", history=[
            {"created_by": "one"}, {"created_by": "ENV A=b", "empty_layer": True}, {"created_by": "b"}])
        manifest["config"] = blobs.add(json.dumps(config).encode(), layout.MEDIA + "config.v1+json")
        manifest["annotations"] = {"org.opencontainers.image.vendor": "them"}
        item = blobs.add(json.dumps(manifest).encode(), layout.MEDIA + "manifest.v1+json")
        layout.write_folder(self.path("in"), blobs.files(layout.index_of(item)))
        self.image_of("oci:in", name="img.sqsh")
        _, index, seen, told = self.documents(self.exported("img.sqsh"))
        self.assertEqual(seen["layers"][0]["mediaType"], layout.MEDIA + "layer.v1.tar+gzip")
        self.assertEqual(seen["annotations"], {"org.opencontainers.image.vendor": "them"})
        self.assertEqual(index["manifests"][0]["mediaType"], layout.MEDIA + "manifest.v1+json")
        self.assertEqual(len(told["rootfs"]["diff_ids"]), 1)
        self.assertEqual([x.get("created_by") for x in told["history"] if not x.get("empty_layer")],
                         ["berth image export"])
        self.assertEqual([x["created_by"] for x in told["history"][:3]], ["one", "ENV A=b", "b"])
        for key in ["config", "author", "created", "architecture", "os"]:
            self.assertEqual(told[key], config[key])

    def test_json_tells_what_was_written(self):
        layout.write_folder(self.path("in"), {"etc/motd": b"hello\n"})
        self.image_of("dir:in", name="img.sqsh")
        done = self.export("--json", "img.sqsh", "out.tar")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        told = json.loads(done.stdout)
        _, index, manifest, config = self.documents(self.path("out.tar"))
        self.assertEqual(told, {
            "image": "img.sqsh", "output": "out.tar", "tag": "img:latest",
            "digest": index["manifests"][0]["digest"], "config": manifest["config"]["digest"],
            "layer": manifest["layers"][0]["digest"], "diff_id": config["rootfs"]["diff_ids"][0],
            "size": os.path.getsize(self.path("out.tar")), "entries": 2, "content": 6,
            "left_out": {"devices": 0, "sockets": 0, "marks": 0, "xattrs": 0}})

    def test_an_image_of_another_tool_gets_a_config(self):
        layout.write_folder(self.path("in"), {"etc/motd": b"hello\n"})
        subprocess.run(["mksquashfs", self.path("in"), self.path("img.sqsh"), "-quiet", "-no-progress"],
                       check=True, stdout=subprocess.DEVNULL)
        config = self.documents(self.exported("img.sqsh"))[3]
        self.assertEqual((config["architecture"], config["os"]), (layout.HOST, "linux"))
        self.image_of("oci-archive:out.tar")

    def test_what_a_layer_cannot_say_is_told_in_one_line(self):
        layout.write_folder(self.path("in"), {"a": b"a", "d/.wh.x": b"b", ".wh..wh.aufs": b""})
        os.chdir(self.path("in"))  # a socket's name may have 107 bytes
        with socket.socket(socket.AF_UNIX) as end:
            end.bind("sock")
        os.chdir("/")
        self.image_of("dir:in", name="img.sqsh")
        done = self.export("img.sqsh", "out.tar")
        self.assertEqual(done.returncode, 0)
        first, *rest = done.stderr.splitlines()
        self.assertRegex(first, r"^berth: exported 'img.sqsh' to 'out.tar' as 'img:latest': 2 entries, "
                         r"1 B -> [0-9.]+ KiB, sha256:[0-9a-f]{64}$")
        self.assertEqual(rest, ["berth: left out 1 socket and 2 names with '.wh.' in front, for which a "
                                "layer has no words"])
        self.assertEqual(set(self.tree_of(self.image_of("oci-archive:out.tar"))), {"a", "d"})
        self.assertEqual(self.export("-q", "--force", "img.sqsh", "out.tar").stderr, "")

    def test_device_nodes_of_another_tools_image_as_root(self):
        harness.need(os.getuid() == 0, "only root can make device nodes")
        os.mkdir(self.path("in"))
        os.mknod(self.path("in/null"), 0o20666, os.makedev(1, 3))
        os.link(self.path("in/null"), self.path("in/second"))
        subprocess.run(["mksquashfs", self.path("in"), self.path("img.sqsh"), "-quiet", "-no-progress"],
                       check=True, stdout=subprocess.DEVNULL)
        done = self.export("img.sqsh", "out.tar")
        self.assertEqual(done.stderr.splitlines()[1],
                         "berth: left out 2 device nodes, for which a layer has no words")


class Refusals(ExportTest):
    def setUp(self):
        super().setUp()
        chance = random.Random(6)
        layout.write_layout(self.path("in"), [layout.make_layer(
            [layout.entry(f"f{n}", data=chance.randbytes(400_000)) for n in range(20)])])
        self.image_of("oci:in", name="img.sqsh")

    def test_wrong_words(self):
        usage = "write: berth image export [OPTIONS] IMAGE OUT.tar"
        self.refuses("go on: there is nothing to work on", hint=usage, status=2)
        self.refuses("go on: there is too little to work on", "img.sqsh", hint=usage, status=2)
        self.refuses("understand 'c'", "img.sqsh", "b", "c", hint=usage, status=2)
        self.refuses("take 'lzma' for '--compression'", "--compression=lzma", "img.sqsh", "out.tar",
                     hint="it is gzip, zstd or none", status=2)
        self.refuses("take '-x' for '--tag'", "--tag", "-x", "img.sqsh", "out.tar",
                     hint="a tag is like 'v1', 'app:v1' or 'host/team/app:v1'", status=2)
        self.refuses("write both the archive and JSON to standard output", "--json", "img.sqsh", "-",
                     hint="name a file instead of '-', or leave --json out", status=2)

    def test_what_is_there_is_kept(self):
        with open(self.path("out.tar"), "wb") as out:
            out.write(b"precious")
        self.refuses("write 'out.tar': it exists already", "img.sqsh", "out.tar",
                     hint="replace it with --force")
        with open(self.path("out.tar"), "rb") as out:
            self.assertEqual(out.read(), b"precious")
        os.mkdir(self.path("dir"))
        os.mkfifo(self.path("fifo"))
        self.refuses("write 'dir': it is a directory", "--force", "img.sqsh", "dir")
        self.refuses("write 'fifo': it is no regular file", "--force", "img.sqsh", "fifo")

    def test_a_place_that_cannot_be_written(self):
        self.refuses("write 'no/out.tar': open: No such file or directory (ENOENT)", "img.sqsh",
                     "no/out.tar")
        self.refuses("write 'img.sqsh/out.tar': open: Not a directory (ENOTDIR)", "img.sqsh",
                     "img.sqsh/out.tar")
        self.refuses("write '/proc/out.tar': open: No such file or directory (ENOENT)", "img.sqsh",
                     "/proc/out.tar")

    def test_what_is_no_image(self):
        with open(self.path("text.sqsh"), "wb") as out:
            out.write(b"text")
        self.refuses("use 'text.sqsh' as an image: it is not a SquashFS file", "text.sqsh", "out.tar")
        self.refuses("find image 'none' here or in '" + self.path("store") + "'", "none", "out.tar",
                     hint="make it with 'berth import', or give the path of a .sqsh file")

    def damage(self, place, source="img.sqsh"):
        shutil.copy(self.path(source), self.path("bad.sqsh"))
        with open(self.path("bad.sqsh"), "r+b") as image:
            image.seek(place)
            byte = image.read(1)[0]
            image.seek(place)
            image.write(bytes([byte ^ 0x40]))

    def test_a_damaged_image_is_not_exported(self):
        again = "make or copy the image again"
        self.damage(4_000_000)  # random bytes, stored as they are: only the tree knows
        done = self.export("bad.sqsh", "out.tar")
        self.assertRegex(done.stderr, r"\Aberth: cannot read '/f\d+' in 'bad.sqsh': it is damaged\n"
                         f"berth: hint: {again}\n\\Z")
        self.assertEqual(done.returncode, 1)
        self.assertFalse(os.path.exists(self.path("out.tar")))
        self.damage(8)  # in the superblock, in a number that nothing reads
        self.refuses("read '/' in 'bad.sqsh': it is damaged", "bad.sqsh", "out.tar", hint=again)
        size = os.path.getsize(self.path("img.sqsh"))
        os.truncate(shutil.copy(self.path("img.sqsh"), self.path("bad.sqsh")), size - 4096)
        self.refuses("trust 'bad.sqsh': its hash tree is truncated", "bad.sqsh", "out.tar", hint=again)
        self.image_of("oci:in", "--no-hash-tree", name="bare.sqsh")
        os.truncate(shutil.copy(self.path("bare.sqsh"), self.path("bad.sqsh")), 1_000_000)
        self.assertEqual(self.export("bad.sqsh", "out.tar").returncode, 1)
        self.assertFalse(os.path.exists(self.path("out.tar")))

    def test_flipped_bits_never_crash_it(self):
        layout.write_layout(self.path("all"), [everything()])
        self.image_of("oci:all", "--no-hash-tree", name="all.sqsh")
        chance = random.Random(8)
        size = os.path.getsize(self.path("all.sqsh"))
        for _ in range(30):
            self.damage(chance.choice([chance.randrange(96), size - chance.randrange(1, 12000)]), "all.sqsh")
            done = self.export("--force", "bad.sqsh", "out.tar", timeout=60)
            self.assertIn(done.returncode, [0, 1], done.stderr)

    def test_a_full_disk_leaves_nothing(self):
        for limit in [300, 100_000, 4_000_000]:
            self.refuses("write 'out.tar': write: File too large (EFBIG)", "img.sqsh", "out.tar",
                         preexec_fn=lambda limit=limit: resource.setrlimit(
                             resource.RLIMIT_FSIZE, (limit, limit)))

    def test_a_full_disk_is_explained_as_root(self):
        harness.need(os.getuid() == 0, "only root can mount a small file system")
        os.mkdir(self.path("small"))
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", self.path("small")], check=True)
        self.addCleanup(subprocess.run, ["umount", self.path("small")], check=True)
        self.refuses("write 'small/out.tar': write: No space left on device (ENOSPC)", "img.sqsh",
                     "small/out.tar", hint="free space there, or write elsewhere")
        self.assertEqual(os.listdir(self.path("small")), [])

    def start(self, *words, **more):
        return subprocess.Popen([harness.PROGRAM, "image", "export", *words], cwd=self.folder,
                                stderr=subprocess.PIPE, **more)

    def test_stopped_or_killed_it_leaves_nothing_or_all(self):
        before = sorted(os.listdir(self.folder))
        chance = random.Random(9)
        stopped = 0
        for number in [signal.SIGINT, signal.SIGTERM, signal.SIGKILL] * 4:
            export = self.start("img.sqsh", "out.tar")
            time.sleep(chance.random() * 0.4)
            export.send_signal(number)
            told = export.communicate()[1]
            if export.returncode != 0:
                stopped += 1
                # It may be killed with all done: then the archive has its name, and is whole (below).
                left = set(os.listdir(self.folder)) - {"out.tar"}
                self.assertEqual(sorted(left), before)
            if export.returncode == 128 + number:
                self.assertEqual(told, b"")
            if os.path.exists(self.path("out.tar")):
                self.documents(self.path("out.tar"))
                os.unlink(self.path("out.tar"))
        self.assertGreater(stopped, 0)

    def test_a_reader_that_goes_away(self):
        export = self.start("img.sqsh", "-", stdout=subprocess.PIPE)
        export.stdout.read(100)
        export.stdout.close()
        self.assertEqual(export.communicate()[1], b"")
        self.assertEqual(export.returncode, -signal.SIGPIPE)
        export = self.start("img.sqsh", "-", stdout=subprocess.PIPE, restore_signals=False)
        export.stdout.read(100)  # Python itself ignores SIGPIPE, and so does this child
        export.stdout.close()
        self.assertEqual(export.communicate()[1],
                         b"berth: cannot write to standard output: write: Broken pipe (EPIPE)\n")
        self.assertEqual(export.returncode, 1)

    def test_a_full_standard_output(self):
        with open("/dev/full", "wb") as full:
            export = self.start("img.sqsh", "-", stdout=full)
            told = export.communicate()[1]
        self.assertEqual((export.returncode, told), (
            1, b"berth: cannot write to standard output: write: No space left on device (ENOSPC)\n"
               b"berth: hint: free space there, or write elsewhere\n"))


if __name__ == "__main__":
    unittest.main()
