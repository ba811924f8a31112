#include "fetch/source.h"

#include <algorithm>

namespace hearth::fetch {
namespace {

constexpr std::string_view kHub = "hf://";
constexpr std::string_view kS3 = "s3://";

bool IsNameByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || c == '.';
}

// As the hub has them: letters, digits, - _ . ; "--" stands for "/" on the disk, so it cannot be in
// a name.
bool IsRepositoryPart(std::string_view part) {
  return !part.empty() && part.size() <= 96 && std::ranges::all_of(part, IsNameByte) &&
         part.find("--") == std::string_view::npos && part.find("..") == std::string_view::npos &&
         part.front() != '-' && part.front() != '.' && part.back() != '-' && part.back() != '.';
}

bool IsRepository(std::string_view text) {
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos) return IsRepositoryPart(text);
  return IsRepositoryPart(text.substr(0, slash)) && IsRepositoryPart(text.substr(slash + 1));
}

// A git reference, which also becomes a path under refs/.
bool IsRevision(std::string_view text) {
  const auto bad = [](char c) {
    return static_cast<unsigned char>(c) <= ' ' || c == '\x7f' || c == '\\' || c == '?' ||
           c == '*' || c == '[' || c == '~' || c == '^' || c == ':';
  };
  return !text.empty() && text.size() <= 255 && std::ranges::none_of(text, bad) &&
         text.front() != '/' && text.back() != '/' && text.front() != '.' &&
         text.find("..") == std::string_view::npos && text.find("//") == std::string_view::npos &&
         text.find("/.") == std::string_view::npos;
}

Result<Source> ParseHub(std::string_view text, std::string_view whole) {
  HubSource out;
  const size_t at = text.find('@');
  out.repository = text.substr(0, at);
  if (at != std::string_view::npos) out.revision = text.substr(at + 1);
  if (!IsRepository(out.repository)) {
    return Fail(Code::kUsage, "\"{}\" names no repository: expected hf://org/name[@revision]",
                whole);
  }
  if (!IsRevision(out.revision)) {
    return Fail(Code::kUsage, "\"{}\" has no usable revision after @: give a branch, tag or commit",
                whole);
  }
  return Source(std::move(out));
}

Result<Source> ParseS3(std::string_view text, std::string_view whole) {
  S3Source out;
  const size_t slash = text.find('/');
  out.bucket = text.substr(0, slash);
  if (slash != std::string_view::npos) out.key = text.substr(slash + 1);
  const auto good = [](char c) { return IsNameByte(c); };
  if (out.bucket.empty() || out.bucket.size() > 255 || !std::ranges::all_of(out.bucket, good) ||
      out.bucket.find("..") != std::string::npos || out.bucket.front() == '.') {
    return Fail(Code::kUsage, "\"{}\" names no bucket: expected s3://bucket/prefix", whole);
  }
  if (out.key.size() > 1024 || out.key.find('\0') != std::string::npos) {
    return Fail(Code::kUsage, "\"{}\" is no key of S3: at most 1024 bytes, no NUL", whole);
  }
  return Source(std::move(out));
}

}  // namespace

Result<Source> ParseSource(std::string_view text, bool is_folder) {
  if (text.starts_with(kHub)) return ParseHub(text.substr(kHub.size()), text);
  if (text.starts_with(kS3)) return ParseS3(text.substr(kS3.size()), text);
  if (is_folder) return Source(FolderSource{std::string(text)});
  const bool looks_like_a_path = text.starts_with('/') || text.starts_with('.');
  const std::string_view repository = text.substr(0, text.find('@'));
  if (!looks_like_a_path && text.find("://") == std::string_view::npos &&
      repository.find('/') != std::string_view::npos && IsRepository(repository)) {
    return ParseHub(text, text);
  }
  if (looks_like_a_path) {
    return Fail(Code::kNotFound, "cannot find the folder \"{}\"", text);
  }
  return Fail(Code::kUsage,
              "\"{}\" is no source: expected hf://org/name[@revision], s3://bucket/prefix or a "
              "folder",
              text);
}

std::string ToString(const Source& source) {
  if (const auto* hub = std::get_if<HubSource>(&source)) {
    return fmt::format("hf://{}@{}", hub->repository, hub->revision);
  }
  if (const auto* s3 = std::get_if<S3Source>(&source)) {
    return fmt::format("s3://{}/{}", s3->bucket, s3->key);
  }
  return std::get<FolderSource>(source).path;
}

}  // namespace hearth::fetch
