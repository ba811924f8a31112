// What the pulls from the hub, from S3 and from folders have in common. Private to this room.
#pragma once

#include <string>
#include <vector>

#include "fetch/place.h"
#include "fetch/pull.h"

namespace hearth::fetch {

// A file of a source before it is known whether it must be brought.
struct SourceFile {
  WantedFile wanted;
  std::string version;  // ETag, or hash: with the size it says which bytes these are
  std::string etag;     // that answers must have; empty: any
  std::unique_ptr<Origin> origin;
};

WebOptions WebOptionsFor(const PullOptions& options, const std::string& ca_file);

// Letters and digits that stand for these bytes of this source.
std::string KeyOf(const std::string& source, const std::string& version, uint64_t size);

// Over names, sizes and versions.
std::string RevisionOf(const std::vector<SourceFile>& files);

// The checksums that the command line adds. kUsage for a name that is not among them.
Status AddSha256(const PullOptions& options, std::vector<WantedFile*> files);

// What of the names is wanted; kNotFound when that is nothing, saying what there is.
Result<std::vector<std::string>> SelectNames(const PullOptions& options,
                                             const std::vector<std::string>& names);

Result<DownloadState> Bring(const PullOptions& options, const WebOptions& web,
                            std::vector<FileToBring> files);

// Brings what is not there yet into the folder.
Result<Pulled> BringToFolder(const PullOptions& options, const WebOptions& web,
                             std::vector<SourceFile> files, const std::string& folder);
// The same for one file.
Result<Pulled> BringToFile(const PullOptions& options, const WebOptions& web, SourceFile file,
                           const std::string& path);

Result<Pulled> PullHub(const HubSource& source, const PullOptions& options);
Result<Pulled> PullS3(const S3Source& source, const PullOptions& options);
Result<Pulled> PullFolder(const FolderSource& source, const PullOptions& options);

Result<std::string> HubRevision(const HubSource& source, const PullOptions& options);
Result<std::string> S3Revision(const S3Source& source, const PullOptions& options);
Result<std::string> FolderRevision(const FolderSource& source, const PullOptions& options);

}  // namespace hearth::fetch
