// SPDX-License-Identifier: Apache-2.0
// What `berth run` was asked for, together with what the site's and the user's run.conf say.
#pragma once

#include "base/result.h"
#include "launcher/cli/session.h"
#include "launcher/model/request.h"
#include "launcher/request/option_words.h"

#include <functional>
#include <vector>

namespace berth::cli {

/// A wish, in whatever form it came.
struct Wish {
  std::function<Result<Request>(Request settled)> parse;  ///< on top of what is settled already
  std::function<Result<std::vector<request::GivenOption>>()> options;  ///< that it gives
};

/// Says on standard error what was asked for in vain, once on a node.
Result<Request> settle(Session& session, const Wish& wish);

}  // namespace berth::cli
