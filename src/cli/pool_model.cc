#include "cli/pool_model.h"

#include <chrono>
#include <filesystem>
#include <span>
#include <system_error>
#include <utility>
#include <variant>

#include "base/env.h"
#include "base/sha256.h"
#include "cli/pull_packed.h"
#include "fetch/files.h"
#include "fetch/progress.h"
#include "fetch/pull.h"
#include "model/model.h"

namespace hearth::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::hours kDeadline{1};
constexpr size_t kDigits = 16;

bool IsFile(const std::string& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

Result<PackedModel> OpenPacked(const std::string& path) {
  auto file = model::Model::Open(path);
  if (!file) return Forward(file);
  return PackedModel{fs::absolute(path).lexically_normal().string(), (*file)->content_sha256()};
}

// Where `source` lies once it is packed.
std::string PackedPath(const fetch::Source& source, const std::string& state_dir) {
  std::string text = ToString(source);
  if (const auto* folder = std::get_if<fetch::FolderSource>(&source)) {
    text = fs::absolute(folder->path).lexically_normal().string();
  }
  Sha256 hash;
  hash.Update(std::as_bytes(std::span(text)));
  return fmt::format("{}/models/{}.hearth", state_dir, Hex(hash.Digest()).substr(0, kDigits));
}

fetch::ProgressStyle StyleOf(const BringOptions& options) {
  if (options.terminal) return fetch::ProgressStyle::kBar;
  return options.log == LogFormat::kJson ? fetch::ProgressStyle::kJson
                                         : fetch::ProgressStyle::kText;
}

Result<PackedModel> Bring(const BringOptions& options, fetch::Source source,
                          const std::string& path) {
  fetch::Progress progress(StyleOf(options));
  fetch::PullOptions pull;
  pull.source = std::move(source);
  pull.output = path;
  pull.deadline = http::Clock::now() + kDeadline;
  pull.env = ProcessEnv();
  pull.cancel = options.cancel;
  pull.events = {.on_state = [&](const fetch::DownloadState& state) { progress.State(state); },
                 .on_wait = [&](const std::string& lock) { progress.Wait(lock); },
                 .on_retry = [&](const std::string& name, const Error& error,
                                 double seconds) { progress.Retry(name, error, seconds); }};
  auto packed = PullPacked(std::move(pull), PackChoices());
  progress.Clear();
  if (!packed) return Forward(packed);
  return OpenPacked(path);
}

}  // namespace

Status CheckSource(const std::string& source) {
  if (IsFile(source)) {
    auto packed = OpenPacked(source);
    return packed ? Status() : Status(Forward(packed));
  }
  auto parsed = fetch::ParseSource(source, fetch::IsFolder(source));
  if (!parsed) return Forward(parsed);
  const auto* folder = std::get_if<fetch::FolderSource>(&*parsed);
  if (folder == nullptr || fetch::IsFolder(folder->path)) return {};
  return Fail(Code::kNotFound, "there is no model \"{}\": neither a packed file nor a folder",
              source);
}

bool IsAtHand(const std::string& source, const std::string& state_dir) {
  if (IsFile(source)) return true;
  const auto parsed = fetch::ParseSource(source, fetch::IsFolder(source));
  if (!parsed || std::holds_alternative<fetch::FolderSource>(*parsed)) return false;
  return OpenPacked(PackedPath(*parsed, state_dir)).has_value();
}

Result<PackedModel> BringModel(const BringOptions& options) {
  if (IsFile(options.source)) return OpenPacked(options.source);
  auto source = fetch::ParseSource(options.source, fetch::IsFolder(options.source));
  if (!source) return Forward(source);
  const std::string path = PackedPath(*source, options.state_dir);
  if (IsAtHand(options.source, options.state_dir)) return OpenPacked(path);
  return Bring(options, *std::move(source), path);
}

}  // namespace hearth::cli
