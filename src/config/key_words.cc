#include <fmt/format.h>

#include "base/duration.h"
#include "base/json_print.h"
#include "config/keys.h"
#include "config/size.h"

namespace hearth::config {
namespace {

using std::chrono::milliseconds;

struct TypeOf {
  std::string_view operator()(const int*) const { return "whole number"; }
  std::string_view operator()(const double*) const { return "number"; }
  std::string_view operator()(const bool*) const { return "true or false"; }
  std::string_view operator()(const std::string*) const { return "text"; }
  std::string_view operator()(const milliseconds*) const { return "duration"; }
  std::string_view operator()(const int64_t*) const { return "size"; }
  std::string_view operator()(const std::vector<std::string>*) const { return "list of texts"; }
  std::string_view operator()(const std::map<std::string, std::string>*) const {
    return "table of texts";
  }
  std::string_view operator()(const JsonTable*) const { return "table"; }
  std::string_view operator()(const Backend*) const { return "text"; }
};

// A bound of a key's range in the key's own notation.
struct BoundOf {
  double bound;

  std::string operator()(const milliseconds*) const {
    return FormatDuration(milliseconds(static_cast<int64_t>(bound)));
  }
  std::string operator()(const int64_t*) const { return FormatSize(static_cast<int64_t>(bound)); }
  std::string operator()(const auto*) const { return fmt::format("{}", bound); }
};

struct PrintedAs {
  std::string operator()(const int* value) const { return fmt::format("{}", *value); }
  std::string operator()(const double* value) const { return fmt::format("{}", *value); }
  std::string operator()(const bool* value) const { return *value ? "true" : "false"; }
  std::string operator()(const std::string* value) const {
    std::string out;
    AppendJsonString(*value, &out);
    return out;
  }
  std::string operator()(const milliseconds* value) const {
    return '"' + FormatDuration(*value) + '"';
  }
  std::string operator()(const int64_t* value) const { return '"' + FormatSize(*value) + '"'; }
  std::string operator()(const std::vector<std::string>* value) const {
    std::string out = "[";
    for (const std::string& text : *value) {
      if (out.size() > 1) out += ", ";
      AppendJsonString(text, &out);
    }
    return out + "]";
  }
  std::string operator()(const std::map<std::string, std::string>* value) const {
    return value->empty() ? "{}" : "{…}";
  }
  std::string operator()(const JsonTable* value) const {
    return value->text == "{}" ? "{}" : "{…}";
  }
  std::string operator()(const Backend* value) const {
    return *value == Backend::kDocker ? "\"docker\"" : "\"process\"";
  }
};

}  // namespace

std::string_view TypeWords(const Target& target) { return std::visit(TypeOf{}, target); }

std::string Printed(const Target& target) { return std::visit(PrintedAs{}, target); }

std::string RangeWords(const KeyFacts& facts, const Target& target) {
  if (std::holds_alternative<Backend*>(target)) return R"(`"process"` or `"docker"`)";
  if (facts.form != nullptr) return std::string(facts.form->words);
  if (facts.most == 0) return "";
  return fmt::format("{} to {}{}{}", std::visit(BoundOf{facts.least}, target),
                     std::visit(BoundOf{facts.most}, target), facts.or_zero ? ", or 0" : "",
                     facts.whole_seconds ? ", whole seconds" : "");
}

}  // namespace hearth::config
