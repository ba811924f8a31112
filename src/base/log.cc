#include "base/log.h"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <ctime>
#include <iterator>

#include "base/json_print.h"

namespace hearth {
namespace {

std::string_view NameOf(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarn:
      return "warn";
    case LogLevel::kError:
      return "error";
  }
  return "info";
}

std::string TimeText(int64_t unix_milliseconds) {
  const std::time_t seconds = static_cast<std::time_t>(unix_milliseconds / 1000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", parts.tm_year + 1900,
                     parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                     unix_milliseconds % 1000);
}

void AppendValue(const LogField& field, bool quoted, std::string* line) {
  if (const auto* text = std::get_if<std::string_view>(&field.value)) {
    // Text lines quote too when the value could be read as more than one.
    if (quoted || text->find_first_of(" \"\n\t") != std::string_view::npos) {
      AppendJsonString(*text, line);
    } else {
      line->append(*text);
    }
  } else if (const auto* whole = std::get_if<int64_t>(&field.value)) {
    fmt::format_to(std::back_inserter(*line), "{}", *whole);
  } else if (const auto* real = std::get_if<double>(&field.value)) {
    fmt::format_to(std::back_inserter(*line), "{:.3f}", *real);
  } else {
    line->append(std::get<bool>(field.value) ? "true" : "false");
  }
}

}  // namespace

std::string LogLine(LogFormat format, LogLevel level, int64_t unix_milliseconds,
                    std::string_view message, Log::Fields fields) {
  std::string line;
  if (format == LogFormat::kJson) {
    fmt::format_to(std::back_inserter(line), R"({{"time":"{}","level":"{}","message":)",
                   TimeText(unix_milliseconds), NameOf(level));
    AppendJsonString(message, &line);
    for (const LogField& field : fields) {
      line.push_back(',');
      AppendJsonString(field.key, &line);
      line.push_back(':');
      AppendValue(field, true, &line);
    }
    line.append("}\n");
    return line;
  }
  fmt::format_to(std::back_inserter(line), "{} {:<5} ", TimeText(unix_milliseconds), NameOf(level));
  for (const char c : message) line.push_back(c == '\n' ? ' ' : c);
  for (const LogField& field : fields) {
    fmt::format_to(std::back_inserter(line), " {}=", field.key);
    AppendValue(field, false, &line);
  }
  line.push_back('\n');
  return line;
}

void Log::Write(LogLevel level, std::string_view message, Fields fields) const {
  if (level < least_) return;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const std::string line =
      LogLine(format_, level, std::chrono::duration_cast<std::chrono::milliseconds>(now).count(),
              message, fields);
  // A log that cannot be written has nowhere to say so.
  [[maybe_unused]] const ssize_t written = ::write(fd_, line.data(), line.size());
}

void Log::Debug(std::string_view message, Fields fields) const {
  Write(LogLevel::kDebug, message, fields);
}
void Log::Info(std::string_view message, Fields fields) const {
  Write(LogLevel::kInfo, message, fields);
}
void Log::Warn(std::string_view message, Fields fields) const {
  Write(LogLevel::kWarn, message, fields);
}
void Log::Error(std::string_view message, Fields fields) const {
  Write(LogLevel::kError, message, fields);
}

}  // namespace hearth
