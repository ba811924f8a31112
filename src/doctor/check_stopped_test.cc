// Tasks that ended, and why: memory, the image, by themselves, by force; and what was not seen.
#include "doctor/test_support.h"

namespace hearth::doctor {
namespace {

using namespace testing;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kOomReason = "OutOfMemoryError: Container killed due to memory usage";
constexpr const char* kScaled = "Scaling activity initiated by (deployment ecs-svc/1)";

// ---- out of memory

TEST(OutOfMemory, SaysHowMuchItHasAndNeeds) {
  Facts facts = Well();
  facts.local->model->bytes = 2'500'000'000;
  facts.file->config.replica.start_time = std::chrono::seconds(40);
  facts.file->config.given.insert("replica.start_time");
  Stop(facts, {.id = "0a", .container_reason = kOomReason, .exit_code = 137});
  Stop(facts, {.id = "0b", .container_reason = kOomReason, .exit_code = 137});
  EXPECT_THAT(NgChecks(facts), ElementsAre("memory", "out-of-memory"));
  const std::string words = Words(Ask(facts, "out-of-memory"));
  EXPECT_THAT(words, HasSubstr("2 of 2 stopped tasks killed for memory"));
  EXPECT_THAT(words, HasSubstr("the task has 4096 MiB"));
  EXPECT_THAT(words,
              HasSubstr("a replica needs 4769 MiB: 2 × the model's weights of 2.5 GB = 5.0 GB"));
  EXPECT_THAT(words, HasSubstr("task 0a: OutOfMemoryError"));
  // It was not enough: half as much again is more than the rule.
  EXPECT_THAT(words, HasSubstr("`[replica] memory = \"6GiB\"`"));
}

TEST(OutOfMemory, AHearthReplicasOwnWordIsTheRule) {
  Facts facts = Well();
  facts.file->spec->hearth_inside = true;
  Stop(facts, {.container_reason = kOomReason, .exit_code = 137});
  Log(facts, "0a", 1, R"({"msg":"x","memory_needed_bytes":5368709120})");
  EXPECT_THAT(Words(Ask(facts, "out-of-memory")),
              HasSubstr("needs 5120 MiB: what a hearth replica announced in its log"));
}

TEST(OutOfMemory, TheReasonCountsThoughTheExitCodeIsZero) {
  Facts facts = Well();
  Stop(facts, {.container_reason = kOomReason, .exit_code = 0});
  EXPECT_THAT(NgChecks(facts), ElementsAre("out-of-memory"));
  EXPECT_THAT(Words(Ask(facts, "out-of-memory")), HasSubstr("killed a child of the server"));
}

TEST(OutOfMemory, AnInitThatWasKilledIsOne) {
  Facts facts = Well();
  Stop(facts, {.stop_code = "TaskFailedToStart",
               .reason = "",
               .container_reason = "CannotStartContainerError: container init was OOM-killed "
                                   "(memory limit too low?)"});
  EXPECT_THAT(NgChecks(facts), ElementsAre("out-of-memory"));
}

TEST(OutOfMemory, AKillAtTheEndOfStopTimeoutIsNone) {
  for (const char* stop_code : {"ServiceSchedulerInitiated", "UserInitiated"}) {
    Facts facts = Well();
    Stop(facts, {.lived = 5000, .stop_code = stop_code, .reason = kScaled, .exit_code = 137});
    EXPECT_THAT(NgChecks(facts), ElementsAre("forced-stop")) << stop_code;
    EXPECT_THAT(Words(Ask(facts, "forced-stop")),
                AllOf(HasSubstr("stopTimeout, 60 s"), HasSubstr("stop_timeout = \"120s\"")));
  }
}

TEST(OutOfMemory, A137FromInsideIsNotProvenToBeOne) {
  Facts facts = Well();
  Stop(facts, {.exit_code = 137});
  EXPECT_THAT(NgChecks(facts), ElementsAre("crash"));
  EXPECT_THAT(Words(Ask(facts, "crash")), HasSubstr("not proven to be memory"));
}

// ---- image

TEST(ImagePull, SizesHaveTheirThreeAnswers) {
  Facts facts = Well();
  const auto judge = [&](int64_t bytes) {
    facts.live->image_details[0].as_object()["imageSizeInBytes"] = bytes;
    return Ask(facts, "image-pull");
  };
  EXPECT_THAT(Words(judge(1'999'999'999)), HasSubstr("under 2 GB"));
  const auto middle = judge(3'100'000'000);
  EXPECT_EQ(Worst(middle), Verdict::kOk);
  EXPECT_THAT(Words(middle), AllOf(HasSubstr("3.1 GB"), HasSubstr("both ways"),
                                   HasSubstr("an init container: 3.0 GB of image")));
  const auto large = judge(6'200'000'000);
  EXPECT_EQ(Worst(large), Verdict::kNg);
  EXPECT_THAT(Words(large), AllOf(HasSubstr("6.2 GB"), HasSubstr("pulling it took 20 s"),
                                  HasSubstr("init container")));
  for (json::value& task : facts.live->running_tasks) task.as_object().erase("pullStartedAt");
  EXPECT_THAT(Words(Ask(facts, "image-pull")),
              HasSubstr("3 min 8 s to 4 min 42 s at 22 to 33 MB/s"));
}

TEST(ImagePull, AFailedPullSaysWhatIsMissing) {
  const std::pair<const char*, const char*> cases[] = {
      {"CannotPullContainerError: pull image manifest has been retried: 1.4.2: not found",
       "push the tag"},
      {"CannotPullContainerError: dial tcp 1.2.3.4:443: i/o timeout", "VPC endpoints"},
      {"CannotPullContainerError: write /var: no space left on device", "ephemeral_storage"},
      {"CannotPullContainerError: image Manifest does not contain descriptor matching platform "
       "'linux/arm64'",
       "arch"},
      {"CannotPullECRContainerError: AccessDeniedException: not authorized, denied",
       "execution role"},
  };
  for (const auto& [reason, fix] : cases) {
    Facts facts = Well();
    Stop(facts, {.stop_code = "TaskFailedToStart", .reason = reason});
    EXPECT_THAT(NgChecks(facts), ElementsAre("image-pull")) << reason;
    EXPECT_THAT(Words(Ask(facts, "image-pull")), HasSubstr(fix)) << reason;
  }
}

// ---- others

TEST(Crash, TasksThatNeverStartedAndSpot) {
  Facts facts = Well();
  Stop(facts, {.stop_code = "TaskFailedToStart",
               .reason = "ResourceInitializationError: failed to validate logger args: The log "
                         "group does not exist"});
  Stop(facts, {.stop_code = "SpotInterruption", .reason = "Your Spot Task was interrupted."});
  EXPECT_THAT(NgChecks(facts), ElementsAre("crash"));
  EXPECT_THAT(Words(Ask(facts, "crash")),
              AllOf(HasSubstr("create-log-group --log-group-name /ecs/embedding"),
                    HasSubstr("capacity = \"FARGATE\"")));
}

TEST(Crash, TasksThatEndedInOrderAreNone) {
  Facts facts = Well();
  Stop(
      facts,
      {.lived = 4000, .stop_code = "ServiceSchedulerInitiated", .reason = kScaled, .exit_code = 0});
  EXPECT_THAT(NgChecks(facts), IsEmpty());
}

TEST(NotSeen, EachRefusalIsASkipWithItsReason) {
  const std::pair<const char*, const char*> cases[] = {
      {"scaling activities", "scale-in"},
      {"stopped tasks", "out-of-memory"},
      {"stopped tasks", "start-up-loop"},
      {"stopped tasks", "crash"},
      {"task protection", "protection"},
      {"deployments", "deployments"},
      {"image", "image-pull"},
      {"log group", "log-group"},
      {"scalable target", "floor"},
  };
  for (const auto& [what, check] : cases) {
    Facts facts = Well();
    facts.live->image_details.clear();
    facts.live->deployments.clear();
    facts.live->observed.log_group.reset();
    facts.live->observed.scalable_target.reset();
    facts.live->not_seen = {std::string(what) + ": AccessDeniedException: not authorized"};
    const auto findings = Ask(facts, check);
    EXPECT_EQ(Worst(findings), Verdict::kSkip) << check;
    EXPECT_THAT(Words(findings), HasSubstr("AccessDeniedException")) << check;
  }
}

TEST(Service, OneThatIsNotThereYetIsNoFinding) {
  Facts facts = Well();
  LiveFacts live;
  facts.live = live;
  EXPECT_THAT(NgChecks(facts), IsEmpty());
  EXPECT_THAT(Words(Ask(facts, "service")), HasSubstr("`hearth ecs apply` makes it"));
}

}  // namespace
}  // namespace hearth::doctor
