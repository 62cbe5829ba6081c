// SPDX-License-Identifier: Apache-2.0
#include "launcher/seccomp/filter.h"

#include <iterator>

namespace berth::seccomp {

namespace {

constexpr sock_filter kDefault[] = {
#include "default_filter.inc"  // print_default.cc
};

}  // namespace

Filter default_filter() {
  return {std::begin(kDefault), std::end(kDefault)};
}

}  // namespace berth::seccomp
