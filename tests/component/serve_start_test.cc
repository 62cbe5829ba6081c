// SPDX-License-Identifier: Apache-2.0
// Which files a server finds that every program starts with, in images from mksquashfs.
#include "base/fd.h"
#include "image/read/reader.h"
#include "image/serve/find_start.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace berth::serve {
namespace {

namespace fs = std::filesystem;

#if defined(__x86_64__)
constexpr const char* kLoaderFolder = "lib64";
constexpr const char* kLoader = "ld-linux-x86-64.so.2";
#else
constexpr const char* kLoaderFolder = "lib";
constexpr const char* kLoader = "ld-linux-aarch64.so.1";
#endif

std::string line_of(const StartFile& file) {
  static constexpr const char* kKinds[] = {"d ", "l ", "f "};
  std::string line = kKinds[static_cast<unsigned>(file.kind)] + file.path;
  if (file.kind == StartFile::Kind::link) line += " -> " + file.target;
  return line;
}

/// A tree to make an image of. Files are larger than a block, and no two alike.
class StartFilesOf : public testing::Test {
 protected:
  StartFilesOf() {
    std::string pattern = testing::TempDir() + "berth-start-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    fs::create_directory(tree());
  }

  StartFilesOf(const StartFilesOf&) = delete;
  StartFilesOf& operator=(const StartFilesOf&) = delete;
  StartFilesOf(StartFilesOf&&) = delete;
  StartFilesOf& operator=(StartFilesOf&&) = delete;

  ~StartFilesOf() override { fs::remove_all(folder_); }

  [[nodiscard]] fs::path tree() const { return folder_ / "tree"; }

  void put(const std::string& path, std::size_t size = 9000) const {
    fs::create_directories((tree() / path).parent_path());
    std::ofstream(tree() / path) << path << std::string(size - path.size(), 'x');
  }

  void link(const std::string& path, const std::string& target) const {
    fs::create_directories((tree() / path).parent_path());
    fs::create_symlink(target, tree() / path);
  }

  /// glibc as a distribution with merged /usr has it.
  void put_usual_files() const {
    put(std::string("usr/lib/multiarch/") + kLoader);
    put("usr/lib/multiarch/libc.so.6", 20000);
    put("etc/ld.so.cache", 5000);
    if (std::string(kLoaderFolder) == "lib64") {
      link("lib64", "usr/lib64");
      link(std::string("usr/lib64/") + kLoader, std::string("/lib/multiarch/") + kLoader);
    } else {
      link(std::string("usr/lib/") + kLoader, std::string("multiarch/") + kLoader);
    }
    link("lib", "usr/lib");
  }

  /// The start files of the tree's image.
  std::vector<StartFile> find(const std::string& options = "-noD -no-fragments") {
    const fs::path image = folder_ / "image.sqsh";
    const std::string command = "mksquashfs " + tree().string() + " " + image.string() +
                                " -b 4096 -quiet -no-progress -noappend " + options;
    // NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread
    EXPECT_EQ(std::system(command.c_str()), 0);
    fd_.reset(::open(image.c_str(), O_RDONLY | O_CLOEXEC));
    std::array<std::byte, read::kSuperblockBytes> head{};
    EXPECT_EQ(::pread(fd_.get(), head.data(), head.size(), 0), ssize_t{head.size()});
    read::Image opened(fd_.get(), read::parse_superblock(head.data()));
    read::Reader reader(opened);
    return find_start_files(reader);
  }

  std::vector<std::string> lines(const std::string& options = "-noD -no-fragments") {
    std::vector<std::string> lines;
    for (const StartFile& file : find(options))
      lines.push_back(line_of(file));
    return lines;
  }

  [[nodiscard]] std::string bytes_at(const StartFile& file) const {
    std::string bytes(file.size, '\0');
    EXPECT_EQ(::pread(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(file.offset)),
              static_cast<ssize_t>(bytes.size()));
    return bytes;
  }

 private:
  fs::path folder_;
  UniqueFd fd_;
};

using Lines = std::vector<std::string>;

TEST_F(StartFilesOf, AUsualImageAreLoaderLibraryCacheAndTheWayToThem) {
  put_usual_files();
  const std::string loader = kLoader;
  Lines expected = {"l lib64 -> usr/lib64",
                    "d usr",
                    "d usr/lib64",
                    "l usr/lib64/" + loader + " -> /lib/multiarch/" + loader,
                    "l lib -> usr/lib"};
  if (std::string(kLoaderFolder) == "lib")
    expected = {"l lib -> usr/lib", "d usr", "l usr/lib/" + loader + " -> multiarch/" + loader};
  if (std::string(kLoaderFolder) == "lib64")
    expected.emplace_back("d usr/lib");
  else
    expected.insert(expected.begin() + 2, "d usr/lib");
  for (const char* line : {"d usr/lib/multiarch"})
    expected.emplace_back(line);
  expected.push_back("f usr/lib/multiarch/" + loader);
  for (const char* line : {"f usr/lib/multiarch/libc.so.6", "d etc", "f etc/ld.so.cache"})
    expected.emplace_back(line);
  EXPECT_EQ(lines(), expected);
}

TEST_F(StartFilesOf, AnImageWhoseLoaderIsALinkUpwardsAreFound) {
  put_usual_files();
  fs::path loader = tree() / "usr" / kLoaderFolder / kLoader;
  fs::remove(loader);
  fs::create_symlink(std::string("../../usr/lib/multiarch/") + kLoader, loader);
  const Lines found = lines();
  EXPECT_EQ(std::count(found.begin(), found.end(), "f usr/lib/multiarch/libc.so.6"), 1);
  EXPECT_EQ(std::count(found.begin(), found.end(), std::string("f usr/lib/multiarch/") + kLoader),
            1);
}

TEST_F(StartFilesOf, AnImageAreAlsoTheLinksToItsPrograms) {
  put_usual_files();
  link("bin", "usr/bin");
  put("sbin/init");
  const Lines found = lines();
  ASSERT_FALSE(found.empty());
  EXPECT_EQ(found.front(), "l bin -> usr/bin");
  for (const std::string& line : found)
    EXPECT_EQ(line.find("sbin"), std::string::npos) << line;
}

TEST_F(StartFilesOf, AnImageHaveTheirBytesModesAndTimes) {
  put_usual_files();
  fs::permissions(tree() / "usr/lib/multiarch/libc.so.6", fs::perms{0555});
  unsigned files = 0;
  for (const StartFile& file : find()) {
    SCOPED_TRACE(file.path);

    struct stat info {};

    ASSERT_EQ(::lstat((tree() / file.path).c_str(), &info), 0);
    EXPECT_EQ(file.mode, info.st_mode & 07777U);
    EXPECT_EQ(file.mtime, info.st_mtime);
    if (file.kind != StartFile::Kind::file) continue;
    ++files;
    std::ifstream text(tree() / file.path);
    EXPECT_EQ(bytes_at(file), std::string(std::istreambuf_iterator<char>(text), {}));
  }
  EXPECT_EQ(files, 3U);
}

TEST_F(StartFilesOf, AnImageWhoseDataIsCompressedAreNone) {
  put_usual_files();
  EXPECT_EQ(lines("-no-fragments"), Lines());
  EXPECT_EQ(lines("-noD -noF -always-use-fragments"), Lines());
}

TEST_F(StartFilesOf, AnImageWithAHoleInItsLoaderAreNone) {
  put_usual_files();
  fs::resize_file(tree() / "usr/lib/multiarch" / kLoader, 40000);
  EXPECT_EQ(lines(), Lines());
}

TEST_F(StartFilesOf, AnImageWithSetIdBitsOrHardLinksLeaveThoseOut) {
  put_usual_files();
  fs::permissions(tree() / "usr/lib/multiarch/libc.so.6", fs::perms{04755});
  fs::create_hard_link(tree() / "etc/ld.so.cache", tree() / "etc/other");
  const Lines found = lines();
  ASSERT_FALSE(found.empty());
  for (const std::string& line : found) {
    EXPECT_EQ(line.find("libc"), std::string::npos);
    EXPECT_EQ(line.find("cache"), std::string::npos);
  }
}

TEST_F(StartFilesOf, AnImageWhoseLinksGoRoundOrUpAreNone) {
  put_usual_files();
  fs::remove(tree() / "usr/lib/multiarch" / kLoader);
  link(std::string("usr/lib/multiarch/") + kLoader, kLoader);
  EXPECT_EQ(lines(), Lines());
  fs::remove(tree() / "usr/lib/multiarch" / kLoader);
  link(std::string("usr/lib/multiarch/") + kLoader, "../../../../../../etc/nothing");
  EXPECT_EQ(lines(), Lines());
}

TEST_F(StartFilesOf, AnImageThatIsTooLargeAreOnlyThoseThatFit) {
  put_usual_files();
  std::ofstream(tree() / "usr/lib/multiarch/libc.so.6") << std::string(kMostStartBytes, 'x');
  Lines found = lines();
  ASSERT_FALSE(found.empty());
  EXPECT_EQ(found.back(), "f etc/ld.so.cache");
  for (const std::string& line : found)
    EXPECT_EQ(line.find("libc"), std::string::npos);
}

}  // namespace
}  // namespace berth::serve
