// SPDX-License-Identifier: Apache-2.0
// The options --container-... of srun: those of `berth run`, and Pyxis's with their variables.
#include "launcher/request/options.h"
#include "slurm-plugin/pyxis.h"
#include "slurm-plugin/wish.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace berth::slurm_plugin {
namespace {

using testing::ElementsAre;
using Variables = std::map<std::string, std::string>;

const ContainerOption* find_option(const std::string& name) {
  const auto& all = container_options();
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const auto& option) { return option.name == name; });
  return found == all.end() ? nullptr : &*found;
}

/// What the options come to, as "--NAME=VALUE" or "--NAME", and the variables.
class Wishing {
 public:
  explicit Wishing(const std::vector<std::string>& words, const Variables& variables = {}) {
    for (const std::string& word : words) {
      const std::size_t equals = std::min(word.find('='), word.size());
      const ContainerOption* option = find_option(word.substr(2, equals - 2));
      EXPECT_NE(option, nullptr) << word;
      if (option == nullptr) return;
      const auto place = static_cast<std::size_t>(option - container_options().data());
      status_ = take(wish_, place, equals < word.size() ? word.substr(equals + 1) : "");
      if (!status_) return;
    }
    status_ = take_twins(wish_, [&](const std::string& name) {
      const auto found = variables.find(name);
      return found == variables.end() ? std::nullopt : std::optional(found->second);
    });
  }

  [[nodiscard]] std::string refusal() const {
    return status_ ? "accepted" : sentence_of(status_.error());
  }

  Request request() {
    EXPECT_TRUE(status_) << refusal();
    return finish(wish_, "/i.sqsh", "/jobs");
  }

  [[nodiscard]] const Wish& wish() const { return wish_; }

 private:
  Wish wish_;
  Status status_ = Done{};
};

/// The same by `berth run`.
Request run_request(std::vector<std::string> words) {
  words.emplace_back("/i.sqsh");
  auto request = request::parse_command_line(words);
  EXPECT_TRUE(request);
  return request ? *request : Request{};
}

TEST(ContainerOptions, AreThoseOfBerthRun) {
  const std::set<std::string> others = {"help", "name", "detach", "rm", "tty", "interactive"};
  for (const request::Option& row : request::options()) {
    if (row.help.empty()) continue;
    const ContainerOption* option = find_option("container-" + std::string(row.name));
    if (row.name == "name") continue;
    EXPECT_EQ(option == nullptr, others.count(std::string(row.name)) == 1) << row.name;
  }
}

TEST(ContainerOptions, AreEachThereOnceWithWordsForHelp) {
  std::set<std::string> names;
  for (const ContainerOption& option : container_options()) {
    EXPECT_TRUE(names.insert(option.name).second) << option.name;
    EXPECT_FALSE(option.help.empty()) << option.name;
    EXPECT_EQ(option.shown.empty(), option.argument == Argument::none) << option.name;
    EXPECT_LE(option.name.size(), 75U) << "SPANK_OPTION_MAXLEN of spank.h";
  }
}

TEST(ContainerOptions, MeanTheSameAsOnTheCommandLine) {
  Wishing wishing({"--container-bind=/data:/d:ro",
                   "--container-tmpfs=/t",
                   "--container-env=A=1,2",
                   "--container-unset-env=B",
                   "--container-workdir=/w",
                   "--container-root",
                   "--container-pin=l3",
                   "--container-memory=64M",
                   "--container-ulimit=nofile=99",
                   "--container-read-only",
                   "--container-entrypoint=/e"});
  EXPECT_EQ(wishing.request(),
            run_request({"--bind=/data:/d:ro",
                         "--tmpfs=/t",
                         "--env=A=1,2",
                         "--unset-env=B",
                         "--workdir=/w",
                         "--root",
                         "--pin=l3",
                         "--memory=64M",
                         "--ulimit=nofile=99",
                         "--read-only",
                         "--entrypoint=/e"}));
}

TEST(ContainerOptions, RefuseWhatBerthRunRefuses) {
  EXPECT_EQ(Wishing({"--container-pin=thread"}).refusal(), "cannot pin ranks to 'thread'");
  EXPECT_EQ(Wishing({"--container-memory=much"}).refusal(),
            "cannot use 'much' as --container-memory");
}

TEST(ContainerOptions, ArePathsAsSeenFromWhereTheyWereTyped) {
  const Request request = Wishing({"--container-bind=in:/in",
                                   "--container-bind=/abs:/abs",
                                   "--container-tmpfs=/scratch",
                                   "--container-env-file=vars",
                                   "--container-overlay=kept",
                                   "--container-seccomp=default"})
                              .request();
  EXPECT_EQ(request.binds[0].from, "/jobs/in");
  EXPECT_EQ(request.binds[1].from, "/abs");
  EXPECT_EQ(request.binds[2].from, "tmpfs");
  EXPECT_EQ(request.env[0].text, "/jobs/vars");
  EXPECT_EQ(request.overlay, "/jobs/kept");
  EXPECT_EQ(request.seccomp, "default");
  EXPECT_EQ(Wishing({"--container-seccomp=p.json"}).request().seccomp, "/jobs/p.json");
  EXPECT_EQ(Wishing({"--container-seccomp=none"}).request().seccomp, "");
}

TEST(Pyxis, AnImageComesWithoutEntrypointAndCurrentDirectory) {
  Request plain = run_request({"--entrypoint=", "--cwd=none"});
  EXPECT_EQ(Wishing({"--container-image=a"}).request(), plain);
  plain.entrypoint = std::nullopt;
  EXPECT_EQ(Wishing({"--container-image=a", "--container-entrypoint"}).request(), plain);
  EXPECT_EQ(Wishing({"--container-entrypoint", "--container-image=a"}).request(), plain);
  plain.entrypoint = "";
  EXPECT_EQ(Wishing({"--container-image=a", "--no-container-entrypoint"}).request(), plain);
}

TEST(Pyxis, MountsAreSeveralWithPlusBetweenTheirFlags) {
  const Request request =
      Wishing({"--container-mounts=/a:/b:ro+nosuid,/c,tmpfs:/t:size=1M+noexec"}).request();
  EXPECT_EQ(
      request.binds,
      run_request({"--bind=/a:/b:ro,nosuid", "--bind=/c", "--tmpfs=/t:size=1M,noexec"}).binds);
}

TEST(Pyxis, RefusesWhatItsMountsRefuse) {
  for (const std::string wrong :
       {"", ":", "/tmp:", ":/tmp", "/a:/b:", "/a:/b:ro:x", "/a,,/b", "tmpfs"})
    EXPECT_THAT(Wishing({"--container-mounts=" + wrong}).refusal(),
                testing::StartsWith("cannot mount '"))
        << wrong;
  EXPECT_EQ(Wishing({"--container-mounts=umount:/dev"}).refusal(), "cannot mount 'umount:/dev'");
  EXPECT_THAT(Wishing({"--container-mounts=/a:/b:rx"}).refusal(), testing::HasSubstr("'rx'"));
}

TEST(Pyxis, SwitchesHaveTheirOpposites) {
  EXPECT_EQ(Wishing({"--no-container-mount-home"}).request().home, Home::none);
  EXPECT_EQ(Wishing({"--no-container-mount-home", "--container-mount-home"}).request().home,
            Home::host);
  EXPECT_TRUE(Wishing({"--container-remap-root"}).request().as_root);
  EXPECT_FALSE(Wishing({"--container-remap-root", "--no-container-remap-root"}).request().as_root);
  EXPECT_TRUE(Wishing({"--container-readonly"}).request().read_only);
  EXPECT_FALSE(Wishing({"--container-readonly", "--container-writable"}).request().read_only);
}

TEST(Pyxis, VariablesAreNamedWithCommas) {
  const Request request = Wishing({"--container-env=A,B", "--container-env=C=x,y"}).request();
  EXPECT_EQ(request.env, run_request({"--env=A", "--env=B", "--env=C=x,y"}).env);
}

TEST(ContainerOptions, KeepContainersForTheJobOrTheNode) {
  Wishing named({"--container-name=mine:create", "--container-scope=node"});
  EXPECT_EQ(named.request().overlay, "+node:mine:create");
  EXPECT_EQ(image_of_kept(named.wish()), "+node:mine");
  EXPECT_EQ(Wishing({"--container-name=mine", "--container-scope=job"}).request().overlay,
            "+job:mine");
  EXPECT_EQ(Wishing({"--container-scope=step"}).refusal(), "cannot keep a container for a 'step'");
}

TEST(Pyxis, UnsharesWhatItKnows) {
  EXPECT_EQ(Wishing({"--container-unshare=net,ipc,uts"}).request(),
            run_request({"--net=none", "--ipc", "--uts"}));
  EXPECT_EQ(Wishing({"--container-unshare=pid"}).refusal(),
            "cannot keep 'pid' apart from the node");
}

TEST(Pyxis, KeepsContainersUnderNames) {
  Wishing named({"--container-name=mine"});
  EXPECT_EQ(named.request().overlay, "+job:mine");
  EXPECT_EQ(Wishing({"--container-name=mine:auto"}).wish().kept, "mine");
  EXPECT_EQ(Wishing({"--container-name=mine:no_exec"}).wish().kept, "mine");
  EXPECT_EQ(Wishing({"--container-name=mine:create"}).wish().kept, "mine:create");
  EXPECT_EQ(image_of_kept(Wishing({"--container-name=mine:create"}).wish()), "+job:mine");
  const Request found = finish(named.wish(), "+job:mine", "/jobs");
  EXPECT_EQ(found.cwd, Cwd::none);
  EXPECT_EQ(found.entrypoint, "");
  for (const std::string wrong : {"", "a/b", ".a", "-a", "a:exec", "a:b", "a:create:b", "a\nb"})
    EXPECT_THAT(Wishing({"--container-name=" + wrong}).refusal(),
                testing::StartsWith("cannot keep a container as '"))
        << wrong;
}

TEST(Pyxis, SaysWhatItDoesNotDo) {
  EXPECT_EQ(Wishing({"--container-save=/x.sqsh"}).refusal(),
            "cannot save a container in '/x.sqsh' when its step ends");
}

TEST(Pyxis, NamesImagesOfRegistriesAsTheyAreStored) {
  EXPECT_EQ(pyxis_image("ubuntu:22.04"), "ubuntu:22.04");
  EXPECT_EQ(pyxis_image("reg.io#group/app:v1"), "reg.io/group/app:v1");
  EXPECT_EQ(pyxis_image("me@reg.io#app"), "reg.io/app");
  EXPECT_EQ(pyxis_image("/a#b.sqsh"), "/a#b.sqsh");
  EXPECT_EQ(pyxis_image("./a#b.sqsh"), "./a#b.sqsh");
}

TEST(PyxisVariables, StandForOptions) {
  EXPECT_EQ(Wishing({},
                    {{"PYXIS_CONTAINER_MOUNTS", "/a:/b"},
                     {"PYXIS_CONTAINER_WORKDIR", "/w"},
                     {"PYXIS_CONTAINER_ENV", "A,B"},
                     {"PYXIS_CONTAINER_REMAP_ROOT", "true"},
                     {"PYXIS_CONTAINER_MOUNT_HOME", "0"},
                     {"PYXIS_CONTAINER_READONLY", "Yes"},
                     {"PYXIS_CONTAINER_ENTRYPOINT_LOG", "1"}})
                .request(),
            run_request({"--bind=/a:/b",
                         "--workdir=/w",
                         "--env=A",
                         "--env=B",
                         "--root",
                         "--home=none",
                         "--read-only"}));
}

TEST(PyxisVariables, GiveWayToTheCommandLine) {
  const Variables variables = {{"PYXIS_CONTAINER_IMAGE", "theirs"},
                               {"PYXIS_CONTAINER_MOUNTS", "/a:/b"},
                               {"PYXIS_CONTAINER_REMAP_ROOT", "1"},
                               {"PYXIS_CONTAINER_ENTRYPOINT", "1"}};
  Wishing wishing({"--container-image=mine",
                   "--container-mounts=/c",
                   "--no-container-remap-root",
                   "--no-container-entrypoint"},
                  variables);
  EXPECT_EQ(wishing.request(), run_request({"--bind=/c", "--entrypoint=", "--cwd=none"}));
  EXPECT_EQ(wishing.wish().image, "mine");
}

TEST(PyxisVariables, GiveWayToOtherOptionsThatSayTheSame) {
  EXPECT_TRUE(
      Wishing({"--container-readonly"}, {{"PYXIS_CONTAINER_WRITABLE", "1"}}).request().read_only);
  EXPECT_TRUE(
      Wishing({"--container-root"}, {{"PYXIS_CONTAINER_REMAP_ROOT", "0"}}).request().as_root);
  EXPECT_EQ(
      Wishing({"--container-home=none"}, {{"PYXIS_CONTAINER_MOUNT_HOME", "1"}}).request().home,
      Home::none);
  EXPECT_EQ(Wishing({"--container-net=host"}, {{"PYXIS_CONTAINER_UNSHARE", "net"}}).request().net,
            Net::host);
}

TEST(PyxisVariables, OfASwitchAreItsOppositeWhenFalse) {
  EXPECT_TRUE(Wishing({}, {{"PYXIS_CONTAINER_WRITABLE", "0"}}).request().read_only);
  EXPECT_FALSE(Wishing({}, {{"PYXIS_CONTAINER_WRITABLE", "1"}}).request().read_only);
  EXPECT_FALSE(
      Wishing({"--container-writable"}, {{"PYXIS_CONTAINER_WRITABLE", "0"}}).request().read_only);
}

TEST(ContainerOptions, AreNamedInErrorsAsTyped) {
  Wish wish;
  const auto* option = find_option("container-workdir");
  ASSERT_NE(option, nullptr);
  const Status taken = option->apply(wish, "here");
  ASSERT_FALSE(taken);
  EXPECT_THAT(to_text(taken.error()), testing::HasSubstr("--container-workdir"));
  EXPECT_THAT(to_text(taken.error()), testing::Not(testing::HasSubstr("--workdir")));
}

TEST(Pyxis, VariablesWithAndWithoutValueAreTwoOptions) {
  EXPECT_EQ(Wishing({"--container-env=A,B=2"}).refusal(), "cannot set a variable 'A,B'");
}

TEST(PyxisVariables, AreChecked) {
  EXPECT_EQ(Wishing({}, {{"PYXIS_CONTAINER_READONLY", "maybe"}}).refusal(),
            "cannot use PYXIS_CONTAINER_READONLY: cannot understand 'maybe'");
  EXPECT_EQ(Wishing({}, {{"PYXIS_CONTAINER_WORKDIR", "w"}}).refusal(),
            "cannot use PYXIS_CONTAINER_WORKDIR: cannot work in 'w'");
  EXPECT_EQ(Wishing({}, {{"PYXIS_CONTAINER_NAME", ""}}).refusal(), "accepted");
}

TEST(Wish, RemembersWhatWasGivenForMessages) {
  EXPECT_THAT(Wishing({"--container-root", "--container-workdir=/w"}).wish().given,
              ElementsAre("--container-root", "--container-workdir"));
}

/// With an environment file in the place of the image.
Result<Wish> with_file(const std::string& text,
                       const std::vector<std::string>& words,
                       const Variables& variables = {}) {
  auto file = request::parse_environment_file(text, "e.yaml", "/envs");
  if (!file) return file.error();
  Wish wish = Wishing(words).wish();
  wish.environment = *file;
  const Status taken = take_twins(wish, [&](const std::string& name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  });
  return taken ? Result<Wish>(wish) : taken.error();
}

TEST(EnvironmentFiles, StandBelowVariablesAndOptions) {
  const auto wish = with_file("image: a.sqsh\nworkdir: /file\nhostname: file\nbind: data:/in\n",
                              {"--container-hostname=typed"},
                              {{"PYXIS_CONTAINER_WORKDIR", "/variable"}});
  ASSERT_TRUE(wish) << sentence_of(wish.error());
  const Request request = finish(*wish, wish->environment->image, "/jobs");
  EXPECT_EQ(request.image, "/envs/a.sqsh");
  EXPECT_EQ(request.hostname, "typed");
  EXPECT_EQ(request.workdir, "/variable");
  EXPECT_EQ(request.binds.at(0).from, "/envs/data");
}

TEST(EnvironmentFiles, MaySayWhatPyxisLeavesOut) {
  const auto wish = with_file("image: /a\nentrypoint: /run\n", {"--container-image=e.yaml"});
  ASSERT_TRUE(wish) << sentence_of(wish.error());
  EXPECT_EQ(finish(*wish, "/a", "/jobs").entrypoint, "/run");
  const auto silent = with_file("image: /a\n", {"--container-image=e.yaml"});
  ASSERT_TRUE(silent) << sentence_of(silent.error());
  EXPECT_EQ(finish(*silent, "/a", "/jobs").entrypoint, "");
}

TEST(EnvironmentFiles, SayNothingThatSlurmDoes) {
  const auto wish = with_file("image: /a\ntty: true\n", {});
  ASSERT_FALSE(wish);
  EXPECT_EQ(to_text(wish.error()),
            "berth: cannot use line 2 of 'e.yaml': 'tty' means nothing under Slurm\n"
            "berth: hint: leave it out, or write srun berth run 'e.yaml'");
}

}  // namespace
}  // namespace berth::slurm_plugin
