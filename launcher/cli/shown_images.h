// SPDX-License-Identifier: Apache-2.0
// The images that a container shows below its root: --mount type=image. Each has a server of its
// own, as those of the root have.
#pragma once

#include "image/store/store.h"
#include "launcher/enter/image.h"
#include "launcher/enter/linux_mounts.h"
#include "launcher/model/request.h"

#include <string>
#include <vector>

namespace berth::cli {

class ShownImages {
 public:
  /// Opens the files of those that `request` names.
  Status open(const Request& request, const store::Environment& places);

  /// Other texts for other contents.
  [[nodiscard]] std::string identities() const;

  /// Starts a server for each. Of `settings`, whose files they seem to be counts, and whether they
  /// are verified.
  Status start(const serve::Settings& settings);

  /// Waits until the servers have looked at their images; one that is damaged is an error.
  /// `helpers`: see node::announce_helper(). Once.
  Status check(int helpers);

  /// What a launch takes them from, behind what the root is made of.
  void add_to(std::vector<enter::Source>& sources) const;

 private:
  std::vector<std::string> names_;
  std::vector<enter::OpenedImage> files_;
  std::vector<serve::ImageServer> servers_;  ///< of each, once they are started
};

}  // namespace berth::cli
