// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace berth {

/// Sanitizers make calls of their own, report through still more, and lose track of children that
/// share our memory. What they cannot do with is left out of their builds.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(undefined_behavior_sanitizer)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif
#else
constexpr bool kSanitized = false;
#endif

}  // namespace berth
