// SPDX-License-Identifier: Apache-2.0
// A file that a verb makes: what may be in its place, and what is told when it cannot be written.
#pragma once

#include "base/file.h"
#include "base/result.h"

#include <string>

namespace berth::cli {

enum class Replacing { no, yes };

/// An error when something is at `path` that must not be replaced: any file without `replacing`,
/// and what is no regular file in any case.
Status check_output(const std::string& path, Replacing replacing);

/// An error when `input`, which is read, is the file at `path`: it would be replaced.
Status check_apart(const std::string& path, int input);
Status check_apart(const std::string& path, const std::string& input);

/// check_output(), then a file beside `path` that gets its name with commit_output().
Result<FileBeingWritten> begin_output(const std::string& path, Replacing replacing);

Status commit_output(FileBeingWritten& file, Replacing replacing);

/// With a hint if the disk is full.
Error explain_output(Error error);

}  // namespace berth::cli
