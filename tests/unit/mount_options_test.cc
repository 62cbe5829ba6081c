// SPDX-License-Identifier: Apache-2.0
// How a place is mounted, as people say it.
#include "base/text.h"
#include "launcher/request/mount_flags.h"
#include "launcher/request/mounts.h"
#include "launcher/request/options.h"
#include "launcher/request/request_text.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace berth::request {
namespace {

using Words = std::vector<std::string>;

/// The flags of a bind with these options, or the message.
std::pair<MountFlags, std::string> flags_of(const std::string& options) {
  auto bind = parse_bind("/a:/b:" + options);
  if (!bind) return {{}, to_text(bind.error())};
  return {bind->flags, ""};
}

TEST(BindOptions, SayWhatTheKernelIsAskedFor) {
  const std::vector<std::pair<std::string, MountFlags>> rows = {
      {"ro", {.set = MOUNT_ATTR_RDONLY}},
      {"rro", {.set = MOUNT_ATTR_RDONLY}},
      {"rw", {.clear = MOUNT_ATTR_RDONLY}},
      {"noexec,nodev", {.set = MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NODEV}},
      {"ro,exec,nosuid",
       {.set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID, .clear = MOUNT_ATTR_NOEXEC}},
      {"dev,suid", {.clear = MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID}},
      {"rec", {}},
      {"rbind", {}},
      {"nonrec", {.is_recursive = false}},
      {"bind,rprivate", {.propagation = Propagation::none, .is_recursive = false}},
      {"slave", {.propagation = Propagation::slave}},
      {"rshared,ro", {.set = MOUNT_ATTR_RDONLY, .propagation = Propagation::shared}}};
  for (const auto& [options, flags] : rows) {
    EXPECT_EQ(flags_of(options).second, "");
    EXPECT_EQ(flags_of(options).first, flags) << options;
  }
}

std::string refusal_of(const std::string& options, const std::string& why) {
  return "berth: cannot bind '/a:/b:" + options + "': " + why +
         "\nberth: hint: leave one of them out";
}

TEST(BindOptions, OfAKindAreSaidOnce) {
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"ro,rw", "'ro' and 'rw' do not go together"},
      {"rec,ro,bind", "'rec' and 'bind' do not go together"},
      {"exec,noexec", "'exec' and 'noexec' do not go together"},
      {"private,shared", "'private' and 'shared' do not go together"},
      {"nodev,nodev", "'nodev' is said twice"}};
  for (const auto& [options, why] : rows)
    EXPECT_EQ(flags_of(options).second, refusal_of(options, why));
}

TEST(BindOptions, ThatAreUnknownAreNamed) {
  EXPECT_EQ(flags_of("ro,noexecc").second,
            "berth: cannot bind '/a:/b:ro,noexecc': unknown option 'noexecc'\n"
            "berth: hint: did you mean noexec?");
  for (const char* unknown : {"", "ro,", ",ro", "RO"}) {
    const std::string why = flags_of(unknown).second;
    EXPECT_NE(why.find("': unknown option '"), std::string::npos) << unknown << ": " << why;
  }
  EXPECT_NE(flags_of("z").second.find("hint: options are ro, rro, rw, nosuid, "), std::string::npos)
      << flags_of("z").second;
}

TEST(BindOptions, ComeBackFromTheirWords) {
  for (const char* options : {"",
                              "ro",
                              "rw,nosuid,dev,noexec",
                              "suid,nodev,exec",
                              "nonrec,private",
                              "ro,nonrec,slave",
                              "shared"}) {
    const Words words = *options == '\0' ? Words{} : split(options, ',');
    const MountFlags flags = words.empty() ? MountFlags{} : flags_of(options).first;
    EXPECT_EQ(words_of(flags), words);
  }
}

/// What parse_mount() or parse_tmpfs() makes, as --mount has it, or the message.
std::string text_of(const Result<Bind>& bind) {
  return bind ? to_mount_text(*bind) : to_text(bind.error());
}

TEST(Mount, IsReadAsPodmanHasIt) {
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"type=bind,src=/a,dst=/b", "type=bind,src=/a,dst=/b"},
      {"target=/b,type=bind,source=a,readonly", "type=bind,src=a,dst=/b,ro"},
      {"type=bind,src=/a,destination=/b,ro=true", "type=bind,src=/a,dst=/b,ro"},
      {"type=bind,src=/a,dst=/b,readonly=false", "type=bind,src=/a,dst=/b,rw"},
      {"type=bind,src=/a,dst=/b,bind-propagation=rslave,noexec,bind-nonrecursive",
       "berth: cannot mount 'type=bind,src=/a,dst=/b,bind-propagation=rslave,noexec,"
       "bind-nonrecursive': unknown option 'bind-nonrecursive'"},
      {"type=bind,src=/a,dst=/b,bind-propagation=rslave,noexec,bind-nonrecursive=true",
       "type=bind,src=/a,dst=/b,noexec,nonrec,slave"},
      {"type=bind,\"src=/a,b\",\"dst=/c\"\"d\"", "type=bind,\"src=/a,b\",\"dst=/c\"\"d\""},
      {"type=tmpfs,dst=/t", "type=tmpfs,dst=/t,nosuid,nodev"},
      {"type=tmpfs,dst=/t,tmpfs-size=64m,tmpfs-mode=0700,ro,dev,noexec",
       "type=tmpfs,dst=/t,ro,nosuid,dev,noexec,size=67108864,mode=0700"},
      {"type=devpts,dst=/p,max=10", "type=devpts,dst=/p,nosuid,noexec,max=10,ptmxmode=0666"},
      {"type=image,source=a.sqsh,dst=/i", "type=image,src=a.sqsh,dst=/i,ro,nosuid,nodev"},
      {"type=image,src=a+b,dst=/i,ro,noexec", "type=image,src=a+b,dst=/i,ro,nosuid,nodev,noexec"},
      {"type=mqueue,dst=/q", "type=mqueue,dst=/q,nosuid,nodev,noexec"},
      {"type=sysfs,dst=/s,ro", "type=sysfs,dst=/s,ro,nosuid,nodev,noexec"}};
  for (const auto& [text, wanted] : rows) {
    const std::string got = text_of(parse_mount(text));
    EXPECT_TRUE(got == wanted || got.starts_with(wanted + "\n")) << text << ": " << got;
    if (!wanted.starts_with("type=")) continue;
    EXPECT_EQ(text_of(parse_mount(wanted)), wanted) << "it comes back from its own text";
  }
}

TEST(Mount, RefusalsReadLikeThis) {
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"dst=/b",
       ": it has no type\nberth: hint: write type=bind, image, tmpfs, devpts, mqueue or sysfs"},
      {"type=volume,dst=/b",
       ": unknown type 'volume'\n"
       "berth: hint: write type=bind, image, tmpfs, devpts, mqueue or sysfs"},
      {"type=bind,dst=/b", "\nberth: hint: say what to show: src=/PLACE"},
      {"type=bind,src=/a,dst=/b,bind-propagation=ro",
       ": 'ro' is no propagation\nberth: hint: write rprivate, rslave or rshared"},
      {"type=bind,src=/a", "\nberth: hint: say where it is seen: dst=/PLACE"},
      {"type=bind,src=/a,dst=b",
       ": 'b' is no place inside\n"
       "berth: hint: the place inside the container must begin with '/': /PLACE"},
      {"type=bind,src=/a,dst=/b,target=/c",
       ": 'dst' is said twice\nberth: hint: leave one of them out"},
      {"type=bind,src=/a,dst=/b,ro,rw=true",
       ": 'ro' and 'rw' do not go together\nberth: hint: leave one of them out"},
      {"type=bind,src=/a,dst=/b,ro=yes",
       ": 'yes' is neither true nor false\nberth: hint: write true or false"},
      {"type=bind,src=/a,dst=/b,sorce=/c", ": unknown option 'sorce'"},
      {"type=image,dst=/b", "\nberth: hint: name the image: src=IMAGE"},
      {"type=image,src=/a,dst=/b,suid",
       ": an image is only read\nberth: hint: leave out rw, suid and dev"},
      {"type=image,src=/a,dst=/b,nonrec", ": unknown option 'nonrec'"},
      {"type=tmpfs,dst=/b,src=/a", ": unknown option 'src'"},
      {"type=tmpfs,dst=/b,slave", ": unknown option 'slave'"},
      {"type=tmpfs,dst=/b,nonrec", ": unknown option 'nonrec'"},
      {"type=tmpfs,dst=/b,size=1,tmpfs-size=2",
       ": 'size' is said twice\nberth: hint: leave one of them out"},
      {"type=tmpfs,dst=/b,size=1.5G",
       ": '1.5G' is no size\nberth: hint: write a number with K, M, G or T"},
      {"type=tmpfs,dst=/b,mode=0999",
       ": '0999' is no mode\nberth: hint: write an octal number, as 0755"},
      {"type=devpts,dst=/b,max=-1", ": '-1' is no max\nberth: hint: write a number"},
      {"type=tmpfs,dst=/b,=", ": unknown option ''"},
      {"type=tmpfs,\"dst=/b", "\nberth: hint: close the double quotes at the end of a field"},
      {"type=tmpfs,\"dst=/b\"x", "\nberth: hint: close the double quotes at the end of a field"}};
  for (const auto& [text, why] : rows) {
    const std::string got = text_of(parse_mount(text));
    EXPECT_TRUE(got.starts_with("berth: cannot mount " + quote(text) + why)) << got;
  }
}

TEST(Tmpfs, IsAPlaceAndOptions) {
  EXPECT_EQ(text_of(parse_tmpfs("/t")), "type=tmpfs,dst=/t,nosuid,nodev");
  EXPECT_EQ(text_of(parse_tmpfs("/t:size=1G,mode=1777,noexec,rw")),
            "type=tmpfs,dst=/t,rw,nosuid,nodev,noexec,size=1073741824,mode=1777");
  EXPECT_EQ(text_of(parse_tmpfs("")),
            "berth: cannot mount a tmpfs on ''\n"
            "berth: hint: write --tmpfs /PLACE or /PLACE:OPTS");
  for (const char* wrong : {"t", "/t:", "/t:sise=1", "/t:size", "/t:rbind", "/t:size=0"})
    EXPECT_TRUE(text_of(parse_tmpfs(wrong)).starts_with("berth: cannot mount a tmpfs on '"))
        << wrong;
}

TEST(Mounts, KeepTheirOrderInTheRequestWhateverOptionTheyCameFrom) {
  auto request = parse_command_line({"--tmpfs",
                                     "/x",
                                     "--mount",
                                     "type=bind,\"src=/a:b,c\",dst=/x,ro",
                                     "-v",
                                     "/d:/x",
                                     "--tmpfs=/y:size=4k",
                                     "/i.sqsh"});
  ASSERT_TRUE(request) << to_text(request.error());
  ASSERT_EQ(request->binds.size(), 4U);
  EXPECT_EQ(request->binds[1].from, "/a:b,c");
  auto again = parse_request_text(to_text(*request));
  ASSERT_TRUE(again) << to_text(again.error());
  EXPECT_EQ(*again, *request);
}

Bind bind_with(const std::string& options) {
  return *parse_bind("/a:/" + options + ":" + options);
}

TEST(BindOptions, TravelWithTheRequest) {
  Request request;
  request.image = "/i.sqsh";
  for (const std::string& options : flag_words(/*of_tree=*/true))
    request.binds.push_back(bind_with(options));
  auto again = parse_request_text(to_text(request));
  ASSERT_TRUE(again) << to_text(again.error());
  EXPECT_EQ(*again, request);
}

}  // namespace
}  // namespace berth::request
