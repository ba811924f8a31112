#include "model/safetensors.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <optional>

#include "model/json_file.h"

namespace hearth::model {

namespace json = boost::json;

namespace {

static_assert(std::endian::native == std::endian::little, "files are read as they lie on the disk");

constexpr std::string_view kWhat = "damaged or foreign safetensors file";
constexpr uint64_t kLengthField = 8;
constexpr uint64_t kHeaderMax = 100'000'000;  // the limit of the reference implementation

using TensorMap = std::map<std::string, Tensor, std::less<>>;

float FromHalf(uint16_t half) {
  const uint32_t sign = (half & 0x8000U) << 16U;
  const uint32_t exponent = (half >> 10U) & 0x1FU;
  const uint32_t fraction = half & 0x3FFU;
  if (exponent == 0) {  // zero or subnormal: fraction · 2⁻²⁴
    const float magnitude = static_cast<float>(fraction) * 0x1p-24F;
    return sign != 0 ? -magnitude : magnitude;
  }
  const uint32_t exponent32 = exponent == 0x1FU ? 0xFFU : exponent + 112U;
  return std::bit_cast<float>(sign | (exponent32 << 23U) | (fraction << 13U));
}

std::optional<uint64_t> AsUnsigned(const json::value& value) {
  if (value.is_uint64()) return value.get_uint64();
  if (value.is_int64() && value.get_int64() >= 0) return static_cast<uint64_t>(value.get_int64());
  return std::nullopt;
}

// Every element a whole number ≥ 0.
std::optional<std::vector<uint64_t>> AsUnsignedList(const json::value* value) {
  if (value == nullptr || !value->is_array()) return std::nullopt;
  std::vector<uint64_t> out;
  for (const json::value& element : value->get_array()) {
    const auto number = AsUnsigned(element);
    if (!number) return std::nullopt;
    out.push_back(*number);
  }
  return out;
}

struct TypeInfo {
  std::string_view name;
  uint64_t bytes;
  StoredType type;
};

constexpr TypeInfo kTypes[] = {
    {"F32", 4, StoredType::kF32},      {"F16", 2, StoredType::kF16},
    {"BF16", 2, StoredType::kBf16},    {"F64", 8, StoredType::kOther},
    {"I64", 8, StoredType::kOther},    {"U64", 8, StoredType::kOther},
    {"I32", 4, StoredType::kOther},    {"U32", 4, StoredType::kOther},
    {"I16", 2, StoredType::kOther},    {"U16", 2, StoredType::kOther},
    {"I8", 1, StoredType::kOther},     {"U8", 1, StoredType::kOther},
    {"BOOL", 1, StoredType::kOther},   {"F8_E4M3", 1, StoredType::kOther},
    {"F8_E5M2", 1, StoredType::kOther}};

Result<const TypeInfo*> ReadType(std::string_view name, const json::value& entry) {
  const json::value* dtype = FindMember(entry, "dtype");
  if (dtype == nullptr || !dtype->is_string()) {
    return Fail(Code::kCorrupt, "{}: tensor \"{:.100}\" has no dtype", kWhat, name);
  }
  const std::string text(dtype->get_string());
  for (const TypeInfo& info : kTypes) {
    if (info.name == text) return &info;
  }
  return Fail(Code::kCorrupt, "{}: tensor \"{:.100}\" has the unknown dtype \"{:.20}\"", kWhat,
              name, text);
}

// Shape × element size, unless that overflows.
std::optional<uint64_t> BytesOf(std::span<const uint64_t> shape, uint64_t element) {
  uint64_t bytes = element;
  for (const uint64_t extent : shape) {
    if (extent != 0 && bytes > std::numeric_limits<uint64_t>::max() / extent) return std::nullopt;
    bytes *= extent;
  }
  return bytes;
}

Result<Tensor> ReadEntry(std::string_view name, const json::value& entry,
                         std::span<const std::byte> data) {
  auto type = ReadType(name, entry);
  if (!type) return Forward(type);
  auto shape = AsUnsignedList(FindMember(entry, "shape"));
  const auto offsets = AsUnsignedList(FindMember(entry, "data_offsets"));
  if (!shape || !offsets || offsets->size() != 2) {
    return Fail(Code::kCorrupt,
                "{}: shape or data_offsets of tensor \"{:.100}\" are not lists of whole numbers",
                kWhat, name);
  }
  const uint64_t begin = offsets->front();
  const uint64_t end = offsets->back();
  if (begin > end || end > data.size()) {
    return Fail(Code::kCorrupt, "{}: tensor \"{:.100}\" lies at bytes {} to {} of {}", kWhat, name,
                begin, end, data.size());
  }
  const auto bytes = BytesOf(*shape, (*type)->bytes);
  if (bytes != end - begin) {
    return Fail(Code::kCorrupt, "{}: tensor \"{:.100}\" of shape {} has {} bytes", kWhat, name,
                ShapeText(*shape), end - begin);
  }
  return Tensor{(*type)->type, (*type)->name, std::move(*shape), data.subspan(begin, end - begin)};
}

// The tensors, in order of place, must cover the data exactly.
Status CheckCoverage(const TensorMap& tensors, std::span<const std::byte> data) {
  std::vector<const TensorMap::value_type*> in_order;
  for (const auto& entry : tensors) in_order.push_back(&entry);
  std::ranges::sort(in_order, {}, [](const auto* entry) {
    return std::pair(entry->second.bytes.data(), entry->second.bytes.size());
  });
  const std::byte* at = data.data();
  for (const auto* entry : in_order) {
    const auto bytes = entry->second.bytes;
    if (bytes.data() != at) {
      return Fail(Code::kCorrupt, "{}: {} tensor \"{:.100}\"", kWhat,
                  bytes.data() < at ? "another tensor overlaps" : "there is a hole before",
                  entry->first);
    }
    at += bytes.size();
  }
  const auto rest = static_cast<size_t>(data.data() + data.size() - at);
  if (rest != 0) return Fail(Code::kCorrupt, "{}: {} bytes too many at its end", kWhat, rest);
  return {};
}

}  // namespace

void Tensor::Read(uint64_t first, std::span<float> out) const {
  if (type == StoredType::kF32) {
    std::memcpy(out.data(), bytes.data() + first * 4, out.size() * 4);
    return;
  }
  for (size_t i = 0; i < out.size(); ++i) {
    uint16_t half = 0;
    std::memcpy(&half, bytes.data() + (first + i) * 2, 2);
    out[i] = type == StoredType::kF16 ? FromHalf(half)
                                      : std::bit_cast<float>(static_cast<uint32_t>(half) << 16U);
  }
}

std::string ShapeText(std::span<const uint64_t> shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

Result<TensorMap> ParseSafeTensors(std::span<const std::byte> file) {
  uint64_t header_length = 0;
  if (file.size() < kLengthField) {
    return Fail(Code::kCorrupt, "{}: it has {} bytes, less than its length field", kWhat,
                file.size());
  }
  std::memcpy(&header_length, file.data(), kLengthField);
  if (header_length > kHeaderMax || header_length > file.size() - kLengthField) {
    return Fail(Code::kCorrupt,
                "{}: its header says to be {} bytes long, the file has {}; download "
                "it again",
                kWhat, header_length, file.size());
  }
  const auto* text = reinterpret_cast<const char*>(file.data() + kLengthField);
  auto header =
      ParseJson({text, static_cast<size_t>(header_length)}, kWhat, DuplicateKeys::kRefused);
  if (!header) return Forward(header);
  const json::object* object = header->if_object();
  if (object == nullptr) return Fail(Code::kCorrupt, "{}: its header is no object", kWhat);
  const auto data = file.subspan(kLengthField + static_cast<size_t>(header_length));
  TensorMap tensors;
  for (const auto& member : *object) {
    const std::string name(member.key());
    if (name == "__metadata__") continue;
    auto tensor = ReadEntry(name, member.value(), data);
    if (!tensor) return Forward(tensor);
    tensors.emplace(name, std::move(*tensor));
  }
  Status covered = CheckCoverage(tensors, data);
  if (!covered) return Forward(covered);
  return tensors;
}

Result<SafeTensors> SafeTensors::Open(const std::string& path) {
  auto file = MappedFile::Open(path);
  if (!file) return Forward(file);
  auto tensors = ParseSafeTensors(file->bytes());
  if (!tensors) {
    return Fail(tensors.error().code, "cannot read \"{}\": {}", path, tensors.error().message);
  }
  return SafeTensors(std::move(*file), std::move(*tensors));
}

const Tensor* SafeTensors::Find(std::string_view name) const {
  const auto it = tensors_.find(name);
  return it == tensors_.end() ? nullptr : &it->second;
}

}  // namespace hearth::model
