#include "model/hf_tokenizer.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/mapped_file.h"
#include "model/json_file.h"

namespace hearth::model {

namespace json = boost::json;
using text::AddedToken;
using text::TokenizerConfig;

namespace {

constexpr int64_t kIdMax = 1 << 24;

// Where a part of a file is, for messages.
tl::unexpected<Error> Unsupported(const JsonFile& file, std::string_view part,
                                  const json::value* found, std::string_view supported) {
  return Fail(Code::kUnsupported, "\"{}\" has the {} {:.60}; hearth runs {}", file.path(), part,
              found == nullptr ? "null" : json::serialize(*found), supported);
}

bool IsString(const json::value* value, std::string_view text) {
  return value != nullptr && value->is_string() && std::string_view(value->get_string()) == text;
}

bool Flag(const json::value& object, std::string_view key, bool fallback) {
  const json::value* value = FindMember(object, key);
  return value != nullptr && value->is_bool() ? value->get_bool() : fallback;
}

// A token is written as a string or as an object with "content".
std::string TokenText(const json::value* value) {
  if (value != nullptr && value->is_object()) value = FindMember(*value, "content");
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

AddedToken MakeAddedToken(const json::value& entry, int32_t id) {
  const bool special = Flag(entry, "special", false);
  return {TokenText(&entry),
          id,
          Flag(entry, "normalized", !special),
          Flag(entry, "single_word", false),
          Flag(entry, "lstrip", false),
          Flag(entry, "rstrip", false),
          special};
}

Result<int32_t> TokenId(const JsonFile& file, std::string_view token, const json::value* value) {
  if (value != nullptr && value->is_int64() && value->get_int64() >= 0 &&
      value->get_int64() < kIdMax) {
    return static_cast<int32_t>(value->get_int64());
  }
  return Fail(Code::kCorrupt, "cannot use \"{}\": the token \"{:.60}\" has no valid id",
              file.path(), token);
}

// Puts `token` at `id`; the vocabulary grows as needed.
Status PutToken(const std::string& path, std::string token, int32_t id,
                std::vector<std::string>* vocab) {
  const auto at = static_cast<size_t>(id);
  if (at >= vocab->size()) vocab->resize(at + 1);
  if (!(*vocab)[at].empty() && (*vocab)[at] != token) {
    return Fail(Code::kCorrupt, "cannot use \"{}\": \"{:.60}\" and \"{:.60}\" have the same id {}",
                path, (*vocab)[at], token, id);
  }
  (*vocab)[at] = std::move(token);
  return {};
}

Status CheckNoHoles(const std::string& path, const std::vector<std::string>& vocab) {
  const auto hole = std::ranges::find(vocab, "");
  if (!vocab.empty() && hole == vocab.end()) return {};
  return Fail(Code::kCorrupt, "cannot use \"{}\": the vocabulary has no token with the id {}", path,
              hole - vocab.begin());
}

Status ReadWordPiece(const JsonFile& file, TokenizerConfig* out) {
  const json::value* model = file.Find("model");
  if (model == nullptr) return file.WrongType("model", "an object");
  const json::value* type = FindMember(*model, "type");
  const json::value* vocab = FindMember(*model, "vocab");
  if (type != nullptr && !IsString(type, "WordPiece")) {
    return Unsupported(file, "tokenizer model", type, "WordPiece");
  }
  if (vocab == nullptr || !vocab->is_object()) return file.WrongType("model", "one with a vocab");
  for (const auto& member : vocab->get_object()) {
    std::string token(member.key());
    auto id = TokenId(file, token, &member.value());
    if (!id) return Forward(id);
    Status put = PutToken(file.path(), std::move(token), *id, &out->vocab);
    if (!put) return put;
  }
  if (const json::value* unk = FindMember(*model, "unk_token")) out->unk_token = TokenText(unk);
  if (const json::value* prefix = FindMember(*model, "continuing_subword_prefix")) {
    out->continuation = TokenText(prefix);
  }
  if (const json::value* longest = FindMember(*model, "max_input_chars_per_word")) {
    if (!longest->is_int64() || longest->get_int64() < 1 || longest->get_int64() > kIdMax) {
      return Unsupported(file, "max_input_chars_per_word", longest, "a whole number above 0");
    }
    out->max_word_characters = static_cast<int32_t>(longest->get_int64());
  }
  return {};
}

Status ReadNormalizer(const JsonFile& file, TokenizerConfig* out) {
  const json::value* normalizer = file.Find("normalizer");
  if (normalizer == nullptr || !IsString(FindMember(*normalizer, "type"), "BertNormalizer")) {
    return Unsupported(file, "normalizer", normalizer, "BertNormalizer");
  }
  out->clean_text = Flag(*normalizer, "clean_text", true);
  out->handle_chinese_chars = Flag(*normalizer, "handle_chinese_chars", true);
  out->lowercase = Flag(*normalizer, "lowercase", true);
  if (FindMember(*normalizer, "strip_accents") != nullptr) {
    out->strip_accents = Flag(*normalizer, "strip_accents", false);
  }
  const json::value* splitter = file.Find("pre_tokenizer");
  if (splitter == nullptr || !IsString(FindMember(*splitter, "type"), "BertPreTokenizer")) {
    return Unsupported(file, "pre_tokenizer", splitter, "BertPreTokenizer");
  }
  return {};
}

// One step of a template: {"SpecialToken": {"id": "[CLS]", "type_id": 0}} or {"Sequence": {"id":
// "A", …}}.
struct TemplateStep {
  std::string id;
  int64_t type_id = 0;
  bool special = false;
  bool operator==(const TemplateStep&) const = default;
};

std::vector<TemplateStep> ReadTemplate(const json::value* list) {
  std::vector<TemplateStep> out;
  if (list == nullptr || !list->is_array()) return out;
  for (const json::value& entry : list->get_array()) {
    const json::value* special = FindMember(entry, "SpecialToken");
    const json::value* body = special != nullptr ? special : FindMember(entry, "Sequence");
    if (body == nullptr) return {};
    const json::value* id = FindMember(*body, "id");
    const json::value* type = FindMember(*body, "type_id");
    out.push_back({TokenText(id), type != nullptr && type->is_int64() ? type->get_int64() : 0,
                   special != nullptr});
  }
  return out;
}

// [CLS] A [SEP] with type 0, B [SEP] with type 1, whatever the two special tokens are called.
Status ReadPostProcessor(const JsonFile& file, TokenizerConfig* out) {
  constexpr std::string_view kSupported = "[CLS] A [SEP] B [SEP] with type ids 0 0 0 1 1";
  const json::value* processor = file.Find("post_processor");
  if (processor == nullptr) return Unsupported(file, "post_processor", processor, kSupported);
  const json::value* type = FindMember(*processor, "type");
  if (IsString(type, "BertProcessing")) {
    for (const auto& [key, token] : {std::pair{"cls", &out->cls_token}, {"sep", &out->sep_token}}) {
      const json::value* pair = FindMember(*processor, key);
      if (pair == nullptr || !pair->is_array() || pair->get_array().empty()) {
        return Unsupported(file, "post_processor", processor, kSupported);
      }
      *token = TokenText(pair->get_array().data());
    }
    return {};
  }
  if (!IsString(type, "TemplateProcessing")) {
    return Unsupported(file, "post_processor", type, "TemplateProcessing and BertProcessing");
  }
  const auto single = ReadTemplate(FindMember(*processor, "single"));
  const auto pair = ReadTemplate(FindMember(*processor, "pair"));
  if (single.size() == 3) {
    out->cls_token = single[0].id;
    out->sep_token = single[2].id;
  }
  const std::vector<TemplateStep> expected = {{out->cls_token, 0, true},
                                              {"A", 0, false},
                                              {out->sep_token, 0, true},
                                              {"B", 1, false},
                                              {out->sep_token, 1, true}};
  if (pair != expected || single.size() != 3 ||
      !std::equal(single.begin(), single.end(), expected.begin())) {
    return Unsupported(file, "post_processor", processor, kSupported);
  }
  return {};
}

Status ReadAddedTokens(const JsonFile& file, TokenizerConfig* out) {
  const json::value* list = file.Find("added_tokens");
  if (list == nullptr) return {};
  if (!list->is_array()) return file.WrongType("added_tokens", "a list");
  for (const json::value& entry : list->get_array()) {
    const std::string content = TokenText(&entry);
    auto id = TokenId(file, content, FindMember(entry, "id"));
    if (!id) return Forward(id);
    if (content.empty()) return file.WrongType("added_tokens", "a list of tokens with content");
    Status put = PutToken(file.path(), content, *id, &out->vocab);
    if (!put) return put;
    out->added_tokens.push_back(MakeAddedToken(entry, *id));
  }
  return {};
}

Result<TokenizerConfig> FromTokenizerJson(const JsonFile& file) {
  TokenizerConfig out;
  for (auto* step : {ReadWordPiece, ReadNormalizer, ReadPostProcessor, ReadAddedTokens}) {
    Status status = step(file, &out);
    if (!status) return Forward(status);
  }
  Status whole = CheckNoHoles(file.path(), out.vocab);
  if (!whole) return Forward(whole);
  return out;
}

// One token a line; the line's number is its id.
Result<std::vector<std::string>> ReadVocabulary(const std::string& path) {
  auto file = MappedFile::Open(path);
  if (!file) return Forward(file);
  const auto bytes = file->bytes();
  std::string_view rest(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  std::vector<std::string> out;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    out.emplace_back(line);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  Status whole = CheckNoHoles(path, out);
  if (!whole) return Forward(whole);
  return out;
}

// The special tokens of a folder without tokenizer.json: those named (or BERT's own names) that the
// vocabulary has.
void AddSpecialTokens(const JsonFile& names, TokenizerConfig* out) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kSpecial = {
      {{"pad_token", "[PAD]"},
       {"unk_token", "[UNK]"},
       {"cls_token", "[CLS]"},
       {"sep_token", "[SEP]"},
       {"mask_token", "[MASK]"}}};
  for (const auto& [key, fallback] : kSpecial) {
    std::string token = TokenText(names.Find(key));
    if (token.empty()) token = fallback;
    if (key == "unk_token") out->unk_token = token;
    if (key == "cls_token") out->cls_token = token;
    if (key == "sep_token") out->sep_token = token;
    const auto at = std::ranges::find(out->vocab, token);
    if (at == out->vocab.end()) continue;
    out->added_tokens.push_back(
        {.content = token, .id = static_cast<int32_t>(at - out->vocab.begin()), .special = true});
  }
}

// Tokens added after training, {"id": {"content": …}}, in tokenizer_config.json.
Status AddDecoderTokens(const JsonFile& file, TokenizerConfig* out) {
  const json::value* tokens = file.Find("added_tokens_decoder");
  if (tokens == nullptr) return {};
  if (!tokens->is_object()) return file.WrongType("added_tokens_decoder", "an object");
  for (const auto& member : tokens->get_object()) {
    const std::string key(member.key());
    const bool digits = !key.empty() && key.size() < 9 &&
                        std::ranges::all_of(key, [](char c) { return c >= '0' && c <= '9'; });
    const int id = digits ? std::stoi(key) : -1;
    const AddedToken token = MakeAddedToken(member.value(), id);
    if (id < 0 || id >= kIdMax || token.content.empty()) {
      return file.WrongType("added_tokens_decoder", "an object of id and token");
    }
    const auto same = [&](const AddedToken& other) { return other.content == token.content; };
    std::erase_if(out->added_tokens, same);
    Status put = PutToken(file.path(), token.content, id, &out->vocab);
    if (!put) return put;
    out->added_tokens.push_back(token);
  }
  return CheckNoHoles(file.path(), out->vocab);
}

// tokenizer_config.json's options, where it has them, hold over the normaliser's.
Status ApplyOverrides(const JsonFile& file, TokenizerConfig* out, std::vector<std::string>* notes) {
  const bool accents_before = out->strip_accents.value_or(out->lowercase);
  const std::pair<std::string_view, bool*> options[] = {
      {"do_lower_case", &out->lowercase}, {"tokenize_chinese_chars", &out->handle_chinese_chars}};
  for (const auto& [key, field] : options) {
    auto value = file.Bool(key, *field);
    if (!value) return Forward(value);
    if (*value != *field) notes->push_back(fmt::format("{}: {} is {}", file.path(), key, *value));
    *field = *value;
  }
  auto side = file.String("truncation_side", "right");
  if (!side) return Forward(side);
  if (*side != "right") {
    return Unsupported(file, "truncation_side", file.Find("truncation_side"), "right");
  }
  if (file.Find("strip_accents") != nullptr) {
    auto strip = file.Bool("strip_accents", false);
    if (!strip) return Forward(strip);
    out->strip_accents = *strip;
  }
  const bool accents = out->strip_accents.value_or(out->lowercase);
  if (accents != accents_before) {
    notes->push_back(fmt::format("{}: accents are {}", file.path(), accents ? "stripped" : "kept"));
  }
  return {};
}

Result<TokenizerConfig> FromVocabulary(const std::string& folder, const JsonFile& config) {
  auto vocab = ReadVocabulary(folder + "/vocab.txt");
  if (!vocab && vocab.error().code == Code::kNotFound) {
    return Fail(Code::kNotFound, "\"{}\" has neither tokenizer.json nor vocab.txt", folder);
  }
  if (!vocab) return Forward(vocab);
  auto names = JsonFile::ReadOrEmpty(folder + "/special_tokens_map.json");
  if (!names) return Forward(names);
  TokenizerConfig out;
  out.vocab = std::move(*vocab);
  AddSpecialTokens(names->there() ? *names : config, &out);
  Status added = AddDecoderTokens(config, &out);
  if (!added) return Forward(added);
  return out;
}

}  // namespace

Result<TokenizerConfig> ReadHfTokenizer(const std::string& folder,
                                        std::vector<std::string>* notes) {
  auto config = JsonFile::ReadOrEmpty(folder + "/tokenizer_config.json");
  if (!config) return Forward(config);
  auto file = JsonFile::ReadOrEmpty(folder + "/tokenizer.json");
  if (!file) return Forward(file);
  auto out = file->there() ? FromTokenizerJson(*file) : FromVocabulary(folder, *config);
  if (!out) return out;
  Status overridden = ApplyOverrides(*config, &*out, notes);
  if (!overridden) return Forward(overridden);
  return out;
}

}  // namespace hearth::model
