#include <fmt/format.h>

#include <iterator>

#include "base/json_print.h"
#include "gateway/admin.h"

namespace hearth::gateway {
namespace {

using Out = std::back_insert_iterator<std::string>;

// `"key":"text",`
void AppendText(std::string_view key, std::string_view text, std::string* out) {
  fmt::format_to(Out(*out), R"("{}":)", key);
  AppendJsonString(text, out);
  out->push_back(',');
}

void AppendSourced(std::string_view key, const pool::Sourced& sourced, std::string* out) {
  fmt::format_to(Out(*out), R"("{}":{{"value":{},"source":)", key, sourced.value);
  AppendJsonString(sourced.source, out);
  out->append("},");
}

void AppendReplica(const pool::ReplicaStatus& replica, std::string* out) {
  fmt::format_to(Out(*out),
                 R"({{"id":"{}","state":"{}","current":{},"ejected":{},"adopted":{},"slots":{},)"
                 R"("busy":{},"age_seconds":{:.3f},"start_seconds":{:.4f},"pid":{},)"
                 R"("memory_bytes":{},"gone_seconds":{:.3f},)",
                 pool::ToString(replica.id), pool::ToString(replica.state), replica.current,
                 replica.ejected, replica.adopted, replica.slots, replica.busy, replica.age_seconds,
                 replica.start_seconds, replica.pid, replica.memory_bytes, replica.gone_seconds);
  AppendText("version", replica.version, out);
  AppendText("container", replica.container, out);
  AppendText("url", replica.url, out);
  AppendText("log", replica.log_path, out);
  AppendText("end_reason", replica.end_reason, out);
  out->back() = '}';
}

void AppendDecision(const pool::DecisionStatus& decision, std::string* out) {
  fmt::format_to(Out(*out), R"({{"at_ms":{},"desired":{},"in_use":{},)", decision.unix_ms,
                 decision.desired, decision.in_use);
  AppendText("reason", decision.reason, out);
  out->back() = '}';
}

void AppendSecond(const TrafficSeries::Second& second, std::string* out) {
  fmt::format_to(Out(*out),
                 R"({{"t":{},"arrivals":{},"answered":{},"errors":{},"waiting":{},"occupied":{},)"
                 R"("ready":{},"p50_ms":{:.3f},"p99_ms":{:.3f}}})",
                 second.unix_s, second.arrivals, second.answered, second.errors,
                 second.waiting_peak, second.occupied_peak, second.ready, second.p50_ms,
                 second.p99_ms);
}

// `"key":[…],`
template <typename Items, typename Append>
void AppendList(std::string_view key, const Items& items, Append append, std::string* out) {
  fmt::format_to(Out(*out), R"("{}":[)", key);
  const size_t begin = out->size();
  for (const auto& item : items) {
    if (out->size() > begin) out->push_back(',');
    append(item, out);
  }
  out->append("],");
}

std::string_view NameOf(pool::RollState state) {
  switch (state) {
    case pool::RollState::kNone:
      return "none";
    case pool::RollState::kPreparing:
      return "preparing";
    case pool::RollState::kRolling:
      return "rolling";
    case pool::RollState::kDone:
      return "done";
    case pool::RollState::kFailed:
      return "failed";
  }
  return "none";
}

}  // namespace

std::string PrintStatus(const pool::PoolStatus& status, const TrafficSeries& traffic,
                        const std::string& gateway_address, int64_t unix_ms, int64_t since_unix_s) {
  std::string out = "{";
  AppendText("name", status.name, &out);
  fmt::format_to(Out(out), R"("now_ms":{},)", unix_ms);
  AppendText("gateway", gateway_address, &out);
  AppendText("version", status.version, &out);
  AppendText("roll_state", NameOf(status.roll_state), &out);
  AppendText("roll", status.roll, &out);
  AppendSourced("floor", status.floor, &out);
  AppendSourced("spare", status.spare, &out);
  AppendSourced("max", status.max, &out);
  fmt::format_to(Out(out),
                 R"("keep_warm_seconds":{},"in_use":{},"desired":{},"ready":{},"starting":{},)"
                 R"("waiting":{},)",
                 status.keep_warm_seconds, status.in_use, status.desired, status.ready,
                 status.starting, status.waiting);
  AppendList("replicas", status.replicas, AppendReplica, &out);
  AppendList("decisions", status.decisions, AppendDecision, &out);
  std::vector<TrafficSeries::Second> wanted;
  for (const TrafficSeries::Second& second : traffic.seconds()) {
    if (second.unix_s > since_unix_s) wanted.push_back(second);
  }
  AppendList("traffic", wanted, AppendSecond, &out);
  out.back() = '}';
  return out;
}

}  // namespace hearth::gateway
