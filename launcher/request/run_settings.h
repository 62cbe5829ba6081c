// SPDX-License-Identifier: Apache-2.0
// What the site's and the user's files say about the options of `berth run`: run.conf(5).
#pragma once

#include "base/result.h"
#include "launcher/model/request.h"
#include "launcher/request/option_words.h"

#include <string>
#include <vector>

namespace berth::request {

enum class Whose : unsigned char { site, user };

/// A line of such a file.
struct Setting {
  enum class Kind : unsigned char {
    preset,  ///< as if the option stood in front of the command line
    lock,    ///< as if it stood behind it
    forbid,  ///< it is an error to give the option
    require  ///< it is an error if nobody has given it
  };

  Kind kind = Kind::preset;
  GivenOption option = {};
  bool is_any_value = false;  ///< of what is forbidden or required
  std::string file = {};
  unsigned line = 0;
};

struct RunSettings {
  std::vector<Setting> site;
  std::vector<Setting> user;

  [[nodiscard]] bool are_empty() const { return site.empty() && user.empty(); }
};

/// Where the files are. A text may be empty: no file.
struct RunFiles {
  std::string site;
  std::string elsewhere;  ///< the site's for tests, looked at where `site` does not exist
  std::string user;
  bool is_user_named = false;  ///< by a variable: then it has to exist
};

/// /etc/berth/run.conf, which no variable takes away, and the user's: BERTH_RUN_CONFIG, else
/// berth/run.conf in XDG_CONFIG_HOME or ~/.config. Looks at no file.
RunFiles run_files_for(const std::vector<std::string>& environment);

/// Lines "default|lock|forbid|require NAME[=VALUE]", the NAME as on the command line; empty lines
/// and '#' are skipped. Pure. `file` is for messages (Blame::config).
Result<std::vector<Setting>> parse_run_settings(const std::string& text,
                                                const std::string& file,
                                                Whose whose);

/// A file that is not there says nothing. The site's has to be root's, and nobody else may write
/// it. At most 64 KiB.
Result<RunSettings> read_run_settings(const RunFiles& files);

/// A request for which only the files have spoken yet: the site's first, then the user's.
Result<Request> make_preset_request(const RunSettings& settings);

/// Adds what the site has locked to `request`, for which `given` was said on the command line, and
/// refuses what it has forbidden, also in the user's file, and a request without what it requires.
/// Gives back what was said in vain, a sentence each.
Result<std::vector<std::string>> apply_rules(const RunSettings& settings,
                                             const std::vector<GivenOption>& given,
                                             Request& request);

}  // namespace berth::request
