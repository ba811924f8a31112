// Writes the packed model file (pack_format.h, docs/formats/pack.md): same input, same bytes.
//
// The file appears whole under its name or not at all (base/atomic_file.h). Memory stays small
// whatever the model's size: the weights are read from their mapping and written a few rows at a
// time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/bert_tensors.h"
#include "model/hf_folder.h"
#include "model/model.h"

namespace hearth::model {

// Called now and then with the bytes written so far and of the whole file; may be empty. A failure
// ends the work and is returned.
using PackProgress = std::function<Status(uint64_t done, uint64_t total)>;

Status WritePack(const ModelConfig& config, std::span<const std::byte> tokenizer,
                 const BertTensors& tensors, const std::string& path, const PackProgress& progress);

struct PackReport {
  ModelConfig config;
  uint64_t file_bytes = 0;
  std::vector<std::string> notes;  // for the user: what was overridden, what was left out
};

// `hearth pack`: the folder's files to one packed file. Every failure is one line, naming the file
// at fault.
Result<PackReport> PackFolder(const std::string& folder, const HfOptions& options,
                              const std::string& path, const PackProgress& progress);

}  // namespace hearth::model
