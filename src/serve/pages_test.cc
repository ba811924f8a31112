#include "serve/pages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "serve/options.h"
#include "serve/routes.h"

namespace hearth::serve {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

class ReadyPage : public ::testing::Test {
 protected:
  http::Response Ask() {
    view_.lifecycle = &lifecycle_;
    view_.options = &options_;
    view_.queue.workers = 2;
    return AnswerReady(view_);
  }
  void MoveTo(Phase phase) {
    lifecycle_.MoveTo(Phase::kLoading);
    if (phase >= Phase::kReady) lifecycle_.MoveTo(Phase::kReady);
    if (phase >= Phase::kDraining) lifecycle_.MoveTo(Phase::kDraining);
  }

  Lifecycle lifecycle_;
  ServeOptions options_;
  ServiceView view_;
};

TEST_F(ReadyPage, SaysTheSlotsOfItsWorkers) {
  MoveTo(Phase::kReady);
  const http::Response response = Ask();
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, R"({"status":"ready"})");
  EXPECT_THAT(response.headers, ElementsAre(Pair("X-Hearth-Slots", "32")));
}

TEST_F(ReadyPage, SaysTheSlotsItWasToldAndItsNonce) {
  MoveTo(Phase::kReady);
  options_.slots = 5;
  options_.replica_nonce = "ab12";
  EXPECT_THAT(Ask().headers,
              ElementsAre(Pair("X-Hearth-Slots", "5"), Pair("X-Hearth-Nonce", "ab12")));
}

TEST_F(ReadyPage, SaysNeitherBeforeReadyNorWhileDraining) {
  options_.replica_nonce = "ab12";
  for (const Phase phase : {Phase::kLoading, Phase::kDraining}) {
    MoveTo(phase);
    const http::Response response = Ask();
    EXPECT_EQ(response.status, 503);
    EXPECT_THAT(response.headers, ElementsAre(Pair("Retry-After", "1")));
  }
}

}  // namespace
}  // namespace hearth::serve
