// SPDX-License-Identifier: Apache-2.0
#include "image/squash/compressor.h"

#include "base/text.h"

#include <utility>

#include <sqfs/error.h>

namespace berth::squash {

namespace {

// 270 MB of a Debian root with MPI and numpy in 128 KiB blocks at the levels 1, 3, 5, 9: 105, 94,
// 90, 83 MB in 1.1, 1.8, 3.7, 11.9 s of CPU. Fixed, because the bytes of an image depend on it.
constexpr unsigned kZstdLevel = 3;

/// libsquashfs's lz4 hands out "compressed" blocks that are larger than the original, which other
/// readers refuse. This one stands in front of it and says "does not compress" instead.
struct Honest {
  sqfs_compressor_t interface;  ///< first, so that a pointer to one is a pointer to the other
  sqfs_compressor_t* inner;
};

Honest* honest_of(void* object) {
  return static_cast<Honest*>(object);
}

sqfs_compressor_t* make_honest(sqfs_compressor_t* inner) {
  auto* made = new Honest{{}, inner};
  sqfs_compressor_t& interface = made->interface;
  interface.base.destroy = [](sqfs_object_t* self) {
    sqfs_destroy(honest_of(self)->inner);
    delete honest_of(self);
  };
  interface.base.copy = [](const sqfs_object_t* self) -> sqfs_object_t* {
    const auto* from = reinterpret_cast<const Honest*>(self);
    auto* inner_copy = static_cast<sqfs_compressor_t*>(sqfs_copy(from->inner));
    return inner_copy == nullptr ? nullptr : &make_honest(inner_copy)->base;
  };
  interface.get_configuration = [](const sqfs_compressor_t* self, sqfs_compressor_config_t* into) {
    const auto* inner_one = reinterpret_cast<const Honest*>(self)->inner;
    inner_one->get_configuration(inner_one, into);
  };
  interface.write_options = [](sqfs_compressor_t* self, sqfs_file_t* file) {
    return honest_of(self)->inner->write_options(honest_of(self)->inner, file);
  };
  interface.read_options = [](sqfs_compressor_t* self, sqfs_file_t* file) {
    return honest_of(self)->inner->read_options(honest_of(self)->inner, file);
  };
  interface.do_block = [](sqfs_compressor_t* self,
                          const sqfs_u8* in,
                          sqfs_u32 size,
                          sqfs_u8* out,
                          sqfs_u32 room) -> sqfs_s32 {
    auto* inner_one = honest_of(self)->inner;
    const sqfs_s32 made_bytes = inner_one->do_block(inner_one, in, size, out, room);
    return made_bytes > 0 && static_cast<sqfs_u32>(made_bytes) >= size ? 0 : made_bytes;
  };
  return &interface;
}

}  // namespace

SparingCompressor::SparingCompressor(sqfs_compressor_t* inner) : inner_(inner) {
  // All that a metadata writer asks of a compressor.
  interface_.do_block = [](sqfs_compressor_t* self,
                           const sqfs_u8* in,
                           sqfs_u32 size,
                           sqfs_u8* out,
                           sqfs_u32 room) -> sqfs_s32 {
    auto& it = *reinterpret_cast<SparingCompressor*>(self);
    // 0: it does not become smaller.
    if (std::exchange(it.is_spared_, it.is_sparing_)) return 0;
    return it.inner_->do_block(it.inner_, in, size, out, room);
  };
}

std::vector<std::string> compressors() {
  return {"zstd", "gzip", "xz", "lz4"};
}

SQFS_COMPRESSOR id_of(const Options& options) {
  return static_cast<SQFS_COMPRESSOR>(sqfs_compressor_id_from_name(options.compressor.c_str()));
}

Result<Object<sqfs_compressor_t>> make_compressor(const Options& options) {
  sqfs_compressor_config_t config{};
  sqfs_compressor_t* compressor = nullptr;
  int answer = sqfs_compressor_config_init(&config, id_of(options), options.block_size, 0);
  if (id_of(options) == SQFS_COMP_ZSTD) config.level = kZstdLevel;
  if (answer == 0) answer = sqfs_compressor_create(&config, &compressor);
  if (answer != 0)
    return Error{Blame::config,
                 "compress with " + quote(options.compressor) + ": " + words_for(answer)};
  return Object<sqfs_compressor_t>(make_honest(compressor));
}

std::string words_for(int answer) {
  switch (answer) {
    case SQFS_ERROR_ALLOC:
      return "there is not enough memory";
    case SQFS_ERROR_COMPRESSOR:
      return "the compressor failed";
    case SQFS_ERROR_OVERFLOW:
      return "there are more owners, names or bytes than SquashFS can hold";
    case SQFS_ERROR_UNSUPPORTED:
      return "libsquashfs was built without it";
    default:
      return "libsquashfs answers " + std::to_string(answer);
  }
}

}  // namespace berth::squash
