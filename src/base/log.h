// Log: one line per event on a file descriptor, as JSON for machines or as text for people.
//
// Immutable after construction; any thread may write. Each line is one write(2), so lines of
// threads never mix. What is secret is never passed here: fields are named one by one, whole
// configurations are not logged.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

namespace hearth {

enum class LogFormat { kJson, kText };
enum class LogLevel { kDebug, kInfo, kWarn, kError };

struct LogField {
  std::string_view key;
  std::variant<std::string_view, int64_t, double, bool> value;
};

class Log {
 public:
  using Fields = std::initializer_list<LogField>;

  Log(int fd, LogFormat format, LogLevel least) : fd_(fd), format_(format), least_(least) {}

  void Debug(std::string_view message, Fields fields = {}) const;
  void Info(std::string_view message, Fields fields = {}) const;
  void Warn(std::string_view message, Fields fields = {}) const;
  void Error(std::string_view message, Fields fields = {}) const;

 private:
  void Write(LogLevel level, std::string_view message, Fields fields) const;

  int fd_;
  LogFormat format_;
  LogLevel least_;
};

// The line of one event, with its newline. `unix_milliseconds`: when, since 1970 (UTC).
std::string LogLine(LogFormat format, LogLevel level, int64_t unix_milliseconds,
                    std::string_view message, Log::Fields fields);

}  // namespace hearth
