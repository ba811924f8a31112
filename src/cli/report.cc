#include <fmt/format.h>
#include <unistd.h>

#include <string>

#include "cli/command.h"

namespace hearth::cli {

int Report(const Error& error) {
  const std::string line = fmt::format("hearth: {}\n", error.message);
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
  return TraitsOf(error.code).exit_code;
}

}  // namespace hearth::cli
