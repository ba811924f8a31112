#include <fmt/format.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <cmath>
#include <utility>

#include "aws/document.h"
#include "ecs/compare_rules.h"
#include "ecs/describe_shape.h"
#include "ecs/plan.h"

namespace hearth::ecs {
namespace {

namespace json = boost::json;

const json::value kNull;

bool Empty(const json::value& value) {
  return value.is_null() || (value.is_string() && value.get_string().empty()) ||
         (value.is_array() && value.get_array().empty()) ||
         (value.is_object() && value.get_object().empty());
}

std::optional<double> AsNumber(const json::value& value) {
  if (value.is_int64()) return static_cast<double>(value.get_int64());
  if (value.is_uint64()) return static_cast<double>(value.get_uint64());
  if (value.is_double()) return value.get_double();
  if (!value.is_string()) return std::nullopt;
  const json::string& text = value.get_string();
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<bool> AsBool(const json::value& value) {
  if (value.is_bool()) return value.get_bool();
  if (!value.is_string()) return std::nullopt;
  if (value.get_string() == "true") return true;
  if (value.get_string() == "false") return false;
  return std::nullopt;
}

// "Name" is "arn:…:role/path/Name": AWS takes both, and answers with what it was given.
bool SameRole(std::string_view a, std::string_view b) {
  if (a.starts_with("arn:") == b.starts_with("arn:")) return a == b;
  const std::string_view arn = a.starts_with("arn:") ? a : b;
  const std::string_view name = a.starts_with("arn:") ? b : a;
  const size_t slash = arn.rfind('/');
  return slash != std::string_view::npos && arn.substr(slash + 1) == name;
}

bool SameScalar(std::string_view name, const json::value& ought, const json::value& is) {
  if (ought.is_string() && is.is_string()) {
    if (name == "executionRoleArn" || name == "taskRoleArn") {
      return SameRole(ought.get_string(), is.get_string());
    }
    return ought == is;
  }
  if (ought.is_bool() || is.is_bool()) {
    const std::optional<bool> wanted = AsBool(ought);
    return wanted.has_value() && wanted == AsBool(is);
  }
  const std::optional<double> wanted = AsNumber(ought);
  return wanted.has_value() && wanted == AsNumber(is);
}

// An item of a set, as the rule names it.
std::string KeyOf(const SetRule& rule, const json::value& item) {
  if (!item.is_object()) {
    return item.is_string() ? std::string(item.get_string()) : json::serialize(item);
  }
  if (rule.key.empty()) return json::serialize(item);
  const json::value* key = item.get_object().if_contains(rule.key);
  if (key == nullptr) return {};
  // One port may be there for TCP and for UDP.
  const bool udp = aws::TextOf(item.get_object(), "protocol") == "udp";
  return (key->is_string() ? std::string(key->get_string()) : json::serialize(*key)) +
         (udp ? "/udp" : "");
}

const json::object& ObjectIn(const json::value& value) {
  static const json::object kEmpty;
  return value.is_object() ? value.get_object() : kEmpty;
}

class Differ {
 public:
  explicit Differ(Kind kind) : kind_(kind) {}

  // `in` is the property that holds the two.
  void Objects(const std::string& path, std::string_view in, const json::object& ought,
               const json::object& is) {
    for (const auto& [name, value] : ought) {
      if (in.empty() && IsIdentity(kind_, name)) continue;
      Property(path, in, name, value, is);
    }
    for (const auto& [name, value] : is) {
      if (ought.contains(name) || (in.empty() && IsIdentity(kind_, name))) continue;
      if (!DefaultOf(kind_, in, name) && !IsMap(in)) continue;
      Values(Join(path, name), name, DefaultOf(kind_, in, name).value_or(nullptr), value);
    }
  }

  std::vector<Difference> Take() { return std::move(differences_); }

 private:
  static std::string Join(const std::string& path, std::string_view name) {
    return path.empty() ? std::string(name) : fmt::format("{}.{}", path, name);
  }

  void Property(const std::string& path, std::string_view in, std::string_view name,
                const json::value& ought, const json::object& is) {
    const json::value* there = is.if_contains(name);
    json::value told = there == nullptr ? kNull : *there;
    if (Empty(told)) told = DefaultOf(kind_, in, name).value_or(nullptr);
    if (in == "portMappings" && name == "hostPort" && Empty(told)) {
      told = is.contains("containerPort") ? is.at("containerPort") : kNull;
    }
    // Any priority will do; the newest platform goes by its number, too.
    if (ought.is_string() && ought.get_string() == kPriorityRef && !Empty(told)) return;
    if (name == "platformVersion" && ought == json::value("LATEST")) return;
    Values(Join(path, name), name, ought, told);
  }

  void Values(const std::string& path, std::string_view name, const json::value& ought,
              const json::value& is) {
    if (Empty(ought) && Empty(is)) return;
    if (ought.is_object() || is.is_object()) {
      Whole(path, name, ought, is);
    } else if (ought.is_array() || is.is_array()) {
      Lists(path, name, ought, is);
    } else if (!SameScalar(name, ought, is)) {
      differences_.push_back({path, is, ought});
    }
  }

  // Where one side has nothing, what differs is one thing and not each of its leaves.
  void Whole(const std::string& path, std::string_view name, const json::value& ought,
             const json::value& is) {
    Differ inner(kind_);
    inner.Objects(path, name, ObjectIn(ought), ObjectIn(is));
    const bool opaque = Empty(ought) && !KnowsInside(kind_, name);
    if (inner.differences_.empty() && !opaque) return;
    if (Empty(ought) || Empty(is)) {
      differences_.push_back({path, is, ought});
      return;
    }
    std::move(inner.differences_.begin(), inner.differences_.end(),
              std::back_inserter(differences_));
  }

  void Lists(const std::string& path, std::string_view name, const json::value& ought,
             const json::value& is) {
    static const json::array kEmpty;
    const json::array& wanted = ought.is_array() ? ought.get_array() : kEmpty;
    const json::array& there = is.is_array() ? is.get_array() : kEmpty;
    if (const SetRule* rule = FindSet(name)) {
      Sets(path, name, *rule, wanted, there);
      return;
    }
    if (wanted.size() != there.size()) {
      differences_.push_back({path, is, ought});
      return;
    }
    Differ inner(kind_);
    for (size_t i = 0; i < wanted.size(); ++i) {
      inner.Values(fmt::format("{}[{}]", path, i), name, wanted[i], there[i]);
    }
    if (inner.differences_.empty()) return;
    // A command reads as a whole.
    const bool objects = wanted.front().is_object();
    if (!objects) {
      differences_.push_back({path, is, ought});
      return;
    }
    std::move(inner.differences_.begin(), inner.differences_.end(),
              std::back_inserter(differences_));
  }

  void Sets(const std::string& path, std::string_view name, const SetRule& rule,
            const json::array& ought, const json::array& is) {
    for (const json::value& item : ought) {
      const std::string key = KeyOf(rule, item);
      const json::value* there = FindItem(rule, key, is);
      Values(fmt::format("{}[{}]", path, key), name, item, there == nullptr ? kNull : *there);
    }
    if (rule.only_ours) return;
    for (const json::value& item : is) {
      const std::string key = KeyOf(rule, item);
      if (FindItem(rule, key, ought) == nullptr) {
        differences_.push_back({fmt::format("{}[{}]", path, key), item, nullptr});
      }
    }
  }

  static const json::value* FindItem(const SetRule& rule, std::string_view key,
                                     const json::array& list) {
    const auto found = std::find_if(list.begin(), list.end(), [&](const json::value& item) {
      return KeyOf(rule, item) == key;
    });
    return found == list.end() ? nullptr : &*found;
  }

  Kind kind_;
  std::vector<Difference> differences_;
};

// Tags that others added are theirs. Logs and scaling tell tags in a call of their own: unknown
// ones are no difference.
std::vector<Difference> CompareTags(Kind kind, const json::object& ought, const json::object& is) {
  const auto wanted = TagsOf(ought);
  if (!wanted) return {};
  auto there = TagsOf(is);
  const bool told_elsewhere = kind == Kind::kLogGroup || kind == Kind::kScalableTarget;
  if (!there && told_elsewhere) return {};
  if (!there) there.emplace();
  std::vector<Difference> differences;
  for (const auto& [key, value] : *wanted) {
    const auto found = there->find(key);
    if (found != there->end() && found->second == value) continue;
    differences.push_back({fmt::format("tags[{}]", key),
                           found == there->end() ? kNull : json::value(found->second),
                           json::value(value)});
  }
  return differences;
}

}  // namespace

std::vector<Difference> Compare(Kind kind, const json::object& ought, const json::object& is) {
  Differ differ(kind);
  differ.Objects("", "", Normal(kind, ought), Normal(kind, is));
  std::vector<Difference> differences = differ.Take();
  for (Difference& difference : CompareTags(kind, ought, is)) {
    differences.push_back(std::move(difference));
  }
  return differences;
}

}  // namespace hearth::ecs
