#include "cli/pull_packed.h"

#include <filesystem>
#include <span>
#include <variant>

#include "base/atomic_file.h"
#include "base/json_print.h"
#include "base/text_file.h"
#include "cli/packed_folder.h"
#include "fetch/files.h"
#include "fetch/lock_file.h"
#include "model/model.h"
#include "model/pack_format.h"

namespace hearth::cli {
namespace {

namespace fs = std::filesystem;

std::string SidecarPath(const std::string& file) { return file + ".source.json"; }

// One line; equal text means equal contents.
std::string SidecarText(const fetch::PullOptions& options, const std::string& revision,
                        const PackChoices& choices, const std::string& sha256) {
  const auto text = [](std::string_view value) {
    std::string out;
    AppendJsonString(value, &out);
    return out;
  };
  const char* normalize = !choices.normalize ? "null" : *choices.normalize ? "true" : "false";
  return fmt::format(
      R"({{"source":{},"revision":{},"dtype":{},"pooling":{},"normalize":{},"name":{},"format":{},)"
      R"("sha256":{}}})"
      "\n",
      text(ToString(options.source)), text(revision), text(choices.dtype), text(choices.pooling),
      normalize, text(choices.name), model::kPackVersion, text(sha256));
}

bool IsUpToDate(const fetch::PullOptions& options, const std::string& revision,
                const PackChoices& choices, uint64_t* bytes) {
  const std::string sidecar = ReadText(SidecarPath(options.output)).value_or("");
  if (sidecar.empty()) return false;
  auto file = model::Model::Open(options.output);
  if (!file || sidecar != SidecarText(options, revision, choices, (*file)->content_sha256())) {
    return false;
  }
  *bytes = (*file)->file_bytes();
  return (*file)->Verify().has_value();
}

Status WriteSidecar(const fetch::PullOptions& options, const std::string& revision,
                    const PackChoices& choices) {
  auto packed = model::Model::Open(options.output);
  if (!packed) return Forward(packed);
  const std::string text = SidecarText(options, revision, choices, (*packed)->content_sha256());
  auto file = AtomicFile::Create(SidecarPath(options.output));
  if (!file) return Forward(file);
  if (Status written = file->Write(std::as_bytes(std::span(text))); !written) return written;
  return file->Commit();
}

std::string Beside(const std::string& file, std::string_view suffix) {
  return fmt::format("{}/.{}{}", fetch::ParentOf(file), file.substr(file.rfind('/') + 1), suffix);
}

// Where the folder to pack is, after it was brought.
Result<fetch::Pulled> BringFolder(const fetch::PullOptions& options, const std::string& staging) {
  if (const auto* folder = std::get_if<fetch::FolderSource>(&options.source)) {
    auto revision = fetch::FindRevision(options);
    if (!revision) return Forward(revision);
    return fetch::Pulled{.path = folder->path, .revision = *revision, .state = {}};
  }
  fetch::PullOptions pull = options;
  pull.output = std::holds_alternative<fetch::HubSource>(options.source) ? "" : staging + "/";
  return fetch::Pull(pull);
}

// The name that the folder's path does not say.
std::string NameOf(const fetch::Source& source) {
  const auto* s3 = std::get_if<fetch::S3Source>(&source);
  if (s3 == nullptr) return "";
  std::string key = s3->key;
  while (key.ends_with('/')) key.pop_back();
  const std::string name = key.substr(key.rfind('/') + 1);
  return name.empty() ? s3->bucket : name;
}

// What was done, in one line, and what there is to note about it.
struct Done {
  std::string text;
  std::vector<std::string> notes;
};

Result<Done> Pack(const fetch::PullOptions& options, const PackChoices& choices,
                  const std::string& folder) {
  auto pack = OptionsOf(choices);
  if (!pack) return Forward(pack);
  if (pack->name.empty()) pack->name = NameOf(options.source);
  PackBar bar;
  auto report = model::PackFolder(
      folder, *pack, options.output, [&](uint64_t done, uint64_t total) -> Status {
        if (options.cancel->fired()) {
          return Fail(Code::kCancelled, "stopped while packing; run again");
        }
        return bar(done, total);
      });
  if (!report) return Forward(report);
  return Done{PackedText(*report, options.output), report->notes};
}

// The packed file, when that is what the folder holds; then a pull looks at nothing else of it.
std::string AlreadyPacked(fetch::PullOptions* options) {
  const auto* folder = std::get_if<fetch::FolderSource>(&options->source);
  std::string packed = folder == nullptr ? "" : PackedFileIn(folder->path);
  if (!packed.empty()) options->include = {"*.hearth"};
  return packed;
}

Result<Done> Copy(const fetch::PullOptions& options, const std::string& packed) {
  if (Status copied = CopyPacked(packed, options.output, *options.cancel); !copied) {
    return Forward(copied);
  }
  return Done{fmt::format("copied \"{}\", which is packed already", packed), {}};
}

}  // namespace

Result<PackedPull> PullPacked(fetch::PullOptions options, const PackChoices& choices) {
  if (options.output.ends_with('/') || fetch::IsFolder(options.output)) {
    return Fail(Code::kUsage, "\"{}\" is a folder: --pack writes one file, -o FILE.hearth",
                options.output);
  }
  if (Status made = fetch::MakeFolder(fetch::ParentOf(options.output)); !made) return Forward(made);
  auto lock = fetch::LockFile::Take(Beside(options.output, ".hearth-pull.lock"), true,
                                    options.deadline, *options.cancel, options.events.on_wait);
  if (!lock) return Forward(lock);
  std::string packed = AlreadyPacked(&options);
  if (!packed.empty()) {
    if (Status none = NothingToChoose(choices, packed); !none) return Forward(none);
  }
  auto revision = fetch::FindRevision(options);
  if (!revision) return Forward(revision);
  PackedPull out;
  if (IsUpToDate(options, *revision, choices, &out.pulled.bytes)) {
    out.was_there = true;
    out.pulled.path = options.output;
    out.pulled.revision = *revision;
    out.pulled.files = 1;
    return out;
  }
  const std::string staging = Beside(options.output, ".hearth-pull.files");
  auto brought = BringFolder(options, staging);
  if (!brought) return Forward(brought);
  if (packed.empty()) packed = PackedFileIn(brought->path);  // from S3 or the hub
  if (!packed.empty()) {
    if (Status none = NothingToChoose(choices, packed); !none) return Forward(none);
  }
  auto done = packed.empty() ? Pack(options, choices, brought->path) : Copy(options, packed);
  if (!done) return Forward(done);
  if (Status noted = WriteSidecar(options, brought->revision, choices); !noted) {
    return Forward(noted);
  }
  std::error_code ignored;
  fs::remove_all(staging, ignored);
  out.pulled = *brought;
  out.pulled.path = options.output;
  out.text = done->text;
  out.notes = done->notes;
  return out;
}

}  // namespace hearth::cli
