#include "config/read_value.h"

#include <cmath>

#include "base/duration.h"
#include "base/json_print.h"
#include "base/utf8.h"
#include "config/json_of.h"
#include "config/size.h"

namespace hearth::config {
namespace {

using std::chrono::milliseconds;
using Wrong = std::optional<std::string>;

Wrong NoText() { return "must be a text in quotes"; }

Wrong WrongText(const std::string& text, const KeyFacts& facts) {
  if (text.find('\0') != std::string::npos) return "must not hold a NUL";
  return facts.form == nullptr ? std::nullopt : facts.form->wrong(text);
}

// Puts a node where the target's type says.
class Setter {
 public:
  Setter(const toml::node& node, const KeyFacts& facts, const Target& target)
      : node_(node), facts_(facts), target_(target) {}

  Wrong operator()(int* value) const {
    const auto* number = node_.as_integer();
    if (number == nullptr || !InRange(static_cast<double>(number->get()))) return Expected();
    *value = static_cast<int>(number->get());
    return {};
  }
  Wrong operator()(double* value) const {
    if (!node_.is_number()) return Expected();
    const double number = *node_.value<double>();
    if (!InRange(number)) return Expected();
    *value = number;
    return {};
  }
  Wrong operator()(bool* value) const {
    if (!node_.is_boolean()) return "must be true or false, without quotes";
    *value = node_.as_boolean()->get();
    return {};
  }
  Wrong operator()(std::string* value) const {
    const auto* text = node_.as_string();
    if (text == nullptr) return NoText();
    if (Wrong wrong = WrongText(text->get(), facts_)) return wrong;
    *value = text->get();
    return {};
  }
  Wrong operator()(milliseconds* value) const {
    const auto* text = node_.as_string();
    // A bare number would be seconds to some and milliseconds to others.
    if (text == nullptr || text->get().empty() || IsDigit(text->get().back())) return Expected();
    constexpr milliseconds kFar{int64_t{1} << 45};
    const auto found = ReadDuration(text->get(), milliseconds(0), kFar);
    if (!found || !InRange(static_cast<double>(found->count()))) return Expected();
    if (facts_.whole_seconds && found->count() % 1000 != 0) return Expected();
    *value = *found;
    return {};
  }
  Wrong operator()(int64_t* value) const {
    std::optional<int64_t> found;
    if (const auto* number = node_.as_integer()) found = number->get();
    if (const auto* text = node_.as_string()) found = ReadSize(text->get());
    if (!found || !InRange(static_cast<double>(*found))) return Expected();
    *value = *found;
    return {};
  }
  Wrong operator()(std::vector<std::string>* value) const {
    const toml::array* list = node_.as_array();
    if (list == nullptr) return "must be a list of texts such as [\"…\", \"…\"]";
    std::vector<std::string> found;
    for (const toml::node& item : *list) {
      const auto* text = item.as_string();
      if (text == nullptr) return fmt::format("must be a list of texts, but holds {}", Shown(item));
      if (Wrong wrong = WrongText(text->get(), facts_)) {
        return fmt::format("holds {}, which {}", Shown(item), *wrong);
      }
      found.push_back(text->get());
    }
    *value = std::move(found);
    return {};
  }
  Wrong operator()(std::map<std::string, std::string>* value) const {
    const toml::table* table = node_.as_table();
    if (table == nullptr) return "must be a table of texts such as { NAME = \"…\" }";
    std::map<std::string, std::string> found;
    for (const auto& [name, item] : *table) {
      const std::string key(name.str());
      const auto* text = item.as_string();
      if (text == nullptr) {
        return fmt::format("must be a table of texts, but {} = {}", Shown(key), Shown(item));
      }
      if (text->get().find('\0') != std::string::npos || key.find('\0') != std::string::npos) {
        return "must not hold a NUL";
      }
      if (Wrong wrong = WrongText(key, facts_)) {
        return fmt::format("holds {}, which {}", Shown(key), *wrong);
      }
      found.emplace(key, text->get());
    }
    *value = std::move(found);
    return {};
  }
  Wrong operator()(JsonTable* value) const {
    const toml::table* table = node_.as_table();
    if (table == nullptr) return fmt::format("must be a table: write [{}]", facts_.path);
    Result<std::string> text = JsonOf(*table);
    if (!text) return text.error().message;
    value->text = *std::move(text);
    return {};
  }
  Wrong operator()(Backend* value) const {
    const auto* text = node_.as_string();
    const bool docker = text != nullptr && text->get() == "docker";
    if (!docker && (text == nullptr || text->get() != "process")) {
      return "must be \"process\" or \"docker\"";
    }
    *value = docker ? Backend::kDocker : Backend::kProcess;
    return {};
  }

 private:
  static bool IsDigit(char c) { return c >= '0' && c <= '9'; }

  bool InRange(double number) const {
    return (number >= facts_.least && number <= facts_.most) || (facts_.or_zero && number == 0);
  }

  std::string Expected() const {
    const bool duration = std::holds_alternative<milliseconds*>(target_);
    const bool size = std::holds_alternative<int64_t*>(target_);
    return fmt::format("must be a {}{}, {}", TypeWords(target_),
                       duration ? " such as \"5m\", \"2s\" or \"250ms\""
                       : size   ? " such as \"2GiB\" or \"512MiB\""
                                : "",
                       RangeWords(facts_, target_));
  }

  const toml::node& node_;
  const KeyFacts& facts_;
  const Target& target_;
};

}  // namespace

std::optional<std::string> SetValue(const toml::node& node, const KeyFacts& facts,
                                    const Target& target) {
  return std::visit(Setter(node, facts, target), target);
}

std::string Shown(std::string_view text) {
  constexpr size_t kMost = 60;
  std::string out;
  const bool cut = text.size() > kMost;
  if (cut) text = text.substr(0, ValidUtf8Prefix(text.substr(0, kMost)));
  AppendJsonString(text, &out);
  if (cut) out.insert(out.size() - 1, "…");
  return out;
}

std::string Shown(const toml::node& node) {
  if (const auto* text = node.as_string()) return Shown(text->get());
  if (const auto* number = node.as_integer()) return fmt::format("{}", number->get());
  if (const auto* number = node.as_floating_point()) return fmt::format("{:#}", number->get());
  if (const auto* boolean = node.as_boolean()) return boolean->get() ? "true" : "false";
  if (node.is_table()) return "a table";
  return node.is_array() ? "a list" : "a date or time";
}

}  // namespace hearth::config
