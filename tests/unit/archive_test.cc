// SPDX-License-Identifier: Apache-2.0
// What becomes an OCI archive: pieces, a layer, and the documents around it.
#include "image/archive/documents.h"
#include "image/archive/layer.h"
#include "image/archive/member.h"
#include "image/archive/packer.h"
#include "image/layers/made.h"
#include "image/source/digest.h"
#include "image/source/json.h"
#include "image/source/manifest.h"

#include <archive.h>
#include <archive_entry.h>

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace berth::archive {
namespace {

using layers::Kind;
using source::Json;

std::string packed(Compression compression, unsigned threads, const std::string& bytes) {
  std::string out;
  Packer packer(compression, threads, [&](std::string_view piece) {
    out += piece;
    return Status(Done{});
  });
  // In odd pieces, so that none of them is one of the packer's.
  for (std::size_t at = 0; at < bytes.size(); at += 99991)
    EXPECT_TRUE(packer.append(std::string_view(bytes).substr(at, 99991)));
  EXPECT_TRUE(packer.finish());
  return out;
}

std::string many_bytes() {
  std::string bytes;
  for (unsigned i = 0; bytes.size() < 5'000'000; ++i)
    bytes += std::to_string(i * 2654435761U);
  return bytes;
}

TEST(Packer, GivesTheSameBytesOnAnyNumberOfThreads) {
  const std::string bytes = many_bytes();
  for (const auto how : {Compression::gzip, Compression::zstd}) {
    const std::string one = packed(how, 1, bytes);
    EXPECT_LT(one.size(), bytes.size());
    EXPECT_EQ(packed(how, 2, bytes), one);
    EXPECT_EQ(packed(how, 8, bytes), one);
  }
  EXPECT_EQ(packed(Compression::none, 8, bytes), bytes);
  EXPECT_EQ(packed(Compression::gzip, 2, ""), "");
}

TEST(Packer, HandsTheSinksErrorBackAndTakesNothingAfterIt) {
  unsigned calls = 0;
  Packer packer(Compression::gzip, 2, [&](std::string_view) -> Status {
    ++calls;
    return Error{Blame::host, "write"};
  });
  Status status = Done{};
  for (int i = 0; i < 100 && status; ++i)
    status = packer.append(std::string(1 << 20, 'x'));
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().goal, "write");
  EXPECT_EQ(calls, 1U);
}  // and its destructor does not wait for what nobody takes

layers::MadeStream::Item item(const std::string& path, Kind kind, const std::string& more = "") {
  layers::Entry entry;
  entry.path = path;
  entry.kind = kind;
  if (kind != Kind::file) entry.target = more;
  return {std::move(entry), kind == Kind::file ? more : ""};
}

struct Made {
  Layer layer;
  std::string bytes;
};

Result<Made> make(std::vector<layers::MadeStream::Item> items) {
  layers::MadeStream stream(std::move(items));
  Made made;
  auto layer = write_layer(stream, Compression::none, 1, [&](std::string_view bytes) {
    made.bytes += bytes;
    return Status(Done{});
  });
  if (!layer) return std::move(layer.error());
  made.layer = std::move(*layer);
  return made;
}

/// The names in a tar.
std::vector<std::string> names_in(const std::string& bytes) {
  std::vector<std::string> names;
  ::archive* tar = archive_read_new();
  archive_read_support_format_tar(tar);
  EXPECT_EQ(archive_read_open_memory(tar, bytes.data(), bytes.size()), ARCHIVE_OK);
  archive_entry* entry = nullptr;
  while (archive_read_next_header(tar, &entry) == ARCHIVE_OK)
    names.emplace_back(archive_entry_pathname(entry));
  archive_read_free(tar);
  return names;
}

TEST(Layer, HasWhatALayerCanSayAndCountsTheRest) {
  const auto made = make({item("", Kind::directory),
                          item(".berth", Kind::directory),
                          item(".berth/config.json", Kind::file, "{}"),
                          item(".berthed", Kind::file, "x"),
                          item("a", Kind::directory),
                          item("a/.wh.b", Kind::directory),
                          item("a/.wh.b/c", Kind::file, "x"),
                          item("null", Kind::device),
                          item("sock", Kind::socket)});
  ASSERT_TRUE(made) << to_text(made.error());
  EXPECT_EQ(names_in(made->bytes), (std::vector<std::string>{"./", ".berthed", "a/"}));
  EXPECT_EQ(made->layer.entries, 2U);
  EXPECT_EQ(made->layer.left_out.devices, 1U);
  EXPECT_EQ(made->layer.left_out.sockets, 1U);
  EXPECT_EQ(made->layer.left_out.marks, 2U);
  EXPECT_EQ(made->layer.digest, source::digest_of(made->bytes));
  EXPECT_EQ(made->layer.diff_id, made->layer.digest);
  EXPECT_EQ(made->layer.size, made->bytes.size());
}

TEST(Layer, LeavesOutTheSecondNamesOfDevicesAndSocketsToo) {
  const auto made = make({item("a", Kind::device),
                          item("b", Kind::hard_link, "a"),
                          item("c", Kind::socket),
                          item("d", Kind::hard_link, "c")});
  ASSERT_TRUE(made) << to_text(made.error());
  EXPECT_EQ(made->layer.left_out.devices, 2U);
  EXPECT_EQ(made->layer.left_out.sockets, 2U);
  EXPECT_EQ(names_in(made->bytes), std::vector<std::string>());
}

TEST(Layer, RefusesASecondNameOfWhatIsLeftOut) {
  const auto made = make({item("a", Kind::directory),
                          item("a/.wh.b", Kind::file, "x"),
                          item("c", Kind::hard_link, "a/.wh.b")});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().goal,
            "use the entry 'c': it is a second name of 'a/.wh.b', which is left out");
}

/// Announces more than it gives.
class ShortStream : public layers::EntryStream {
 public:
  Result<bool> next(layers::Entry& entry) override {
    entry = {};
    entry.path = "short";
    entry.kind = Kind::file;
    entry.size = std::uint64_t{1} << 40;
    return true;
  }

  Result<std::string_view> data() override { return std::string_view(); }
};

TEST(Layer, DoesNotFillUpAFileThatEndsEarly) {
  ShortStream stream;
  std::uint64_t bytes = 0;
  const auto layer = write_layer(stream, Compression::none, 1, [&](std::string_view piece) {
    bytes += piece.size();
    return Status(Done{});
  });
  ASSERT_FALSE(layer);
  EXPECT_EQ(layer.error().goal, "use the entry 'short': it is not as long as was announced");
  EXPECT_LT(bytes, 10000U);
}

TEST(Member, IsReadByLibarchiveWhateverItsSize) {
  for (const std::uint64_t size :
       {0ULL, 511ULL, (1ULL << 33) - 1, 1ULL << 33, 9'000'000'000'000ULL}) {
    const std::string name = "blobs/sha256/" + std::string(64, 'a');
    const MemberHeader header = make_member_header(name, size);
    ::archive* tar = archive_read_new();
    archive_read_support_format_tar(tar);
    ASSERT_EQ(archive_read_open_memory(tar, header.data(), header.size()), ARCHIVE_OK);
    archive_entry* entry = nullptr;
    ASSERT_EQ(archive_read_next_header(tar, &entry), ARCHIVE_OK) << archive_error_string(tar);
    EXPECT_EQ(archive_entry_pathname(entry), name);
    EXPECT_EQ(archive_entry_size(entry), static_cast<la_int64_t>(size));
    EXPECT_EQ(archive_entry_mode(entry), static_cast<mode_t>(AE_IFREG | 0644));
    archive_read_free(tar);
  }
}

Layer some_layer() {
  Layer layer;
  layer.diff_id = "sha256:" + std::string(64, '1');
  layer.digest = "sha256:" + std::string(64, '2');
  layer.size = 77;
  return layer;
}

TEST(Config, GetsOneLayerAndKeepsTheStepsWithoutTheirs) {
  const auto text = make_config(
      R"({"architecture":"arm64","os":"linux","created":"2026-01-01T00:00:00Z","x":[1],)"
      R"("config":{"Env":["A=b"]},"rootfs":{"type":"layers","diff_ids":["a","b"]},)"
      R"("history":[{"created_by":"one"},{"created_by":"two","empty_layer":true},{"comment":"3"}]})",
      some_layer(),
      "img");
  ASSERT_TRUE(text);
  const Json config = Json::parse(*text);
  EXPECT_EQ(config["rootfs"]["diff_ids"], Json::array({some_layer().diff_id}));
  EXPECT_EQ(config["config"]["Env"][0], "A=b");
  EXPECT_EQ(config["architecture"], "arm64");
  EXPECT_EQ(config["x"][0], 1);
  ASSERT_EQ(config["history"].size(), 4U);
  unsigned with_layer = 0;
  for (const Json& step : config["history"])
    with_layer += step.contains("empty_layer") ? 0 : 1;
  EXPECT_EQ(with_layer, 1U);
  EXPECT_EQ(config["history"][0]["created_by"], "one");
  EXPECT_EQ(config["history"][3]["created"], "2026-01-01T00:00:00Z");
}

TEST(Config, ThatHasTheLayerAlreadyStaysAsItIs) {
  const std::string before = R"({ "os":"linux", "rootfs":{"diff_ids":[")" + some_layer().diff_id +
                             R"("],"type":"layers"}, "architecture":"amd64" })";
  EXPECT_EQ(*make_config(before, some_layer(), "img"), before);
}

TEST(Config, OfAnImageWithoutOneIsForThisMachine) {
  const Json config = Json::parse(*make_config("", some_layer(), "img"));
  EXPECT_EQ(config["architecture"], source::host_platform().architecture);
  EXPECT_EQ(config["os"], "linux");
  EXPECT_EQ(config["history"].size(), 1U);
}

TEST(Config, ThatIsNoneIsRefused) {
  for (const std::string text : {"[]", "{", "7", "\x01"})
    EXPECT_EQ(make_config(text, some_layer(), "img").error().goal,
              "use the config in 'img': it is no JSON object");
  // Members of another type than they should have count as missing; nothing throws.
  EXPECT_TRUE(make_config(R"({"history":7,"os":[],"rootfs":"x","architecture":null,"created":{}})",
                          some_layer(),
                          "img"));
  EXPECT_TRUE(make_config("{\"a\":\"\xff\"}", some_layer(), "img").error().goal.starts_with("use"));
}

TEST(Documents, NameEachOtherByDigestAndTheImageByItsTag) {
  const auto made = make_documents(
      {"", R"({"annotations":{"k":"v","n":1}})"}, some_layer(), Compression::zstd, "app:v1", "img");
  ASSERT_TRUE(made);
  const auto manifest = source::parse_manifest(made->manifest, "m");
  ASSERT_TRUE(manifest);
  EXPECT_EQ(manifest->config.digest, source::digest_of(made->config));
  EXPECT_EQ(manifest->layers[0].media_type, "application/vnd.oci.image.layer.v1.tar+zstd");
  EXPECT_EQ(manifest->layers[0].size, 77U);
  EXPECT_EQ(Json::parse(made->manifest)["annotations"], Json({{"k", "v"}}));
  const auto index = source::parse_index(made->index, "i");
  ASSERT_TRUE(index);
  EXPECT_EQ(index->manifests[0].digest, source::digest_of(made->manifest));
  EXPECT_EQ(index->manifests[0].size, made->manifest.size());
  EXPECT_EQ(index->manifests[0].tag, "app:v1");
}

TEST(Tag, IsWhatTheSpecificationAllows) {
  for (const char* good : {"v1",
                           "app:v1",
                           "host.example:5000/team/app:v1",
                           "a--b",
                           "1",
                           "a@b+c",
                           "V1",
                           "app:V1",
                           "h:65535/a"})
    EXPECT_TRUE(is_tag(good)) << good;
  for (const char* bad : {"",
                          "-a",
                          "a-",
                          "a..b",
                          "a b",
                          "a---b",
                          "a/",
                          "/a",
                          "a\n",
                          "\xc3\xa9",
                          "a:b:c",
                          "host:99999/a",
                          "host:x/a",
                          "h:1/a:2/b",
                          "h/a:2/b",
                          "App:v1",
                          "Team/app",
                          "h:80/b:c:d"})
    EXPECT_FALSE(is_tag(bad)) << bad;
  EXPECT_FALSE(is_tag(std::string(256, 'a')));
  EXPECT_TRUE(is_tag("a:" + std::string(128, 'a')));
  EXPECT_FALSE(is_tag("a:" + std::string(129, 'a')));
}

}  // namespace
}  // namespace berth::archive
