// docs/config.md holds what the table of keys says.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <regex>

#include "base/text_file.h"
#include "config/config.h"
#include "config/keys.h"

namespace hearth::config {
namespace {

constexpr const char* kPage = HEARTH_SOURCE_DIR "/docs/config.md";

struct Page {
  std::string before, table, after;
};

Page ReadPage() {
  constexpr std::string_view kBegin = "<!-- keys: begin -->\n";
  const std::string text = ReadText(kPage).value_or("");
  const size_t begin = text.find(kBegin);
  const size_t end = text.find("<!-- keys: end -->");
  if (begin == std::string::npos || end == std::string::npos) return {text, "", ""};
  const size_t table = begin + kBegin.size();
  return {text.substr(0, table), text.substr(table, end - table), text.substr(end)};
}

TEST(ConfigDocs, HoldTheTableOfKeys) {
  Page page = ReadPage();
  ASSERT_FALSE(page.after.empty()) << kPage << " has no markers";
  if (std::getenv("HEARTH_WRITE_DOCS") != nullptr) {
    std::ofstream(kPage, std::ios::binary) << page.before << ConfigReference() << page.after;
    page = ReadPage();
  }
  EXPECT_EQ(page.table, ConfigReference())
      << "write it again with HEARTH_WRITE_DOCS=1, as the page's last lines say";
}

TEST(ConfigDocs, ExamplesAreGoodFiles) {
  const std::string text = ReadPage().before;
  const std::regex block("```toml\n([^`]*(?:`[^`]+`[^`]*)*)```");
  int examples = 0;
  for (std::sregex_iterator it(text.begin(), text.end(), block), end; it != end; ++it) {
    const auto config = ParseConfig((*it)[1].str(), "example");
    EXPECT_TRUE(config) << (config ? "" : config.error().message);
    ++examples;
  }
  EXPECT_EQ(examples, 3);
}

TEST(ConfigDocs, EveryKeyHasAMeaningAndEveryDefaultIsInItsRange) {
  for (const Key<Config>& key : Keys()) {
    EXPECT_FALSE(key.facts.meaning.empty()) << key.facts.path;
    Config config;
    const Target target = key.target(config);
    // Else the reference has words in the value's place.
    if (!key.facts.in_default.empty()) continue;
    const std::string name(key.facts.Name());
    std::string text = fmt::format("[{}]\n{} = {}\n", key.facts.Table(), name, Printed(target));
    if (text.find("port") != std::string::npos || text.find("network") != std::string::npos ||
        text.find("read_only") != std::string::npos) {
      text += "backend = \"docker\"\nimage = \"x\"\n";
    }
    const auto read = ParseConfig(text, "default");
    ASSERT_TRUE(read) << read.error().message;
    Config after = *read;
    EXPECT_EQ(Printed(key.target(after)), Printed(target)) << text;
  }
}

}  // namespace
}  // namespace hearth::config
