// Checksums: what a file must have, as its source says it, and how far that has been checked. Not
// thread-safe; no files here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace hearth::fetch {

enum class ChecksumKind {
  kSha256,
  kGitBlob,  // SHA-1 over "blob <size>\0" and the file: how git names it, and the hub's ETag of
             // small files
  kMd5,
  kCrc32,
  kCrc32c,
  kCrc64Nvme,
};

struct Checksum {
  ChecksumKind kind = ChecksumKind::kSha256;
  std::string hex;  // lower case

  bool operator==(const Checksum&) const = default;
};

std::string_view NameOf(ChecksumKind kind);  // "SHA-256", "git's SHA-1", …

// 64, 40 or 32 hexadecimal digits, lower-cased; nothing for anything else.
std::optional<std::string> AsHex(std::string_view text, size_t digits);
// The value of an x-amz-checksum-… header (base64) as hex; nothing when it is not `bytes` long.
std::optional<std::string> HexOfBase64(std::string_view text, size_t bytes);

// Takes a file's bytes in order, compares at the end.
class ChecksumRun {
 public:
  // `size`: of the file (git's hash begins with it).
  ChecksumRun(std::vector<Checksum> expected, uint64_t size);
  ChecksumRun(ChecksumRun&&) noexcept;
  ChecksumRun& operator=(ChecksumRun&&) noexcept;
  ~ChecksumRun();

  bool empty() const { return expected_.empty(); }
  uint64_t bytes() const { return bytes_; }  // how many were taken
  void Update(std::span<const std::byte> bytes);
  // kCorrupt, naming both values, when one differs. Once.
  Status Finish();

 private:
  struct State;
  std::vector<Checksum> expected_;
  std::vector<std::unique_ptr<State>> states_;
  uint64_t bytes_ = 0;
};

}  // namespace hearth::fetch
