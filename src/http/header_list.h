// HeaderList: the headers of one message in two buffers that are used again for the next one: for a
// gateway, which looks at each header once and prints it. Views are valid until Clear or Add.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace hearth::http {

struct HeaderView {
  std::string_view name;
  std::string_view value;
};

class HeaderList {
 public:
  void Clear() {
    text_.clear();
    pieces_.clear();
  }
  void Add(std::string_view name, std::string_view value) {
    pieces_.push_back({text_.size(), name.size(), value.size()});
    text_.append(name).append(value);
  }
  size_t size() const { return pieces_.size(); }
  HeaderView operator[](size_t i) const {
    const Piece& piece = pieces_[i];
    const std::string_view all(text_);
    return {all.substr(piece.at, piece.name), all.substr(piece.at + piece.name, piece.value)};
  }

 private:
  struct Piece {
    size_t at;
    size_t name;
    size_t value;
  };
  std::string text_;
  std::vector<Piece> pieces_;
};

}  // namespace hearth::http
