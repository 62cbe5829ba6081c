// SPDX-License-Identifier: Apache-2.0
// inflate FILE.gz... - how fast each inflater that Debian packages undoes the layers of an image,
// on one thread, best of three rounds in turn: zlib and isa-l in pieces as an import reads them,
// libdeflate a whole file at once, which is the only way it has.
//
//   g++ -O2 -std=c++20 tests/bench/inflate.cc -o inflate -lz -ldeflate -lisal
#include <libdeflate.h>
#include <zlib.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <vector>

#include <isa-l/igzip_lib.h>

namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr std::size_t kIn = 256UL * 1024;
constexpr std::size_t kOut = 512UL * 1024;

[[noreturn]] void give_up(const char* what) {
  std::fprintf(stderr, "inflate: %s\n", what);
  std::exit(1);
}

std::uint64_t with_zlib(Bytes& in, Bytes& out) {
  z_stream z{};
  if (inflateInit2(&z, 15 + 16) != Z_OK) give_up("zlib does not begin");
  std::uint64_t made = 0;
  std::size_t at = 0;
  int answer = Z_OK;
  while (answer != Z_STREAM_END) {
    if (z.avail_in == 0) {
      z.next_in = in.data() + at;
      z.avail_in = static_cast<unsigned>(std::min(kIn, in.size() - at));
      at += z.avail_in;
    }
    z.next_out = out.data();
    z.avail_out = kOut;
    answer = inflate(&z, Z_NO_FLUSH);
    if (answer != Z_OK && answer != Z_STREAM_END) give_up("zlib fails");
    made += kOut - z.avail_out;
  }
  inflateEnd(&z);
  return made;
}

std::uint64_t with_isal(Bytes& in, Bytes& out) {
  inflate_state state;
  isal_inflate_init(&state);
  state.crc_flag = ISAL_GZIP;
  std::uint64_t made = 0;
  std::size_t at = 0;
  while (state.block_state != ISAL_BLOCK_FINISH) {
    if (state.avail_in == 0) {
      state.next_in = in.data() + at;
      state.avail_in = static_cast<std::uint32_t>(std::min(kIn, in.size() - at));
      at += state.avail_in;
    }
    state.next_out = out.data();
    state.avail_out = kOut;
    if (isal_inflate(&state) < 0) give_up("isa-l fails");
    made += kOut - state.avail_out;
  }
  return made;
}

std::uint64_t with_libdeflate(Bytes& in, Bytes& out) {
  libdeflate_decompressor* decompressor = libdeflate_alloc_decompressor();
  std::size_t made = 0;
  if (libdeflate_gzip_decompress(
          decompressor, in.data(), in.size(), out.data(), out.size(), &made) != LIBDEFLATE_SUCCESS)
    give_up("libdeflate fails");
  libdeflate_free_decompressor(decompressor);
  return made;
}

double seconds_of(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

Bytes read_file(const char* name) {
  std::ifstream file(name, std::ios::binary);
  if (!file) give_up(name);
  return Bytes(std::istreambuf_iterator<char>(file), {});
}

}  // namespace

int main(int argc, char** argv) {
  using Inflater = std::uint64_t (*)(Bytes&, Bytes&);
  constexpr Inflater kInflaters[] = {with_zlib, with_libdeflate, with_isal};
  constexpr const char* kNames[] = {"zlib", "libdeflate", "isa-l"};
  double total[3] = {};
  std::uint64_t bytes = 0;
  for (int i = 1; i < argc; ++i) {
    Bytes in = read_file(argv[i]);
    Bytes out(kOut);
    const std::uint64_t size = with_isal(in, out);
    out.assign(size, 0);  // touched, so that nobody pays for the kernel's clearing
    double best[3] = {1e9, 1e9, 1e9};
    for (int round = 0; round < 3; ++round) {
      for (int n = 0; n < 3; ++n) {
        const double seconds = seconds_of([&] {
          if (kInflaters[n](in, out) != size) give_up("they do not agree");
        });
        best[n] = std::min(best[n], seconds);
      }
    }
    for (int n = 0; n < 3; ++n)
      total[n] += best[n];
    bytes += size;
  }
  for (int n = 0; n < 3; ++n)
    std::printf("%-10s %6.2f s  %5.2f GB/s\n",
                kNames[n],
                total[n],
                static_cast<double>(bytes) / 1e9 / total[n]);
}
