#include "model/encoder.h"

#include <algorithm>
#include <new>

#include "model/pooling.h"

namespace hearth::model {

using kernels::MatMulArgs;
using kernels::Panels;

namespace {

// Rows that go through output projection, layer norm and feed-forward before the next ones do:
// their hidden activations then stay in the L2 cache (72 × 1536 f32 = 442 KB).
constexpr int kBlockRows = 72;
// Texts that together have at most this many tokens go through the layers as one group; scratch
// memory need not be larger, and a larger group would gain nothing: the weights are read once per
// group, in 1 % of its time.
constexpr int kGroupTokens = 512;
// Below this many rows a layer norm takes less time than handing half of it to another thread.
constexpr int kSplitRows = 64;
// Columns are cut at multiples of 6 panels, which suits the tiles of every instruction set.
constexpr int kPanelGrain = 6;
// Chunks per member of a team: two, so that a member that loses its core holds up the others less.
constexpr int kChunksPerMember = 2;

constexpr size_t kAlignment = 4096;
constexpr int kFloatsPerLine = 16;

// Floats from one row to the next: rows that lie a multiple of 1 KB apart would compete for few
// sets of the L1 cache.
ptrdiff_t Stride(int width) { return width % 256 == 0 ? width + kFloatsPerLine : width; }

// Cut `part` of `parts` equal ones of `total`, at a multiple of `grain`.
int Cut(int total, int parts, int part, int grain) {
  if (part == parts) return total;
  return static_cast<int>(static_cast<int64_t>(total) * part / parts) / grain * grain;
}

struct Matrix {
  float* data = nullptr;
  ptrdiff_t stride = 0;

  float* Row(int row) const { return data + row * stride; }
};

// Where each buffer lies in the one allocation.
struct Layout {
  Layout(const ModelConfig& config, int tokens_max, int members)
      : rows_max(std::min(tokens_max, std::max(config.max_positions, kGroupTokens))),
        attention_floats(kernels::AttentionScratchFloats(std::min(config.max_positions, rows_max),
                                                         config.hidden_size / config.heads)) {
    const auto rows = static_cast<size_t>(rows_max);
    const auto floats = [](size_t count, int width) {
      return count * static_cast<size_t>(Stride(width)) * sizeof(float);
    };
    const auto inner_rows = static_cast<size_t>(std::min(rows_max, kBlockRows));
    x = Take(floats(rows, config.hidden_size));
    qkv = Take(floats(rows, 3 * config.hidden_size));
    context = Take(floats(rows, config.hidden_size));
    inner = Take(floats(inner_rows, config.intermediate_size));
    attention_bytes = RoundToLine(attention_floats * sizeof(float));
    attention = Take(attention_bytes * static_cast<size_t>(members));
    positions = Take(rows * sizeof(int32_t));
    starts = Take(rows * sizeof(int32_t));
  }

  static size_t RoundToLine(size_t size) { return (size + 63) / 64 * 64; }
  size_t Take(size_t size) {
    const size_t offset = bytes;
    bytes += RoundToLine(size);
    return offset;
  }

  int rows_max;
  size_t attention_floats;
  size_t attention_bytes = 0;
  size_t x, qkv, context, inner, attention, positions, starts;
  size_t bytes = 0;
};

}  // namespace

struct Encoder::Scratch {
  Scratch(const ModelConfig& config, int tokens, int members)
      : layout(config, tokens, members),
        tokens_max(tokens),
        memory(static_cast<std::byte*>(::operator new(layout.bytes, std::align_val_t{kAlignment}))),
        x{Floats(layout.x), Stride(config.hidden_size)},
        qkv{Floats(layout.qkv), Stride(3 * config.hidden_size)},
        context{Floats(layout.context), Stride(config.hidden_size)},
        inner{Floats(layout.inner), Stride(config.intermediate_size)},
        positions(reinterpret_cast<int32_t*>(memory + layout.positions)),
        starts(reinterpret_cast<int32_t*>(memory + layout.starts)) {}
  ~Scratch() { ::operator delete(memory, std::align_val_t{kAlignment}); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  float* Floats(size_t offset) const { return reinterpret_cast<float*>(memory + offset); }
  float* Attention(int member) const {
    return Floats(layout.attention + layout.attention_bytes * static_cast<size_t>(member));
  }

  Layout layout;
  int tokens_max;
  std::byte* memory;
  Matrix x;            // [rows_max][hidden]: the token vectors, in place from layer to layer
  Matrix qkv;          // [rows_max][3·hidden]
  Matrix context;      // [rows_max][hidden]: what attention gives
  Matrix inner;        // [kBlockRows][intermediate]
  int32_t* positions;  // [rows_max]: of each token in its text
  int32_t* starts;     // [rows_max]: the first row of each text
};

// One group of texts on its way through the layers.
class Encoder::Pass {
 public:
  Pass(const Encoder& encoder, const PackedTexts& texts, Team* team)
      : config_(encoder.model_->config()),
        weights_(encoder.model_->weights()),
        kernels_(encoder.kernels_),
        scratch_(*encoder.scratch_),
        texts_(texts),
        team_(team),
        members_(team == nullptr ? 1 : team->members_max()),
        rows_(static_cast<int>(texts.ids.size())) {}

  void Run(std::span<float> out) {
    const Matrix& x = scratch_.x;
    Place();
    Embed();
    for (const LayerWeights& layer : weights_.layers) {
      Multiply({x, scratch_.qkv, rows_}, layer.qkv, layer.qkv_bias);
      Attend();
      const int blocks = (rows_ + kBlockRows - 1) / kBlockRows;
      for (int block = 0; block < blocks; ++block) {
        const int begin = Cut(rows_, blocks, block, 1);
        const int rows = Cut(rows_, blocks, block + 1, 1) - begin;
        const Matrix part{x.Row(begin), x.stride};
        const Matrix context{scratch_.context.Row(begin), scratch_.context.stride};
        Multiply({context, part, rows, &part}, layer.attention_out, layer.attention_out_bias);
        Normalize(part, rows, layer.attention_norm_gamma, layer.attention_norm_beta);
        Multiply({part, scratch_.inner, rows, nullptr, true}, layer.ffn_in, layer.ffn_in_bias);
        Multiply({scratch_.inner, part, rows, &part}, layer.ffn_out, layer.ffn_out_bias);
        Normalize(part, rows, layer.ffn_norm_gamma, layer.ffn_norm_beta);
      }
    }
    PoolTexts(out);
  }

 private:
  // c = act(a · w + bias) + residual
  struct Product {
    Matrix a;
    Matrix c;
    int rows = 0;
    const Matrix* residual = nullptr;
    bool gelu = false;
  };

  // body(chunk, member) for every chunk, by all members.
  template <typename Body>
  void Split(int chunks, const Body& body) {
    if (team_ != nullptr && chunks > 1) {
      team_->Run(chunks, body);
      return;
    }
    for (int chunk = 0; chunk < chunks; ++chunk) body(chunk, 0);
  }

  int Chunks(int work) const {
    return members_ == 1 ? 1 : std::clamp(work, 1, members_ * kChunksPerMember);
  }
  int RowChunks(int rows) const { return rows < kSplitRows ? 1 : Chunks(rows); }

  void Multiply(const Product& product, const Panels& w, const float* bias) {
    MatMulArgs args;
    args.a = product.a.data;
    args.lda = product.a.stride;
    args.rows = product.rows;
    args.w = w;
    args.bias = bias;
    args.gelu = product.gelu;
    args.residual = product.residual == nullptr ? nullptr : product.residual->data;
    args.ldr = product.residual == nullptr ? 0 : product.residual->stride;
    args.c = product.c.data;
    args.ldc = product.c.stride;
    const int panels = w.n / kernels::kPanelColumns;
    const int chunks = Chunks(panels / kPanelGrain);
    Split(chunks, [&](int chunk, int) {
      MatMulArgs part = args;
      part.panel_begin = Cut(panels, chunks, chunk, kPanelGrain);
      part.panel_end = Cut(panels, chunks, chunk + 1, kPanelGrain);
      kernels_.mat_mul(part);
    });
  }

  void Normalize(const Matrix& x, int rows, const float* gamma, const float* beta) {
    const int chunks = RowChunks(rows);
    Split(chunks, [&](int chunk, int) {
      const int begin = Cut(rows, chunks, chunk, 1);
      const int end = Cut(rows, chunks, chunk + 1, 1);
      kernels_.layer_norm({x.Row(begin), x.stride, end - begin, config_.hidden_size, gamma, beta,
                           config_.layer_norm_epsilon, x.Row(begin), x.stride});
    });
  }

  // Where each text begins, and the position of each token in its text.
  void Place() {
    int row = 0;
    for (size_t text = 0; text < texts_.lengths.size(); ++text) {
      scratch_.starts[text] = row;
      for (int i = 0; i < texts_.lengths[text]; ++i) scratch_.positions[row + i] = i;
      row += texts_.lengths[text];
    }
  }

  void Embed() {
    const int chunks = RowChunks(rows_);
    Split(chunks, [&](int chunk, int) {
      const int begin = Cut(rows_, chunks, chunk, 1);
      const int end = Cut(rows_, chunks, chunk + 1, 1);
      kernels_.embed({texts_.ids.data() + begin, scratch_.positions + begin,
                      texts_.type_ids.data() + begin, end - begin, config_.hidden_size,
                      config_.dtype, weights_.word, weights_.position, weights_.type,
                      weights_.embedding_norm_gamma, weights_.embedding_norm_beta,
                      config_.layer_norm_epsilon, scratch_.x.Row(begin), scratch_.x.stride});
    });
  }

  // A token sees its own text only, so nothing is padded or masked. Where there are fewer texts
  // than threads want, the heads of each are cut into parts.
  void Attend() {
    const auto texts = static_cast<int>(texts_.lengths.size());
    const int heads = config_.heads;
    const int parts = std::min(heads, (Chunks(rows_) + texts - 1) / texts);
    Split(texts * parts, [&](int chunk, int member) {
      const int text = chunk / parts;
      const int part = chunk % parts;
      const int row = scratch_.starts[text];
      kernels_.attention({scratch_.qkv.Row(row), scratch_.qkv.stride,
                          texts_.lengths[static_cast<size_t>(text)], heads,
                          config_.hidden_size / heads, Cut(heads, parts, part, 1),
                          Cut(heads, parts, part + 1, 1), scratch_.context.Row(row),
                          scratch_.context.stride, scratch_.Attention(member)});
    });
  }

  void PoolTexts(std::span<float> out) {
    const auto hidden = static_cast<size_t>(config_.hidden_size);
    for (size_t text = 0; text < texts_.lengths.size(); ++text) {
      Pool(config_.pooling, scratch_.x.Row(scratch_.starts[text]), scratch_.x.stride,
           texts_.lengths[text], out.subspan(text * hidden, hidden));
    }
  }

  const ModelConfig& config_;
  const EncoderWeights& weights_;
  const kernels::Kernels& kernels_;
  const Scratch& scratch_;
  const PackedTexts& texts_;
  Team* team_;
  int members_;
  int rows_;
};

Encoder::Encoder(std::shared_ptr<const Model> model, const kernels::Kernels& kernels,
                 int tokens_max, int members_max)
    : model_(std::move(model)),
      kernels_(kernels),
      scratch_(std::make_unique<Scratch>(model_->config(), tokens_max, members_max)) {}

Encoder::~Encoder() = default;

size_t Encoder::ScratchBytes(const ModelConfig& config, int tokens_max, int members_max) {
  return Layout(config, tokens_max, members_max).bytes;
}

int Encoder::tokens_max() const { return scratch_->tokens_max; }

void Encoder::Forward(const PackedTexts& texts, std::span<float> out, Team* team) {
  const auto hidden = static_cast<size_t>(model_->config().hidden_size);
  size_t text = 0;
  size_t token = 0;
  while (text < texts.lengths.size()) {
    // As many texts as fit into the scratch memory.
    size_t end = text;
    int rows = 0;
    while (end < texts.lengths.size() &&
           (end == text || rows + texts.lengths[end] <= scratch_->layout.rows_max)) {
      rows += texts.lengths[end++];
    }
    const auto count = static_cast<size_t>(rows);
    const PackedTexts group{texts.ids.subspan(token, count), texts.type_ids.subspan(token, count),
                            texts.lengths.subspan(text, end - text)};
    Pass(*this, group, team).Run(out.subspan(text * hidden, (end - text) * hidden));
    text = end;
    token += count;
  }
}

}  // namespace hearth::model
