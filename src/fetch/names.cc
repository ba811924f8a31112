#include "fetch/names.h"

#include <fnmatch.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/json_print.h"

namespace hearth::fetch {
namespace {

constexpr size_t kPartMax = 200;  // what pulling adds to it must fit in the 255 of file systems
constexpr size_t kNameMax = 1024;

tl::unexpected<Error> Refuse(std::string_view name, std::string_view why) {
  std::string quoted;
  AppendJsonString(name.substr(0, 200), &quoted);
  return Fail(Code::kCorrupt, "the source lists a file {} that {}: nothing was written", quoted,
              why);
}

// "0_Transformer", "1_Pooling": how sentence-transformers names the folders of modules.
bool IsModuleFolder(std::string_view folder) {
  size_t digits = 0;
  while (digits < folder.size() && folder[digits] >= '0' && folder[digits] <= '9') ++digits;
  return digits > 0 && digits < folder.size() && folder[digits] == '_' &&
         folder.find('/') == std::string_view::npos;
}

}  // namespace

Status CheckName(std::string_view name) {
  if (name.empty()) return Refuse(name, "has no name");
  if (name.size() > kNameMax) return Refuse(name, "has a name over 1024 bytes");
  if (name.front() == '/') return Refuse(name, "is absolute");
  if (name.find('\\') != std::string_view::npos) return Refuse(name, "has a backslash");
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; };
  if (std::ranges::any_of(name, is_control)) return Refuse(name, "has a control character");
  for (size_t begin = 0; begin <= name.size();) {
    const size_t end = std::min(name.find('/', begin), name.size());
    const std::string_view part = name.substr(begin, end - begin);
    if (part.empty()) return Refuse(name, "has an empty part");
    if (part == "." || part == "..") return Refuse(name, "leads out of its folder");
    if (part.size() > kPartMax) return Refuse(name, "has a part over 200 bytes");
    if (part.find(".hearth-pull.") != std::string_view::npos ||
        part.find(".partial-") != std::string_view::npos) {
      return Refuse(name, "has a name that hearth pull itself uses");
    }
    begin = end + 1;
  }
  return {};
}

Status CheckNames(const std::vector<std::string>& names) {
  std::set<std::string_view> seen;
  for (const std::string& name : names) {
    if (Status sound = CheckName(name); !sound) return sound;
    if (!seen.insert(name).second) return Refuse(name, "is there twice");
  }
  for (const std::string_view name : seen) {
    for (size_t slash = name.find('/'); slash != std::string_view::npos;
         slash = name.find('/', slash + 1)) {
      if (seen.contains(name.substr(0, slash))) return Refuse(name, "lies inside another file");
    }
  }
  return {};
}

bool IsModelFile(std::string_view name) {
  constexpr std::array<std::string_view, 10> kNames = {"config.json",
                                                       "config_sentence_transformers.json",
                                                       "model.safetensors.index.json",
                                                       "modules.json",
                                                       "sentence_bert_config.json",
                                                       "added_tokens.json",
                                                       "special_tokens_map.json",
                                                       "tokenizer.json",
                                                       "tokenizer_config.json",
                                                       "vocab.txt"};
  const size_t slash = name.rfind('/');
  if (slash != std::string_view::npos && !IsModuleFolder(name.substr(0, slash))) return false;
  const std::string_view file = slash == std::string_view::npos ? name : name.substr(slash + 1);
  return std::ranges::find(kNames, file) != kNames.end() || file.ends_with(".safetensors") ||
         file.ends_with(".hearth");
}

bool Selected(std::string_view name, const std::vector<std::string>& globs) {
  if (globs.empty()) return IsModelFile(name);
  const std::string text(name);
  return std::ranges::any_of(globs, [&](const std::string& glob) {
    return ::fnmatch((glob.ends_with('/') ? glob + "*" : glob).c_str(), text.c_str(), 0) == 0;
  });
}

}  // namespace hearth::fetch
