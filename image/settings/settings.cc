// SPDX-License-Identifier: Apache-2.0
#include "image/settings/settings.h"

#include "base/file.h"
#include "base/text.h"
#include "image/settings/keys.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace berth::settings {

namespace {

constexpr const char* kSiteFile = "/etc/berth/berth.yaml";

enum class Whose { site, user };

/// One file on its way into the settings.
class Reader {
 public:
  Reader(Settings& settings, const std::string& file, const std::string& home, Whose whose)
      : settings_(settings),
        file_(file),
        home_(home),
        whose_(whose) {}

  Status apply(const Element& root) {
    for (std::size_t i = 0; i < root.keys.size(); ++i) {
      const Element& name = root.keys[i];
      if (name.text == "locked") {
        BERTH_TRY(apply_locks(name, root.items[i]));
      } else if (is_section(name.text)) {
        BERTH_TRY(apply_section(name.text, root.items[i]));
      } else {
        return unknown(name, name.text, {"locked", "registry", "import", "limits"});
      }
    }
    return Done{};
  }

 private:
  [[nodiscard]] Error unknown(const Element& where,
                              const std::string& name,
                              const std::vector<std::string>& known) const {
    Error error = bad_line(file_, where.line, "there is no key " + quote(name));
    const std::string close = nearest(name, known);
    error.hint =
        close.empty() ? "the keys are in 'man berth.yaml'" : "did you mean " + quote(close) + "?";
    return error;
  }

  Status apply_section(const std::string& section, const Element& node) {
    if (node.kind == Element::Kind::nothing) return Done{};
    if (node.kind != Element::Kind::map)
      return bad_line(file_, node.line, quote(section) + " has to be a map");
    for (std::size_t i = 0; i < node.keys.size(); ++i) {
      const std::string name = section + "." + node.keys[i].text;
      const Key* key = find_key(name);
      if (key == nullptr) return unknown(node.keys[i], name, names_of_keys(false));
      const Origin* lock = whose_ == Whose::user ? lock_of(settings_, name) : nullptr;
      if (lock != nullptr) {
        settings_.notes.push_back("continuing without " + quote(name) + " of " +
                                  quote(to_text(Origin{file_, node.keys[i].line})) +
                                  ": the site has locked it (" + to_text(*lock) + ")");
        continue;
      }
      BERTH_TRY(key->apply(settings_, {node.items[i], name, file_, home_}));
    }
    return Done{};
  }

  Status apply_locks(const Element& name, const Element& list) {
    if (whose_ == Whose::user)
      return bad_line(file_, name.line, "only the site can lock keys, in " + quote(kSiteFile));
    if (list.kind == Element::Kind::nothing) return Done{};
    if (list.kind != Element::Kind::list)
      return bad_line(file_, list.line, "'locked' has to be a list of keys");
    for (const Element& item : list.items) {
      if (item.kind != Element::Kind::word)
        return bad_line(file_, item.line, "'locked' has to be a list of keys");
      if (find_key(item.text) == nullptr && !is_section(item.text))
        return unknown(item, item.text, names_of_keys(true));
      settings_.locks[item.text] = {file_, item.line};
    }
    return Done{};
  }

  Settings& settings_;
  const std::string& file_;
  const std::string& home_;
  Whose whose_;
};

/// Whether it is a folder on the way that is closed, as for who has become another user and kept
/// HOME: that home is not theirs, and so is not what is in it.
bool is_out_of_reach(const std::string& file) {
  return ::faccessat(AT_FDCWD, file.c_str(), F_OK, AT_EACCESS) != 0 && errno == EACCES;
}

Status apply_file(Settings& settings, const Files& files, Whose whose) {
  const std::string& file = whose == Whose::site ? files.site : files.user;
  if (file.empty()) return Done{};
  const auto text = read_text_file(file, kLargestFile);
  if (!text) {
    const auto& refusal = text.error().refusal;
    const bool is_missing = refusal && (refusal->number == ENOENT || refusal->number == ENOTDIR);
    const bool is_named = whose == Whose::user && files.is_user_named;
    if (is_missing && !is_named) return Done{};
    if (whose == Whose::user && !is_named && is_out_of_reach(file)) {
      settings.notes.push_back("continuing without " + quote(file) +
                               ": a folder on the way to it is closed to this user");
      return Done{};
    }
    return text.error();
  }
  const auto root = parse_document(*text, file);
  if (!root) return root.error();
  return Reader(settings, file, files.home, whose).apply(*root);
}

std::optional<std::string> variable(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): no threads yet
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

}  // namespace

std::string to_text(const Origin& origin) {
  return origin.file.empty() ? "berth's default" : origin.file + ":" + std::to_string(origin.line);
}

const Origin* lock_of(const Settings& settings, const std::string& key) {
  for (const std::string& name : {key, key.substr(0, key.find('.'))}) {
    const auto lock = settings.locks.find(name);
    if (lock != settings.locks.end()) return &lock->second;
  }
  return nullptr;
}

Environment environment_of_process() {
  return {variable("HOME"),
          variable("XDG_CONFIG_HOME"),
          variable("BERTH_CONFIG"),
          variable("BERTH_SITE_CONFIG")};
}

Files find_files(const Environment& environment) {
  Files files;
  files.site = kSiteFile;
  if (environment.site_config && !environment.site_config->empty() &&
      ::access(kSiteFile, F_OK) != 0 && errno == ENOENT)
    files.site = *environment.site_config;
  if (environment.home && environment.home->starts_with('/')) files.home = *environment.home;
  if (environment.config) {
    files.user = *environment.config;
    files.is_user_named = true;
  } else if (environment.config_home && environment.config_home->starts_with('/')) {
    files.user = *environment.config_home + "/berth/berth.yaml";
  } else if (!files.home.empty()) {
    files.user = files.home + "/.config/berth/berth.yaml";
  }
  return files;
}

Result<Settings> read_settings(const Files& files) {
  Settings settings;
  BERTH_TRY(apply_file(settings, files, Whose::site));
  BERTH_TRY(apply_file(settings, files, Whose::user));
  return settings;
}

}  // namespace berth::settings
