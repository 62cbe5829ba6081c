// SPDX-License-Identifier: Apache-2.0
// libFuzzer's own mutator, for those that know more about an input.
#pragma once

#include <cstddef>
#include <cstdint>

/// There is none where inputs are only replayed, and none is called.
// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most)
    __attribute__((weak));
