#include "cli/packed_folder.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "base/atomic_file.h"
#include "base/mapped_file.h"
#include "model/model.h"

namespace hearth::cli {
namespace {

namespace fs = std::filesystem;

constexpr size_t kPieceBytes = size_t{4} << 20U;

}  // namespace

std::string PackedFileIn(const std::string& folder) {
  std::error_code error;
  if (fs::exists(folder + "/config.json", error)) return "";
  std::string found;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    if (entry->path().extension() != ".hearth") continue;
    if (!found.empty()) return "";
    found = entry->path().string();
  }
  return found;
}

Status NothingToChoose(const PackChoices& choices, const std::string& packed) {
  if (choices.dtype == PackChoices{}.dtype && choices.pooling.empty() && choices.name.empty() &&
      !choices.normalize) {
    return {};
  }
  return Fail(
      Code::kUsage,
      "\"{}\" is packed already: --dtype, --pooling, --normalize and --name are for a model "
      "folder",
      packed);
}

Status CopyPacked(const std::string& from, const std::string& to, const Cancel& cancel) {
  auto packed = model::Model::Open(from);
  if (!packed) return Forward(packed);
  if (Status sound = (*packed)->Verify(); !sound) {
    return Fail(sound.error().code, "cannot take \"{}\": {}", from, sound.error().message);
  }
  auto source = MappedFile::Open(from);
  if (!source) return Forward(source);
  const std::span<const std::byte> bytes = source->bytes();
  auto file = AtomicFile::Create(to, bytes.size());
  if (!file) return Forward(file);
  for (size_t at = 0; at < bytes.size(); at += kPieceBytes) {
    if (cancel.fired()) return Fail(Code::kCancelled, "stopped while copying; run again");
    const auto piece = bytes.subspan(at, std::min(kPieceBytes, bytes.size() - at));
    if (Status written = file->Write(piece); !written) return written;
  }
  return file->Commit();
}

}  // namespace hearth::cli
