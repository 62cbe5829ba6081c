// SPDX-License-Identifier: Apache-2.0
// The main of a fuzz target where there is no fuzzer: each file named is tried once, so that what a
// fuzzer has found stays found in every build.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int main(int count, char** names) {
  for (int i = 1; i < count; ++i) {
    std::ifstream file(names[i], std::ios::binary);
    if (!file) {
      (void)std::fprintf(stderr, "cannot read %s\n", names[i]);
      return 1;
    }
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    // The last line of a log that ends in a crash says which input it was.
    (void)std::fprintf(stderr, "%s\n", names[i]);
    (void)LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  }
  return 0;
}
