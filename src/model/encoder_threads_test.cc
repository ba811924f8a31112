// One forward split over a team gives the vectors of one thread.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <random>
#include <thread>

#include "model/encoder.h"
#include "model/tiny_model.h"

namespace hearth::model {
namespace {

constexpr uint32_t kSeed = 99;

// A team with its helpers at work; the test's thread leads.
class HelpedTeam {
 public:
  explicit HelpedTeam(int members) : team_(members), left_(members - 1) {
    for (int i = 1; i < members; ++i) {
      helpers_.emplace_back([this] {
        team_.Assist();
        left_.fetch_sub(1);
      });
    }
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    std::vector<std::atomic<bool>> seen(static_cast<size_t>(members));
    const auto all = [&] {
      return std::ranges::all_of(seen, [](const auto& one) { return one.load(); });
    };
    while (!all() && std::chrono::steady_clock::now() < deadline) {
      team_.Run(members, [&](int, int member) {
        seen[static_cast<size_t>(member)] = true;
        std::this_thread::yield();
      });
    }
    EXPECT_TRUE(all()) << "a helper never came";
  }
  ~HelpedTeam() {
    while (left_.load() > 0) team_.Dismiss();
    for (std::thread& helper : helpers_) helper.join();
  }
  HelpedTeam(const HelpedTeam&) = delete;
  HelpedTeam& operator=(const HelpedTeam&) = delete;

  Team* get() { return &team_; }

 private:
  Team team_;
  std::atomic<int> left_;
  std::vector<std::thread> helpers_;
};

class EncoderTeamTest : public testing::TestWithParam<kernels::Isa> {};

TEST_P(EncoderTeamTest, EqualsOneThread) {
  // Wide enough that products are cut: 12 panels and 18, an odd rest, 3 heads.
  const TinyShape shape{
      .hidden = 192, .layers = 2, .heads = 3, .intermediate = 304, .positions = 90};
  const TinyModel tiny(kSeed, shape);
  const auto model = tiny.Pack(kernels::DType::kF32, Pooling::kMean);
  const auto& kernels = **kernels::KernelsFor(GetParam());
  std::mt19937 random(kSeed);
  const auto hidden = static_cast<size_t>(shape.hidden);
  for (const std::vector<int32_t>& lengths :
       {std::vector<int32_t>{1}, {8}, {90}, {3, 90, 1, 17, 64}, std::vector<int32_t>(40, 7)}) {
    std::vector<int32_t> ids;
    for (const int32_t length : lengths) {
      for (int32_t i = 0; i < length; ++i) ids.push_back(static_cast<int32_t>(random() % 40));
    }
    const std::vector<int32_t> types(ids.size());
    const PackedTexts texts{ids, types, lengths};
    std::vector<float> expected(lengths.size() * hidden);
    Encoder alone(model, kernels, 1000, 1);
    alone.Forward(texts, expected, nullptr);
    for (const int members : {1, 2, 3}) {
      HelpedTeam team(members);
      Encoder encoder(model, kernels, 1000, members);
      std::vector<float> found(expected.size());
      for (int repeat = 0; repeat < 3; ++repeat) {
        encoder.Forward(texts, found, team.get());
        for (size_t i = 0; i < found.size(); ++i) {
          ASSERT_NEAR(found[i], expected[i], 1e-5) << members << " members, place " << i;
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Isas, EncoderTeamTest,
                         testing::ValuesIn(kernels::SupportedIsas().begin(),
                                           kernels::SupportedIsas().end()),
                         [](const auto& info) { return std::string(NameOf(info.param)); });

TEST(EncoderTeam, WorkersShareOneModel) {
  const TinyModel tiny(kSeed);
  const auto model = tiny.Pack(kernels::DType::kF32, Pooling::kMean);
  const auto& kernels = **kernels::ChooseKernels("");
  const std::vector<int32_t> ids = {2, 7, 9, 30, 3};
  const std::vector<int32_t> types(ids.size());
  const std::vector<int32_t> lengths = {5};
  std::vector<std::vector<float>> out(3, std::vector<float>(80));
  std::vector<std::thread> workers;
  for (std::vector<float>& vector : out) {
    workers.emplace_back([&] {
      Encoder encoder(model, kernels, 100, 1);
      for (int i = 0; i < 20; ++i) encoder.Forward({ids, types, lengths}, vector, nullptr);
    });
  }
  for (std::thread& worker : workers) worker.join();
  EXPECT_EQ(out[0], out[1]);
  EXPECT_EQ(out[0], out[2]);
}

}  // namespace
}  // namespace hearth::model
