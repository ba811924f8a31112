#include "cli/packed_folder.h"

#include <filesystem>
#include <system_error>

#include "fetch/place.h"
#include "model/model.h"

namespace hearth::cli {
namespace fs = std::filesystem;

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
  Status copied = fetch::CopyFile(from, to, cancel, [](uint64_t) {});
  if (!copied && copied.error().code == Code::kCancelled) {
    return Fail(Code::kCancelled, "stopped while copying; run again");
  }
  return copied;
}

}  // namespace hearth::cli
