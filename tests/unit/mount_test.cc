// SPDX-License-Identifier: Apache-2.0
// What `berth mount` does without mounting: signals that wait, and what its hints say.
#include "launcher/mount/fusermount.h"
#include "launcher/mount/mount_point.h"
#include "launcher/mount/signals.h"
#include "tests/unit/errors_document.h"

#include <string>

#include <gtest/gtest.h>

namespace berth::mount {
namespace {

TEST(HeldSignals, WaitUntilTheyAreTaken) {
  const HeldSignals held;
  EXPECT_EQ(held.take(), 0);
  ASSERT_EQ(::raise(SIGTERM), 0);
  EXPECT_EQ(held.take(), SIGTERM);
  EXPECT_EQ(held.take(), 0);
}

TEST(HeldSignals, EndAWait) {
  const HeldSignals held;
  ASSERT_EQ(::raise(SIGINT), 0);
  EXPECT_EQ(held.wait(-1), SIGINT);
}

TEST(HeldSignals, LeaveIgnoredOnesIgnored) {
  (void)::signal(SIGHUP, SIG_IGN);
  {
    const HeldSignals held;
    ASSERT_EQ(::raise(SIGHUP), 0);
    EXPECT_EQ(held.take(), 0);
  }
  (void)::signal(SIGHUP, SIG_DFL);
}

TEST(HeldSignals, AreLetThroughAgain) {
  sigset_t before;
  sigset_t after;
  (void)::pthread_sigmask(SIG_SETMASK, nullptr, &before);
  { const HeldSignals held; }
  (void)::pthread_sigmask(SIG_SETMASK, nullptr, &after);
  for (const int number : {SIGINT, SIGTERM, SIGHUP})
    EXPECT_EQ(::sigismember(&before, number), ::sigismember(&after, number));
}

TEST(ErrorsDocument, GivesEachHintOfMountsItsCauseCheckAndCure) {
  tests::expect_paragraphs_for({kInstallHint, kBusyHint, kDirectoryHint, kUnmountHint, kListHint});
}

}  // namespace
}  // namespace berth::mount
