// What `hearth pull SOURCE` names: a repository of the Hugging Face hub, objects in S3, or a
// folder. Pure.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"

namespace hearth::fetch {

struct HubSource {
  std::string repository;  // "sentence-transformers/all-MiniLM-L6-v2"; one part for old models
  std::string revision = "main";  // branch, tag or commit
};

struct S3Source {
  std::string bucket;
  std::string key;  // of one object, or a prefix that stands for a folder; may be empty
};

struct FolderSource {
  std::string path;
};

using Source = std::variant<HubSource, S3Source, FolderSource>;

// hf://org/name[@revision], s3://bucket/prefix, or a path. A bare org/name is a repository unless
// there is such a folder (`is_folder`: whether `text` names one). kUsage, saying what is expected.
Result<Source> ParseSource(std::string_view text, bool is_folder);

// As the user would write it: "hf://org/name@main".
std::string ToString(const Source& source);

}  // namespace hearth::fetch
