#include "pool/ejection.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace hearth::pool {
namespace {

constexpr Time kNow = Time(std::chrono::hours(5));
constexpr ReplicaId kOne{1};

Sign FromLetter(char letter) {
  switch (letter) {
    case 'S':
      return Sign::kSuccess;
    case 'R':
      return Sign::kRefused;
    case 'B':
      return Sign::kBroken;
    case 'T':
      return Sign::kTimedOut;
    case 'p':
      return Sign::kCheckPassed;
    default:
      return Sign::kCheckFailed;
  }
}

// What each sign led to: E eject, r readmit, c check now, '.' nothing. A digit: so many seconds go
// by.
std::string Verdicts(const std::string& signs, int others) {
  Ejection ejection;
  std::string verdicts;
  Time now = kNow;
  for (const char letter : signs) {
    if (letter >= '0' && letter <= '9') {
      now += std::chrono::seconds(letter - '0');
      continue;
    }
    const auto verdict = ejection.Report(kOne, FromLetter(letter), others, now);
    verdicts += verdict.eject ? 'E' : verdict.readmit ? 'r' : verdict.check_now ? 'c' : '.';
  }
  return verdicts;
}

TEST(Ejection, ThreeFailuresInARowOrARefusedConnectionEject) {
  EXPECT_EQ(Verdicts("BBB", 1), "..E");
  EXPECT_EQ(Verdicts("fff", 1), "..E");
  EXPECT_EQ(Verdicts("BfB", 1), "..E");
  EXPECT_EQ(Verdicts("R", 1), "E");
  EXPECT_EQ(Verdicts("BBSBB", 1), ".....");
}

TEST(Ejection, TimeOutsAskForACheckAndThatDecides) {
  EXPECT_EQ(Verdicts("TTTTTTTT", 5), "cccccccc");
  EXPECT_EQ(Verdicts("Tf", 1), "cE");
  EXPECT_EQ(Verdicts("Tpf", 1), "c..");
  EXPECT_EQ(Verdicts("TTpTT", 1), "cc.cc");
  EXPECT_EQ(Verdicts("BTT", 1), ".cc");  // the third sign is a time-out: it does not eject
  EXPECT_EQ(Verdicts("TTB", 1), "ccE");
}

TEST(Ejection, ASuccessReadmitsAndForgets) {
  EXPECT_EQ(Verdicts("BBBSBBB", 1), "..Er..E");
  EXPECT_EQ(Verdicts("RSBB", 1), "Er..");
}

TEST(Ejection, APassedCheckReadmitsButRemembersBrokenAttempts) {
  EXPECT_EQ(Verdicts("fffpff", 1), "..Er..");
  EXPECT_EQ(Verdicts("BBB1pB", 1), "..ErE");
  EXPECT_EQ(Verdicts("BpBpB", 1), "....E");  // its health path is well, its work is not
}

TEST(Ejection, WhoseWorkBreaksStaysOutLongerEachTimeWhateverItsChecksSay) {
  EXPECT_EQ(Verdicts("BBBp", 1), "..E.");
  EXPECT_EQ(Verdicts("BBB1pB1p1pB3p1p", 1), "..ErE.rE.r");
  EXPECT_EQ(Verdicts("BBB1pB1pS", 1), "..ErE.r");      // in flight before: its work is well
  EXPECT_EQ(Verdicts("BBB1pSBBB1p", 1), "..Er...Er");  // forgotten: a second again
  const std::string often = "BBB9999p";
  EXPECT_EQ(Verdicts(often + "B9999pB9999pB9999pB9999pB9999pB9999p", 1), "..ErErErErErErEr");
  EXPECT_EQ(Verdicts("Rp", 1), "Er");  // only its listener had gone
}

TEST(Ejection, IsSaidOnce) {
  EXPECT_EQ(Verdicts("RRBBfT", 1), "E.....");
  EXPECT_EQ(Verdicts("pSp", 1), "...");
}

TEST(Ejection, NeverTheLastOne) {
  EXPECT_EQ(Verdicts("RRRBBBfffTTT", 0), ".........ccc");
  Ejection ejection;
  for (int i = 0; i < 5; ++i) ejection.Report(kOne, Sign::kBroken, 0, kNow);
  EXPECT_FALSE(ejection.ejected(kOne));
  EXPECT_TRUE(ejection.Report(kOne, Sign::kBroken, 1, kNow).eject);  // now there is another
}

TEST(Ejection, KnowsSinceWhenAndForgetsAReplicaThatIsGone) {
  Ejection ejection;
  ejection.Report(kOne, Sign::kRefused, 1, kNow);
  ejection.Report(kOne, Sign::kRefused, 1, kNow + std::chrono::seconds(1));
  EXPECT_EQ(ejection.ejected_since(kOne), kNow);
  ejection.Forget(kOne);
  EXPECT_FALSE(ejection.ejected(kOne));
  EXPECT_FALSE(ejection.ejected_since(ReplicaId{7}).has_value());
}

// A pool of replicas that only Ejection moves.
class Pool {
 public:
  explicit Pool(int replicas) : replicas_(replicas) {}

  Ejection::Verdict Report(int replica, Sign sign) {
    const ReplicaId id{static_cast<uint64_t>(replica)};
    const bool was = ejection_.ejected(id);
    const int others = replicas_ - Ejected() - (was ? 0 : 1);
    const auto verdict = ejection_.Report(id, sign, others, kNow);
    const bool is = ejection_.ejected(id);
    RC_ASSERT(verdict.eject == (!was && is));
    RC_ASSERT(verdict.readmit == (was && !is));
    if (sign == Sign::kSuccess) RC_ASSERT(!is);
    if (sign == Sign::kCheckPassed) RC_ASSERT(was || !is);
    if (sign == Sign::kRefused) RC_ASSERT(is || others == 0);
    RC_ASSERT(!verdict.eject || sign != Sign::kTimedOut);
    RC_ASSERT(verdict.check_now == (sign == Sign::kTimedOut && !was));
    return verdict;
  }
  int Ejected() const {
    int ejected = 0;
    for (int i = 0; i < replicas_; ++i) {
      ejected += ejection_.ejected(ReplicaId{static_cast<uint64_t>(i)}) ? 1 : 0;
    }
    return ejected;
  }

 private:
  int replicas_;
  Ejection ejection_;
};

std::vector<std::pair<int, char>> ArbitrarySigns(int replicas, const std::string& letters) {
  return *rc::gen::container<std::vector<std::pair<int, char>>>(
      rc::gen::pair(rc::gen::inRange(0, replicas), rc::gen::elementOf(letters)));
}

TEST(EjectionProperty, OneCanAlwaysWorkAndVerdictsAreTheChanges) {
  EXPECT_TRUE(rc::check("one is left", [] {
    const int replicas = *rc::gen::inRange(1, 6);
    Pool pool(replicas);
    for (const auto& [replica, letter] : ArbitrarySigns(replicas, "SRBTpf")) {
      pool.Report(replica, FromLetter(letter));
      RC_ASSERT(pool.Ejected() < replicas);
    }
  }));
}

TEST(EjectionProperty, TimeOutsAloneNeverEject) {
  EXPECT_TRUE(rc::check("time-outs", [] {
    Pool pool(4);
    for (const auto& [replica, letter] : ArbitrarySigns(4, "TTTSp")) {
      RC_ASSERT(!pool.Report(replica, FromLetter(letter)).eject);
    }
  }));
}

TEST(EjectionProperty, BrokenAttemptsEjectExactlyAtThreeInARow) {
  EXPECT_TRUE(rc::check("three", [](const std::vector<bool>& good) {
    Ejection ejection;
    int in_a_row = 0;
    for (const bool is_good : good) {
      const auto verdict = ejection.Report(kOne, is_good ? Sign::kSuccess : Sign::kBroken, 1, kNow);
      in_a_row = is_good ? 0 : in_a_row + 1;
      RC_ASSERT(verdict.eject == (in_a_row == Ejection::kFailuresMax));
      RC_ASSERT(ejection.ejected(kOne) == (in_a_row >= Ejection::kFailuresMax));
    }
  }));
}

}  // namespace
}  // namespace hearth::pool
