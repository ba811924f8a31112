#include "ecs/fargate_sizes.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace hearth::ecs {
namespace {

TEST(FargateSizes, AreThoseOfTheApi) {
  const FargateSize good[] = {{256, 512},    {256, 1024},    {256, 2048},    {512, 1024},
                              {512, 4096},   {1024, 2048},   {1024, 8192},   {2048, 4096},
                              {2048, 16384}, {4096, 8192},   {4096, 30720},  {8192, 16384},
                              {8192, 61440}, {16384, 32768}, {16384, 122880}};
  for (const FargateSize size : good) {
    EXPECT_TRUE(IsFargateSize(size)) << size.cpu_units << " " << size.memory_mib;
  }
  const FargateSize bad[] = {{256, 1536},   {256, 3072},   {512, 512},     {1024, 1024},
                             {1024, 2560},  {1024, 9216},  {2048, 3072},   {4096, 31744},
                             {8192, 17408}, {8192, 63488}, {16384, 36864}, {3072, 8192},
                             {0, 0},        {128, 512}};
  for (const FargateSize size : bad) {
    EXPECT_FALSE(IsFargateSize(size)) << size.cpu_units << " " << size.memory_mib;
  }
}

TEST(FargateSizes, NearestHoldsBoth) {
  EXPECT_EQ(NearestFargateSize({1024, 16384}), (FargateSize{2048, 16384}));
  EXPECT_EQ(NearestFargateSize({1536, 4096}), (FargateSize{2048, 4096}));
  EXPECT_EQ(NearestFargateSize({1024, 512}), (FargateSize{1024, 2048}));
  EXPECT_EQ(NearestFargateSize({1024, 3815}), (FargateSize{1024, 4096}));
  EXPECT_EQ(NearestFargateSize({256, 1536}), (FargateSize{256, 2048}));
  EXPECT_EQ(NearestFargateSize({0, 0}), (FargateSize{256, 512}));
  EXPECT_EQ(NearestFargateSize({32768, 1024}), (FargateSize{16384, 122880}));
}

TEST(FargateSizes, LeastMemoryIsOfTheCpu) {
  EXPECT_EQ(LeastMemory(256, 1024), 1024);
  EXPECT_EQ(LeastMemory(256, 1025), 2048);
  EXPECT_EQ(LeastMemory(1024, 1024), 2048);
  EXPECT_EQ(LeastMemory(16384, 0), 32768);
  EXPECT_EQ(LeastMemory(256, 4096), 0);
  EXPECT_EQ(LeastMemory(300, 0), 0);
}

RC_GTEST_PROP(FargateSizes, TheNearestIsOneAndHoldsWhatWasAsked, ()) {
  const FargateSize asked{*rc::gen::inRange(0, 20'000), *rc::gen::inRange(0, 140'000)};
  const FargateSize nearest = NearestFargateSize(asked);
  RC_ASSERT(IsFargateSize(nearest));
  if (asked.cpu_units <= 16'384 && asked.memory_mib <= 122'880) {
    RC_ASSERT(nearest.cpu_units >= asked.cpu_units && nearest.memory_mib >= asked.memory_mib);
  }
  RC_ASSERT(NearestFargateSize(nearest) == nearest);
}

}  // namespace
}  // namespace hearth::ecs
