#include "fetch/checksum.h"

#include <algorithm>
#include <variant>

#include "base/digest.h"
#include "base/sha256.h"
#include "fetch/crc.h"

namespace hearth::fetch {
namespace {

std::optional<unsigned> Base64Value(char c) {
  if (c >= 'A' && c <= 'Z') return static_cast<unsigned>(c - 'A');
  if (c >= 'a' && c <= 'z') return static_cast<unsigned>(c - 'a') + 26;
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0') + 52;
  if (c == '+') return 62;
  if (c == '/') return 63;
  return std::nullopt;
}

std::variant<Digest, Crc> MakeHash(ChecksumKind kind) {
  switch (kind) {
    case ChecksumKind::kSha256:
      return Digest(DigestKind::kSha256);
    case ChecksumKind::kGitBlob:
      return Digest(DigestKind::kSha1);
    case ChecksumKind::kMd5:
      return Digest(DigestKind::kMd5);
    case ChecksumKind::kCrc32:
      return Crc(CrcKind::kCrc32);
    case ChecksumKind::kCrc32c:
      return Crc(CrcKind::kCrc32c);
    case ChecksumKind::kCrc64Nvme:
      return Crc(CrcKind::kCrc64Nvme);
  }
  return Digest(DigestKind::kSha256);
}

}  // namespace

std::string_view NameOf(ChecksumKind kind) {
  switch (kind) {
    case ChecksumKind::kSha256:
      return "SHA-256";
    case ChecksumKind::kGitBlob:
      return "git's SHA-1";
    case ChecksumKind::kMd5:
      return "MD5";
    case ChecksumKind::kCrc32:
      return "CRC-32";
    case ChecksumKind::kCrc32c:
      return "CRC-32C";
    case ChecksumKind::kCrc64Nvme:
      return "CRC-64/NVME";
  }
  return "checksum";
}

std::optional<std::string> AsHex(std::string_view text, size_t digits) {
  if (text.size() != digits) return std::nullopt;
  std::string out;
  for (const char c : text) {
    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')) {
      out += c;
    } else if (c >= 'A' && c <= 'F') {
      out += static_cast<char>(c - 'A' + 'a');
    } else {
      return std::nullopt;
    }
  }
  return out;
}

std::optional<std::string> HexOfBase64(std::string_view text, size_t bytes) {
  if (text.size() != (bytes + 2) / 3 * 4) return std::nullopt;
  while (text.ends_with('=')) text.remove_suffix(1);
  std::vector<std::byte> out;
  uint32_t bits = 0;
  unsigned count = 0;
  for (const char c : text) {
    const auto value = Base64Value(c);
    if (!value) return std::nullopt;
    bits = (bits << 6U) | *value;
    count += 6;
    if (count >= 8) {
      count -= 8;
      out.push_back(static_cast<std::byte>((bits >> count) & 0xFFU));
    }
  }
  if (out.size() != bytes) return std::nullopt;
  return Hex(out);
}

struct ChecksumRun::State {
  std::variant<Digest, Crc> hash;

  void Update(std::span<const std::byte> bytes) {
    std::visit([&](auto& one) { one.Update(bytes); }, hash);
  }
  std::string Finish(ChecksumKind kind) {
    if (auto* digest = std::get_if<Digest>(&hash)) return Hex(digest->Finish());
    const uint64_t value = std::get<Crc>(hash).Value();
    return fmt::format("{:0{}x}", value, kind == ChecksumKind::kCrc64Nvme ? 16 : 8);
  }
};

ChecksumRun::ChecksumRun(std::vector<Checksum> expected, uint64_t size)
    : expected_(std::move(expected)) {
  states_.reserve(expected_.size());
  for (const Checksum& one : expected_) {
    states_.push_back(std::make_unique<State>(State{MakeHash(one.kind)}));
    if (one.kind == ChecksumKind::kGitBlob) {
      std::string head = fmt::format("blob {}", size);
      head.push_back('\0');
      states_.back()->Update(std::as_bytes(std::span(head)));
    }
  }
}

ChecksumRun::ChecksumRun(ChecksumRun&&) noexcept = default;
ChecksumRun& ChecksumRun::operator=(ChecksumRun&&) noexcept = default;
ChecksumRun::~ChecksumRun() = default;

void ChecksumRun::Update(std::span<const std::byte> bytes) {
  for (const auto& state : states_) state->Update(bytes);
  bytes_ += bytes.size();
}

Status ChecksumRun::Finish() {
  for (size_t i = 0; i < expected_.size(); ++i) {
    const std::string got = states_[i]->Finish(expected_[i].kind);
    if (got != expected_[i].hex) {
      return Fail(Code::kCorrupt, "its {} is {}, it should be {}", NameOf(expected_[i].kind), got,
                  expected_[i].hex);
    }
  }
  return {};
}

}  // namespace hearth::fetch
