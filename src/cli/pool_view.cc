#include "cli/pool_view.h"

#include <boost/json.hpp>

namespace hearth::cli {
namespace json = boost::json;
namespace {

// Reads fields; what is absent or of another type keeps its default, so that commands of one
// version can look at a pool of another.
class Reader {
 public:
  explicit Reader(const json::object& object) : object_(object) {}

  void operator()(json::string_view key, std::string* out) const {
    const json::value* value = object_.if_contains(key);
    if (value == nullptr || !value->is_string()) return;
    out->assign(value->get_string().data(), value->get_string().size());
  }
  void operator()(json::string_view key, int64_t* out) const {
    const json::value* value = object_.if_contains(key);
    if (value != nullptr && value->is_int64()) *out = value->get_int64();
  }
  void operator()(json::string_view key, double* out) const {
    const json::value* value = object_.if_contains(key);
    if (value != nullptr && value->is_number()) *out = value->to_number<double>();
  }
  void operator()(json::string_view key, bool* out) const {
    const json::value* value = object_.if_contains(key);
    if (value != nullptr && value->is_bool()) *out = value->get_bool();
  }
  void operator()(json::string_view key, PoolView::Number* out) const {
    const json::value* value = object_.if_contains(key);
    if (value == nullptr || !value->is_object()) return;
    const Reader inner(value->get_object());
    inner("value", &out->value);
    inner("source", &out->source);
  }
  template <typename Item>
  void List(json::string_view key, std::vector<Item>* out,
            void (*read)(const Reader&, Item*)) const {
    const json::value* value = object_.if_contains(key);
    if (value == nullptr || !value->is_array()) return;
    for (const json::value& each : value->get_array()) {
      if (each.is_object()) read(Reader(each.get_object()), &out->emplace_back());
    }
  }

 private:
  const json::object& object_;
};

void ReadReplica(const Reader& read, PoolView::Replica* out) {
  read("id", &out->id);
  read("state", &out->state);
  read("version", &out->version);
  read("container", &out->container);
  read("log", &out->log);
  read("end_reason", &out->end_reason);
  read("current", &out->current);
  read("ejected", &out->ejected);
  read("adopted", &out->adopted);
  read("slots", &out->slots);
  read("busy", &out->busy);
  read("pid", &out->pid);
  read("memory_bytes", &out->memory_bytes);
  read("age_seconds", &out->age_seconds);
  read("start_seconds", &out->start_seconds);
  read("gone_seconds", &out->gone_seconds);
}

void ReadDecision(const Reader& read, PoolView::Decision* out) {
  read("at_ms", &out->at_ms);
  read("desired", &out->desired);
  read("in_use", &out->in_use);
  read("reason", &out->reason);
}

}  // namespace

const PoolView::Replica* PoolView::Find(std::string_view id) const {
  for (const Replica& replica : replicas) {
    if (replica.id == id) return &replica;
  }
  return nullptr;
}

Result<PoolView> ReadPoolView(std::string_view text) {
  boost::system::error_code error;
  const json::value value = json::parse(json::string_view(text.data(), text.size()), error);
  if (error || !value.is_object()) {
    return Fail(Code::kCorrupt, "what answers is not a pool of hearth: \"{}\"", text.substr(0, 80));
  }
  const Reader read(value.get_object());
  PoolView view;
  read("name", &view.name);
  read("gateway", &view.gateway);
  read("version", &view.version);
  read("roll_state", &view.roll_state);
  read("roll", &view.roll);
  read("now_ms", &view.now_ms);
  read("floor", &view.floor);
  read("spare", &view.spare);
  read("max", &view.max);
  read("keep_warm_seconds", &view.keep_warm_seconds);
  read("in_use", &view.in_use);
  read("desired", &view.desired);
  read("ready", &view.ready);
  read("starting", &view.starting);
  read("waiting", &view.waiting);
  read.List("replicas", &view.replicas, ReadReplica);
  read.List("decisions", &view.decisions, ReadDecision);
  return view;
}

}  // namespace hearth::cli
