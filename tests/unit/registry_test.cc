// SPDX-License-Identifier: Apache-2.0
#include "image/registry/auth_file.h"
#include "image/registry/cache.h"
#include "image/registry/challenge.h"
#include "image/registry/explain.h"
#include "image/registry/patience.h"
#include "image/registry/url.h"
#include "image/source/digest.h"
#include "image/source/docker_name.h"
#include "image/source/reference.h"

#include <stdlib.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

namespace berth::registry {
namespace {

using source::parse_docker_name;
using ::testing::ElementsAre;
using ::testing::Pair;

const std::string kDigest = "sha256:" + std::string(64, 'a');

std::string completed(const std::string& text) {
  const auto name = parse_docker_name(text);
  return name ? to_text(*name) : "refused";
}

TEST(DockerName, IsCompletedByDockersRules) {
  EXPECT_EQ(completed("app"), "docker.io/library/app:latest");
  EXPECT_EQ(completed("app:v1"), "docker.io/library/app:v1");
  EXPECT_EQ(completed("team/app"), "docker.io/team/app:latest");
  EXPECT_EQ(completed("docker.io/app"), "docker.io/library/app:latest");
  EXPECT_EQ(completed("index.docker.io/team/app"), "docker.io/team/app:latest");
  EXPECT_EQ(completed("localhost/app"), "localhost/app:latest");
  EXPECT_EQ(completed("host:5000/app:v1"), "host:5000/app:v1");
  EXPECT_EQ(completed("host.site/a/b/c"), "host.site/a/b/c:latest");
  EXPECT_EQ(completed("HOST/app"), "HOST/app:latest");
  EXPECT_EQ(completed("[::1]:5000/app"), "[::1]:5000/app:latest");
  EXPECT_EQ(completed("host:5000"), "docker.io/library/host:5000");
  EXPECT_EQ(completed("a__b/c-d.e--f"), "docker.io/a__b/c-d.e--f:latest");
  EXPECT_EQ(completed("app@" + kDigest), "docker.io/library/app@" + kDigest);
  EXPECT_EQ(completed("app:v1@" + kDigest), "docker.io/library/app@" + kDigest);
}

TEST(DockerName, HasNothingElse) {
  for (const std::string text : {"",
                                 "/",
                                 ":",
                                 "@",
                                 "-app",
                                 "--all",
                                 "app;ls",
                                 "app$(ls)",
                                 "a b",
                                 "app|x",
                                 "app&",
                                 "a`b`",
                                 "app\n",
                                 "App",
                                 "team/App",
                                 "app:",
                                 "app:-v",
                                 "app:.v",
                                 "app@sha256:",
                                 "app@md5:abc",
                                 "a//b",
                                 "/app",
                                 "app/",
                                 "a..b",
                                 "a___b",
                                 "a-_b",
                                 ".a",
                                 "a-",
                                 "../app",
                                 "host:x/app",
                                 "host:123456/app",
                                 "-host.x/app",
                                 "[::g]/app",
                                 "https://host/app",
                                 "app:v1:v2",
                                 "app*"})
    EXPECT_EQ(completed(text), "refused") << text;
  EXPECT_EQ(completed(std::string(64, 'a')), "refused");
  EXPECT_EQ(completed("host.x/" + std::string(250, 'a')), "refused");
  EXPECT_EQ(completed("app:" + std::string(129, 'a')), "refused");
}

TEST(DockerName, IsRefusedInOneLine) {
  const auto name = parse_docker_name("app;\x1b[2J");
  ASSERT_FALSE(name);
  EXPECT_EQ(
      berth::to_text(name.error()),
      "berth: cannot take 'app;\\x1b[2J' as an image's name: 'library/app;\\x1b[2J' is no name "
      "in a registry\nberth: hint: such names have small letters, digits, and '.', '_', '-' "
      "between them");
  const auto reference = source::parse_reference("docker:app");
  ASSERT_FALSE(reference);
  EXPECT_EQ(berth::to_text(reference.error()),
            "berth: cannot import 'docker:app': '//' is missing after 'docker:'\n"
            "berth: hint: write docker://[REGISTRY/]NAME[:TAG]");
}

TEST(Challenge, HasASchemeAndParameters) {
  const auto all = parse_challenges(
      R"(Bearer realm="https://a/b?c=d",service="x, \"y\"" , scope=repository:a/b:pull)");
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].scheme, "bearer");
  EXPECT_EQ(all[0].get("realm"), "https://a/b?c=d");
  EXPECT_EQ(all[0].get("service"), "x, \"y\"");
  EXPECT_EQ(all[0].get("none"), "");
}

TEST(Challenge, MayBeOneOfSeveral) {
  const auto all = parse_challenges("Negotiate, BASIC Realm = \"x\",Bearer realm=y");
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].scheme, "negotiate");
  EXPECT_EQ(all[1].scheme, "basic");
  EXPECT_EQ(all[1].get("realm"), "x");
  EXPECT_EQ(all[2].get("realm"), "y");
}

TEST(Challenge, MayBeBroken) {
  EXPECT_TRUE(parse_challenges("").empty());
  EXPECT_TRUE(parse_challenges(" , ,").empty());
  EXPECT_TRUE(parse_challenges("=\"").empty());
  EXPECT_EQ(parse_challenges("Bearer realm=\"x").size(), 1U);
  EXPECT_EQ(parse_challenges("Bearer realm=\"x\\").size(), 1U);
  std::string many;
  for (int i = 0; i < 1000; ++i)
    many += "Basic,";
  EXPECT_EQ(parse_challenges(many).size(), 16U);
}

TEST(Url, IsHttpsOrHttpWithoutAUser) {
  EXPECT_EQ(to_text(*parse_url("HTTPS://Host:443/a?b=c#d")), "https://host/a?b=c");
  EXPECT_EQ(to_text(*parse_url("http://host:5000")), "http://host:5000/");
  for (const std::string text : {"",
                                 "host",
                                 "file:///etc/passwd",
                                 "ftp://h/",
                                 "https://u@h/",
                                 "https://u:p@h/",

                                 "https://h/\r\nX: y"})
    EXPECT_FALSE(parse_url(text)) << text;
}

TEST(Url, LeadsOnFromAnother) {
  const Url base = *parse_url("https://host:5000/v2/a/b?c");
  EXPECT_EQ(to_text(*resolve_url(base, "/x?y")), "https://host:5000/x?y");
  EXPECT_EQ(to_text(*resolve_url(base, "http://other/x")), "http://other/x");
  EXPECT_EQ(to_text(*resolve_url(base, "//other/x")), "https://other/x");
  EXPECT_FALSE(resolve_url(base, "file:///x"));
}

TEST(Url, SharesItsPasswordsWithItsOriginOnly) {
  const auto same = [](const std::string& one, const std::string& other) {
    return is_same_origin(*parse_url(one), *parse_url(other));
  };
  EXPECT_TRUE(same("https://host/a", "https://HOST:443/b"));
  EXPECT_FALSE(same("https://host/", "http://host/"));
  EXPECT_FALSE(same("https://host/", "https://host:444/"));
  EXPECT_FALSE(same("https://host/", "https://host.evil/"));
}

TEST(Url, IsListedWithOrWithoutItsPort) {
  EXPECT_TRUE(is_listed("host:5000", {"host:5000"}));
  EXPECT_TRUE(is_listed("host:5000", {"HOST"}));
  EXPECT_FALSE(is_listed("host:5000", {"host:5001", "hos", "host.x"}));
  EXPECT_TRUE(is_listed("[::1]:5000", {"[::1]"}));
}

bool is_forbidden_text(const std::string& text) {
  sockaddr_storage storage{};
  auto* const v4 = reinterpret_cast<sockaddr_in*>(&storage);
  auto* const v6 = reinterpret_cast<sockaddr_in6*>(&storage);
  if (::inet_pton(AF_INET, text.c_str(), &v4->sin_addr) == 1) storage.ss_family = AF_INET;
  if (::inet_pton(AF_INET6, text.c_str(), &v6->sin6_addr) == 1) storage.ss_family = AF_INET6;
  EXPECT_EQ(is_forbidden_host(text), is_forbidden(reinterpret_cast<sockaddr&>(storage))) << text;
  return is_forbidden_host(text);
}

TEST(Address, ThatIsLinkLocalIsForbidden) {
  for (const std::string text : {"169.254.169.254",
                                 "169.254.0.1",
                                 "0.0.0.0",
                                 "224.0.0.1",
                                 "255.255.255.255",
                                 "100.100.100.200",
                                 "fe80::1",
                                 "febf::1",
                                 "::ffff:169.254.169.254",
                                 "::169.254.169.254",
                                 "fd00:ec2::254",
                                 "ff02::1",
                                 "::"})
    EXPECT_TRUE(is_forbidden_text(text)) << text;
  for (const std::string text : {"127.0.0.1",
                                 "10.0.0.1",
                                 "192.168.1.1",
                                 "169.253.1.1",
                                 "8.8.8.8",
                                 "::1",
                                 "fec0::1",
                                 "2001:db8::1",
                                 "fd00::1",
                                 "::ffff:10.0.0.1"})
    EXPECT_FALSE(is_forbidden_text(text)) << text;
}

TEST(AuthFile, IsSearchedFromTheWholeNameToTheHost) {
  EXPECT_THAT(keys_for("host:1", "a/b/c"),
              ElementsAre("host:1/a/b/c", "host:1/a/b", "host:1/a", "host:1"));
  EXPECT_THAT(keys_for("docker.io", "library/app"),
              ElementsAre("docker.io/library/app",
                          "docker.io/library",
                          "https://index.docker.io/v1/",
                          "docker.io"));
}

TEST(AuthFile, HasUsersPasswordsAndTokens) {
  const auto found = [](const std::string& text) {
    const auto one = find_in_auth_file(text, "file", keys_for("host", "a"));
    EXPECT_TRUE(one) << text;
    return one && *one ? **one : Found{};
  };
  // "ada:se:cret"
  const Credentials pair = found(R"({"auths":{"host":{"auth":"YWRhOnNlOmNyZXQ="}}})").credentials;
  EXPECT_EQ(pair.user, "ada");
  EXPECT_EQ(pair.password, "se:cret");
  EXPECT_EQ(found(R"({"auths":{"https://host/v1/":{"username":"ada"}}})").credentials.user, "ada");
  EXPECT_EQ(found(R"({"auths":{"host":{"identitytoken":"t"}}})").credentials.identity_token, "t");
  EXPECT_EQ(found(R"({"auths":{"host":{"registrytoken":"t"}}})").credentials.registry_token, "t");
  EXPECT_TRUE(found(R"({"auths":{"host":{}}})").credentials.is_empty());
  EXPECT_EQ(found(R"({"auths":{"host":{}},"credsStore":"pass"})").helper, "pass");
  EXPECT_EQ(found(R"({"auths":{"host":{"username":"u"}},"credHelpers":{"host":"x"}})").helper, "x");
}

TEST(AuthFile, ThatIsBrokenShowsNothingOfItself) {
  for (const std::string text : {"",
                                 "[]",
                                 "secret",
                                 R"({"auths":{"host":{"auth":"c2VjcmV0"}}})",
                                 R"({"credsStore":"../x"})",
                                 R"({"credsStore":"a b"})"}) {
    const auto found = find_in_auth_file(text, "file", {"host"});
    ASSERT_FALSE(found) << text;
    EXPECT_EQ(berth::to_text(found.error()).find("secret"), std::string::npos);
  }
}

TEST(Base64, GoesThereAndBack) {  // RFC 4648, section 10
  EXPECT_EQ(encode_base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(encode_base64("fooba"), "Zm9vYmE=");
  EXPECT_EQ(encode_base64("foob"), "Zm9vYg==");
  EXPECT_EQ(encode_base64(""), "");
  EXPECT_EQ(decode_base64("Zm9vYg=="), "foob");
  EXPECT_EQ(decode_base64("Zm9vYmE"), "fooba");
  EXPECT_FALSE(decode_base64("Zm9v*"));
  const std::string all("\0\xff\x80x", 4);
  EXPECT_EQ(decode_base64(encode_base64(all)), all);
}

TEST(RetryAfter, IsANumberOrADate) {
  const auto asked = [](const std::string& text) {
    Exchange exchange;
    exchange.headers.emplace("retry-after", text);
    return wait_asked_for(exchange);
  };
  EXPECT_EQ(asked("120"), std::chrono::seconds(120));
  EXPECT_EQ(asked("-5"), std::chrono::seconds(0));
  EXPECT_EQ(asked("Wed, 21 Oct 2015 07:28:00 GMT"), std::chrono::seconds(0));
  EXPECT_FALSE(asked("soon"));
  EXPECT_FALSE(wait_asked_for(Exchange{}));
}

TEST(RateLimit, IsSaidInWords) {
  EXPECT_EQ(limit_text("100;w=21600"), "100 in 6 hours");
  EXPECT_EQ(limit_text("5;w=60"), "5 in 60 seconds");
  EXPECT_EQ(limit_text("100"), "");
  EXPECT_EQ(limit_text("x;w=y"), "");
}

TEST(TheCache, IsTheFolderThatWasCheckedWhateverItsNameLeadsToLater) {
  std::string top = ::testing::TempDir() + "berth-cache-XXXXXX";
  ASSERT_NE(::mkdtemp(top.data()), nullptr);
  const auto cache = Cache::open(top + "/cache");
  ASSERT_TRUE(cache) << to_text(cache.error());
  std::filesystem::rename(top + "/cache", top + "/moved");
  std::filesystem::create_directories(top + "/elsewhere/sha256");
  std::filesystem::create_symlink("elsewhere", top + "/cache");

  std::ofstream(top + "/blob") << "bytes";
  auto blob = source::open_blob(top + "/blob", "blob");
  ASSERT_TRUE(blob);
  blob->digest = source::digest_of("bytes");
  const auto read = source::read_whole(cache->keep(*blob), 100);
  ASSERT_TRUE(read && *read == "bytes");
  EXPECT_TRUE(std::filesystem::is_empty(top + "/elsewhere/sha256"));
  EXPECT_TRUE(
      std::filesystem::exists(top + "/moved/sha256/" + std::string(source::hex_of(blob->digest))));
  EXPECT_TRUE(cache->find(blob->digest, 5));
  std::filesystem::remove_all(top);
}

/// All hints that an answer, or none, can have.
std::vector<std::string> hints_of_exchanges() {
  std::vector<std::string> hints = {no_credentials("r", {}).hint, no_credentials("r", "f").hint};
  for (int trouble = 0; trouble <= static_cast<int>(Trouble::refused); ++trouble) {
    for (const long status : {404L, 429L, 500L}) {
      Exchange exchange;
      exchange.trouble = static_cast<Trouble>(trouble);
      exchange.status = status;
      exchange.detail = "wrong version number";
      const std::string hint = explain(exchange, "the registry", "HOST").hint;
      if (!hint.empty()) hints.push_back(hint);
    }
  }
  return hints;
}

TEST(ErrorsDocument, GivesEachHintOfRegistriesItsCauseCheckAndCure) {
  std::ifstream file(BERTH_SOURCE_DIR "/docs/errors.md");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const std::vector<std::string> hints = hints_of_exchanges();
  EXPECT_GE(hints.size(), 9U);
  for (const std::string& hint : hints) {
    const std::size_t begin = text.find("\n#### " + hint + "\n");
    ASSERT_NE(begin, std::string::npos) << hint;
    const std::string paragraph = text.substr(begin, text.find("\n#### ", begin + 1) - begin);
    for (const char* part : {"\nCause: ", "\nCheck: ", "\nCure: "})
      EXPECT_NE(paragraph.find(part), std::string::npos) << hint << " lacks" << part;
  }
}

}  // namespace
}  // namespace berth::registry
