// The three cyclic checksums that S3 stores with objects. All are reflected, begin with ones and
// end inverted; their check values ("123456789") are in crc_test.cc. One thread at a time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace hearth::fetch {

enum class CrcKind { kCrc32, kCrc32c, kCrc64Nvme };

class Crc {
 public:
  explicit Crc(CrcKind kind);

  void Update(std::span<const std::byte> bytes);
  uint64_t Value() const { return ~state_ & mask_; }

 private:
  using Tables = std::array<std::array<uint64_t, 256>, 8>;

  std::unique_ptr<Tables> tables_;
  uint64_t mask_;
  uint64_t state_;
};

}  // namespace hearth::fetch
