# SPDX-License-Identifier: Apache-2.0
"""Registries that misbehave, over real sockets on loopback: what breaks off goes on, what is too much
ends, what is wrong is refused, and nobody learns a password whom it does not concern."""
import json
import os
import signal
import subprocess
import threading
import time
import unittest

import harness
import layout
import registry
import servers
from layout import entry
from registry import RegistryTest

PIECE = 4 << 20
CHANGED = "berth: hint: the registry, or something on the way, has changed it: tell its owner\n"
UNLIKE = "berth: hint: what the registry sends is not what its manifest says: tell its owner\n"


class Fake(servers.Server):
    """A registry with one image "app:v1". `before(handler)` may answer instead of it."""

    def __init__(self, test, layers, authority=None, how="none"):
        super().__init__(test, Fake.give, authority)
        self.blobs = layout.Blobs()
        self.manifest = self.blobs.add_image(layers, how)
        self.tag = self.manifest["digest"]
        self.before = lambda handler: False
        self.served = {}  # bytes by digest
        self.has_ranges = True
        self.lock = threading.Lock()
        test.names[self.host] = "HOST"

    def document(self):
        return json.loads(self.blobs.content[self.manifest["digest"]])

    def layer(self, number=0):
        return self.document()["layers"][number]["digest"]

    def publish(self, document):
        """Another manifest, under the tag."""
        item = self.blobs.add(json.dumps(document).encode(), layout.MEDIA + "manifest.v1+json")
        self.tag = item["digest"]

    @staticmethod
    def give(handler):
        self = handler.server
        if self.before(handler):
            return
        name = handler.path.split("?")[0].rsplit("/", 1)[-1]
        key = self.tag if name == "v1" else name
        data = self.blobs.content.get(key)
        if data is None:
            handler.send(404, b'{"errors":[{"code":"BLOB_UNKNOWN","message":"blob unknown"}]}')
        else:
            self.give_data(handler, key, data)

    def range_of(self, handler, data):
        """The first byte asked for, and the end; nothing when all is."""
        asked = handler.headers.get("Range")
        if not asked or not self.has_ranges:
            return None
        begin, _, end = asked.removeprefix("bytes=").partition("-")
        return int(begin), min(int(end) + 1, len(data))

    def give_data(self, handler, key, data, cut=None):
        """`cut`: the connection ends after so many bytes."""
        part = self.range_of(handler, data)
        body = data[part[0]:part[1]] if part else data
        more = {"Content_Range": f"bytes {part[0]}-{part[1] - 1}/{len(data)}"} if part else {}
        handler.send_response(206 if part else 200)
        for name, value in {"Content-Length": str(len(body)), **more}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        with self.lock:
            self.served[key] = self.served.get(key, 0) + len(body[:cut])
        handler.wfile.write(body[:cut])
        if cut is not None:
            handler.cut()

    def asked(self, word):
        return [headers for path, headers in self.requests if word in path]


class Plain(RegistryTest):
    """Over plain HTTP, with one layer of almost three pieces."""

    def setUp(self):
        super().setUp()
        self.data = os.urandom(2 * PIECE + (3 << 20))
        self.fake = Fake(self, [layout.make_layer([entry("a", data=self.data)])])
        self.settle({"plain-http": ["127.0.0.1"], **registry.RETRY})
        self.name = f"docker://{self.fake.host}/app:v1"
        self.blob = f"HOST/app@{self.fake.layer()}"

    def first(self, times, act, word="/blobs/"):
        """`act` answers the first `times` requests whose path has `word`."""
        left = [times]

        def before(handler):
            with self.fake.lock:
                mine = word in handler.path and left[0] > 0
                left[0] -= mine
            if mine:
                act(handler)
            return mine
        self.fake.before = before

    def size(self):
        return len(self.fake.blobs.content[self.fake.layer()])

    # What breaks off.

    def test_a_layer_goes_on_at_the_byte_where_it_broke_off(self):
        key = self.fake.layer()
        self.first(4, lambda x: self.fake.give_data(x, key, self.fake.blobs.content[key], 1 << 20), key)
        self.comes(self.name, files=["a"])
        self.assertEqual(self.fake.served[key], self.size())
        begins = sorted(int(x["Range"][6:].split("-")[0]) for x in self.fake.asked(key))
        self.assertEqual(len(begins), 3 + 4)
        self.assertEqual(len(set(begins)), len(begins))

    def test_a_server_that_cannot_send_parts(self):
        self.fake.has_ranges = False
        self.comes(self.name, files=["a"])
        key = self.fake.layer()
        first = [True]

        def cut_once(handler):
            if key not in handler.path or "Range" in handler.headers or not first[0]:
                return False
            first[0] = False
            self.fake.give_data(handler, key, self.fake.blobs.content[key], 6 << 20)
            return True
        self.fake.before = cut_once
        self.comes(self.name, files=["a"])
        self.assertFalse(first[0])

    def test_a_connection_that_always_breaks(self):
        key = self.fake.layer()
        self.first(10 ** 6, lambda x: self.fake.give_data(x, key, self.fake.blobs.content[key], 10), key)
        done = self.run_import(self.name, "out.sqsh")
        self.assertRegex(done.stderr.replace(self.fake.host, "HOST"),
                         r"^berth: cannot read the registry 'HOST': the connection broke: transfer closed "
                         r"with \d+ bytes remaining to read\n$")
        self.assertEqual(done.returncode, 1)
        self.assertFalse(os.path.exists(self.path("out.sqsh")))

    def test_a_server_that_says_nothing_or_too_little(self):
        # Longer than any client waits, however slow it is itself: the server never ends first.
        over = threading.Event()
        self.addCleanup(over.set)

        def drip(handler):
            handler.send_response(200)
            handler.send_header("Content-Length", str(1000))
            handler.end_headers()
            for _ in range(900):
                handler.wfile.write(b"x")
                handler.wfile.flush()
                if over.wait(0.05):
                    break
        for act in [lambda handler: over.wait(60), drip]:
            self.settle({"plain-http": ["127.0.0.1"], "timeout": 1, "retries": 1})
            self.first(10, act, "/manifests/")
            self.says([self.name], "berth: cannot read the registry 'HOST': it sends nothing any more\n")

    def test_interrupting_leaves_nothing(self):
        asked = threading.Event()

        over = threading.Event()
        self.addCleanup(over.set)

        def wait(_):
            asked.set()
            over.wait(60)
        self.settle({"plain-http": ["127.0.0.1"]})
        self.first(10, wait)
        before = sorted(os.listdir(self.folder))
        with subprocess.Popen([harness.PROGRAM, "import", self.name, "out.sqsh"], cwd=self.folder,
                              env={**os.environ, **self.environment}, stderr=subprocess.PIPE) as process:
            self.assertTrue(asked.wait(60))
            begin = time.monotonic()
            process.send_signal(signal.SIGINT)
            self.assertEqual(process.wait(60), 130)
            self.assertLess(time.monotonic() - begin, 20)
            self.assertEqual(process.stderr.read(), b"")
        self.assertEqual(sorted(os.listdir(self.folder)), before)

    def test_a_wrong_layer_is_told_while_another_one_is_awaited(self):
        asked, over = threading.Event(), threading.Event()
        self.addCleanup(over.set)
        bad = layout.make_layer([entry("../x")])
        self.fake = Fake(self, [registry.LOWER, bad])
        self.settle({"plain-http": ["127.0.0.1"]})

        def wait(handler):
            mine = self.fake.layer(0) in handler.path
            if mine:
                asked.set()
                over.wait(60)
            elif self.fake.layer(1) in handler.path:
                asked.wait(60)  # until the other one is on its way
            return mine
        self.fake.before = wait
        begin = time.monotonic()
        done = self.run_import(f"docker://{self.fake.host}/app:v1", "out.sqsh")
        self.assertIn("berth: cannot use the entry '../x'", done.stderr)
        self.assertEqual(done.returncode, 1)
        self.assertLess(time.monotonic() - begin, 25)

    def test_a_server_that_sends_parts_only_now_and_then(self):
        key = self.fake.layer()
        data = self.fake.blobs.content[key]

        def whole_at_first(handler):
            if key not in handler.path:
                return False
            if handler.headers.get("Range", "").startswith("bytes=0-"):
                handler.send(200, data)
                return True
            if "Range" in handler.headers:
                # Slow enough for the whole to overtake it.
                part = self.fake.range_of(handler, data)
                handler.send_response(206)
                handler.send_header("Content-Range", f"bytes {part[0]}-{part[1] - 1}/{len(data)}")
                handler.send_header("Content-Length", str(part[1] - part[0]))
                handler.end_headers()
                middle = (part[0] + part[1]) // 2
                handler.wfile.write(data[part[0]:middle])
                handler.wfile.flush()
                time.sleep(0.7)
                handler.wfile.write(data[middle:part[1]])
                return True
            return False
        self.fake.before = whole_at_first
        self.settle({"plain-http": ["127.0.0.1"]})
        self.comes(self.name, files=["a"])

    def test_many_layers_from_a_server_that_cannot_send_parts(self):
        layers = [layout.make_layer([entry(f"f{i}", data=bytes([i]) * (2 * PIECE + 5000))])
                  for i in range(9)]
        self.fake = Fake(self, layers)
        self.fake.has_ranges = False
        late = [0]

        def delay(handler):
            # Answers of different age: late ones find that others read the whole meanwhile.
            if "Range" in handler.headers:
                with self.fake.lock:
                    late[0] += 1
                    number = late[0]
                time.sleep(0.1 * (number % 4))
            return False
        self.fake.before = delay
        self.comes(f"docker://{self.fake.host}/app:v1", files=[f"f{i}" for i in range(9)])

    # What may pass.

    def test_status_503_and_then_an_answer(self):
        self.first(2, lambda handler: handler.send(503), "/manifests/")
        self.comes(self.name, files=["a"])
        self.first(2, lambda handler: handler.send(503))
        self.comes(self.name, files=["a"])

    def test_status_500_again_and_again(self):
        body = b'{"errors":[{"code":"UNKNOWN","message":"the \x1b[2Jdisk is full"}]}'
        self.first(10, lambda handler: handler.send(500, body.replace(b"\x1b", b"\\u001b")), "/manifests/")
        self.says([self.name],
                  "berth: cannot read from the registry 'HOST': it answers with status 500, 'the "
                  "\\x1b[2Jdisk is full'\nberth: hint: its owner has to look at it; or try again later\n")
        self.assertEqual(len(self.fake.asked("/manifests/")), 4)

    def test_status_429_is_waited_for_as_long_as_the_registry_asks(self):
        self.first(1, lambda handler: handler.send(429, Retry_After="2"), "/manifests/")
        begin = time.monotonic()
        self.comes(self.name, files=["a"])
        self.assertGreaterEqual(time.monotonic() - begin, 2)

    def test_status_429_is_explained_when_it_would_take_too_long(self):
        body = b'{"errors":[{"code":"TOOMANYREQUESTS","message":"You have reached your pull rate limit."}]}'
        self.first(9, lambda handler: handler.send(429, body, Retry_After="5400",
                                                   Ratelimit_Limit="100;w=21600"), "/manifests/")
        self.says([self.name],
                  "berth: cannot read from the registry 'HOST': it limits how much one may ask, 100 in 6 "
                  "hours, and says 'You have reached your pull rate limit.'\nberth: hint: log in if you have "
                  "not, name a mirror in berth.yaml, or try again in 90 minutes\n")
        self.assertEqual(len(self.fake.asked("/manifests/")), 1)

    # What is wrong.

    def test_a_layer_that_is_another(self):
        key = self.fake.layer()
        data = bytearray(self.fake.blobs.content[key])
        data[5 << 20] ^= 1
        self.fake.blobs.content[key] = bytes(data)
        self.says([self.name], f"berth: cannot trust '{self.blob}': its content is "
                  f"{layout.digest(bytes(data))}, not {key}\n" + CHANGED)
        self.says(["--cache", self.path("home/cache"), self.name], f"berth: cannot trust '{self.blob}': its "
                  f"content is {layout.digest(bytes(data))}, not {key}\n" + CHANGED)
        self.assertEqual(os.listdir(self.path("home/cache/sha256")), [])

    def test_a_layer_of_another_size(self):
        key, size = self.fake.layer(), self.size()
        self.fake.blobs.content[key] += b"x"
        self.says([self.name], f"berth: cannot trust '{self.blob}': it has {size + 1} bytes, not {size}\n" +
                  UNLIKE)
        self.fake.has_ranges = False
        self.says([self.name], f"berth: cannot trust '{self.blob}': it has {size + 1} bytes, not {size}\n" +
                  UNLIKE)
        self.fake.blobs.content[key] = self.fake.blobs.content[key][:100]
        self.says([self.name], f"berth: cannot trust '{self.blob}': it has 100 bytes, not {size}\n" + UNLIKE)

    def test_a_body_without_an_end(self):
        def endless(handler):
            handler.send_response(200)
            handler.send_header("Transfer-Encoding", "chunked")
            handler.end_headers()
            while True:
                handler.wfile.write(b"10000\r\n" + b"x" * 65536 + b"\r\n")
        small = Fake(self, [registry.LOWER])
        self.fake = small
        name = f"docker://{small.host}/app:v1"
        size = len(small.blobs.content[small.layer()])
        self.first(9, endless, small.layer())
        self.says([name], f"berth: cannot trust 'HOST/app@{small.layer()}': it has more than {size} bytes, "
                  f"not {size}\n" + UNLIKE)
        self.first(9, endless, "/manifests/")
        self.says([name], "berth: cannot read the registry 'HOST': its answer is too large\n")

    def test_a_refusal_without_an_end(self):
        def endless(handler, status):
            handler.send_response(status)
            handler.send_header("Transfer-Encoding", "chunked")
            handler.end_headers()
            while True:
                handler.wfile.write(b"10000\r\n" + b"x" * 65536 + b"\r\n")
        self.first(99, lambda handler: endless(handler, 404), "/app/")
        self.says([self.name], "berth: cannot find 'app' in the registry 'HOST'\nberth: hint: check the name: "
                  "the registry has nothing, or shows nothing, that is called so\n")
        self.first(99, lambda handler: endless(handler, 418), "/app/")
        self.says([self.name], "berth: cannot read from the registry 'HOST': it answers with status 418\n")

    def test_a_document_that_is_index_and_manifest_at_once(self):
        both = {**self.fake.document(), **layout.index_of(self.fake.manifest)}
        self.fake.publish(both)
        self.says([self.name], f"berth: cannot read '{self.fake.tag}': it is an index and a manifest at "
                  "once\n")

    def test_headers_without_an_end(self):
        def endless(handler):
            handler.send_response(200)
            for number in range(5000):
                handler.send_header(f"X-{number}", "x" * 100)
            handler.send_header("Content-Length", "0")
            handler.end_headers()
        self.first(9, endless, "/manifests/")
        self.says([self.name], "berth: cannot read the registry 'HOST': its answer is too large\n")

    def test_other_bytes_than_were_asked_for(self):
        def shift(handler):
            data = self.fake.blobs.content[self.fake.layer()]
            handler.send(206, data[:PIECE], Content_Range=f"bytes 1-{PIECE}/{len(data)}")
        self.first(9, shift, self.fake.layer())
        self.says([self.name], f"berth: cannot read '{self.blob}': other bytes come than were asked for\n")

    def test_manifests_that_are_not_what_they_are_called(self):
        text = self.fake.blobs.content[self.fake.tag]
        claimed = "sha256:" + "0" * 64
        self.first(1, lambda handler: handler.send(200, text, Docker_Content_Digest=claimed), "/manifests/")
        self.says([self.name], f"berth: cannot trust 'HOST/app:v1': its content is {self.fake.tag}, not "
                  f"{claimed}\n" + CHANGED)
        self.first(1, lambda handler: handler.send(200, text), "/manifests/")
        self.says([f"docker://{self.fake.host}/app@{claimed}"],
                  f"berth: cannot trust 'HOST/app@{claimed}': its content is {self.fake.tag}, not "
                  f"{claimed}\n" + CHANGED)

    def test_a_manifest_that_is_too_old(self):
        old = json.dumps({"schemaVersion": 1, "fsLayers": []}).encode()
        self.first(1, lambda handler: handler.send(200, old), "/manifests/")
        self.says([self.name], "berth: cannot read 'HOST/app:v1': its manifest is of schema 1, which is too "
                  "old\nberth: hint: let a current tool push the image once more\n")

    def test_indexes_in_indexes(self):
        item = {**self.fake.manifest, "platform": {"os": "linux", "architecture": layout.HOST}}
        for depth in range(6):
            index = self.fake.blobs.add(json.dumps(layout.index_of(item)).encode(),
                                        layout.MEDIA + "index.v1+json")
            self.fake.tag = index["digest"]
            if depth == 3:
                self.comes(self.name, files=["a"])
            item = index
        self.says([self.name], f"berth: cannot read '127.0.0.1:{self.fake.server_address[1]}/app:v1': its "
                  "indexes are nested too deeply\n".replace(self.fake.host, "HOST"))

    def test_a_layer_that_the_registry_may_not_hand_out(self):
        other = servers.Server(self, lambda handler: handler.send(200, content, Connection="close"))
        key = self.fake.layer()
        content = self.fake.blobs.content.pop(key)
        document = self.fake.document()
        document["layers"][0]["mediaType"] = layout.MEDIA + "layer.nondistributable.v1.tar"
        document["layers"][0]["urls"] = ["ftp://127.0.0.1/x", f"http://{other.host}/there"]
        self.fake.publish(document)
        self.login("home/.docker/config.json", other.host, "ada", "word")
        self.comes(self.name, files=["a"])
        self.assertEqual({path for path, _ in other.requests}, {"/there"})
        self.assertNotIn("Authorization", [name for _, headers in other.requests for name in headers])
        self.settle({"plain-http": [self.fake.host], **registry.RETRY})
        self.says([self.name], "berth: cannot read from the registry 'HOST': it answers with status 404, "
                  "'blob unknown'\n")


class Redirects(RegistryTest):
    """A registry with TLS and a password that sends for its blobs to somewhere else."""

    def setUp(self):
        super().setUp()
        self.authority = servers.Authority(self.path("authority"))
        self.fake = Fake(self, [registry.LOWER, registry.UPPER], self.authority)
        self.store = Fake(self, [registry.LOWER, registry.UPPER], self.authority)
        self.names[self.store.host] = "STORE"
        self.settle({"ca-file": self.authority.certificate, **registry.RETRY})
        self.login("home/.docker/config.json", self.fake.host, "ada", "word")
        self.name = f"docker://{self.fake.host}/app:v1"
        self.target = f"https://{self.store.host}"
        self.fake.before = self.gate

    @staticmethod
    def gate_login(handler):
        if "Authorization" in handler.headers:
            return False
        handler.send(401, WWW_Authenticate='Basic realm="test"')
        return True

    def gate(self, handler):
        if self.gate_login(handler):
            return True
        if "/blobs/" in handler.path and "again" not in handler.path:
            handler.send(307, Location=self.target + handler.path + "?again")
            return True
        return False

    def test_a_password_does_not_follow_to_another_host(self):
        self.comes(self.name)
        self.assertGreater(len(self.store.requests), 0)
        for _, headers in self.store.requests:
            self.assertNotIn("Authorization", headers)

    def test_a_password_follows_within_the_registry(self):
        self.target = ""
        self.comes(self.name)
        again = self.fake.asked("again")
        self.assertGreater(len(again), 0)
        for headers in again:
            self.assertIn("Authorization", headers)

    def test_another_host_cannot_ask_who_we_are(self):
        def ask(handler):
            handler.send(401, WWW_Authenticate='Basic realm="test"')
            return True
        self.store.before = ask
        done = self.run_import(self.name, "out.sqsh")
        self.assertEqual((done.returncode, done.stderr.replace(self.fake.host, "HOST")), (
            1, "berth: cannot read from the registry 'HOST': it does not accept the credentials from "
               f"'{self.path('home/.docker/config.json')}'\nberth: hint: check the image's name too: "
               "registries answer so for what they do not have\n"))
        for _, headers in self.store.requests:
            self.assertNotIn("Authorization", headers)

    def refused(self, target, shown, why, hint=""):
        self.target = target
        self.says([self.name], f"berth: cannot follow 'HOST' to '{shown}', where it sends us: {why}\n" + hint)

    def test_redirects_to_where_no_registry_is(self):
        tls = "it is not https"
        hint = "berth: hint: if that host may be talked to without TLS: --plain-http {}\n"
        self.refused(f"http://{self.store.host}", "http://STORE", tls, hint.format("STORE"))
        for scheme in ["http", "https"]:
            for host in ["169.254.169.254", "0xa9fea9fe", "2852039166", "0251.0376.0251.0376", "0"]:
                number = "0.0.0.0" if host == "0" else "169.254.169.254"
                self.refused(f"{scheme}://{host}", f"{scheme}://{number}", "this is no address of a registry")
            for host in ["[fe80::1]", "[::ffff:169.254.1.1]", "[fd00:ec2::254]"]:
                self.target = f"{scheme}://{host}"
                done = self.run_import(self.name, "out.sqsh")
                self.assertIn("this is no address of a registry", done.stderr)
                self.assertEqual(done.returncode, 1)
        for target in ["file:///etc/passwd#", "gopher://127.0.0.1", "ftp://127.0.0.1"]:
            self.target = target
            done = self.run_import(self.name, "out.sqsh")
            self.assertIn("where it sends us: this is no address on the web\n", done.stderr)
        self.refused(f"https://ada:word@{self.store.host}", f"https://ada:word@STORE/v2/app/blobs/"
                     f"{self.fake.document()['config']['digest']}?again", "this is no address on the web")
        self.assertEqual(self.store.requests, [])

    def test_a_name_that_stands_for_a_link_local_address(self):
        self.write("hosts", "127.0.0.1 localhost\n169.254.169.254 metadata.test\n")
        inside = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c",
                  'mount --bind hosts /etc/hosts && exec "$@"', "sh"]
        can = subprocess.run([*inside, "true"], cwd=self.folder, capture_output=True, check=False)
        harness.need(can.returncode == 0, "no user namespaces: " + can.stderr.decode())
        self.target = "https://metadata.test"
        done = subprocess.run([*inside, harness.PROGRAM, "import", self.name, "out.sqsh"], cwd=self.folder,
                              env={**os.environ, **self.environment}, capture_output=True, text=True,
                              check=False)
        self.assertEqual((done.returncode, done.stderr.replace(self.fake.host, "HOST")), (
            1, "berth: cannot reach the registry 'HOST': its address is link-local, where no registry is\n"))

    def test_redirects_in_a_circle(self):
        def circle(handler):
            handler.send(302, Location=self.target + "/round")
            return True
        self.store.before = circle
        self.says([self.name], "berth: cannot read 'HOST': it sends us on more than 5 times\n")
        self.assertEqual(len(self.store.requests), 5)

    def test_an_address_that_is_good_only_for_a_while(self):
        # So much takes this server a while on a busy machine.
        self.settle({"ca-file": self.authority.certificate, **registry.RETRY, "timeout": 30})
        big = layout.make_layer([entry("a", data=bytes(9 * PIECE))])  # more than connections
        self.fake = Fake(self, [big], self.authority)
        self.login("home/.docker/config.json", self.fake.host, "ada", "word")
        counts = {"given": 0, "refused": 0}
        used = set()

        def send_on(handler):
            if self.gate_login(handler):
                return True
            if "/blobs/" not in handler.path:
                return False
            with self.fake.lock:
                counts["given"] += 1
                number = counts["given"]
            handler.send(307, Location=f"{self.target}{handler.path}?signature={number}")
            return True

        def once(handler):
            with self.store.lock:
                is_old = handler.path in used
                used.add(handler.path)
                counts["refused"] += is_old
            if is_old:
                handler.send(403)
            return is_old
        self.fake.before, self.store.before = send_on, once
        self.store.blobs = self.fake.blobs
        self.comes(f"docker://{self.fake.host}/app:v1", files=["a"])
        self.assertGreater(counts["refused"], 0)


class Tokens(RegistryTest):
    """A registry whose tokens are soon no longer good."""

    def setUp(self):
        super().setUp()
        self.fake = Fake(self, [layout.make_layer([entry("a", data=os.urandom(2 * PIECE))])])
        self.given = []
        self.good_for = 2
        self.settle({"plain-http": ["127.0.0.1"], **registry.RETRY})
        self.fake.before = self.gate
        self.name = f"docker://{self.fake.host}/app:v1"
        self.challenge = (f'Basic realm="x", Bearer realm="http://{self.fake.host}/token",'
                          'service="a \\"b\\"",scope="repository:app:pull"')

    def gate(self, handler):
        if handler.path.startswith("/token"):
            with self.fake.lock:
                self.given.append([handler.path, self.good_for])
                number = len(self.given)
            handler.send(200, json.dumps({"access_token": f"token{number}"}).encode())
            return True
        with self.fake.lock:
            number = int(handler.headers.get("Authorization", "Bearer token0")[12:])
            good = number > 0 and self.given[number - 1][1] > 0
            if good:
                self.given[number - 1][1] -= 1
        if not good:
            handler.send(401, WWW_Authenticate=self.challenge)
        return not good

    def test_a_token_is_renewed_in_the_middle(self):
        self.comes(self.name, files=["a"])
        self.assertGreaterEqual(len(self.given), 2)
        self.assertEqual({path for path, _ in self.given},
                         {"/token?service=a%20%22b%22&scope=repository%3Aapp%3Apull"})

    def test_tokens_that_are_never_good(self):
        self.good_for = 0
        self.says([self.name], "berth: cannot read from the registry 'HOST': it wants credentials, and there "
                  "are none for it\nberth: hint: 'podman login' or 'docker login' stores credentials; or give "
                  "--username and --password-stdin\n")
        self.assertEqual(len(self.given), 2)

    def test_ways_to_log_in_that_nobody_knows(self):
        self.challenge = "Negotiate"
        self.says([self.name], "berth: cannot log in to the registry 'HOST': it asks for a way that berth "
                  "does not have\n")
        self.challenge = 'Bearer realm="file:///etc/passwd"'
        self.says([self.name], "berth: cannot log in to the registry 'HOST': its token server "
                  "'file:///etc/passwd' is no address on the web\n")
        self.challenge = 'Bearer realm="http://169.254.169.254/token"'
        self.says(["--plain-http", "169.254.169.254", self.name],
                  "berth: cannot reach the token server '169.254.169.254': its address is link-local, where "
                  "no registry is\n")


if __name__ == "__main__":
    unittest.main()
