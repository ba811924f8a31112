// For this room's tests: an environment, a folder and a world that answers, all made up.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "aws/ask.h"
#include "base/env.h"

namespace hearth::aws::testing {

using std::chrono::system_clock;

inline Env FakeEnv(std::map<std::string, std::string> values) {
  values.try_emplace("HOME", "/nonexistent");
  return [values = std::move(values)](std::string_view name) -> std::optional<std::string> {
    const auto at = values.find(std::string(name));
    if (at == values.end()) return std::nullopt;
    return at->second;
  };
}

class TempFolder {
 public:
  TempFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "hearth-aws-XXXXXX").string();
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    path_ = name;
  }
  ~TempFolder() { std::filesystem::remove_all(path_); }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  const std::string& path() const { return path_; }
  std::string Write(const std::string& name, std::string_view text, bool executable = false) const {
    std::string at = path_ + "/" + name;
    std::ofstream(at, std::ios::binary) << text;
    if (executable) std::filesystem::permissions(at, std::filesystem::perms::owner_all);
    return at;
  }

 private:
  std::string path_;
};

struct Asked {
  http::Url url;
  http::Outgoing request;
  AskLimits limits;

  std::string Header(std::string_view name) const {
    for (const auto& [key, value] : request.headers) {
      if (key == name) return value;
    }
    return "";
  }
};

inline http::Answer AnswerOf(int status, std::string body) {
  http::Answer answer;
  answer.status = status;
  answer.body = std::move(body);
  return answer;
}

// Answers by `answer` and keeps what was asked.
class FakeWorld {
 public:
  std::function<Result<http::Answer>(const Asked&)> answer = [](const Asked&) {
    return Result<http::Answer>(Fail(Code::kIo, "cannot connect: nobody is there"));
  };
  std::vector<Asked> asked;

  Ask ask() {
    return [this](const http::Url& url, const http::Outgoing& request, const AskLimits& limits) {
      asked.push_back({url, request, limits});
      return answer(asked.back());
    };
  }
};

inline std::string KeysJson(std::string_view id, std::string_view expires,
                            std::string_view token_name = "Token") {
  return fmt::format(
      R"({{"Version":1,"AccessKeyId":"{}","SecretAccessKey":"secret","{}":"token","Expiration":"{}"}})",
      id, token_name, expires);
}

inline std::string StsXml(std::string_view action, std::string_view id, std::string_view expires) {
  return fmt::format(
      R"(<?xml version="1.0"?><{0}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{0}Result>)"
      R"(<Credentials><AccessKeyId>{1}</AccessKeyId><SecretAccessKey>s&amp;x</SecretAccessKey>)"
      R"(<SessionToken>token</SessionToken><Expiration>{2}</Expiration></Credentials></{0}Result></{0}Response>)",
      action, id, expires);
}

inline system_clock::time_point Minute(int minutes) {
  return system_clock::from_time_t(minutes * 60);
}

inline boost::json::array Golden(const std::string& name) {
  std::ifstream file(std::string(HEARTH_SOURCE_DIR) + "/tests/golden/aws/" + name);
  std::stringstream text;
  text << file.rdbuf();
  return boost::json::parse(text.str()).as_array();
}

inline std::string Text(const boost::json::value& value) { return std::string(value.as_string()); }

}  // namespace hearth::aws::testing
