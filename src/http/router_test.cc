#include "http/router.h"

#include <gtest/gtest.h>

namespace hearth::http {
namespace {

const Router kRouter(
    {{"GET", "/health"}, {"POST", "/embed"}, {"GET", "/info"}, {"DELETE", "/info"}});

TEST(Router, FindsTheRowOfMethodAndPath) {
  const auto match = kRouter.Find("POST", "/embed");
  EXPECT_EQ(match.status, 200);
  EXPECT_EQ(match.row, 1);
}

TEST(Router, HeadIsAnsweredByGet) {
  EXPECT_EQ(kRouter.Find("HEAD", "/health").row, 0);
  EXPECT_EQ(kRouter.Find("HEAD", "/embed").status, 405);
}

TEST(Router, AnUnknownPathIs404) {
  for (const char* path : {"/", "/health/", "//health", "/Health", "/embed/../health", ""}) {
    const auto match = kRouter.Find("GET", path);
    EXPECT_EQ(match.status, 404) << path;
    EXPECT_EQ(match.row, -1);
  }
}

TEST(Router, AnotherMethodIs405AndSaysWhichAreAllowed) {
  EXPECT_EQ(kRouter.Find("POST", "/health").allow, "GET, HEAD");
  const auto match = kRouter.Find("PUT", "/info");
  EXPECT_EQ(match.status, 405);
  EXPECT_EQ(match.allow, "GET, HEAD, DELETE");
}

}  // namespace
}  // namespace hearth::http
