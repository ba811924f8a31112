#include "pool/health_checks.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string_view>
#include <utility>

namespace hearth::pool {
namespace {

using std::chrono::milliseconds;

constexpr Duration kEager = milliseconds(2);
// Of the checks of well replicas, on average: 200 idle ones must not cost 1 % of a core.
constexpr Duration kApart = milliseconds(40);
constexpr Duration kEagerFor = milliseconds(100);
constexpr Duration kSlowest = milliseconds(100);
constexpr int kSlotsMax = 65'536;

int SlotsOf(const http::Answer& answer) {
  const std::string_view text = answer.Header("X-Hearth-Slots");
  int slots = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), slots);
  const bool good = error == std::errc() && end == text.data() + text.size();
  return good && slots > 0 ? std::min(slots, kSlotsMax) : 0;
}

// Multiples of the golden ratio lie evenly in [0, 1), however many there are.
double Share(ReplicaId id) {
  const double at = static_cast<double>(id.value % 100'000) * 0.6180339887498949;
  return at - std::floor(at);
}

}  // namespace

struct HealthChecks::Entry {
  ReplicaId id;
  http::Url url;
  std::string nonce;
  Time since;
  bool awaited = true;  // has not said ready yet
  bool well = true;     // the last check said so
  bool in_check = false;
  bool again = false;        // CheckNow came during a check
  Path path = Path::kReady;  // that is asked
  bool health_good = false;  // in this check
  std::string ready_words;   // what `ready` said in this check, when it was not 200
  std::unique_ptr<http::AsyncGet> get;
  EventLoop::TimerId timer = EventLoop::TimerId::kNone;
};

Duration ReadyPollDelay(Duration since_start, Duration start_time) {
  if (since_start < kEagerFor) return kEager;
  const Duration slowest = std::clamp(start_time / 10, kEager, kSlowest);
  return std::clamp(since_start / 20, kEager, slowest);
}

HealthChecks::HealthChecks(EventLoop& loop, CheckSettings settings, OnResult on_result)
    : loop_(loop), settings_(std::move(settings)), on_result_(std::move(on_result)) {}

HealthChecks::~HealthChecks() {
  for (const auto& [id, entry] : entries_) loop_.Cancel(entry->timer);
}

void HealthChecks::Await(ReplicaId replica, const http::Url& url, const std::string& nonce) {
  Forget(replica);
  auto entry = std::make_unique<Entry>();
  entry->id = replica;
  entry->url = url;
  entry->nonce = nonce;
  entry->since = loop_.now();
  Entry& kept = *(entries_[replica] = std::move(entry));
  Begin(kept);
}

void HealthChecks::CheckNow(ReplicaId replica) {
  const auto found = entries_.find(replica);
  if (found == entries_.end() || found->second->awaited) return;
  Entry& entry = *found->second;
  if (entry.in_check) {
    entry.again = true;
    return;
  }
  loop_.Cancel(entry.timer);
  Begin(entry);
}

void HealthChecks::Forget(ReplicaId replica) {
  const auto found = entries_.find(replica);
  if (found == entries_.end()) return;
  loop_.Cancel(found->second->timer);
  entries_.erase(found);
}

void HealthChecks::Begin(Entry& entry) {
  entry.timer = EventLoop::TimerId::kNone;
  entry.in_check = true;
  entry.again = false;
  entry.health_good = false;
  entry.ready_words.clear();
  if (entry.awaited) return Ask(entry, Path::kReady);
  if (one_path() || !entry.well) return Ask(entry, Path::kHealth);
  Ask(entry, entry.path == Path::kReady ? Path::kHealth : Path::kReady);
}

void HealthChecks::Ask(Entry& entry, Path path) {
  entry.path = path;
  http::Url url = entry.url;
  url.target = path == Path::kReady ? settings_.ready : settings_.health;
  entry.get = std::make_unique<http::AsyncGet>(
      loop_, url, loop_.now() + settings_.timeout,
      [this, id = entry.id](const Result<http::Answer>& answer) { OnAnswer(id, answer); });
}

void HealthChecks::OnAnswer(ReplicaId replica, const Result<http::Answer>& answer) {
  const auto found = entries_.find(replica);
  if (found == entries_.end()) return;
  Entry& entry = *found->second;
  const std::string& path = entry.path == Path::kReady ? settings_.ready : settings_.health;
  CheckResult result;
  if (!answer) {
    result.words = fmt::format("GET {}: {}", path, answer.error().message);
  } else {
    result.answered = true;
    result.slots = SlotsOf(*answer);
    result.words = fmt::format("GET {} says {}", path, answer->status);
    const std::string_view nonce = answer->Header("X-Hearth-Nonce");
    if (!nonce.empty() && nonce != entry.nonce) {
      result.kind = CheckResult::Kind::kForeign;
      result.words = fmt::format("another server answers at {}", entry.url.Origin());
      return Finish(entry, result);
    }
  }
  const bool good = answer && answer->status == 200;
  if (entry.path == Path::kReady) return OnReadyAnswer(entry, good, std::move(result));
  OnHealthAnswer(entry, good, std::move(result));
}

void HealthChecks::OnReadyAnswer(Entry& entry, bool good, CheckResult result) {
  if (good) {
    result.kind = CheckResult::Kind::kReady;
    return Finish(entry, result);
  }
  if (entry.awaited || entry.health_good) {
    result.kind = CheckResult::Kind::kNotReady;
    return Finish(entry, result);
  }
  entry.ready_words = std::move(result.words);
  Ask(entry, Path::kHealth);
}

void HealthChecks::OnHealthAnswer(Entry& entry, bool good, CheckResult result) {
  if (!good) {
    result.kind = CheckResult::Kind::kFailed;
    return Finish(entry, result);
  }
  if (!entry.ready_words.empty()) {
    result.kind = CheckResult::Kind::kNotReady;
    result.words = std::move(entry.ready_words);
    return Finish(entry, result);
  }
  if (!entry.well && !one_path()) {
    entry.health_good = true;
    return Ask(entry, Path::kReady);
  }
  result.kind = CheckResult::Kind::kReady;
  Finish(entry, result);
}

void HealthChecks::Finish(Entry& entry, const CheckResult& result) {
  const bool ready = result.kind == CheckResult::Kind::kReady;
  const bool first = entry.awaited && ready;
  if (ready) entry.awaited = false;
  entry.well = ready;
  entry.in_check = false;
  Duration delay = Interval();
  if (entry.awaited) {
    delay = ReadyPollDelay(loop_.now() - entry.since, settings_.start_time);
  } else if (entry.again) {
    delay = Duration::zero();
  } else if (first) {
    delay = std::chrono::duration_cast<Duration>(Interval() * Share(entry.id));
  } else if (!ready) {
    delay = std::max<Duration>(settings_.interval / 4, kEager);
  }
  BeginIn(entry, delay);
  on_result_(entry.id, result);  // last: it may forget the entry
}

Duration HealthChecks::Interval() const {
  return std::max<Duration>(settings_.interval, kApart * entries_.size());
}

void HealthChecks::BeginIn(Entry& entry, Duration delay) {
  loop_.Cancel(entry.timer);
  entry.timer = loop_.After(delay, [this, id = entry.id] {
    if (const auto found = entries_.find(id); found != entries_.end()) Begin(*found->second);
  });
}

}  // namespace hearth::pool
