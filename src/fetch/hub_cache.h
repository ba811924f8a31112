// The cache of huggingface_hub on the disk, so that Python tools find what hearth pulled and the
// other way round (its file_download.py and the guide "Understand caching"):
//
//   CACHE/models--ORG--NAME/refs/REVISION            the commit that a branch or tag was
//                           snapshots/COMMIT/PATH    a relative link to ../../blobs/ETAG
//                           blobs/ETAG               the bytes: SHA-256 (large files) or git's
//                           SHA-1
//   CACHE/.locks/models--ORG--NAME/ETAG.lock         flock'ed while that blob is brought
//
// trees/ (Python's cache of listings) is read only to judge whether a snapshot is whole; hearth
// does not write it: it would say that the files which hearth leaves out are missing. Stateless;
// failures are kIo with the path.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace hearth::fetch {

bool IsCommit(std::string_view revision);  // 40 hexadecimal digits

// An ETag that can be a file's name: letters, digits, "-", "_", "." and "+", at most 128.
bool IsBlobName(std::string_view etag);

class HubCache {
 public:
  HubCache(std::string cache, const std::string& repository);

  const std::string& folder() const { return folder_; }
  std::string BlobPath(std::string_view etag) const;
  std::string LockPath(std::string_view etag) const;
  std::string SnapshotPath(std::string_view commit) const;

  // The commit that `revision` was when it was last looked up; nothing when that is not known.
  std::optional<std::string> ReadRef(const std::string& revision) const;
  Status WriteRef(const std::string& revision, const std::string& commit) const;

  // Regular files (after links) below the snapshot, sorted.
  std::vector<std::string> SnapshotFiles(std::string_view commit) const;
  bool HasFile(std::string_view commit, const std::string& name) const;
  // All files of the commit, as Python's trees/COMMIT.json lists them; nothing where it is absent.
  std::optional<std::vector<std::string>> KnownTree(std::string_view commit) const;

  // Makes the folders that a pull writes to.
  Status Prepare() const;
  // snapshots/COMMIT/NAME → blobs/ETAG. `name` has passed CheckName.
  Status Link(std::string_view commit, const std::string& name, std::string_view etag) const;

 private:
  std::string cache_;
  std::string folder_name_;
  std::string folder_;
};

}  // namespace hearth::fetch
