// The XML that AWS answers with: elements and text. Strict: what is not that (DOCTYPE, CDATA,
// entities of its own, tags that do not match) is refused. Attributes are read over, a namespace's
// prefix is left out of names. Pure; one reader for STS, S3 and errors.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace hearth::aws {

struct XmlElement {
  std::string name;  // without "prefix:"
  std::string text;  // of this element alone, entities resolved; blanks as they came
  std::vector<XmlElement> children;

  const XmlElement* Child(std::string_view child) const;  // the first of that name, or nullptr
  std::string_view TextOf(std::string_view child) const;  // of Child; empty without one
};

struct XmlLimits {
  size_t bytes_max = size_t{8} * 1024 * 1024;
  size_t elements_max = 100'000;
  size_t depth_max = 32;
};

// The root. kCorrupt, naming the place in bytes, for what is not XML of this kind; kTooLarge.
Result<XmlElement> ReadXml(std::string_view text, const XmlLimits& limits = {});

}  // namespace hearth::aws
