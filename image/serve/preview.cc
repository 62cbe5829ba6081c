// SPDX-License-Identifier: Apache-2.0
// The server's side of the preview. A file that is not there, or is not a regular one, is empty;
// one that cannot be read or is too large is an error, for the launch would go wrong later.
#include "image/serve/preview.h"

#include "base/file.h"
#include "image/read/directory.h"
#include "image/read/file_data.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <string_view>

namespace berth::serve {
namespace {

int append_file(read::Reader& reader,
                const PreviewFile& file,
                std::string& out,
                std::uint32_t& size) {
  read::Inode inode;
  const int error = find_path(reader, file.path, inode);
  if (error == ENOENT || error == ENOTDIR || (error == 0 && !inode.is(S_IFREG))) return 0;
  if (error != 0) return error;
  if (inode.size > file.limit) return EFBIG;
  const std::size_t before = out.size();
  out.resize(before + inode.size);
  std::size_t got = 0;
  size = static_cast<std::uint32_t>(inode.size);
  const std::span room(out.data() + before, inode.size);
  return read_file(reader, inode, 0, std::as_writable_bytes(room), got);
}

/// The root has to be a directory that can be listed from its beginning.
int check_root(read::Reader& reader) {
  read::Inode root;
  read::DirectoryEntry entry;
  if (const int error = find_path(reader, "", root); error != 0) return error;
  if (!root.is(S_IFDIR)) return ENOTDIR;
  const int error = read::Listing(reader, root).next(entry);
  return error == ENOENT ? 0 : error;
}

}  // namespace

int send_flaw(integrity::Flaw flaw, int control) {
  PreviewHead head;
  head.pid = ::getpid();
  head.error = EIO;
  head.flaw = static_cast<std::uint8_t>(flaw);
  return write_fully(control, reinterpret_cast<const char*>(&head), sizeof head);
}

int send_preview(read::Reader& reader,
                 const std::vector<StartFile>& start,
                 bool has_proof,
                 int control) {
  PreviewHead head;
  std::string message(sizeof head, '\0');
  head.pid = ::getpid();
  head.error = check_root(reader);
  head.culprit = kPreviewFiles.size();
  for (std::uint32_t i = 0; head.error == 0 && i < kPreviewFiles.size(); ++i) {
    head.error = append_file(reader, kPreviewFiles.at(i), message, head.sizes.at(i));
    if (head.error != 0) head.culprit = i;
  }
  if (head.error != 0) message.resize(sizeof head);
  if (head.error == 0) {
    const std::string list = to_bytes(start);
    head.start_size = static_cast<std::uint32_t>(list.size());
    head.has_proof = has_proof ? 1 : 0;
    message += list;
  }
  message.replace(0, sizeof head, reinterpret_cast<const char*>(&head), sizeof head);
  const int error = write_fully(control, message.data(), message.size());
  return error != 0 ? error : head.error;
}

}  // namespace berth::serve
