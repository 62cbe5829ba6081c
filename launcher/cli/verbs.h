// SPDX-License-Identifier: Apache-2.0
// One function per verb. Each returns the exit code, or does not return because the process has
// become another program.
#pragma once

#include "launcher/cli/session.h"
#include "launcher/model/request.h"

#include <string>
#include <vector>

namespace berth::cli {

/// `berth WORDS…`; also what Slurm's plugin starts, with a request in BERTH_TASK.
int main_verb(const std::vector<std::string>& words, Session& session);

int run(const std::vector<std::string>& words, Session& session);
int run_request(Request request, Session& session);
/// `berth mount` and `berth unmount`.
int mount_verb(const std::vector<std::string>& words, Session& session);
int unmount_verb(const std::vector<std::string>& words, Session& session);
/// `berth ps` and the other verbs about containers that have a name.
int ps_verb(const std::vector<std::string>& words, Session& session);
int exec_verb(const std::vector<std::string>& words, Session& session);
int kill_verb(const std::vector<std::string>& words, Session& session);
int logs_verb(const std::vector<std::string>& words, Session& session);
int pause_verb(const std::vector<std::string>& words, Session& session);
int resume_verb(const std::vector<std::string>& words, Session& session);
int rm_verb(const std::vector<std::string>& words, Session& session);
int stop_verb(const std::vector<std::string>& words, Session& session);
int stats_verb(const std::vector<std::string>& words, Session& session);
int top_verb(const std::vector<std::string>& words, Session& session);
int wait_verb(const std::vector<std::string>& words, Session& session);
int inspect_verb(const std::vector<std::string>& words, Session& session);
/// Becomes berth-image, which has the verbs "import" and "image"; `words` begin with the verb.
int run_image_program(const std::vector<std::string>& words, Session& session);

/// `berth --help`, and `berth run --help`.
std::string help_text();
std::string run_help_text();

}  // namespace berth::cli
