// SPDX-License-Identifier: Apache-2.0
// Names of meeting places, steps in cgroup paths, and messages with descriptors.
#include "launcher/node/announce.h"
#include "launcher/node/keeper_loop.h"
#include "launcher/node/meet.h"
#include "launcher/node/message.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace berth::node {
namespace {

TEST(Name, DiffersWhereAnyPartDiffers) {
  const MeetingPlace place{1000, "step", "image", "shape", "outlook"};
  const std::vector<MeetingPlace> others = {{1001, "step", "image", "shape", "outlook"},
                                            {1000, "step2", "image", "shape", "outlook"},
                                            {1000, "step", "image2", "shape", "outlook"},
                                            {1000, "step", "image", "shape2", "outlook"},
                                            {1000, "step", "image", "shape", "outlook2"},
                                            // The same letters in other parts.
                                            {1000, "stepi", "mage", "shape", "outlook"},
                                            {1000, "", "stepimage", "shape", "outlook"},
                                            {1000, "image", "step", "shape", "outlook"},
                                            {1000, "step\n5 image", "", "shape", "outlook"},
                                            {0, "", "", "", ""}};
  std::set<std::string> names = {name_of(place)};
  for (const MeetingPlace& other : others)
    EXPECT_TRUE(names.insert(name_of(other)).second) << other.step << " " << other.image;
  EXPECT_EQ(name_of(place), name_of(MeetingPlace(place)));
}

TEST(Name, FitsTheFieldOfASocketAndShowsNoSecret) {
  const std::string name = name_of({1000, "the secret", std::string(10000, 'x'), "", ""});
  EXPECT_EQ(name.size(), 38U);
  EXPECT_TRUE(name.starts_with("berth-"));
  EXPECT_EQ(name.find_first_not_of("0123456789abcdef", 6), std::string::npos) << name;
}

TEST(Outlook, NamesTheNamespacesThatDecideWhoSeesWhom) {
  const std::string outlook = read_outlook();
  EXPECT_NE(outlook.find("user:["), std::string::npos);
  EXPECT_NE(outlook.find("mnt:["), std::string::npos);
  EXPECT_NE(outlook.find("pid:["), std::string::npos);
}

TEST(StepPart, LeavesOutWhatTellsTasksApart) {
  const std::string job = "/slurm/uid_1000/job_7/step_0";
  EXPECT_EQ(step_part("4:memory:" + job + "/task_0\n0::/x\n"),
            step_part("4:memory:" + job + "/task_1\n0::/x\n"));
  EXPECT_EQ(step_part("0::/system.slice/slurmstepd.scope/job_7/step_0/user/task_3\n"),
            "0::/system.slice/slurmstepd.scope/job_7/step_0/user\n\n");
}

TEST(StepPart, IsTheSameBeforeAndAfterRoomIsMadeForAGroup) {
  const std::string scope = "0::/user.slice/user-1000.slice/run-7.scope";
  EXPECT_EQ(step_part(scope + "/berth-others\n"), step_part(scope + "\n"));
}

TEST(StepPart, KeepsWhatTellsStepsAndJobsApart) {
  const std::set<std::string> parts = {step_part("0::/job_7/step_0/task_0"),
                                       step_part("0::/job_7/step_1/task_0"),
                                       step_part("0::/job_8/step_0/task_0"),
                                       step_part("1:cpu:/\n0::/job_7/step_0/task_0"),
                                       step_part("0::/"),
                                       step_part("")};
  EXPECT_EQ(parts.size(), 6U);
}

TEST(AnnounceHelper, WritesThePidWhereSomebodyListens) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
  const Pipe pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
  announce_helper(pipe.write.get(), 4711);
  announce_helper(-1, 4712);
  std::int32_t pids[2] = {};
  EXPECT_EQ(::read(pipe.read.get(), pids, sizeof pids), 4);
  EXPECT_EQ(pids[0], 4711);
}

class Messages : public testing::Test {
 protected:
  Messages() {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) std::abort();
    here_.reset(ends[0]);
    there_.reset(ends[1]);
  }

  UniqueFd here_;
  UniqueFd there_;
};

TEST_F(Messages, CarryAWordAndUpToThreeDescriptors) {
  for (unsigned count = 0; count <= 3; ++count) {
    ASSERT_EQ(send_message(here_.get(), 'd', std::vector<int>(count, here_.get())), 0);
    const Message message = receive_message(there_.get());
    EXPECT_EQ(message.word, 'd');
    ASSERT_EQ(message.descriptors.size(), count);
    for (const UniqueFd& fd : message.descriptors)
      EXPECT_EQ(::fcntl(fd.get(), F_GETFD), FD_CLOEXEC);
  }
}

TEST_F(Messages, OfOneWhoIsGoneAreEmptyAndNoSignalIsRaised) {
  here_.reset();
  EXPECT_EQ(receive_message(there_.get()).word, 0);
  EXPECT_EQ(send_message(there_.get(), 'd', {}), EPIPE);
}

TEST_F(Messages, WithADescriptorThatIsNotOpenAreNotSent) {
  EXPECT_EQ(send_message(here_.get(), 'd', std::vector{-1}), EBADF);
}

TEST_F(Messages, WithMoreDescriptorsThanAnyoneSendsDoNotLeakThem) {
  // By hand: the kernel keeps what does not fit the receiver's buffer.
  constexpr int kCount = 2 * kMostPassed;
  char word = 'd';
  iovec part{&word, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(kCount * sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(kCount * sizeof(int));
  for (int i = 0; i < kCount; ++i)
    reinterpret_cast<int*>(CMSG_DATA(header))[i] = here_.get();
  ASSERT_EQ(::sendmsg(here_.get(), &message, MSG_NOSIGNAL), 1);
  const int lowest = UniqueFd(::open("/", O_PATH | O_CLOEXEC)).get();
  EXPECT_LE(receive_message(there_.get()).descriptors.size(), kMostPassed + 1);
  EXPECT_EQ(UniqueFd(::open("/", O_PATH | O_CLOEXEC)).get(), lowest);
}

}  // namespace
}  // namespace berth::node
