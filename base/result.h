// SPDX-License-Identifier: Apache-2.0
// Result<T>: a value or an Error. The member names are std::expected's, so that
// a C++23 compiler lets us delete this file.
#pragma once

#include "base/error.h"

#include <utility>
#include <variant>

namespace berth {

struct Done {};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}

  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  explicit operator bool() const noexcept { return state_.index() == 0; }

  [[nodiscard]] bool has_value() const noexcept { return state_.index() == 0; }

  T& operator*() & { return *std::get_if<0>(&state_); }

  const T& operator*() const& { return *std::get_if<0>(&state_); }

  T&& operator*() && { return std::move(*std::get_if<0>(&state_)); }

  T* operator->() { return std::get_if<0>(&state_); }

  const T* operator->() const { return std::get_if<0>(&state_); }

  Error& error() { return *std::get_if<1>(&state_); }

  [[nodiscard]] const Error& error() const { return *std::get_if<1>(&state_); }

 private:
  std::variant<T, Error> state_;
};

using Status = Result<Done>;

}  // namespace berth

/// Hand the error up, or carry on. `BERTH_TRY(step());`
#define BERTH_TRY(expression)                                                     \
  do {                                                                            \
    if (auto outcome = (expression); !outcome) return std::move(outcome.error()); \
  } while (false)
