// SPDX-License-Identifier: Apache-2.0
// Images on disk by name: where a user's images lie, and which file a name means.
// Needs nothing but base, because the launcher links it too.
#pragma once

#include "base/result.h"

#include <string>
#include <string_view>

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

/// What `name_or_path` means as an image. A value that begins with '/' or '.', one that ends in
/// ".sqsh" and one that exists here as a file are paths and come back unchanged (and unchecked:
/// whoever opens it has the better error). Anything else is the name of an image in the user's
/// folder; what is not there comes back as a path if it is a directory here, and what has a '/' if
/// its folder exists.
Result<std::string> find(const std::string& name_or_path, const Environment& environment);

/// The file in the user's folder, which need not exist, that has the image called `name`:
/// "app" and "app:latest" are "app.sqsh", "host/app:v1" is "host%app:v1.sqsh". Refuses what is no
/// name: empty, too long, or with a part between '/' that is empty or begins with '.' or '-'.
Result<std::string> path_for(const std::string& name, const Environment& environment);

/// `name` without what it would have anyway: the tag ":latest", docker's own registry and library.
/// A digest "@sha256:HEX" becomes the tag ":sha256-" with its first twelve digits.
std::string short_name(const std::string& name);

/// The name that a file of the folder stands for; empty when it is no image or a hidden file.
std::string name_of_file(std::string_view file);

/// `text` made into a name: characters outside [A-Za-z0-9._+:@/-] become '-', and of each part
/// between '/' the leading '.' and '-' go. Empty when nothing is left.
std::string name_for(const std::string& text);

/// Makes the folder and the folders above it, as mkdir -p does.
Status write_folder(const std::string& folder);

}  // namespace berth::store
