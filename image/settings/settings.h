// SPDX-License-Identifier: Apache-2.0
// What the site and the user have settled in their files: /etc/berth/berth.yaml, then
// ~/.config/berth/berth.yaml. Later wins, except for keys that the site locked. Each value knows
// where it was said. Looks, changes nothing.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace berth::settings {

struct Origin {
  std::string file = {};  ///< empty: berth's own default
  unsigned line = 0;
};

/// "/etc/berth/berth.yaml:12", or "berth's default".
std::string to_text(const Origin& origin);

template <class T>
struct Value {
  T value = {};
  Origin origin = {};
};

/// What an image may make an import do.
struct Limits {
  /// limits.unpacked-size: bytes that all layers together may unpack to.
  Value<std::uint64_t> unpacked_size = {std::uint64_t{1} << 40};
  /// limits.entries: names that all layers together may have. Each takes about 850 bytes of memory.
  Value<std::uint64_t> entries = {600'000};
  /// limits.layers
  Value<std::uint64_t> layers = {1000};
  /// limits.ratio: a layer that has unpacked to more than kRatioFrom bytes may have unpacked to at
  /// most this many times what it has taken packed. gzip can reach 1032.
  Value<std::uint64_t> ratio = {1000};
};

constexpr std::uint64_t kRatioFrom = std::uint64_t{1} << 30;  ///< bytes

enum class Setuid { keep, drop };

struct Registry {
  /// registry.mirrors: for each registry ("docker.io", "host:5000") where to ask before it, as
  /// "HOST[:PORT][/PREFIX]".
  std::map<std::string, Value<std::vector<std::string>>> mirrors = {};
  /// registry.plain-http: "HOST[:PORT]" that may be talked to without TLS.
  Value<std::vector<std::string>> plain_http = {};
  /// registry.ca-file: certificates to trust besides the system's; empty for none. Absolute.
  Value<std::string> ca_file = {};
  /// registry.timeout: seconds without a byte after which a connection counts as broken.
  Value<std::uint64_t> timeout = {30};
  /// registry.retries: how often to try again after what may pass.
  Value<std::uint64_t> retries = {5};
};

struct Settings {
  Registry registry = {};
  Value<std::string> cache = {};  ///< import.cache: directory of blobs; empty: no cache. Absolute.
  Value<Setuid> setuid = {};      ///< import.setuid: setuid and setgid bits in the image
  Limits limits = {};
  std::map<std::string, Origin> locks = {};  ///< keys and sections that the site locked
  /// What the user's file says in vain, one line each, for a warning.
  std::vector<std::string> notes = {};
};

/// Where `key` ("import.cache") or its section was locked; null where it is the user's to choose.
const Origin* lock_of(const Settings& settings, const std::string& key);

/// Variables that say where the files are; nothing: not set.
struct Environment {
  std::optional<std::string> home = {};         ///< $HOME
  std::optional<std::string> config_home = {};  ///< $XDG_CONFIG_HOME; ignored unless absolute
  /// $BERTH_CONFIG: the user's file instead of the usual one; empty: no user's file.
  std::optional<std::string> config = {};
  /// $BERTH_SITE_CONFIG: a site's file for where /etc/berth/berth.yaml does not exist. It cannot
  /// take the site's place.
  std::optional<std::string> site_config = {};
};

Environment environment_of_process();

struct Files {
  std::string site = {};       ///< empty: none
  std::string user = {};       ///< empty: none
  bool is_user_named = false;  ///< by BERTH_CONFIG: then it has to exist
  std::string home = {};       ///< what "~/" means; empty: unknown
};

Files find_files(const Environment& environment);

/// A file that does not exist is no error unless the user named it. Unknown keys, wrong types and
/// files that are larger than kLargestFile are, with file and line and the nearest known key.
Result<Settings> read_settings(const Files& files);

}  // namespace berth::settings
