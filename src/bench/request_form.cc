#include "bench/request_form.h"

#include <boost/json.hpp>

namespace hearth::bench {
namespace json = boost::json;

Result<Form> ParseForm(std::string_view name) {
  if (name == "seed") return Form::kSeed;
  if (name == "tei") return Form::kTei;
  if (name == "openai") return Form::kOpenAi;
  return Fail(Code::kUsage, "unknown request form \"{}\": give seed, tei or openai", name);
}

std::string_view NameOf(Form form) {
  switch (form) {
    case Form::kSeed:
      return "seed";
    case Form::kTei:
      return "tei";
    case Form::kOpenAi:
      return "openai";
  }
  return "";
}

std::string_view PathOf(Form form) { return form == Form::kOpenAi ? "/v1/embeddings" : "/embed"; }

Result<std::string> MakeBody(Form form, std::span<const std::string> texts) {
  if (form == Form::kSeed) {
    if (texts.size() != 1) {
      return Fail(Code::kUsage,
                  "the seed's request form carries one text, not {}: use --form tei or openai",
                  texts.size());
    }
    return json::serialize(json::object{{"text", texts[0]}});
  }
  json::array inputs;
  for (const std::string& text : texts) inputs.emplace_back(text);
  if (form == Form::kTei) return json::serialize(json::object{{"inputs", std::move(inputs)}});
  return json::serialize(json::object{{"input", std::move(inputs)}, {"model", "all-MiniLM-L6-v2"}});
}

namespace {

const json::array* VectorOf(const json::value& item) {
  const json::array* vector = item.if_array();
  return vector != nullptr && !vector->empty() && vector->front().is_number() ? vector : nullptr;
}

const json::array* VectorUnder(const json::value& item, std::string_view key) {
  const json::object* object = item.if_object();
  const json::value* value = object != nullptr ? object->if_contains(key) : nullptr;
  return value != nullptr ? VectorOf(*value) : nullptr;
}

}  // namespace

Result<AnswerShape> ReadAnswer(Form form, std::string_view body) {
  boost::system::error_code error;
  const json::value root = json::parse(body, error);
  const auto wrong = [&] {
    return Fail(Code::kCorrupt, "the answer is not in the {} form: {}", NameOf(form),
                body.substr(0, 80));
  };
  if (error) return wrong();
  AnswerShape shape;
  if (form == Form::kSeed) {
    const json::array* vector = VectorUnder(root, "embedding");
    if (vector == nullptr) return wrong();
    return AnswerShape{.vectors = 1, .dimensions = vector->size()};
  }
  const json::array* items = root.if_array();
  if (form == Form::kOpenAi) {
    const json::object* object = root.if_object();
    const json::value* data = object != nullptr ? object->if_contains("data") : nullptr;
    items = data != nullptr ? data->if_array() : nullptr;
  }
  if (items == nullptr || items->empty()) return wrong();
  for (const json::value& item : *items) {
    const json::array* vector =
        form == Form::kOpenAi ? VectorUnder(item, "embedding") : VectorOf(item);
    if (vector == nullptr) return wrong();
    shape.dimensions = vector->size();
    ++shape.vectors;
  }
  return shape;
}

}  // namespace hearth::bench
