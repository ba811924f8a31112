#include <map>

#include "ecs/inputs.h"

namespace hearth::ecs {
namespace {

namespace json = boost::json;

std::map<std::string, std::string> AllTags(const EcsSpec& spec) {
  std::map<std::string, std::string> tags = spec.tags;
  tags.insert_or_assign(std::string(kPoolTag), PoolTagValue(spec));
  return tags;
}

json::array TagList(const EcsSpec& spec, std::string_view key, std::string_view value) {
  json::array list;
  for (const auto& [name, text] : AllTags(spec)) {
    list.push_back(json::object{{key, name}, {value, text}});
  }
  return list;
}

}  // namespace

json::array TagsInSmall(const EcsSpec& spec) { return TagList(spec, "key", "value"); }
json::array TagsInCapitals(const EcsSpec& spec) { return TagList(spec, "Key", "Value"); }

json::object TagsAsMap(const EcsSpec& spec) {
  json::object map;
  for (const auto& [name, text] : AllTags(spec)) map.emplace(name, text);
  return map;
}

json::array Texts(const std::vector<std::string>& texts) {
  return json::array(texts.begin(), texts.end());
}

}  // namespace hearth::ecs
