#include "http/target.h"

#include <gtest/gtest.h>

namespace hearth::http {
namespace {

struct Split {
  std::string path, query;
  bool operator==(const Split&) const = default;
};

Split Of(std::string_view target) {
  Split split;
  const char* why = SplitTarget(target, &split.path, &split.query);
  EXPECT_EQ(why, nullptr) << target << ": " << (why == nullptr ? "" : why);
  return split;
}

TEST(Target, SplitsAndDecodes) {
  EXPECT_EQ(Of("/embed"), (Split{"/embed", ""}));
  EXPECT_EQ(Of("/a%20b%2Fc?x=%41&y"), (Split{"/a b/c", "x=%41&y"}));
  EXPECT_EQ(Of("/?"), (Split{"/", ""}));
  EXPECT_EQ(Of("/caf%C3%A9"), (Split{"/caf\xC3\xA9", ""}));
  EXPECT_EQ(Of("/a+b"), (Split{"/a+b", ""}));
}

TEST(Target, LeavesDotsAndDoubleSlashesAlone) {
  EXPECT_EQ(Of("//a//b").path, "//a//b");
  EXPECT_EQ(Of("/a/../b/./c").path, "/a/../b/./c");
  EXPECT_EQ(Of("/%2e%2E/x").path, "/../x");
  EXPECT_EQ(Of("/%252e").path, "/%2e") << "decoded once";
}

TEST(Target, TakesTheAbsoluteForm) {
  EXPECT_EQ(Of("http://example.org:80/embed?q"), (Split{"/embed", "q"}));
  EXPECT_EQ(Of("HTTP://example.org"), (Split{"/", ""}));
  EXPECT_EQ(Of("https://example.org?q"), (Split{"/", "q"}));
}

TEST(Target, RefusesTheRest) {
  for (const char* target : {"/%", "/%4", "/%zz", "/%0", "/a%00b", "/%4g", "/x#y", "*", "host:80",
                             "", "embed", "ftp://host/x", "http:/x", "/a%"}) {
    std::string path, query;
    EXPECT_NE(SplitTarget(target, &path, &query), nullptr) << target;
  }
}

}  // namespace
}  // namespace hearth::http
