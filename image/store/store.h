// SPDX-License-Identifier: Apache-2.0
// Images on disk by name: where a user's images lie, and which file a name means.
// Needs nothing but base, because the launcher links it too.
#pragma once

#include "base/result.h"

#include <string>

namespace berth::store {

/// The three variables that say where images are kept; empty means not set.
struct Environment {
  std::string home;       ///< $HOME
  std::string data_home;  ///< $XDG_DATA_HOME (basedir-spec; ignored unless absolute)
  std::string store;      ///< $BERTH_STORE
};

/// The user's image folder, whether it exists or not:
/// $BERTH_STORE, else $XDG_DATA_HOME/berth/images, else ~/.local/share/berth/images.
Result<std::string> folder_for(const Environment& environment);

/// What `name_or_path` means as an image. A value with a '/', one that ends in ".sqsh" and one that
/// exists here as a file are paths and come back unchanged (and unchecked: whoever opens it has the
/// better error). Anything else must be the name of an image in the user's folder.
Result<std::string> find(const std::string& name_or_path, const Environment& environment);

/// "NAME.sqsh" in the user's folder, which need not exist. Refuses what is no name: empty, with
/// a '/', or beginning with '.' or '-'.
Result<std::string> path_for(const std::string& name, const Environment& environment);

/// `text` made into a name: characters outside [A-Za-z0-9._+-] become '-', leading '.' and '-' go.
/// Empty when nothing is left.
std::string name_for(const std::string& text);

/// Makes the folder and the folders above it, as mkdir -p does.
Status write_folder(const std::string& folder);

}  // namespace berth::store
