#include "bench/toml_edit.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <span>
#include <utility>

#include "base/atomic_file.h"
#include "base/duration.h"
#include "base/unique_fd.h"
#include "config/toml_parser.h"

namespace hearth::bench {
namespace {

// The byte offset of a place in `text`; toml++ counts lines from 1 and columns in code points
// from 1.
size_t OffsetOf(std::string_view text, toml::source_position place) {
  size_t at = 0;
  for (uint32_t line = 1; line < place.line; ++line) at = text.find('\n', at) + 1;
  for (uint32_t column = 1; column < place.column && at < text.size(); ++column) {
    ++at;
    while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U) ++at;
  }
  return at;
}

size_t EndOfLine(std::string_view text, size_t at) {
  const size_t end = text.find('\n', at);
  return end == std::string_view::npos ? text.size() : end;
}

std::string Spliced(std::string_view text, size_t begin, size_t end, std::string_view middle) {
  std::string out(text.substr(0, begin));
  out += middle;
  out += text.substr(end);
  return out;
}

std::string Edited(std::string_view text, const toml::table& root, const std::string& entry,
                   const std::string& value) {
  const toml::table* replica = root["replica"].as_table();
  if (replica == nullptr) {
    std::string out(text);
    if (!out.empty() && out.back() != '\n') out += '\n';
    if (!out.empty()) out += '\n';
    return out + "[replica]\n" + entry + "\n";
  }
  if (const toml::node* old = replica->get("start_time")) {
    return Spliced(text, OffsetOf(text, old->source().begin), OffsetOf(text, old->source().end),
                   value);
  }
  const size_t begin = OffsetOf(text, replica->source().begin);
  if (replica->is_inline()) {
    return Spliced(text, begin + 1, begin + 1, " " + entry + (replica->empty() ? "" : ","));
  }
  const size_t end = EndOfLine(text, begin);
  return Spliced(text, end, end, "\n" + entry);
}

// True when `after` is `before` with replica.start_time = value and nothing else changed.
bool OnlyStartTimeChanged(toml::table before, const toml::table& after, const std::string& value) {
  toml::table* replica = before["replica"].as_table();
  if (replica == nullptr) {
    before.insert_or_assign("replica", toml::table{});
    replica = before["replica"].as_table();
  }
  replica->insert_or_assign("start_time", value);
  return before == after;
}

Result<toml::table> Parse(std::string_view text) {
  toml::parse_result parsed = toml::parse(text);
  if (!parsed) {
    return Fail(Code::kCorrupt, "cannot read it as TOML: {} (line {})",
                std::string(parsed.error().description()), parsed.error().source().begin.line);
  }
  return std::move(parsed).table();
}

Result<std::string> ReadOrEmpty(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) {
    if (errno == ENOENT) return std::string();
    return Fail(Code::kIo, "cannot read \"{}\": {}", path, std::strerror(errno));
  }
  std::string text;
  char block[4096];
  ssize_t got = 0;
  while ((got = ::read(file.get(), block, sizeof block)) > 0)
    text.append(block, static_cast<size_t>(got));
  if (got < 0) return Fail(Code::kIo, "cannot read \"{}\": {}", path, std::strerror(errno));
  return text;
}

}  // namespace

Result<std::string> SetStartTime(std::string_view text, std::chrono::milliseconds start_time) {
  Result<toml::table> before = Parse(text);
  if (!before) return Forward(before);
  if (before->contains("replica") && (*before)["replica"].as_table() == nullptr) {
    return Fail(Code::kCorrupt, "\"replica\" is not a table");
  }
  const std::string value = FormatDuration(start_time);
  const std::string entry = "start_time = \"" + value + "\"";
  std::string out = Edited(text, *before, entry, "\"" + value + "\"");
  Result<toml::table> after = Parse(out);
  if (!after || !OnlyStartTimeChanged(std::move(*before), *after, value)) {
    return Fail(
        Code::kUnsupported,
        "cannot place it under [replica] as the file is written; add this line yourself: {}",
        entry);
  }
  return out;
}

Status WriteStartTime(const std::string& path, std::chrono::milliseconds start_time) {
  Result<std::string> text = ReadOrEmpty(path);
  if (!text) return Forward(text);
  Result<std::string> edited = SetStartTime(*text, start_time);
  if (!edited) {
    return Fail(edited.error().code, "cannot set start_time in \"{}\": {}", path,
                edited.error().message);
  }
  Result<AtomicFile> file = AtomicFile::Create(path);
  if (!file) return Forward(file);
  if (Status written = file->Write(std::as_bytes(std::span(*edited))); !written) return written;
  return file->Commit();
}

}  // namespace hearth::bench
