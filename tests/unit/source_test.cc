// SPDX-License-Identifier: Apache-2.0
#include "image/source/digest.h"
#include "image/source/manifest.h"
#include "image/source/reference.h"

#include <string>

#include <gtest/gtest.h>

namespace berth::source {
namespace {

const std::string kA(64, 'a');
const std::string kB(64, 'b');

std::string descriptor(const std::string& hex, const std::string& more = "") {
  return R"({"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:)" + hex +
         R"(","size":5)" + more + "}";
}

std::string platform(const std::string& os, const std::string& architecture) {
  return R"(,"platform":{"os":")" + os + R"(","architecture":")" + architecture + R"("})";
}

std::string tag(const std::string& name) {
  return R"(,"annotations":{"org.opencontainers.image.ref.name":")" + name + R"("})";
}

Index index_of(const std::string& manifests) {
  const auto index = parse_index(R"({"manifests":[)" + manifests + "]}", "index.json");
  EXPECT_TRUE(index);
  return index ? *index : Index{};
}

TEST(Digest, IsShaAndSixtyFourLowerCaseDigits) {
  EXPECT_TRUE(is_digest("sha256:" + kA));
  EXPECT_FALSE(is_digest("sha256:" + kA + "a"));
  EXPECT_FALSE(is_digest("sha256:" + std::string(64, 'A')));
  EXPECT_FALSE(is_digest("sha512:" + kA));
  EXPECT_FALSE(is_digest("sha256:../../" + std::string(58, 'a')));
  EXPECT_EQ(hex_of("sha256:" + kA), kA);
}

TEST(Digest, OfKnownBytes) {  // FIPS 180-2, appendix B.1
  EXPECT_EQ(digest_of("abc"),
            "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Reference, EndsThePathAtTheFirstColon) {
  const auto tagged = parse_reference("oci:dir/layout:v1:2");
  ASSERT_TRUE(tagged);
  EXPECT_EQ(tagged->kind, Kind::oci);
  EXPECT_EQ(tagged->path, "dir/layout");
  EXPECT_EQ(tagged->selector, "v1:2");
  const auto saved = parse_reference("docker-archive:/tmp/a.tar:docker.io/library/app:v1");
  ASSERT_TRUE(saved);
  EXPECT_EQ(saved->path, "/tmp/a.tar");
  EXPECT_EQ(saved->selector, "docker.io/library/app:v1");
}

TEST(Reference, TarAndDirHaveNoTag) {
  const auto tar = parse_reference("tar:a:b.tar");
  ASSERT_TRUE(tar);
  EXPECT_EQ(tar->path, "a:b.tar");
  EXPECT_EQ(tar->selector, "");
}

TEST(Reference, ABarePathIsTakenWhole) {
  for (const std::string path : {"./a:b", "/tmp/x.tar", "layout", "a.b:c", "Upper:case"}) {
    const auto bare = parse_reference(path);
    ASSERT_TRUE(bare) << path;
    EXPECT_EQ(bare->kind, Kind::unknown);
    EXPECT_EQ(bare->path, path);
  }
}

TEST(Reference, EmptyPartsAreRefused) {
  EXPECT_EQ(to_text(parse_reference("").error()), "berth: cannot import '': the source is empty");
  EXPECT_EQ(to_text(parse_reference("oci:").error()),
            "berth: cannot import 'oci:': the path is empty");
  EXPECT_EQ(to_text(parse_reference("oci:dir:").error()),
            "berth: cannot import 'oci:dir:': the tag after ':' is empty");
}

TEST(Reference, GivesTheImageItsName) {
  EXPECT_EQ(name_of({Kind::oci, "a/app/", "v1"}), "app:v1");
  EXPECT_EQ(name_of({Kind::oci, "app", "latest"}), "app:latest");
  EXPECT_EQ(name_of({Kind::docker_archive, "/x/save.tar", "app:v1"}), "app:v1");
  EXPECT_EQ(name_of({Kind::tar, "/x/a:b.tar", ""}), "a-b");
  EXPECT_EQ(name_of({Kind::tar, "/x/root.tar.zst", ""}), "root");
  EXPECT_EQ(name_of({Kind::tar, ".tar", ""}), ".tar");
}

TEST(Platform, IsTwoWordsOrThree) {
  const auto arm = parse_platform("linux/arm64/v8");
  ASSERT_TRUE(arm);
  EXPECT_EQ(arm->architecture, "arm64");
  EXPECT_EQ(to_text(parse_platform("arm64").error()),
            "berth: cannot take 'arm64' as a platform\n"
            "berth: hint: write it as OS/ARCH, for example linux/amd64");
  EXPECT_FALSE(parse_platform("linux/\"x\""));
}

TEST(Index, TheTagOrTheOnlyOneIsChosen) {
  const Index index =
      index_of(descriptor(kA, tag("v1")) + "," + descriptor(kB, tag("x.io/app:v2")));
  EXPECT_EQ(choose_manifest(index, "v1", host_platform(), "in")->digest, "sha256:" + kA);
  EXPECT_EQ(choose_manifest(index, "v2", host_platform(), "in")->digest, "sha256:" + kB);
  EXPECT_EQ(to_text(choose_manifest(index, "v3", host_platform(), "in").error()),
            "berth: cannot find 'v3' in 'in'\n"
            "berth: hint: there is: 'v1', 'x.io/app:v2'");
  EXPECT_EQ(choose_manifest(index_of(descriptor(kA)), "", host_platform(), "in")->digest,
            "sha256:" + kA);
}

TEST(Index, OneImageUnderTwoTagsIsNoChoice) {
  const Index index = index_of(descriptor(kA, tag("v1")) + "," + descriptor(kA, tag("latest")));
  EXPECT_TRUE(choose_manifest(index, "", host_platform(), "in"));
}

TEST(Index, ThePlatformIsChosen) {
  const Index index = index_of(descriptor(kA, platform("linux", "s390x")) + "," +
                               descriptor(kB, platform("linux", "arm64")) + "," +
                               descriptor(kB, platform("unknown", "unknown")));
  EXPECT_EQ(choose_manifest(index, "", {"linux", "arm64"}, "in")->digest, "sha256:" + kB);
  EXPECT_EQ(to_text(choose_manifest(index, "", {"linux", "m68k"}, "in").error()),
            "berth: cannot find an image for linux/m68k in 'in'\n"
            "berth: hint: choose with --platform; there is: 'linux/arm64', 'linux/s390x', "
            "'unknown/unknown'");
}

TEST(Index, WrongTypesAreMissingMembers) {
  EXPECT_EQ(
      to_text(parse_index(R"({"manifests":[{"digest":5}]})", "i").error()),
      "berth: cannot read 'i': it refers to the digest '', which is not sha256 and 64 digits");
  EXPECT_EQ(
      to_text(parse_index(R"({"manifests":[{"digest":"sha256:)" + kA + R"(","size":-1}]})", "i")
                  .error()),
      "berth: cannot read 'i': the size of sha256:" + kA + " is missing");
  EXPECT_EQ(to_text(parse_index("[]", "i").error()),
            "berth: cannot read 'i': it lists no manifests");
}

TEST(Config, SaysThePlatformAndTheLayers) {
  const auto config = parse_config(
      R"({"os":"linux","architecture":"arm64","rootfs":{"diff_ids":["sha256:)" + kA + R"("]}})",
      "c");
  ASSERT_TRUE(config);
  EXPECT_EQ(to_text(config->platform), "linux/arm64");
  EXPECT_EQ(config->diff_ids.size(), 1U);
  EXPECT_FALSE(parse_config("[]", "c"));
  EXPECT_FALSE(parse_config(R"({"rootfs":{"diff_ids":["sha256:x"]}})", "c"));
}

TEST(DockerManifest, TheReferenceMayLeaveOutTheRegistryAndLatest) {
  const auto images = parse_docker_manifest(
      R"([{"Config":"a.json","RepoTags":["docker.io/library/app:latest"],"Layers":["1"]},
          {"Config":"b.json","RepoTags":["app:v2"],"Layers":["1","2"]}])",
      "m");
  ASSERT_TRUE(images);
  EXPECT_EQ(choose_docker_image(*images, "app", "in")->config, "a.json");
  EXPECT_EQ(choose_docker_image(*images, "library/app", "in")->config, "a.json");
  EXPECT_EQ(choose_docker_image(*images, "app:v2", "in")->config, "b.json");
  EXPECT_EQ(to_text(choose_docker_image(*images, "pp:v2", "in").error()),
            "berth: cannot find 'pp:v2' in 'in'\n"
            "berth: hint: there is: 'app:v2', 'docker.io/library/app:latest'");
  EXPECT_EQ(to_text(choose_docker_image(*images, "", "in").error()),
            "berth: cannot choose among the 2 images in 'in'\n"
            "berth: hint: add ':' and one of 'app:v2', 'docker.io/library/app:latest'");
}

TEST(DockerManifest, AnImageNeedsAConfigAndLayers) {
  EXPECT_EQ(to_text(parse_docker_manifest(R"([{"Layers":["1"]}])", "m").error()),
            "berth: cannot read 'm': an image has no config");
  EXPECT_EQ(to_text(parse_docker_manifest(R"([{"Config":"c"}])", "m").error()),
            "berth: cannot read 'm': an image has no layers");
}

}  // namespace
}  // namespace berth::source
