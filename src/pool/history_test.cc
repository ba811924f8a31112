#include "pool/history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cctype>
#include <initializer_list>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace hearth::pool {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// --- On disk

TEST(History, IsOneTabSeparatedLineAnEvent) {
  EXPECT_EQ(HistoryLine({.microseconds = 12,
                         .kind = EventKind::kReplicaReady,
                         .request = {},
                         .attempt = 0,
                         .replica = ReplicaId{7},
                         .value = 4,
                         .words = {}}),
            "12\treplica_ready\t0\t0\tr7\t4\t-\n");
  EXPECT_EQ(HistoryLine({.microseconds = 13,
                         .kind = EventKind::kArrived,
                         .request = RequestId{5},
                         .attempt = 0,
                         .replica = {},
                         .value = 0,
                         .words = "a\tb\nc\\d"}),
            "13\tarrived\t5\t0\t-\t0\ta\\tb\\nc\\\\d\n");
}

TEST(History, ReadsBackWhatItPrints) {
  EXPECT_TRUE(rc::check("round trip", [](const std::vector<std::string>& all_words) {
    std::string text;
    std::vector<Event> events;
    for (const std::string& words : all_words) {
      Event event;
      event.microseconds = *rc::gen::positive<int64_t>();
      event.kind = static_cast<EventKind>(*rc::gen::inRange(0, 10));
      event.request = RequestId{*rc::gen::arbitrary<uint64_t>()};
      event.attempt = *rc::gen::inRange(0, 100);
      event.replica = ReplicaId{*rc::gen::arbitrary<uint64_t>()};
      event.value = *rc::gen::inRange(0, 600);
      event.words = words.size() == 1 ? "-" : words;
      text += HistoryLine(event);
      events.push_back(event);
    }
    const auto read = ParseHistory(text);
    RC_ASSERT(read.has_value());
    RC_ASSERT(read->size() == events.size());
    for (size_t i = 0; i < events.size(); ++i) {
      RC_ASSERT(HistoryLine((*read)[i]) == HistoryLine(events[i]));
      RC_ASSERT((*read)[i].words == events[i].words);
      RC_ASSERT((*read)[i].replica == events[i].replica);
    }
  }));
}

TEST(History, SaysWhichLineIsMalformedAndWhere) {
  const std::string good = "1\tarrived\t1\t0\t-\t0\tgood\n";
  ASSERT_TRUE(ParseHistory(good).has_value());
  ASSERT_TRUE(ParseHistory("").has_value());
  const std::vector<std::pair<std::string, std::string>> table = {
      {"x\tarrived\t1\t0\t-\t0\t-\n", "time"},
      {"-1\tarrived\t1\t0\t-\t0\t-\n", "time"},
      {"99999999999999999999\tarrived\t1\t0\t-\t0\t-\n", "time"},
      {"1\tdeparted\t1\t0\t-\t0\t-\n", "name"},
      {"1\tarrived\t-1\t0\t-\t0\t-\n", "request"},
      {"1\tarrived\t1\t\t-\t0\t-\n", "attempt"},
      {"1\tarrived\t1\t0\t7\t0\t-\n", "replica"},
      {"1\tarrived\t1\t0\tr0\t0\t-\n", "replica"},
      {"1\tarrived\t1\t0\t-\t4294967296\t-\n", "value"},
      {"1\tarrived\t1\t0\t-\t0\t\n", "words"},
      {"1\tarrived\t1\t0\t-\t0\ta\\\n", "words"},
      {"1\tarrived\t1\t0\t-\t0\ta\\x\n", "words"},
      {"1\tarrived\t1\t0\t-\t0\n", "number of fields"},
      {"1\tarrived\t1\t0\t-\t0\ta\tb\n", "number of fields"},
      {"\n", "number of fields"},
      {"1\tarrived\t1\t0\t-\t0\ta", "cut off"},
  };
  for (const auto& [line, wrong] : table) {
    const auto read = ParseHistory(good + line);
    ASSERT_FALSE(read.has_value()) << line;
    EXPECT_EQ(read.error().code, Code::kCorrupt);
    EXPECT_THAT(read.error().message, HasSubstr(wrong)) << line;
    EXPECT_THAT(read.error().message, HasSubstr("line 2")) << line;
  }
}

// --- The checker: for each rule a history that breaks it

// Events in short: "ready r1 2", "arrive 5 get", "bind 5 1 r1", "send 5 1 r1", "release 5 1 r1",
// "answer 5 r1 200" (r0: the gateway), "cut 5", "leave 5", "drain r1", "gone r1".
std::vector<Event> Story(std::initializer_list<std::string> lines) {
  static const std::vector<std::pair<std::string, EventKind>> verbs = {
      {"ready", EventKind::kReplicaReady},
      {"drain", EventKind::kReplicaDrain},
      {"gone", EventKind::kReplicaGone},
      {"arrive", EventKind::kArrived},
      {"bind", EventKind::kBound},
      {"send", EventKind::kSent},
      {"release", EventKind::kReleased},
      {"answer", EventKind::kAnswered},
      {"cut", EventKind::kCut},
      {"leave", EventKind::kClientGone}};
  std::vector<Event> events;
  for (const std::string& line : lines) {
    std::istringstream in(line);
    std::string verb, word;
    in >> verb;
    Event event;
    event.microseconds = std::ssize(events);
    std::vector<uint64_t> numbers;
    while (in >> word) {
      if (word[0] == 'r') {
        event.replica.value = std::stoull(word.substr(1));
      } else if (std::isdigit(static_cast<unsigned char>(word[0])) != 0) {
        numbers.push_back(std::stoull(word));
      } else {
        event.words = word;
      }
    }
    for (const auto& [name, kind] : verbs) {
      if (name == verb) event.kind = kind;
    }
    const bool of_replica = event.kind <= EventKind::kReplicaGone;
    if (!of_replica && !numbers.empty()) event.request = RequestId{numbers.front()};
    const bool of_attempt = event.kind >= EventKind::kBound && event.kind <= EventKind::kReleased;
    if (of_attempt) event.attempt = static_cast<int>(numbers.at(1));
    if (event.kind == EventKind::kAnswered) event.value = static_cast<int>(numbers.at(1));
    if (event.kind == EventKind::kReplicaReady) event.value = static_cast<int>(numbers.at(0));
    events.push_back(event);
  }
  return events;
}

HistoryRules Rules(bool ended = true) {
  HistoryRules rules;
  rules.may_repeat = [](std::string_view words) { return words == "get"; };
  rules.ended = ended;
  return rules;
}

std::vector<std::string> Check(std::initializer_list<std::string> lines, bool ended = true) {
  return CheckHistory(Story(lines), Rules(ended));
}

TEST(HistoryCheck, AcceptsWhatIsAllowed) {
  EXPECT_THAT(Check({}), IsEmpty());
  // Answered, then released, or the other way round.
  EXPECT_THAT(Check({"ready r1 1", "arrive 1", "bind 1 1 r1", "send 1 1 r1", "release 1 1 r1",
                     "answer 1 r1 200", "arrive 2", "bind 2 1 r1", "send 2 1 r1", "answer 2 r1 500",
                     "release 2 1 r1"}),
              IsEmpty());
  // Never bound.
  EXPECT_THAT(Check({"arrive 1", "answer 1 r0 503", "arrive 2", "leave 2"}), IsEmpty());
  // Timed out: keeps its slot. What was sent before drain ends after it, even after gone.
  EXPECT_THAT(Check({"ready r1 1", "arrive 1", "bind 1 1 r1", "send 1 1 r1", "drain r1",
                     "answer 1 r0 504", "gone r1", "release 1 1 r1"}),
              IsEmpty());
  // Unsent attempts move as often as they like, whatever the method.
  EXPECT_THAT(Check({"ready r1 1", "ready r2 1", "arrive 1 post", "bind 1 1 r1", "release 1 1 r1",
                     "bind 1 2 r2", "release 1 2 r2", "bind 1 3 r1", "release 1 3 r1",
                     "bind 1 4 r2", "send 1 4 r2", "cut 1", "release 1 4 r2"}),
              IsEmpty());
  // Not ready for a while: gone, and back under its id.
  EXPECT_THAT(Check({"ready r1 1", "arrive 1", "bind 1 1 r1", "send 1 1 r1", "drain r1",
                     "release 1 1 r1", "answer 1 r1 200", "gone r1", "ready r1 1", "arrive 2",
                     "bind 2 1 r1", "send 2 1 r1", "release 2 1 r1", "answer 2 r1 200"}),
              IsEmpty());
  // Three times sent.
  EXPECT_THAT(Check({"ready r1 1", "arrive 1 get", "bind 1 1 r1", "send 1 1 r1", "release 1 1 r1",
                     "bind 1 2 r1", "send 1 2 r1", "release 1 2 r1", "bind 1 3 r1", "send 1 3 r1",
                     "release 1 3 r1", "answer 1 r1 200"}),
              IsEmpty());
}

TEST(HistoryCheck, AHistoryThatWasCutOffMayLackItsEnd) {
  const auto story = {std::string("ready r1 1"), std::string("arrive 1"),
                      std::string("bind 1 1 r1")};
  EXPECT_THAT(Check(story, false), IsEmpty());
  EXPECT_THAT(Check(story), ElementsAre(HasSubstr("request 1 (event 2) has no outcome"),
                                        HasSubstr("attempt 1 at r1 (event 3) was never released")));
}

struct Broken {
  std::vector<std::string> lines;
  std::string finding;
};

std::vector<std::string> CheckLines(const std::vector<std::string>& lines) {
  std::vector<Event> events;
  for (const std::string& line : lines) {
    events.push_back(Story({line}).front());
    events.back().microseconds = std::ssize(events);
  }
  return CheckHistory(events, Rules());
}

class HistoryRule : public testing::TestWithParam<Broken> {};

TEST_P(HistoryRule, IsFoundBrokenOnce) {
  EXPECT_THAT(CheckLines(GetParam().lines), ElementsAre(HasSubstr(GetParam().finding)));
}

INSTANTIATE_TEST_SUITE_P(
    Replicas, HistoryRule,
    testing::Values(Broken{{"ready r1 1", "ready r1 1"},
                           "event 2: replica_ready of r1, which was ready at event 1"},
                    Broken{{"ready r1 0"}, "event 1: replica_ready of r1 with 0 slots"},
                    Broken{{"ready 1"}, "event 1: replica_ready without a replica"},
                    Broken{{"drain r1"}, "event 1: replica_drain of r1, which was never ready"},
                    Broken{{"ready r1 1", "drain r1", "drain r1"},
                           "event 3: replica_drain of r1, which drains since event 2"},
                    Broken{{"gone r1"}, "event 1: replica_gone of r1, which was never ready"},
                    Broken{{"ready r1 1", "gone r1", "gone r1"},
                           "event 3: replica_gone of r1, which is gone since event 2"},
                    Broken{{"ready r1 1", "gone r1", "drain r1"},
                           "event 3: replica_drain of r1, which is gone since event 2"},
                    Broken{{"ready r1 1", "gone r1", "ready r1 1", "ready r1 1"},
                           "event 4: replica_ready of r1, which was ready at event 3"},
                    Broken{{"ready r1 2", "arrive 1", "bind 1 1 r1", "send 1 1 r1", "gone r1",
                            "ready r1 2", "release 1 1 r1", "answer 1 r0 502"},
                           "event 6: replica_ready of r1, which has 1 requests of before event 5"},
                    Broken{{"ready r1 1", "gone r1", "ready r1 1", "gone r1", "drain r1"},
                           "event 5: replica_drain of r1, which is gone since event 4"}));

INSTANTIATE_TEST_SUITE_P(
    Outcomes, HistoryRule,
    testing::Values(Broken{{"arrive 1"}, "request 1 (event 1) has no outcome"},
                    Broken{{"arrive 1", "leave 1", "arrive 1"},
                           "event 3: arrived of request 1, which is known since event 1"},
                    Broken{{"arrive 0"}, "event 1: arrived without a request"},
                    Broken{{"leave 4"}, "event 1: client_gone of request 4, which has not arrived"},
                    Broken{{"arrive 1", "answer 1 r0 503", "leave 1"},
                           "event 3: client_gone of request 1, which ended at event 2"},
                    Broken{{"arrive 1", "leave 1", "answer 1 r0 503"},
                           "event 3: answered of request 1, which ended at event 2"},
                    Broken{{"arrive 1", "answer 1 r0 503", "answer 1 r0 503"},
                           "event 3: answered of request 1, which ended at event 2"},
                    Broken{{"arrive 1", "cut 1"},
                           "event 2: request 1 (event 1) cut in the middle of an answer"},
                    Broken{{"ready r1 1", "arrive 1", "bind 1 1 r1", "cut 1", "release 1 1 r1"},
                           "event 4: request 1 (event 2) cut in the middle of an answer"},
                    Broken{{"ready r1 1", "arrive 1", "leave 1", "bind 1 1 r1", "release 1 1 r1"},
                           "event 4: bound of request 1, which ended at event 3"},
                    Broken{{"ready r1 1", "arrive 1", "bind 1 1 r1", "leave 1", "send 1 1 r1",
                            "release 1 1 r1"},
                           "event 5: sent of request 1, which ended at event 4"}));

INSTANTIATE_TEST_SUITE_P(
    Answers, HistoryRule,
    testing::Values(
        Broken{{"arrive 1", "answer 1 r0 200"},
               "event 2: request 1 (event 1) answered 200 by the gateway"},
        Broken{{"ready r1 1", "arrive 1", "bind 1 1 r1", "send 1 1 r1", "release 1 1 r1",
                "answer 1 r1 700"},
               "event 6: request 1 (event 2) answered 700 by r1"},
        Broken{{"ready r1 1", "arrive 1", "answer 1 r1 200"},
               "event 3: request 1 (event 2) answered by r1, but it was bound to none"},
        Broken{{"ready r1 1", "arrive 1", "bind 1 1 r1", "release 1 1 r1", "answer 1 r1 200"},
               "answered by r1, but its last attempt was bound, not sent, to r1 (event 3)"},
        Broken{{"ready r1 1", "ready r2 1", "arrive 1", "bind 1 1 r1", "send 1 1 r1",
                "release 1 1 r1", "answer 1 r2 200"},
               "answered by r2, but its last attempt was sent to r1 (event 5)"},
        Broken{
            {"ready r1 1", "ready r2 1", "arrive 1 get", "bind 1 1 r1", "send 1 1 r1",
             "release 1 1 r1", "bind 1 2 r2", "send 1 2 r2", "release 1 2 r2", "answer 1 r1 200"},
            "answered by r1, but its last attempt was sent to r2 (event 8)"}));

INSTANTIATE_TEST_SUITE_P(
    Attempts, HistoryRule,
    testing::Values(Broken{{"ready r1 2", "arrive 1", "bind 1 1 r1", "bind 1 2 r1",
                            "release 1 2 r1", "leave 1"},
                           "event 4: bound of request 1 to r1, while its attempt at r1 (event 3)"},
                    Broken{{"ready r1 1", "arrive 1", "bind 1 2 r1", "release 1 2 r1", "leave 1"},
                           "event 3: bound of request 1 as attempt 2 after attempt 0"},
                    Broken{{"ready r1 1", "arrive 1", "send 1 1 r1", "leave 1"},
                           "event 3: sent of request 1 as attempt 1 at r1, which is not bound"},
                    Broken{{"ready r1 1", "ready r2 1", "arrive 1", "bind 1 1 r1", "send 1 1 r2",
                            "release 1 1 r1", "leave 1"},
                           "event 5: sent of request 1 as attempt 1 at r2, which is not bound"},
                    Broken{{"ready r1 1", "arrive 1", "bind 1 1 r1", "send 1 1 r1", "send 1 1 r1",
                            "release 1 1 r1", "leave 1"},
                           "event 5: attempt 1 of request 1 sent again after event 4"},
                    Broken{{"ready r1 1", "arrive 1", "bind 1 1 r1", "release 1 1 r1",
                            "send 1 1 r1", "leave 1"},
                           "event 5: sent of request 1 as attempt 1 at r1, which is not bound"},
                    Broken{{"ready r1 1", "arrive 1", "bind 1 1 r1", "release 1 1 r1",
                            "release 1 1 r1", "leave 1"},
                           "event 5: released of request 1 as attempt 1 at r1, which is not bound"},
                    Broken{{"ready r1 1", "arrive 1", "bind 1 1 r1", "leave 1"},
                           "request 1: attempt 1 at r1 (event 3) was never released"}));

INSTANTIATE_TEST_SUITE_P(
    Targets, HistoryRule,
    testing::Values(
        Broken{{"arrive 1", "bind 1 1 r1", "release 1 1 r1", "leave 1"},
               "event 2: request 1 bound to r1, which is not ready"},
        Broken{{"ready r1 1", "drain r1", "arrive 1", "bind 1 1 r1", "release 1 1 r1", "leave 1"},
               "event 4: request 1 bound to r1, which drains since event 2"},
        Broken{{"ready r1 1", "gone r1", "arrive 1", "bind 1 1 r1", "release 1 1 r1", "leave 1"},
               "event 4: request 1 bound to r1, which is gone since event 2"},
        Broken{{"ready r1 1", "arrive 1", "bind 1 1 r1", "drain r1", "send 1 1 r1",
                "release 1 1 r1", "leave 1"},
               "event 5: request 1 sent to r1, which drains since event 4"},
        Broken{{"ready r1 1", "arrive 1", "bind 1 1 r1", "gone r1", "send 1 1 r1", "release 1 1 r1",
                "leave 1"},
               "event 5: request 1 sent to r1, which is gone since event 4"},
        Broken{
            {"ready r1 1", "arrive 1", "arrive 2", "bind 1 1 r1", "bind 2 1 r1", "leave 1",
             "leave 2", "release 1 1 r1", "release 2 1 r1"},
            "event 5: request 2 bound to r1, which has 2 requests for 1 slots (ready at event 1)"},
        // The client is answered, the slot is not free yet.
        Broken{{"ready r1 1", "arrive 1", "bind 1 1 r1", "send 1 1 r1", "answer 1 r0 504",
                "arrive 2", "bind 2 1 r1", "leave 2", "release 1 1 r1", "release 2 1 r1"},
               "event 7: request 2 bound to r1, which has 2 requests for 1 slots"}));

INSTANTIATE_TEST_SUITE_P(
    Repeats, HistoryRule,
    testing::Values(
        Broken{{"ready r1 1", "arrive 1 post", "bind 1 1 r1", "send 1 1 r1", "release 1 1 r1",
                "bind 1 2 r1", "send 1 2 r1", "release 1 2 r1", "answer 1 r1 200"},
               "event 7: request 1 (event 2, \"post\") sent again, which may not be repeated"},
        Broken{
            {"ready r1 1", "arrive 1 get", "bind 1 1 r1", "send 1 1 r1", "release 1 1 r1",
             "bind 1 2 r1", "send 1 2 r1", "release 1 2 r1", "bind 1 3 r1", "send 1 3 r1",
             "release 1 3 r1", "bind 1 4 r1", "send 1 4 r1", "release 1 4 r1", "answer 1 r1 200"},
            "event 13: request 1 (event 2) sent 4 times: at most 3 are allowed"}));

TEST(HistoryCheck, FindsTimeThatGoesBack) {
  std::vector<Event> events = Story({"ready r1 1", "drain r1", "gone r1"});
  events[1].microseconds = 9;
  EXPECT_THAT(CheckHistory(events, Rules()),
              ElementsAre("event 3: time goes back from 9 to 2 microseconds"));
}

TEST(HistoryCheck, WithoutARuleNoneMayRepeat) {
  const std::vector<Event> events =
      Story({"ready r1 1", "arrive 1 get", "bind 1 1 r1", "send 1 1 r1", "release 1 1 r1",
             "bind 1 2 r1", "send 1 2 r1", "release 1 2 r1", "answer 1 r1 200"});
  EXPECT_THAT(CheckHistory(events, Rules()), IsEmpty());
  EXPECT_THAT(CheckHistory(events, {}), ElementsAre(HasSubstr("may not be repeated")));
}

void Append(std::vector<std::string>* lines, int first, int last, const std::string& verb,
            const std::string& rest) {
  for (int i = first; i <= last; ++i) {
    lines->push_back(verb);
    lines->back().append(" ").append(std::to_string(i)).append(rest);
  }
}

// Requests `first` to `last` come, are sent and fail.
void AppendFailed(std::vector<std::string>* lines, int first, int last) {
  Append(lines, first, last, "arrive", " get");
  Append(lines, first, last, "bind", " 1 r1");
  Append(lines, first, last, "send", " 1 r1");
  Append(lines, first, last, "release", " 1 r1");
}

void AppendRepeated(std::vector<std::string>* lines, int first, int last) {
  Append(lines, first, last, "bind", " 2 r1");
  Append(lines, first, last, "release", " 2 r1");
}

std::vector<std::string> CheckRepeats(int requests, int repeated) {
  std::vector<std::string> lines = {"ready r1 1000"};
  AppendFailed(&lines, 1, requests);
  AppendRepeated(&lines, 1, repeated);
  Append(&lines, 1, requests, "answer", " r0 502");
  return CheckLines(lines);
}

TEST(HistoryCheck, FindsMoreRepeatsThanTheBudgetAllows) {
  EXPECT_THAT(CheckRepeats(10, 3), IsEmpty());
  EXPECT_THAT(CheckRepeats(10, 4),
              ElementsAre(HasSubstr("4 repeats are under way, the budget is 3")));
  EXPECT_THAT(CheckRepeats(100, 20), IsEmpty());
  EXPECT_THAT(CheckRepeats(100, 21), ElementsAre(HasSubstr("21 repeats are under way")));
}

TEST(HistoryCheck, ARepeatThatHasEndedIsNotUnderWay) {
  std::vector<std::string> lines = {"ready r1 1000"};
  for (int i = 1; i <= 30; ++i) {
    AppendFailed(&lines, i, i);
    AppendRepeated(&lines, i, i);
    lines.push_back("answer " + std::to_string(i) + " r0 502");
  }
  EXPECT_THAT(CheckLines(lines), IsEmpty());
}

TEST(HistoryCheck, RequestsThatHaveEndedDoNotRaiseTheBudget) {
  std::vector<std::string> lines = {"ready r1 1000"};
  Append(&lines, 1, 100, "arrive", " get");
  Append(&lines, 1, 100, "leave", "");
  AppendFailed(&lines, 101, 110);
  AppendRepeated(&lines, 101, 104);
  Append(&lines, 101, 110, "leave", "");
  EXPECT_THAT(CheckLines(lines), ElementsAre(HasSubstr("4 repeats are under way")));
}

TEST(HistoryCheck, TheBudgetIsThatOfTheTimeWhenItWasAsked) {
  std::vector<std::string> lines = {"ready r1 1000"};
  AppendFailed(&lines, 1, 100);
  Append(&lines, 21, 100, "leave", "");
  AppendRepeated(&lines, 1, 20);
  Append(&lines, 1, 20, "leave", "");
  EXPECT_THAT(CheckLines(lines), IsEmpty());
}

}  // namespace
}  // namespace hearth::pool
