#include "aws/xml_read.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/utf8.h"

namespace hearth::aws {

namespace {

constexpr std::string_view kBlank = " \t\r\n";

bool IsNameByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == '.' || c == ':';
}

// "#65", "#x41", "amp".
bool AppendEntity(std::string_view entity, std::string* out) {
  constexpr std::array<std::pair<std::string_view, char>, 5> kNamed = {
      {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}}};
  for (const auto& [name, c] : kNamed) {
    if (name == entity) {
      out->push_back(c);
      return true;
    }
  }
  if (!entity.starts_with('#')) return false;
  entity.remove_prefix(1);
  const bool hex = entity.starts_with('x');
  if (hex) entity.remove_prefix(1);
  uint32_t code = 0;
  const char* begin = entity.data();
  const char* end = begin + entity.size();
  const auto read = std::from_chars(begin, end, code, hex ? 16 : 10);
  const bool surrogate = code >= 0xD800 && code < 0xE000;
  if (read.ec != std::errc() || read.ptr != end || code == 0 || surrogate || code > 0x10FFFF) {
    return false;
  }
  AppendUtf8(code, out);
  return true;
}

class Reader {
 public:
  Reader(std::string_view text, const XmlLimits& limits)
      : size_(text.size()), rest_(text), limits_(limits) {}

  Result<XmlElement> Read() {
    if (size_ > limits_.bytes_max) return TooLarge("bytes", limits_.bytes_max);
    if (rest_.starts_with("\xEF\xBB\xBF")) rest_.remove_prefix(3);
    if (rest_.starts_with("<?xml") && !Skip("?>")) return Corrupt("a declaration without end");
    while (!rest_.empty()) {
      Status step = rest_.front() == '<' ? Markup() : Text();
      if (!step) return Forward(step);
    }
    if (!open_.empty()) return Corrupt(fmt::format("<{:.40}> is not closed", open_.back().name));
    if (!done_) return Corrupt("no element");
    return std::move(root_);
  }

 private:
  tl::unexpected<Error> Corrupt(std::string_view why) const {
    return Fail(Code::kCorrupt, "not the XML of AWS at byte {}: {}", size_ - rest_.size(), why);
  }
  static tl::unexpected<Error> TooLarge(std::string_view of_what, size_t max) {
    return Fail(Code::kTooLarge, "an XML answer with more than {} {}", max, of_what);
  }

  // Moves behind the next `mark`.
  bool Skip(std::string_view mark) {
    const size_t at = rest_.find(mark);
    if (at == std::string_view::npos) return false;
    rest_.remove_prefix(at + mark.size());
    return true;
  }
  void SkipBlank() { rest_.remove_prefix(std::min(rest_.find_first_not_of(kBlank), rest_.size())); }
  std::string_view TakeName() {
    size_t length = 0;
    while (length < rest_.size() && IsNameByte(rest_[length])) ++length;
    const std::string_view name = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return name;
  }
  static std::string_view Local(std::string_view name) {
    const size_t colon = name.rfind(':');
    return colon == std::string_view::npos ? name : name.substr(colon + 1);
  }

  Status Text() {
    const size_t end = std::min(rest_.find('<'), rest_.size());
    std::string_view text = rest_.substr(0, end);
    if (open_.empty()) {
      if (text.find_first_not_of(kBlank) != std::string_view::npos) {
        return Corrupt("text outside of an element");
      }
      rest_.remove_prefix(end);
      return {};
    }
    std::string* out = &open_.back().text;
    while (!text.empty()) {
      const size_t amp = std::min(text.find('&'), text.size());
      out->append(text.substr(0, amp));
      text.remove_prefix(amp);
      if (text.empty()) break;
      const size_t semicolon = text.find(';');
      if (semicolon == std::string_view::npos ||
          !AppendEntity(text.substr(1, semicolon - 1), out)) {
        return Corrupt("an entity that XML does not have");
      }
      text.remove_prefix(semicolon + 1);
    }
    rest_.remove_prefix(end);
    return {};
  }

  Status Markup() {
    if (rest_.starts_with("<!--")) {
      rest_.remove_prefix(4);
      if (!Skip("-->")) return Corrupt("a comment without end");
      return {};
    }
    if (rest_.starts_with("</")) return Close();
    return Open();
  }

  Status Open() {
    if (done_) return Corrupt("a second root");
    rest_.remove_prefix(1);
    const std::string_view name = Local(TakeName());
    if (name.empty()) return Corrupt("a tag without a name");
    if (open_.size() >= limits_.depth_max) return TooLarge("levels", limits_.depth_max);
    if (++elements_ > limits_.elements_max) return TooLarge("elements", limits_.elements_max);
    open_.push_back({std::string(name), {}, {}});
    if (Status read = Attributes(); !read) return read;
    const bool empty = rest_.starts_with("/>");
    if (!empty && !rest_.starts_with('>')) return Corrupt("a tag without end");
    rest_.remove_prefix(empty ? 2 : 1);
    if (empty) CloseLast();
    return {};
  }

  Status Attributes() {
    while (true) {
      const size_t before = rest_.size();
      SkipBlank();
      if (rest_.empty() || rest_.front() == '>' || rest_.front() == '/') return {};
      if (rest_.size() == before || TakeName().empty()) return Corrupt("a malformed tag");
      SkipBlank();
      if (!rest_.starts_with('=')) return Corrupt("an attribute without a value");
      rest_.remove_prefix(1);
      SkipBlank();
      if (rest_.empty() || (rest_.front() != '"' && rest_.front() != '\'')) {
        return Corrupt("an attribute without quotes");
      }
      const char quote = rest_.front();
      rest_.remove_prefix(1);
      const size_t end = rest_.find_first_of(quote == '"' ? "\"<" : "'<");
      if (end == std::string_view::npos || rest_[end] == '<') {
        return Corrupt("an attribute without end");
      }
      rest_.remove_prefix(end + 1);
    }
  }

  Status Close() {
    rest_.remove_prefix(2);
    const std::string_view name = Local(TakeName());
    SkipBlank();
    if (open_.empty() || open_.back().name != name || !rest_.starts_with('>')) {
      return Corrupt(fmt::format("</{:.40}> closes nothing", name));
    }
    rest_.remove_prefix(1);
    CloseLast();
    return {};
  }

  void CloseLast() {
    XmlElement element = std::move(open_.back());
    open_.pop_back();
    if (open_.empty()) {
      root_ = std::move(element);
      done_ = true;
    } else {
      open_.back().children.push_back(std::move(element));
    }
  }

  const size_t size_;
  std::string_view rest_;
  const XmlLimits limits_;
  size_t elements_ = 0;
  std::vector<XmlElement> open_;
  XmlElement root_;
  bool done_ = false;
};

}  // namespace

const XmlElement* XmlElement::Child(std::string_view child) const {
  const auto at = std::find_if(children.begin(), children.end(),
                               [&](const auto& c) { return c.name == child; });
  return at == children.end() ? nullptr : &*at;
}

std::string_view XmlElement::TextOf(std::string_view child) const {
  const XmlElement* found = Child(child);
  return found == nullptr ? std::string_view() : std::string_view(found->text);
}

Result<XmlElement> ReadXml(std::string_view text, const XmlLimits& limits) {
  return Reader(text, limits).Read();
}

}  // namespace hearth::aws
