// `:latest`, or no tag: the same name is another image tomorrow, and a rollback brings back
// nothing. Looks at: the image of each container.
#include <fmt/format.h>

#include "aws/document.h"
#include "doctor/checks.h"
#include "doctor/finding.h"
#include "doctor/setup.h"

namespace hearth::doctor {
namespace {

// "latest" where the name has neither tag nor digest; empty with a digest.
std::string_view TagOf(std::string_view image) {
  if (image.find('@') != std::string_view::npos) return "";
  const size_t slash = image.rfind('/');
  const size_t colon = image.rfind(':');
  const bool has_tag =
      colon != std::string_view::npos && (slash == std::string_view::npos || colon > slash);
  return has_tag ? image.substr(colon + 1) : "latest";
}

Finding Judge(const Setup& setup, const Facts&) {
  std::vector<std::string> moving;
  std::string first;
  for (const boost::json::value& item :
       aws::ListOf(setup.task_definition, "containerDefinitions")) {
    const std::string_view image = aws::TextOf(aws::AsObject(item), "image");
    if (image.empty()) continue;
    if (first.empty()) first = image;
    if (TagOf(image) == "latest") {
      moving.push_back(
          fmt::format("container {}: {}", aws::TextOf(aws::AsObject(item), "name"), image));
    }
  }
  if (first.empty()) return Skip(fmt::format("{}: no image", setup.where));
  if (moving.empty()) return Ok(fmt::format("{}: {}", setup.where, first));
  return Ng(fmt::format("{}: the image's tag is latest", setup.where), std::move(moving),
            SetKey("ecs", "image", "\"…:1.4.2\"") + " with a tag that is pushed once, or a digest");
}

}  // namespace

std::vector<Finding> CheckImageTag(const Facts& facts) { return ForEachSetup(facts, Judge); }

}  // namespace hearth::doctor
