// SafeTensors: the tensors of a `.safetensors` file, read in place from the mapped file.
//
// Format (huggingface/safetensors): u64 little-endian N, N bytes of JSON {name: {dtype, shape,
// data_offsets}}, then the data, which the tensors cover without hole or overlap. Everything in the
// header is checked at Open, so that reading a tensor afterwards needs no check. Immutable; any
// thread may read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/mapped_file.h"
#include "base/result.h"

namespace hearth::model {

// kOther: valid, but not readable here (integers, f64, f8); Read must not be called.
enum class StoredType { kF32, kF16, kBf16, kOther };

struct Tensor {
  StoredType type = StoredType::kF32;
  std::string_view type_name;  // "F32", "I64", …
  std::vector<uint64_t> shape;
  std::span<const std::byte> bytes;  // product of shape × size of type; not aligned

  // Elements [first, first + out.size()) as f32, exactly.
  void Read(uint64_t first, std::span<float> out) const;
};

std::string ShapeText(std::span<const uint64_t> shape);  // "[384, 1536]"

// What a safetensors header says. `file` must outlive the result. One line in the error, kCorrupt.
Result<std::map<std::string, Tensor, std::less<>>> ParseSafeTensors(
    std::span<const std::byte> file);

class SafeTensors {
 public:
  // kNotFound, kIo or kCorrupt, naming the file.
  static Result<SafeTensors> Open(const std::string& path);

  const std::map<std::string, Tensor, std::less<>>& tensors() const { return tensors_; }
  const Tensor* Find(std::string_view name) const;

 private:
  SafeTensors(MappedFile file, std::map<std::string, Tensor, std::less<>> tensors)
      : file_(std::move(file)), tensors_(std::move(tensors)) {}

  MappedFile file_;
  std::map<std::string, Tensor, std::less<>> tensors_;
};

}  // namespace hearth::model
