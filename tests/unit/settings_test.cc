// SPDX-License-Identifier: Apache-2.0
#include "image/settings/settings.h"

#include "image/settings/document.h"

#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace berth::settings {
namespace {

using ::testing::ElementsAre;

class SettingsFiles : public ::testing::Test {
 protected:
  SettingsFiles() {
    std::string pattern = ::testing::TempDir() + "berth-settings-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    files_ = {folder_ + "/site.yaml", folder_ + "/user.yaml", false, "/home/ada"};
  }

  ~SettingsFiles() override {
    if (std::filesystem::exists(folder_ + "/home"))
      std::filesystem::permissions(folder_ + "/home", std::filesystem::perms::owner_all);
    std::filesystem::remove_all(folder_);
  }

  SettingsFiles(const SettingsFiles&) = delete;
  SettingsFiles& operator=(const SettingsFiles&) = delete;
  SettingsFiles(SettingsFiles&&) = delete;
  SettingsFiles& operator=(SettingsFiles&&) = delete;

  void site(const std::string& text) { std::ofstream(files_.site) << text; }

  void user(const std::string& text) { std::ofstream(files_.user) << text; }

  Settings read() {
    const auto settings = read_settings(files_);
    EXPECT_TRUE(settings) << (settings ? "" : to_text(settings.error()));
    return settings ? *settings : Settings{};
  }

  /// The whole message, with the test's folder as DIR.
  std::string failure() {
    const auto settings = read_settings(files_);
    if (settings) return "no failure";
    std::string text = to_text(settings.error());
    for (std::size_t at = 0; (at = text.find(folder_)) != std::string::npos;)
      text.replace(at, folder_.size(), "DIR");
    return text;
  }

  std::string folder_;
  Files files_;
};

TEST_F(SettingsFiles, AreNotNeeded) {
  const Settings settings = read();
  EXPECT_EQ(settings.limits.layers.value, 1000U);
  EXPECT_EQ(to_text(settings.limits.layers.origin), "berth's default");
  EXPECT_EQ(settings.cache.value, "");
  EXPECT_EQ(settings.setuid.value, Setuid::keep);
  EXPECT_TRUE(settings.registry.mirrors.empty());
}

TEST_F(SettingsFiles, GiveEachKeyAndKnowWhereItWasSaid) {
  site(
      "registry:\n"
      "  mirrors:\n"
      "    docker.io: [mirror.site:5000/hub, second.site]\n"
      "  plain-http: ['localhost:5000']\n"
      "  ca-file: /etc/site.pem\n"
      "import:\n"
      "  cache: ~/blobs\n"
      "  setuid: drop\n"
      "limits:\n"
      "  unpacked-size: 8G\n"
      "  entries: 5000\n"
      "  layers: 50\n"
      "  ratio: 200\n");
  const Settings settings = read();
  const auto& mirrors = settings.registry.mirrors.at("docker.io");
  EXPECT_THAT(mirrors.value, ElementsAre("mirror.site:5000/hub", "second.site"));
  EXPECT_EQ(to_text(mirrors.origin), files_.site + ":3");
  EXPECT_THAT(settings.registry.plain_http.value, ElementsAre("localhost:5000"));
  EXPECT_EQ(settings.registry.ca_file.value, "/etc/site.pem");
  EXPECT_EQ(settings.cache.value, "/home/ada/blobs");
  EXPECT_EQ(settings.setuid.value, Setuid::drop);
  EXPECT_EQ(settings.limits.unpacked_size.value, 8ULL << 30);
  EXPECT_EQ(settings.limits.entries.value, 5000U);
  EXPECT_EQ(settings.limits.layers.value, 50U);
  EXPECT_EQ(settings.limits.ratio.value, 200U);
  EXPECT_EQ(to_text(settings.limits.ratio.origin), files_.site + ":13");
}

TEST_F(SettingsFiles, OfTheUserWin) {
  site("limits: {layers: 50, entries: 60}\nimport: {cache: /site}\n");
  user("limits: {layers: 70}\nimport: {cache: }\n");
  const Settings settings = read();
  EXPECT_EQ(settings.limits.layers.value, 70U);
  EXPECT_EQ(to_text(settings.limits.layers.origin), files_.user + ":1");
  EXPECT_EQ(settings.limits.entries.value, 60U);
  EXPECT_EQ(settings.cache.value, "");
}

TEST_F(SettingsFiles, OfTheUserAddMirrorsToTheSites) {
  site("registry: {mirrors: {docker.io: [a], quay: [b]}}\n");
  user("registry: {mirrors: {docker.io: [c]}}\n");
  const Settings settings = read();
  EXPECT_THAT(settings.registry.mirrors.at("docker.io").value, ElementsAre("c"));
  EXPECT_THAT(settings.registry.mirrors.at("quay").value, ElementsAre("b"));
}

TEST_F(SettingsFiles, OfTheUserDoNotChangeWhatTheSiteLocked) {
  site("limits: {layers: 50}\nlocked:\n  - limits\n  - import.setuid\n");
  user("limits:\n  layers: 70\nimport: {setuid: drop, cache: /mine}\n");
  const Settings settings = read();
  EXPECT_EQ(settings.limits.layers.value, 50U);
  EXPECT_EQ(settings.setuid.value, Setuid::keep);
  EXPECT_EQ(settings.cache.value, "/mine");
  ASSERT_NE(lock_of(settings, "limits.entries"), nullptr);
  EXPECT_EQ(lock_of(settings, "limits.entries")->line, 3U);
  EXPECT_EQ(lock_of(settings, "import.cache"), nullptr);
  EXPECT_THAT(settings.notes,
              ElementsAre("continuing without 'limits.layers' of '" + files_.user +
                              ":2': the site has locked it (" + files_.site + ":3)",
                          "continuing without 'import.setuid' of '" + files_.user +
                              ":3': the site has locked it (" + files_.site + ":4)"));
}

TEST_F(SettingsFiles, OfTheUserCannotLock) {
  user("\nlocked: [limits]\n");
  EXPECT_EQ(failure(),
            "berth: cannot read 'DIR/user.yaml:2': only the site can lock keys, in "
            "'/etc/berth/berth.yaml'");
}

TEST_F(SettingsFiles, NameTheNearestOfTheKnownKeys) {
  user("limits:\n  entires: 5\n");
  EXPECT_EQ(failure(),
            "berth: cannot read 'DIR/user.yaml:2': there is no key 'limits.entires'\n"
            "berth: hint: did you mean 'limits.entries'?");
  user("# me\nlimit: {}\n");
  EXPECT_EQ(failure(),
            "berth: cannot read 'DIR/user.yaml:2': there is no key 'limit'\n"
            "berth: hint: did you mean 'limits'?");
  user("something: else\n");
  EXPECT_EQ(failure(),
            "berth: cannot read 'DIR/user.yaml:1': there is no key 'something'\n"
            "berth: hint: the keys are in 'man berth.yaml'");
  site("locked: [import.cash]\n");
  EXPECT_EQ(failure(),
            "berth: cannot read 'DIR/site.yaml:1': there is no key 'import.cash'\n"
            "berth: hint: did you mean 'import.cache'?");
}

TEST_F(SettingsFiles, OfTheWrongTypeAreRefusedWithTheirLine) {
  const auto refused = [&](const std::string& text) {
    user(text);
    return failure().substr(std::string("berth: cannot read 'DIR/user.yaml:").size());
  };
  EXPECT_EQ(refused("limits: 5\n"), "1': 'limits' has to be a map");
  EXPECT_EQ(refused("limits:\n  layers: many\n"),
            "2': 'limits.layers' has to be a whole number from 1");
  EXPECT_EQ(refused("limits: {layers: 0}\n"),
            "1': 'limits.layers' has to be a whole number from 1");
  EXPECT_EQ(refused("limits: {layers: -1}\n"),
            "1': 'limits.layers' has to be a whole number from 1");
  EXPECT_EQ(refused("limits: {unpacked-size: 99999999T}\n"),
            "1': 'limits.unpacked-size' has to be a size such as 512G or 2T");
  EXPECT_EQ(refused("limits: {unpacked-size: [1]}\n"),
            "1': 'limits.unpacked-size' has to be a size such as 512G or 2T");
  EXPECT_EQ(refused("import: {cache: blobs}\n"), "1': 'import.cache' has to be an absolute path");
  EXPECT_EQ(refused("import: {cache: \"/a\\0b\"}\n"),
            "1': 'import.cache' has to be an absolute path");
  EXPECT_EQ(refused("import: {setuid: no}\n"), "1': 'import.setuid' has to be 'keep' or 'drop'");
  EXPECT_EQ(refused("registry:\n  plain-http: localhost\n"),
            "2': 'registry.plain-http' has to be a list of HOST[:PORT]");
  EXPECT_EQ(refused("registry:\n  plain-http:\n  - a\n  - -b\n"),
            "4': 'registry.plain-http' has to be a list of HOST[:PORT]");
  EXPECT_EQ(refused("registry:\n  mirrors: [a]\n"),
            "2': 'registry.mirrors' has to be a map of registries to lists of mirrors");
  EXPECT_EQ(refused("registry:\n  mirrors:\n    docker.io: [https://a]\n    'b$': []\n"),
            "4': 'registry.mirrors' has to be a map of registries to lists of mirrors");
  EXPECT_EQ(refused("registry:\n  mirrors:\n    docker.io: ['a b']\n"),
            "3': 'registry.mirrors' has to be a list of HOST[:PORT][/PREFIX]");
}

TEST_F(SettingsFiles, ThatAreNoMapOfKeysAreRefused) {
  const auto refused = [&](const std::string& text) {
    user(text);
    return failure().substr(std::string("berth: cannot read 'DIR/user.yaml").size());
  };
  EXPECT_EQ(refused("- a\n"), ":1': it has to be a map, 'KEY: VALUE'");
  EXPECT_EQ(refused("limits: {layers: 5\n"), ":2': it is not YAML: end of map flow not found");
  EXPECT_EQ(refused("limits: {layers: 5, layers: 6}\n"), ":1': the key 'layers' is there twice");
  EXPECT_EQ(refused("{[a]: b}\n"), ":1': a key has to be a word");
  EXPECT_EQ(refused("limits: {}\n---\nlimits: {}\n"), "': it has more than one document");
}

TEST_F(SettingsFiles, CannotBlowUp) {
  const auto refused = [&](const std::string& text) {
    user(text);
    return failure().substr(std::string("berth: cannot read 'DIR/user.yaml").size());
  };
  EXPECT_EQ(refused("a: &a [x, x]\nb: [*a, *a]\n"), ":1': anchors and aliases are not supported");
  EXPECT_EQ(refused("a: *b\n"), ":1': it is not YAML: the referenced anchor is not defined");
  EXPECT_EQ(refused("a: !!binary x\n"), ":1': tags are not supported");
  EXPECT_EQ(refused("a:\n" + std::string(200000, '[') + "\n"), ":2': it is nested too deeply");
  std::string many = "a:\n";
  for (int i = 0; i < 30000; ++i)
    many += "- x\n";
  EXPECT_EQ(refused(many), ":19999': it has too many values");
  EXPECT_EQ(refused(std::string(10U << 20, 'x')), "': it is larger than 256 KiB");
}

TEST_F(SettingsFiles, ThatTheUserNamesHaveToExist) {
  files_.is_user_named = true;
  EXPECT_EQ(failure(),
            "berth: cannot read 'DIR/user.yaml': open: No such file or directory (ENOENT)");
}

/// An ordinary user for a while, whom a folder's mode stops. Root becomes one.
class Ordinary {
 public:
  Ordinary() { EXPECT_TRUE(::geteuid() != 0 || ::seteuid(65534) == 0); }

  Ordinary(const Ordinary&) = delete;
  Ordinary& operator=(const Ordinary&) = delete;
  Ordinary(Ordinary&&) = delete;
  Ordinary& operator=(Ordinary&&) = delete;

  ~Ordinary() { EXPECT_TRUE(::getuid() != 0 || ::seteuid(0) == 0); }
};

TEST_F(SettingsFiles, InAHomeThatIsClosedToUsAreNotOurs) {
  const std::string home = folder_ + "/home";
  std::filesystem::create_directories(home + "/.config");
  files_.user = home + "/.config/berth.yaml";
  user("limits: {layers: 5}\n");
  std::filesystem::permissions(folder_, std::filesystem::perms(0755));
  std::filesystem::permissions(home, std::filesystem::perms::none);
  const Ordinary ordinary;
  EXPECT_THAT(read().notes,
              ElementsAre("continuing without '" + files_.user +
                          "': a folder on the way to it is closed to this user"));
  EXPECT_EQ(read().limits.layers.value, 1000U);
  // Who names a file means it, and a site's is never passed over.
  files_.is_user_named = true;
  EXPECT_EQ(failure(),
            "berth: cannot read 'DIR/home/.config/berth.yaml': open: Permission denied (EACCES)");
  files_ = {files_.user, "", false, ""};
  EXPECT_EQ(failure(),
            "berth: cannot read 'DIR/home/.config/berth.yaml': open: Permission denied (EACCES)");
}

TEST_F(SettingsFiles, ThatAreThereButClosedAreAnError) {
  user("limits: {layers: 5}\n");
  std::filesystem::permissions(folder_, std::filesystem::perms(0755));
  std::filesystem::permissions(files_.user, std::filesystem::perms::none);
  const Ordinary ordinary;
  EXPECT_EQ(failure(), "berth: cannot read 'DIR/user.yaml': open: Permission denied (EACCES)");
}

TEST(FindFiles, FollowsTheEnvironment) {
  EXPECT_EQ(find_files({"/home/ada"}).user, "/home/ada/.config/berth/berth.yaml");
  EXPECT_EQ(find_files({"/home/ada", "/cfg"}).user, "/cfg/berth/berth.yaml");
  EXPECT_EQ(find_files({"/home/ada", "cfg"}).user, "/home/ada/.config/berth/berth.yaml");
  EXPECT_EQ(find_files({"/home/ada", "/cfg", "mine.yaml"}).user, "mine.yaml");
  EXPECT_EQ(find_files({"/home/ada", "/cfg", ""}).user, "");
  EXPECT_EQ(find_files({}).user, "");
  EXPECT_EQ(find_files({"/home/ada"}).site, "/etc/berth/berth.yaml");
}

TEST(FindFiles, TakesAnotherSiteFileOnlyWhereTheSiteHasNone) {
  const bool has_site = std::filesystem::exists("/etc/berth/berth.yaml");
  EXPECT_EQ(find_files({{}, {}, {}, "/tmp/site.yaml"}).site,
            has_site ? "/etc/berth/berth.yaml" : "/tmp/site.yaml");
}

}  // namespace
}  // namespace berth::settings
