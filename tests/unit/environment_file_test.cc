// SPDX-License-Identifier: Apache-2.0
// An environment file: which YAML it may be, what its keys mean, and where its paths begin.
#include "launcher/request/environment_file.h"

#include "launcher/request/paths.h"
#include "launcher/request/plain_yaml.h"
#include "launcher/request/request_text.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace berth::request {
namespace {

/// A document in one line: key=scalar, key=[a|b], key={k:a|k:b}, key=; or the flaw.
std::string read(const std::string& text) {
  YamlFlaw flaw;
  const auto entries = parse_plain_yaml(text, flaw);
  if (!entries) return std::to_string(flaw.line) + ": " + flaw.why;
  std::string all;
  for (const YamlEntry& entry : *entries) {
    std::string values;
    for (const YamlScalar& value : entry.values) {
      if (!values.empty()) values += "|";
      values += (value.key.empty() ? "" : value.key + ":") + value.text;
    }
    if (entry.kind == YamlEntry::Kind::sequence) values.insert(0, "[").append("]");
    if (entry.kind == YamlEntry::Kind::mapping) values.insert(0, "{").append("}");
    all += (all.empty() ? "" : " ") + entry.key + "=" + values;
  }
  return all;
}

TEST(PlainYaml, HasScalarsSequencesAndMappings) {
  EXPECT_EQ(read("a: b\nc:\n  - d\n  - e f\ng:\n  H: 1\n  I-2: x:y\nj:\nk: [l, m]\n"),
            "a=b c=[d|e f] g={H:1|I-2:x:y} j= k=[l|m]");
  EXPECT_EQ(read("a:\n- b\n- c\nd: e"), "a=[b|c] d=e");
  EXPECT_EQ(read("a: []\nb: [ c , ]\nd: ['x, y', \"z]\"]"), "a=[] b=[c] d=[x, y|z]]");
  EXPECT_EQ(read(""), "");
  EXPECT_EQ(read("---\na: b\r\n"), "a=b");
}

TEST(PlainYaml, KnowsCommentsAndQuotes) {
  EXPECT_EQ(read("# x\na: b # c\n\n  # d\ne: f#g\nh: # i\n  - j # k\n"), "a=b e=f#g h=[j]");
  EXPECT_EQ(read("a: 'it''s # here'\nb: \"say \\\"x\\\" \\\\ \" # y\nc: ''"),
            "a=it's # here b=say \"x\" \\  c=");
  EXPECT_EQ(read("a: /x:/y:ro\nb: -1\nc: http://h/p?q"), "a=/x:/y:ro b=-1 c=http://h/p?q");
}

TEST(PlainYaml, RefusesWhatMeansMoreThanOneLine) {
  EXPECT_EQ(read("a: b\n  c"), "2: it does not stand at the left");
  EXPECT_EQ(read("a:\n  - b\n    - c"), "3: it does not stand below the line before it");
  EXPECT_EQ(read("a:\n  - b\n  c: d"), "3: it does not stand below the line before it");
  EXPECT_EQ(read("a: \"b\nc\""), "1: a quote does not end on its line");
  EXPECT_EQ(read("a: [b,\n c]"), "1: a list does not end on its line");
  EXPECT_EQ(read("a: |\n  b"), "1: a value begins with a character of YAML's own");
  EXPECT_EQ(read("a: b\n---\nc: d"), "2: it is a mark of several documents");
  EXPECT_EQ(read("a: b\n..."), "2: it is a mark of several documents");
  EXPECT_EQ(read("%YAML 1.2\n"), "1: it is a mark of several documents");
}

TEST(PlainYaml, RefusesWhatOthersWouldReadInAnotherWay) {
  for (const std::string value : {"&x y", "*x", "!!str y", "{a: b}", "@a", "`a", "> x", "% x"})
    EXPECT_EQ(read("a: " + value), "1: a value begins with a character of YAML's own") << value;
  EXPECT_EQ(read("a: b: c"), "1: a colon with a blank behind it is in a value");
  EXPECT_EQ(read("a: b:"), "1: a colon with a blank behind it is in a value");
  EXPECT_EQ(read("a: [b: c]"), "1: a colon with a blank behind it is in a value");
  EXPECT_EQ(read("a:\n  - b: c"), "2: a colon with a blank behind it is in a value");
  EXPECT_EQ(read("a:\n  - - b"), "2: a value begins with a character of YAML's own");
  EXPECT_EQ(read("a:\n  -"), "2: a value is missing");
  EXPECT_EQ(read("a:\n  b:"), "2: a value is missing");
  EXPECT_EQ(read("a: ~"), "1: a value is '~', which is none");
  EXPECT_EQ(read("a: 'b' c"), "1: something stands behind a value");
  EXPECT_EQ(read("a: 'b'#c"), "1: something stands behind a value");
  EXPECT_EQ(read("a: [b] c"), "1: something stands behind a list");
  EXPECT_EQ(read("a: [b 'c']"), "a=[b 'c']");
  EXPECT_EQ(read("a: ['b' c]"), "1: a list has no comma there");
  EXPECT_EQ(read("a: \"\\x41\""), "1: of escapes, \\\" and \\\\ are known");
  EXPECT_EQ(read("a: b\n\tc: d"), "2: it begins with a tab");
  EXPECT_EQ(read("a: b\x01"), "1: it has a control character");
  EXPECT_EQ(read("a: b\na: c"), "2: 'a' is in the file already");
  EXPECT_EQ(read("a:\n  b: c\n  b: d"), "3: 'b' is below 'a' already");
  EXPECT_EQ(read("a:\n  - b\n  - b"), "a=[b|b]");
  EXPECT_EQ(read("a b"), "1: it is not of the form KEY: VALUE");
  EXPECT_EQ(read("a:b"), "1: it is not of the form KEY: VALUE");
  EXPECT_EQ(read("- a"), "1: it is not of the form KEY: VALUE");
  EXPECT_EQ(read("'a': b"), "1: a key has only letters, digits, '-', '_', '.' and '/'");
}

/// The request of a file in /jobs, as text, or the error.
std::string request_of(const std::string& text) {
  const auto file = parse_environment_file(text, "e.yaml", "/jobs");
  if (!file) return to_text(file.error());
  Request request;
  const Status taken = apply(*file, request);
  if (!taken) return to_text(taken.error());
  request.image = file->image;
  return to_text(request);
}

TEST(EnvironmentFile, SaysWhatTheOptionsOfTheSameNamesSay) {
  const auto expected = parse_request_text(
      "1;image=/jobs/app.sqsh;read-only;mount=type=bind,src=/data,dst=/in,ro;workdir=/in;"
      "env-change=env=A=1%202;env-change=env=B;env-change=env-prepend=PATH=/opt/bin;pin=core");
  ASSERT_TRUE(expected) << to_text(expected.error());
  EXPECT_EQ(request_of("image: app.sqsh\nread-only: true\nbind:\n  - /data:/in:ro\nworkdir: /in\n"
                       "env: [A=1 2, B]\nenv-prepend:\n  PATH: /opt/bin\npin: core\n"),
            to_text(*expected));
  EXPECT_EQ(request_of("image: a\nenv:\n  A: '1 2'\n"), request_of("image: a\nenv: A=1 2\n"));
}

TEST(EnvironmentFile, ImagesArePathsBesideItOrNames) {
  const auto image = [](const std::string& text) {
    const auto file = parse_environment_file("image: " + text, "e.yaml", "/jobs");
    return file ? file->image : file.error().goal;
  };
  EXPECT_EQ(image("a.sqsh"), "/jobs/a.sqsh");
  EXPECT_EQ(image("./root"), "/jobs/./root");
  EXPECT_EQ(image("../a.sqsh"), "/jobs/../a.sqsh");
  EXPECT_EQ(image("/x/a.sqsh"), "/x/a.sqsh");
  EXPECT_EQ(image("host/app:v1"), "host/app:v1");
  EXPECT_EQ(image("a.sqsh+tools"), "/jobs/a.sqsh+tools");
  EXPECT_EQ(image("[a+b.sqsh, /c.sqsh]"), "/jobs/a+b.sqsh+/c.sqsh");
  EXPECT_EQ(image("other.yaml"), "use line 1 of 'e.yaml': 'other.yaml' is no image");
  EXPECT_EQ(image(""), "use 'e.yaml': it names no image");
  EXPECT_EQ(image("''"), "use line 1 of 'e.yaml': it names no image");
}

TEST(EnvironmentFile, PathsOfTheHostBeginAtItsFolder) {
  EXPECT_EQ(request_of("image: /i\nbind: data:/in\noverlay: changes\nseccomp: p.json\n"
                       "trace-file: t\nrecord-profile: r\n"),
            request_of("image: /i\nbind: /jobs/data:/in\noverlay: /jobs/changes\n"
                       "seccomp: /jobs/p.json\ntrace-file: /jobs/t\nrecord-profile: /jobs/r\n"));
  EXPECT_EQ(request_of("image: /i\nseccomp: default"),
            to_text(*parse_request_text("1;image=/i;seccomp=default")));
  const auto file = parse_environment_file(
      "image: /i\nenv-file: v\nmount: 'type=image,src=d.sqsh,dst=/d'", "e.yaml", "/jobs");
  ASSERT_TRUE(file) << to_text(file.error());
  Request request;
  request.overlay = "mine";
  request.binds.push_back({"here", "/here"});
  ASSERT_TRUE(apply(*file, request));
  EXPECT_EQ(request.env[0].text, "/jobs/v");
  EXPECT_EQ(request.env[0].file + std::to_string(request.env[0].line), "e.yaml2");
  EXPECT_EQ(request.binds[1].from, "/jobs/d.sqsh");
  // What others have said stays.
  EXPECT_EQ(request.overlay, "mine");
  EXPECT_EQ(request.binds[0].from, "here");
}

TEST(EnvironmentFile, SaysWhichLineIsWrongAndWhatWouldBeRight) {
  EXPECT_EQ(request_of("image: a\nbnid: /x\n"),
            "berth: cannot use line 2 of 'e.yaml': there is no option 'bnid'\n"
            "berth: hint: did you mean 'bind'?");
  EXPECT_EQ(request_of("image: a\nbind:\n  - /x\n  - /x:y\n").substr(0, 55),
            "berth: cannot use line 4 of 'e.yaml': berth cannot bind");
  EXPECT_EQ(request_of("image: a\nroot: maybe"),
            "berth: cannot use line 2 of 'e.yaml': 'root' is a switch\n"
            "berth: hint: write true, or leave it out");
  for (const std::string key : {"root", "read-only"})
    EXPECT_EQ(
        request_of("image: a\n" + key + ": false"),
        "berth: cannot use line 2 of 'e.yaml': '" + key +
            "' cannot be switched off\n"
            "berth: hint: leave it out: it is off unless run.conf or the command line says it");
  for (const std::string key : {"hooks-dir", "mpi-hook-library"})
    EXPECT_EQ(request_of("image: a\n" + key + ": x").substr(0, 58),
              "berth: cannot use line 2 of 'e.yaml': berth cannot use 'x'");
  EXPECT_EQ(to_text(read_environment_file("/nowhere/a.sqsh+b.yaml").error()),
            "berth: cannot use '/nowhere/a.sqsh+b.yaml' as an image: an environment file stands "
            "alone\nberth: hint: write the images into the file: image: [A.sqsh, B.sqsh]");
  EXPECT_EQ(read_environment_file("/").error().hint,
            "what ends in .yaml or .yml is an environment file: give the directory another name");
  EXPECT_EQ(request_of("image: a\nworkdir:\npin: core"),
            "berth: cannot use line 2 of 'e.yaml': 'workdir' has no value\n"
            "berth: hint: write workdir: DIR");
  EXPECT_EQ(request_of("image: a\nbind:\n  a: b"),
            "berth: cannot use line 2 of 'e.yaml': 'bind' takes no mapping\n"
            "berth: hint: write a list");
  EXPECT_EQ(request_of("image: a\nname: b"),
            "berth: cannot use line 2 of 'e.yaml': 'name' is for command lines only");
  EXPECT_EQ(request_of("image: a\nenv-change: env=a"),
            "berth: cannot use line 2 of 'e.yaml': there is no option 'env-change'\n"
            "berth: hint: write options of 'berth run' without their dashes");
  EXPECT_EQ(request_of("pin: core"),
            "berth: cannot use 'e.yaml': it names no image\n"
            "berth: hint: write image: IMAGE.sqsh");
}

TEST(AbsolutePath, StartsAtTheFolderAndKeepsLinks) {
  EXPECT_EQ(absolute_path("a.sqsh", "/home/alice"), "/home/alice/a.sqsh");
  EXPECT_EQ(absolute_path("../a.sqsh", "/home/alice"), "/home/alice/../a.sqsh");
  EXPECT_EQ(absolute_path("a.sqsh", "/"), "/a.sqsh");
  EXPECT_EQ(absolute_path("/x/a.sqsh", "/home/alice"), "/x/a.sqsh");
}

TEST(EnvironmentFile, IsWhatEndsInYaml) {
  EXPECT_TRUE(names_environment_file("a/b.yaml"));
  EXPECT_TRUE(names_environment_file("b.yml"));
  EXPECT_FALSE(names_environment_file("a.yaml.sqsh"));
  EXPECT_FALSE(names_environment_file(""));
}

}  // namespace
}  // namespace berth::request
