// SPDX-License-Identifier: Apache-2.0
// What the user typed as SOURCE, taken apart: "oci:DIR:TAG" and its siblings. Pure, but for
// find_kind.
#pragma once

#include "base/result.h"
#include "image/source/docker_name.h"

#include <string>

namespace berth::source {

enum class Kind { oci, oci_archive, docker_archive, tar, folder, squash, sif, registry, unknown };

struct Reference {
  Kind kind = Kind::unknown;  ///< unknown: a bare path, to be recognised by its content
  std::string path = {};
  std::string selector = {};  ///< the TAG or REF after the path; empty when none was given
  DockerName docker = {};     ///< of a registry; then `path` is "REGISTRY/NAME"
};

/// Takes `text` apart. As in skopeo, the path ends at the first ':' after the scheme; a bare path
/// is taken whole. Refuses schemes that this version cannot read, and unknown ones.
Result<Reference> parse_reference(const std::string& text);

/// A bare path's kind, from what lies there: an OCI layout or another directory, an archive with an
/// OCI layout or a docker manifest in it, another file (taken for a tar). Symbolic links are
/// followed.
Result<Reference> find_kind(const Reference& bare);

/// The name an image of this source gets in the store: the path's last part without the usual
/// suffixes, and ":TAG"; of a docker archive the REF, if one was given; of a registry its whole
/// name. Not yet made safe.
std::string name_of(const Reference& reference);

}  // namespace berth::source
