// SPDX-License-Identifier: Apache-2.0
// Libraries that the linker of this machine makes, as they are and damaged.
#include "hooks/elf/elf.h"

#include <elf.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace berth::hooks {
namespace {

using Texts = std::vector<std::string>;

class Library : public ::testing::Test {
 protected:
  Library() {
    std::string pattern = ::testing::TempDir() + "berth-elf.XXXXXX";
    place_ = ::mkdtemp(pattern.data());
    write("base.map", "ONE { global: a; local: *; };\nTWO { global: b; } ONE;\n");
    write("base.c", "void a(void) {}\nvoid b(void) {}\n");
    write("top.c", "void a(void);\nvoid b(void);\nvoid c(void) { a(); b(); }\n");
    link("libbase.so.1", "-Wl,--version-script=base.map base.c");
    link("libtop.so.2", "-Wl,-rpath,'$ORIGIN/../lib' -Wl,--enable-new-dtags top.c libbase.so.1");
  }

  ~Library() override { std::filesystem::remove_all(place_); }

  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;
  Library(Library&&) = delete;
  Library& operator=(Library&&) = delete;

  void write(const std::string& name, const std::string& text) const {
    std::ofstream(place_ + "/" + name) << text;
  }

  void link(const std::string& name, const std::string& words) const {
    const std::string command = "cd " + place_ + " && cc -shared -fPIC -nostdlib -Wl,-soname," +
                                name + " -o " + name + " " + words;
    // NOLINTNEXTLINE(cert-env33-c,concurrency-mt-unsafe): the words are ours
    ASSERT_EQ(std::system(command.c_str()), 0) << command;
  }

  [[nodiscard]] std::string bytes_of(const std::string& name) const {
    std::ifstream file(place_ + "/" + name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

 private:
  std::string place_;
};

ReadBytes reader_of(const std::string& bytes) {
  return [&bytes](std::uint64_t offset, std::size_t size) {
    return offset < bytes.size() ? bytes.substr(offset, size) : std::string();
  };
}

Result<Elf> read_bytes(const std::string& bytes) {
  return read_elf(reader_of(bytes), "library");
}

Result<Symbols> read_names(const std::string& bytes) {
  return read_symbols(reader_of(bytes), "library");
}

TEST_F(Library, SaysWhatItIsAndNeeds) {
  const auto base = read_bytes(bytes_of("libbase.so.1"));
  ASSERT_TRUE(base) << base.error().goal;
  EXPECT_EQ(base->soname, "libbase.so.1");
  EXPECT_EQ(base->versions, (Texts{"ONE", "TWO"}));
  EXPECT_TRUE(base->needed.empty() && base->wants.empty());
  const auto top = read_bytes(bytes_of("libtop.so.2"));
  ASSERT_TRUE(top) << top.error().goal;
  EXPECT_EQ(top->soname, "libtop.so.2");
  EXPECT_EQ(top->needed, Texts{"libbase.so.1"});
  ASSERT_EQ(top->wants.size(), 1U);
  EXPECT_EQ(top->wants[0].library, "libbase.so.1");
  EXPECT_EQ(std::set<std::string>(top->wants[0].versions.begin(), top->wants[0].versions.end()),
            (std::set<std::string>{"ONE", "TWO"}));
  EXPECT_EQ(top->runpath, "$ORIGIN/../lib");
}

TEST_F(Library, HasNamesForOthersAndWantsSomeOfThem) {
  write("names.c",
        "void a(void);\nvoid maybe(void) __attribute__((weak));\n"
        "static void own(void) {}\nvoid hidden(void) __attribute__((visibility(\"hidden\")));\n"
        "void hidden(void) {}\nvoid weak(void) __attribute__((weak));\nvoid weak(void) { own(); }\n"
        "void c(void) { a(); if (maybe) maybe(); hidden(); weak(); }\nint data = 1;\n");
  for (const char* style : {"gnu", "sysv", "both"}) {
    link("libnames.so.3", std::string("-Wl,--hash-style=") + style + " names.c libbase.so.1");
    const auto names = read_names(bytes_of("libnames.so.3"));
    ASSERT_TRUE(names) << style;
    EXPECT_EQ(names->defined, (Texts{"c", "data", "weak"})) << style;
    EXPECT_EQ(names->wanted, Texts{"a"}) << style;
    // One that has nothing for others has no chain.
    write("empty.c", "void a(void);\nstatic void (*volatile use)(void) = a;\n");
    link("libempty.so.4", std::string("-Wl,--hash-style=") + style + " empty.c libbase.so.1");
    const auto none = read_names(bytes_of("libempty.so.4"));
    ASSERT_TRUE(none) << style;
    EXPECT_TRUE(none->defined.empty()) << style;
  }
  EXPECT_EQ(read_names(bytes_of("libbase.so.1"))->defined, (Texts{"ONE", "TWO", "a", "b"}));
}

TEST_F(Library, OfAnotherMachineOrKindIsNone) {
  std::string bytes = bytes_of("libtop.so.2");
  for (const auto& [at, value] : std::vector<std::pair<std::size_t, char>>{
           {0, 'x'}, {EI_CLASS, ELFCLASS32}, {EI_DATA, ELFDATA2MSB}, {18, 1}}) {
    std::string other = bytes;
    other[at] = value;
    const auto elf = read_bytes(other);
    ASSERT_FALSE(elf);
    EXPECT_EQ(elf.error().goal,
              "read 'library': it is no library of this machine's kind, or is damaged");
  }
  EXPECT_FALSE(read_bytes(""));
  EXPECT_FALSE(read_bytes("#!/bin/sh\n"));
}

TEST_F(Library, CutOffAnywhereIsReadOrRefused) {
  const std::string bytes = bytes_of("libtop.so.2");
  std::size_t refused = 0;
  for (std::size_t size = 0; size < bytes.size(); size += 7)
    refused += read_bytes(bytes.substr(0, size)) && read_names(bytes.substr(0, size)) ? 0 : 1;
  EXPECT_GT(refused, 10U);
}

TEST_F(Library, WithAnyNumberOfItChangedIsReadOrRefused) {
  const std::string bytes = bytes_of("libtop.so.2");
  const std::size_t end = std::min<std::size_t>(bytes.size(), 0x4000);
  for (const std::uint64_t value : {std::uint64_t{0}, ~std::uint64_t{0}, std::uint64_t{1} << 62U})
    for (std::size_t at = 0; at + sizeof value <= end; at += 4) {
      std::string other = bytes;
      std::memcpy(other.data() + at, &value, sizeof value);
      (void)read_bytes(other);  // sanitizers watch
      if (at % 16 == 0) (void)read_names(other);
    }
}

TEST_F(Library, WhoseListsHaveNoEndIsRefused) {
  std::string bytes = bytes_of("libtop.so.2");
  // Each record of versions says that the next one is itself, as near as it can: behind no byte.
  for (std::size_t at = 0; at + 16 <= bytes.size(); at += 4) {
    Elf64_Verneed need{};
    std::memcpy(&need, bytes.data() + at, sizeof need);
    if (need.vn_version != 1 || need.vn_cnt != 2 || need.vn_aux != 16) continue;
    Elf64_Vernaux version{};
    std::memcpy(&version, bytes.data() + at + 16, sizeof version);
    version.vna_next = 0xfffffff0;
    std::memcpy(bytes.data() + at + 16, &version, sizeof version);
    EXPECT_FALSE(read_bytes(bytes));
    return;
  }
  FAIL() << "there is no such record";
}

}  // namespace
}  // namespace berth::hooks
