// HCL, Terraform's language, printed as `terraform fmt` would leave it: two spaces an indent, the
// equals signs of neighbouring one-line attributes below each other. Pure.
#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hearth::ecs {

// What stands right of an equals sign.
struct HclValue {
  enum class As {
    kLiteral,     // `value`; objects and lists too
    kJsonEncode,  // jsonencode(`value`)
    kExpression,  // `value` is a text that Terraform evaluates: "aws_lb_target_group.pool.arn"
  };
  boost::json::value value;
  As as = As::kLiteral;
};

struct HclBlock {
  std::string type;
  std::vector<std::string> labels = {};
  std::vector<std::pair<std::string, HclValue>> attributes = {};
  std::vector<HclBlock> blocks = {};
  std::string comment = {};  // one line above it, without #
};

// In quotes, so that Terraform reads the same text back: nothing in it is a template. (Terraform
// itself normalises texts to Unicode's form C.)
std::string HclText(std::string_view text);

std::string PrintHcl(const std::vector<HclBlock>& blocks);

}  // namespace hearth::ecs
