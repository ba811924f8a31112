// The checks of this machine, and what the gatherers read from it.
#include <filesystem>
#include <fstream>

#include "doctor/build_tools.h"
#include "doctor/gather_live.h"
#include "doctor/gather_local.h"
#include "doctor/memory_need.h"
#include "doctor/test_support.h"

namespace hearth::doctor {
namespace {

using namespace testing;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(Memory, EachRoomIsHeldAgainstTheNeed) {
  Facts facts = Well();
  facts.live.reset();
  facts.local->model->bytes = 700'000'000;
  facts.local->machine.memory_limit_bytes = int64_t{1} << 30;
  EXPECT_THAT(NgChecks(facts), ElementsAre("memory"));
  EXPECT_THAT(Words(Ask(facts, "memory")),
              AllOf(HasSubstr("this container's limit has 1024 MiB, a replica needs 1336 MiB"),
                    HasSubstr("2 × the model's weights of 700 MB = 1.4 GB"),
                    HasSubstr("[replica] memory has 4096 MiB")));
  facts.local->machine.memory_limit_bytes = int64_t{2} << 30;
  EXPECT_THAT(NgChecks(facts), IsEmpty());
}

TEST(Memory, ForHearthItIsWhatAReplicaAnnounces) {
  Facts facts = Well();
  facts.file->spec->hearth_inside = true;
  EXPECT_EQ(Worst(Ask(facts, "memory")), Verdict::kSkip) << "2 × is no rule for hearth's server";
  facts.local->model->announced_bytes = int64_t{5} << 30;
  EXPECT_THAT(Words(Ask(facts, "memory")),
              AllOf(HasSubstr("announces"), HasSubstr("[replica] memory = \"5GiB\"")));
}

TEST(Memory, TheFixIsATaskThatFargateHas) {
  const std::pair<int64_t, const char*> cases[] = {
      {int64_t{5'000'000'000}, "`[replica] memory = \"5GiB\"`"},
      {int64_t{9} << 30,
       "`[replica] memory = \"9GiB\"` in hearth.toml, then run `hearth ecs apply` "
       "with `cpu = 2`"},
  };
  for (const auto& [bytes, fix] : cases) {
    const auto size = SmallestTask(1024, bytes);
    ASSERT_TRUE(size);
    EXPECT_THAT(FixMemory(*size, 1024), HasSubstr(fix));
  }
  EXPECT_FALSE(SmallestTask(1024, int64_t{200} << 30));
}

TEST(Cache, FoldersThatAreMissingOrUnreadable) {
  Facts facts = Well();
  facts.local->machine.folders = {{"/nowhere", "HF_HOME", false, false, false, {}}};
  EXPECT_THAT(NgChecks(facts), ElementsAre("cache"));
  EXPECT_THAT(Words(Ask(facts, "cache")),
              HasSubstr("HF_HOME names a folder that is not there: /nowhere"));
  facts.local->machine.folders = {{"/root/.cache", "HF_HOME", true, false, false, {}}};
  EXPECT_THAT(Words(Ask(facts, "cache")),
              AllOf(HasSubstr("user 1000 cannot read"), HasSubstr("chown -R 1000 /root/.cache")));
  facts.local->machine.folders.clear();
  EXPECT_THAT(Words(Ask(facts, "cache")), HasSubstr("neither HF_HOME nor a home"));
  facts.file->spec->hearth_inside = true;
  EXPECT_EQ(Worst(Ask(facts, "cache")), Verdict::kSkip);
}

TEST(Image, ToolsSizeAndUserOfTheDockerImage) {
  Facts facts = Well();
  facts.local->image->build_tools = {"gcc", "pip's cache"};
  facts.local->image->config = Parse(R"({"User": "app", "Env": ["PATH=/bin"]})");
  const std::string words = Words(Ask(facts, "image"));
  EXPECT_THAT(words, HasSubstr("build tools are left in it: gcc, pip's cache"));
  EXPECT_THAT(words, HasSubstr("its user is app, and HF_HOME is not set"));
  facts.local->image->build_tools.clear();
  facts.local->image->config = Parse(R"({"User": "app", "Env": ["HF_HOME=/app/.cache"]})");
  EXPECT_THAT(NgChecks(facts), IsEmpty());
  facts.local->image->bytes = 8'000'000'000;
  EXPECT_THAT(NgChecks(facts), ElementsAre("image"));
}

TEST(BuildTools, WhatALayerInstallsAndKeeps) {
  const auto found = [](const char* line, bool off = false) {
    return BuildToolsIn({json::object{{"CreatedBy", line}}}, off);
  };
  EXPECT_THAT(found("RUN /bin/sh -c apt-get install -y gcc g++ curl # buildkit"),
              ElementsAre("g++", "gcc"));
  EXPECT_THAT(found("RUN apt-get install -y gcc && make && apt-get purge -y gcc"), IsEmpty());
  EXPECT_THAT(found("RUN apt-get install -y curl && make install"), IsEmpty());
  EXPECT_THAT(found("RUN apt-get install -y libgcc-s1 curl"), IsEmpty());
  EXPECT_THAT(found("RUN pip install torch"), ElementsAre("pip's cache"));
  EXPECT_THAT(found("RUN pip install torch", true), IsEmpty());
  EXPECT_THAT(found("RUN pip install --no-cache-dir torch"), IsEmpty());
  EXPECT_THAT(found("COPY gcc /usr/bin/gcc"), IsEmpty());
}

TEST(LocalPool, TooFewReadyAFailedRollAndAnOom) {
  Facts facts = Well();
  facts.local->pool_status = Parse(R"({"name": "hearth", "floor": {"value": 2}, "ready": 0,
    "starting": 2, "roll_state": "none",
    "replicas": [{"id": "r3", "state": "gone", "end_reason": "exit code 1: no such model"}]})");
  EXPECT_THAT(NgChecks(facts), ElementsAre("local-pool"));
  EXPECT_THAT(Words(Ask(facts, "local-pool")),
              AllOf(HasSubstr("0 ready of a floor of 2, 2 starting"),
                    HasSubstr("replica r3: exit code 1: no such model")));
  facts.local->pool_status = Parse(R"({"floor": {"value": 1}, "ready": 1, "roll_state": "failed",
    "roll": "the new version never got ready"})");
  EXPECT_THAT(Words(Ask(facts, "local-pool")), HasSubstr("the new version never got ready"));
  facts.local->containers = {Parse(R"({"Name": "/hearth-r1", "State": {"OOMKilled": true},
    "HostConfig": {"Memory": 536870912}})")};
  EXPECT_THAT(Words(Ask(facts, "local-pool")), HasSubstr("its limit is 512 MiB"));
}

class Folder {
 public:
  Folder()
      : path_(std::filesystem::temp_directory_path() / ("doctor" + std::to_string(::getpid()))) {
    std::filesystem::create_directory(path_);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string Write(const std::string& name, size_t bytes) const {
    std::ofstream(path_ / name) << std::string(bytes, 'x');
    return path_ / name;
  }
  std::string path() const { return path_; }

 private:
  std::filesystem::path path_;
};

TEST(LookAtModel, SumsOneKindOfWeights) {
  const Folder folder;
  EXPECT_THAT(LookAtModel(folder.path(), false, 1).problem, HasSubstr("holds no weights"));
  folder.Write("pytorch_model.bin", 700);
  EXPECT_EQ(LookAtModel(folder.path(), false, 1).bytes, 700);
  folder.Write("model-00001-of-00002.safetensors", 300);
  folder.Write("model-00002-of-00002.safetensors", 200);
  const ModelFacts model = LookAtModel(folder.path(), false, 1);
  EXPECT_EQ(model.bytes, 500);
  EXPECT_EQ(model.problem, "");
  EXPECT_EQ(model.announced_bytes, std::nullopt);
  // hearth's own server cannot serve that.
  EXPECT_NE(LookAtModel(folder.path(), true, 1).problem, "");
  EXPECT_THAT(LookAtModel(folder.path() + "/x", false, 1).problem, HasSubstr("there is no model"));
  EXPECT_NE(LookAtModel(folder.Write("x.hearth", 10), true, 1).problem, "");
}

TEST(LookAtMachine, ReplicaEnvWinsOverTheProcesss) {
  const Folder folder;
  config::Config config;
  config.replica.env = {{"HF_HOME", folder.path()}};
  const Env env = [](std::string_view name) -> std::optional<std::string> {
    if (name == "HF_HOME") return "/nowhere";
    return std::nullopt;
  };
  const MachineFacts machine = LookAtMachine({.config = config, .env = env, .root = ""});
  ASSERT_EQ(machine.folders.size(), 1u);
  EXPECT_EQ(machine.folders[0].path, folder.path());
  EXPECT_TRUE(machine.folders[0].exists && machine.folders[0].readable);
  EXPECT_GT(machine.folders[0].free_bytes.value_or(0), 0);
}

TEST(EcrImage, NamesAreTakenApart) {
  const EcrImage tagged = ParseEcrImage("1.dkr.ecr.eu-west-1.amazonaws.com/team/m:1.4");
  EXPECT_EQ(tagged.registry + " " + tagged.repository + " " + tagged.tag, "1 team/m 1.4");
  EXPECT_EQ(ParseEcrImage("1.dkr.ecr.x.amazonaws.com/m@sha256:00").digest, "sha256:00");
  EXPECT_EQ(ParseEcrImage("1.dkr.ecr.x.amazonaws.com/m").tag, "latest");
  EXPECT_EQ(ParseEcrImage("library/python:3.11").repository, "");
}

}  // namespace
}  // namespace hearth::doctor
