#include "pool/state_json.h"

#include <boost/json.hpp>
#include <charconv>
#include <limits>
#include <utility>

namespace hearth::pool {
namespace {

namespace json = boost::json;

// Typed look-ups in one object; the first wrong one is kept.
class Fields {
 public:
  explicit Fields(const json::object& object) : object_(object) {}

  void Get(std::string_view key, std::string* out) {
    if (const json::value* value = Find(key)) {
      if (value->is_string()) {
        *out = std::string(value->get_string());
      } else {
        Wrong(key);
      }
    }
  }
  void Get(std::string_view key, bool* out) {
    if (const json::value* value = Find(key)) {
      if (value->is_bool()) {
        *out = value->get_bool();
      } else {
        Wrong(key);
      }
    }
  }
  template <typename Number>
    requires(std::is_arithmetic_v<Number> && !std::is_same_v<Number, bool>)
  void Get(std::string_view key, Number* out) {
    if (const json::value* value = Find(key)) {
      json::error_code failed;
      const Number number = value->to_number<Number>(failed);
      if (failed) {
        Wrong(key);
      } else {
        *out = number;
      }
    }
  }
  void Get(std::string_view key, std::optional<int>* out) {
    int number = 0;
    if (Find(key) == nullptr) return;
    Get(key, &number);
    *out = number;
  }
  void Get(std::string_view key, std::vector<std::string>* out) {
    for (const json::value& item : Items(key)) {
      if (!item.is_string()) return Wrong(key);
      out->emplace_back(item.get_string());
    }
  }
  void Get(std::string_view key, std::vector<std::pair<std::string, std::string>>* out) {
    for (const json::value& item : Items(key)) {
      const json::array* pair = item.if_array();
      if (pair == nullptr || pair->size() != 2 || !(*pair)[0].is_string() ||
          !(*pair)[1].is_string()) {
        return Wrong(key);
      }
      out->emplace_back((*pair)[0].get_string(), (*pair)[1].get_string());
    }
  }

  void GetNumberInText(std::string_view key, double* out) {
    std::string text = fmt::format("{}", *out);
    Get(key, &text);
    const char* const last = text.data() + text.size();
    const auto [end, error] = std::from_chars(text.data(), last, *out);
    if (error != std::errc() || end != last) Wrong(key);
  }

  const json::array& Items(std::string_view key) {
    static const json::array none;
    const json::value* value = Find(key);
    if (value == nullptr) return none;
    if (value->is_array()) return value->get_array();
    Wrong(key);
    return none;
  }
  void Wrong(std::string_view key) {
    if (wrong_.empty()) wrong_ = key;
  }
  const std::string& wrong() const { return wrong_; }

 private:
  const json::value* Find(std::string_view key) const {
    const json::value* value = object_.if_contains(key);
    return value == nullptr || value->is_null() ? nullptr : value;
  }

  const json::object& object_;
  std::string wrong_;
};

// The object that `text` is, read by `read`.
template <typename T, typename Read>
Result<T> Parse(std::string_view text, const Read& read) {
  json::error_code failed;
  const json::value value = json::parse(text, failed);
  if (failed || !value.is_object()) return Fail(Code::kCorrupt, "it is not a JSON object");
  Fields fields(value.get_object());
  T out;
  read(fields, &out);
  if (!fields.wrong().empty()) {
    return Fail(Code::kCorrupt, "its \"{}\" is not what it should be", fields.wrong());
  }
  return out;
}

json::array ToArray(const std::vector<std::string>& texts) {
  json::array out;
  for (const std::string& text : texts) out.emplace_back(text);
  return out;
}

json::object ToJson(const ReplicaSpec& spec) {
  json::array env;
  for (const auto& [name, value] : spec.env) env.push_back(json::array{name, value});
  return {{"command", ToArray(spec.command)},
          {"image", spec.image},
          {"env", std::move(env)},
          {"mounts", ToArray(spec.mounts)},
          {"network", spec.network},
          {"read_only", spec.read_only},
          {"container_port", spec.container_port},
          {"cpu", fmt::format("{}", spec.cpu)},  // a text: reads back as the very same number
          {"memory_bytes", spec.memory_bytes},
          {"own_server", spec.own_server}};
}

ReplicaSpec SpecFrom(Fields& fields) {
  ReplicaSpec spec;
  fields.Get("command", &spec.command);
  fields.Get("image", &spec.image);
  fields.Get("env", &spec.env);
  fields.Get("mounts", &spec.mounts);
  fields.Get("network", &spec.network);
  fields.Get("read_only", &spec.read_only);
  fields.Get("container_port", &spec.container_port);
  fields.GetNumberInText("cpu", &spec.cpu);
  fields.Get("memory_bytes", &spec.memory_bytes);
  fields.Get("own_server", &spec.own_server);
  return spec;
}

json::value ToJson(const std::optional<int>& number) {
  return number ? json::value(*number) : json::value(nullptr);
}

// One line, as a person may look at it.
std::string Print(const json::object& object) { return json::serialize(object) + "\n"; }

}  // namespace

std::string PrintSpec(const ReplicaSpec& spec) { return Print(ToJson(spec)); }

std::string PrintState(const StoredState& state) {
  json::array specs;
  for (const ReplicaSpec& spec : state.specs) specs.emplace_back(ToJson(spec));
  return Print({{"next_replica", state.next_replica},
                {"current_version", state.current_version},
                {"previous_version", state.previous_version},
                {"floor", ToJson(state.policy.floor)},
                {"spare", ToJson(state.policy.spare)},
                {"max", ToJson(state.policy.max)},
                {"config_digest", state.config_digest},
                {"specs", std::move(specs)}});
}

Result<StoredState> ParseState(std::string_view text) {
  return Parse<StoredState>(text, [](Fields& fields, StoredState* out) {
    fields.Get("next_replica", &out->next_replica);
    fields.Get("current_version", &out->current_version);
    fields.Get("previous_version", &out->previous_version);
    fields.Get("floor", &out->policy.floor);
    fields.Get("spare", &out->policy.spare);
    fields.Get("max", &out->policy.max);
    fields.Get("config_digest", &out->config_digest);
    for (const json::value& item : fields.Items("specs")) {
      if (!item.is_object()) return fields.Wrong("specs");
      Fields inner(item.get_object());
      out->specs.push_back(SpecFrom(inner));
      if (!inner.wrong().empty()) fields.Wrong(inner.wrong());
    }
  });
}

std::string PrintReplica(const ReplicaHandle& replica) {
  return Print({{"id", replica.id.value},
                {"nonce", replica.nonce},
                {"version", replica.version},
                {"host", replica.url.host},
                {"port", replica.url.port},
                {"unix_path", replica.url.unix_path},
                {"pid", replica.pid},
                {"pid_start_ticks", replica.pid_start_ticks},
                {"container", replica.container},
                {"started_unix_ms", replica.started_unix_ms},
                {"log_path", replica.log_path}});
}

Result<ReplicaHandle> ParseReplica(std::string_view text) {
  return Parse<ReplicaHandle>(text, [](Fields& fields, ReplicaHandle* out) {
    fields.Get("id", &out->id.value);
    fields.Get("nonce", &out->nonce);
    fields.Get("version", &out->version);
    fields.Get("host", &out->url.host);
    fields.Get("port", &out->url.port);
    fields.Get("unix_path", &out->url.unix_path);
    fields.Get("pid", &out->pid);
    fields.Get("pid_start_ticks", &out->pid_start_ticks);
    fields.Get("container", &out->container);
    fields.Get("started_unix_ms", &out->started_unix_ms);
    fields.Get("log_path", &out->log_path);
    // Signals go to −pid: 0 and 1 would be our own group and everybody.
    if (out->pid < 0 || out->pid == 1 || out->pid > std::numeric_limits<int32_t>::max()) {
      fields.Wrong("pid");
    }
  });
}

std::string PrintAdmin(const AdminAddress& admin) {
  return Print({{"url", admin.url}, {"token", admin.token}});
}

Result<AdminAddress> ParseAdmin(std::string_view text) {
  return Parse<AdminAddress>(text, [](Fields& fields, AdminAddress* out) {
    fields.Get("url", &out->url);
    fields.Get("token", &out->token);
    if (out->url.empty()) fields.Wrong("url");
  });
}

}  // namespace hearth::pool
