// SPDX-License-Identifier: Apache-2.0
// An environment file says in one place which image is run and with which options; it stands where
// an image may: berth run job.yaml. Its keys are `image` and the names of options without their
// dashes. No third-party library: the Slurm plugin links this, for srun and sbatch, never for
// slurmstepd.
#pragma once

#include "base/result.h"
#include "launcher/model/request.h"
#include "launcher/request/option_words.h"

#include <string>
#include <string_view>
#include <vector>

namespace berth::request {

struct EnvironmentFile {
  std::string path;   ///< for messages
  std::string image;  ///< as Request::image; relative paths begin at the file's folder already
  std::vector<GivenOption> options = {};
  std::vector<unsigned> lines = {};  ///< where each of them stands
  std::string folder = {};           ///< of the file, where its relative paths begin
};

/// True for what ends in ".yaml" or ".yml": that is never an image.
bool names_environment_file(std::string_view image);

/// Pure. `folder` is the file's.
Result<EnvironmentFile> parse_environment_file(const std::string& text,
                                               const std::string& path,
                                               const std::string& folder);

/// At most 64 KiB.
Result<EnvironmentFile> read_environment_file(const std::string& path);

/// Says to `request` what the file says, but for the image.
Status apply(const EnvironmentFile& file, Request& request);

}  // namespace berth::request
