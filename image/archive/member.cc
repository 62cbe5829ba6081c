// SPDX-License-Identifier: Apache-2.0
#include "image/archive/member.h"

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace berth::archive {

namespace {

void put(MemberHeader& header, std::size_t at, std::string_view text) {
  std::copy(text.begin(), text.end(), header.begin() + static_cast<std::ptrdiff_t>(at));
}

/// Octal digits with a zero byte behind them; what does not fit is a binary number with the first
/// bit set, which GNU, libarchive and Go read alike (tar(5), "Numeric Extensions").
void put_number(MemberHeader& header, std::size_t at, std::size_t width, std::uint64_t number) {
  const bool fits = number >> (3 * (width - 1)) == 0;
  for (std::size_t i = width - (fits ? 1 : 0); i-- > 0;) {
    header[at + i] = static_cast<char>(fits ? '0' + (number & 7U) : number & 0xffU);
    number >>= fits ? 3U : 8U;
  }
  if (!fits) header[at] = static_cast<char>(0x80);
}

}  // namespace

MemberHeader make_member_header(const std::string& name, std::uint64_t size) {
  MemberHeader header{};
  put(header, 0, name);
  put_number(header, 100, 8, 0644);
  put_number(header, 108, 8, 0);
  put_number(header, 116, 8, 0);
  put_number(header, 124, 12, size);
  put_number(header, 136, 12, 0);
  put(header, 148, "        0");  // the sum is made with blanks in its place; then the type: a file
  put(header, 257, std::string_view("ustar\00000", 8));
  unsigned sum = 0;
  for (const char c : header)
    sum += static_cast<unsigned char>(c);
  put_number(header, 148, 7, sum);  // and the last blank stays
  return header;
}

}  // namespace berth::archive
