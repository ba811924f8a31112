#include "fetch/crc.h"

#include <bit>
#include <cstring>

namespace hearth::fetch {
namespace {

// Reflected polynomials: CRC-32 (IEEE 802.3), CRC-32C (Castagnoli, RFC 3720), CRC-64/NVME.
uint64_t Polynomial(CrcKind kind) {
  switch (kind) {
    case CrcKind::kCrc32:
      return 0xEDB88320;
    case CrcKind::kCrc32c:
      return 0x82F63B78;
    case CrcKind::kCrc64Nvme:
      return 0x9A6C9329AC4BC9B5;
  }
  return 0;
}

}  // namespace

Crc::Crc(CrcKind kind)
    : tables_(std::make_unique<Tables>()),
      mask_(kind == CrcKind::kCrc64Nvme ? ~uint64_t{0} : 0xFFFFFFFF),
      state_(mask_) {
  Tables& tables = *tables_;
  for (uint64_t byte = 0; byte < 256; ++byte) {
    uint64_t value = byte;
    for (int bit = 0; bit < 8; ++bit) {
      value = (value >> 1U) ^ ((value & 1U) != 0 ? Polynomial(kind) : 0);
    }
    tables[0][byte] = value;
  }
  // tables[n][b]: what byte b becomes after n more bytes of zeros.
  for (size_t n = 1; n < tables.size(); ++n) {
    for (size_t byte = 0; byte < 256; ++byte) {
      const uint64_t before = tables[n - 1][byte];
      tables[n][byte] = (before >> 8U) ^ tables[0][before & 0xFFU];
    }
  }
}

// Eight bytes a step, one table look-up each.
void Crc::Update(std::span<const std::byte> bytes) {
  static_assert(std::endian::native == std::endian::little);
  const Tables& tables = *tables_;
  uint64_t state = state_;
  while (bytes.size() >= 8) {
    uint64_t word = 0;
    std::memcpy(&word, bytes.data(), 8);
    word ^= state;
    state = 0;
    for (unsigned i = 0; i < 8; ++i) state ^= tables[7 - i][(word >> (8 * i)) & 0xFFU];
    bytes = bytes.subspan(8);
  }
  for (const std::byte byte : bytes) {
    state = (state >> 8U) ^ tables[0][(state ^ std::to_integer<uint64_t>(byte)) & 0xFFU];
  }
  state_ = state;
}

}  // namespace hearth::fetch
