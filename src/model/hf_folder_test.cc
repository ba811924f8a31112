#include "model/hf_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "model/pack_writer.h"
#include "model/tiny_model.h"

namespace hearth::model {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr uint32_t kSeed = 3;

// The tiny model's vocabulary as a tokenizer.json; `normalizer` is put in as it is.
std::string TokenizerJson(const std::string& normalizer) {
  std::string vocab;
  const char* special[] = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"};
  for (int i = 0; i < 40; ++i) {
    vocab += fmt::format("{}\"{}\":{}", i == 0 ? "" : ",",
                         i < 5 ? std::string(special[i]) : fmt::format("w{}", i), i);
  }
  return fmt::format(
      R"({{"truncation":{{"max_length":7}},"padding":{{"strategy":{{"Fixed":7}}}},)"
      R"("added_tokens":[{{"id":2,"content":"[CLS]","special":true,"normalized":false}},)"
      R"({{"id":39,"content":"w39","special":false,"normalized":true,"lstrip":true}}],)"
      R"("normalizer":{},"pre_tokenizer":{{"type":"BertPreTokenizer"}},"post_processor":)"
      R"({{"type":"TemplateProcessing","single":[{{"SpecialToken":{{"id":"[CLS]","type_id":0}}}},)"
      R"({{"Sequence":{{"id":"A","type_id":0}}}},{{"SpecialToken":{{"id":"[SEP]","type_id":0}}}}],)"
      R"("pair":[{{"SpecialToken":{{"id":"[CLS]","type_id":0}}}},{{"Sequence":{{"id":"A","type_id":0}}}},)"
      R"({{"SpecialToken":{{"id":"[SEP]","type_id":0}}}},{{"Sequence":{{"id":"B","type_id":1}}}},)"
      R"({{"SpecialToken":{{"id":"[SEP]","type_id":1}}}}]}},"model":{{"type":"WordPiece",)"
      R"("unk_token":"[UNK]","continuing_subword_prefix":"##","max_input_chars_per_word":50,"vocab":{{{}}}}}}})",
      normalizer, vocab);
}

constexpr const char* kBertNormalizer =
    R"({"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":false,"strip_accents":null,"lowercase":false})";

std::string Replaced(std::string text, std::string_view from, std::string_view to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

class HfFolderTest : public testing::Test {
 protected:
  HfFolder Read(const HfOptions& options = {}) const {
    auto folder = ReadHfFolder(tiny_.folder().path(), options);
    if (folder) return std::move(*folder);
    ADD_FAILURE() << folder.error().message;
    return {};
  }
  std::string Refusal(const HfOptions& options = {}) const {
    auto folder = ReadHfFolder(tiny_.folder().path(), options);
    if (folder) return "accepted";
    EXPECT_EQ(folder.error().message.find('\n'), std::string::npos);
    return folder.error().message;
  }
  // The whole of `hearth pack`, for what only the weights show.
  std::string PackRefusal() const {
    auto report = PackFolder(tiny_.folder().path(), {}, tiny_.folder() / "out", {});
    EXPECT_FALSE(std::filesystem::exists(tiny_.folder() / "out"));
    return report ? "accepted" : report.error().message;
  }
  void Write(const std::string& name, std::string_view content) const {
    tiny_.folder().Write(name, content);
  }
  std::string Text(const std::string& name) const { return ReadFile(tiny_.folder() / name); }
  void Remove(const std::string& name) const { std::filesystem::remove_all(tiny_.folder() / name); }
  void Change(const std::string& name, std::string_view from, std::string_view to) const {
    Write(name, Replaced(Text(name), from, to));
  }

  TinyModel tiny_{kSeed};
};

TEST_F(HfFolderTest, ReadsWhatTheFolderSays) {
  const HfFolder folder = Read();
  EXPECT_EQ(folder.config.pooling, Pooling::kMean);
  EXPECT_TRUE(folder.config.normalize);
  EXPECT_EQ(folder.config.max_tokens, 24);
  EXPECT_EQ(folder.tokenizer.vocab.size(), 40U);
  EXPECT_EQ(folder.tokenizer.added_tokens.size(), 5U);
  EXPECT_TRUE(folder.notes.empty());
}

TEST_F(HfFolderTest, EveryPoolingAndNoNormalize) {
  const std::pair<const char*, Pooling> modes[] = {{"mean_tokens", Pooling::kMean},
                                                   {"cls_token", Pooling::kCls},
                                                   {"max_tokens", Pooling::kMax},
                                                   {"mean_sqrt_len_tokens", Pooling::kMeanSqrtLen}};
  for (const auto& [name, pooling] : modes) {
    tiny_.WriteModules(name, false);
    EXPECT_EQ(Read().config.pooling, pooling);
    EXPECT_FALSE(Read().config.normalize);
  }
  Write("1_Pooling/config.json", R"({"pooling_mode":"cls","embedding_dimension":80})");
  EXPECT_EQ(Read().config.pooling, Pooling::kCls);
  tiny_.WriteModules("lasttoken", false);
  EXPECT_THAT(Refusal(), HasSubstr("pooling_mode_lasttoken"));
  Write("1_Pooling/config.json",
        R"({"pooling_mode_mean_tokens":true,"pooling_mode_cls_token":true})");
  EXPECT_THAT(Refusal(), HasSubstr("pooling_mode_mean_tokens + pooling_mode_cls_token"));
  Write("1_Pooling/config.json", R"({"pooling_mode_mean_tokens":true,"include_prompt":false})");
  EXPECT_THAT(Refusal(), HasSubstr("include_prompt"));
  Write("1_Pooling/config.json",
        R"({"pooling_mode_mean_tokens":true,"word_embedding_dimension":79})");
  EXPECT_THAT(Refusal(), AllOf(HasSubstr("79"), HasSubstr("80")));
  Write("1_Pooling/config.json", R"({"pooling_mode_mean_tokens":1})");
  EXPECT_THAT(Refusal(), HasSubstr("true or false"));
}

TEST_F(HfFolderTest, WithoutModulesNothingIsGuessed) {
  Remove("modules.json");
  EXPECT_THAT(Refusal(), AllOf(HasSubstr("--pooling"), HasSubstr("--normalize")));
  EXPECT_THAT(Refusal({.pooling = Pooling::kMean}), HasSubstr("--normalize or --no-normalize"));
  EXPECT_THAT(Refusal({.normalize = true}), HasSubstr("--pooling"));
  const HfFolder folder = Read({.pooling = Pooling::kCls, .normalize = false});
  EXPECT_EQ(folder.config.pooling, Pooling::kCls);
  EXPECT_FALSE(folder.config.normalize);
}

TEST_F(HfFolderTest, TheCommandLineHoldsAndSaysSo) {
  const HfFolder folder = Read({.name = "other", .pooling = Pooling::kCls, .normalize = false});
  EXPECT_EQ(folder.config.name, "other");
  EXPECT_EQ(folder.config.pooling, Pooling::kCls);
  EXPECT_FALSE(folder.config.normalize);
  EXPECT_EQ(folder.notes.size(), 2U);
}

TEST_F(HfFolderTest, OtherModulesAreRefusedByName) {
  Change("modules.json", "models.Normalize", "models.Dense");
  EXPECT_THAT(Refusal(), HasSubstr("Dense"));
  tiny_.WriteModules("mean_tokens", true);
  Change("modules.json", "models.Transformer", "models.CLIPModel");
  EXPECT_THAT(Refusal(), HasSubstr("CLIPModel"));
  Write("modules.json", R"([{"type":"sentence_transformers.models.Transformer","path":""}])");
  EXPECT_THAT(Refusal(), HasSubstr("no Pooling"));
  Write("modules.json", R"([{"type":"x.Transformer","path":"../../etc"}])");
  EXPECT_THAT(Refusal(), HasSubstr("leads out of the folder"));
  Write("modules.json", "{}");
  EXPECT_THAT(Refusal(), HasSubstr("no list"));
  Write("modules.json", "[7]");
  EXPECT_THAT(Refusal(), HasSubstr("no type or no path"));
}

TEST_F(HfFolderTest, TheTransformerMayLieInAFolder) {
  Change("modules.json", R"("path":"")", R"("path":"0_Transformer")");
  std::filesystem::create_directory(tiny_.folder() / "0_Transformer");
  for (const char* name : {"config.json", "vocab.txt", "model.safetensors"}) {
    std::filesystem::rename(tiny_.folder() / name,
                            tiny_.folder() / (std::string("0_Transformer/") + name));
  }
  EXPECT_THAT(Read().weights_path, HasSubstr("0_Transformer/model.safetensors"));
}

TEST_F(HfFolderTest, ArchitecturesAndActivations) {
  Change("config.json", R"("bert")", R"("xlm-roberta")");
  EXPECT_THAT(Refusal(), AllOf(HasSubstr("xlm-roberta"), HasSubstr("hearth runs: bert")));
  Change("config.json", R"("xlm-roberta")", R"("bert")");
  Change("config.json", R"("gelu")", R"("gelu_new")");
  EXPECT_THAT(Refusal(), AllOf(HasSubstr("hidden_act"), HasSubstr("gelu_new")));
  Change("config.json", R"("gelu_new")", R"("gelu","position_embedding_type":"relative_key")");
  EXPECT_THAT(Refusal(), HasSubstr("relative_key"));
}

TEST_F(HfFolderTest, NonsenseInTheConfiguration) {
  const std::pair<const char*, const char*> changes[] = {
      {R"("hidden_size":80)", R"("hidden_size":"80")"},
      {R"("hidden_size":80)", R"("hidden_size":-80)"},
      {R"("hidden_size":80)", R"("hidden_size":0)"},
      {R"("hidden_size":80)", R"("hidden_size":81)"},
      {R"("hidden_size":80)", R"("hidden_size":99999999999)"},
      {R"("num_hidden_layers":2)", R"("num_hidden_layers":2000000000)"},
      {R"("num_attention_heads":5)", R"("num_attention_heads":4)"},
      {R"("num_attention_heads":5)", R"("num_attention_heads":10)"},
      {R"("layer_norm_eps":1e-12)", R"("layer_norm_eps":0)"},
      {R"("vocab_size":40)", R"("vocab":40)"},
      {R"({"model_type")", R"(["model_type")"},
      {R"("model_type":"bert",)", ""}};
  const std::string good = Text("config.json");
  for (const auto& [from, to] : changes) {
    Write("config.json", Replaced(good, from, to));
    EXPECT_NE(Refusal(), "accepted") << to;
  }
  Remove("config.json");
  EXPECT_THAT(Refusal(), HasSubstr("config.json"));
}

TEST_F(HfFolderTest, TheLongestText) {
  Write("tokenizer_config.json", R"({"model_max_length":20})");
  EXPECT_EQ(Read().config.max_tokens, 20);
  Write("tokenizer_config.json", R"({"model_max_length":1e30})");
  EXPECT_EQ(Read().config.max_tokens, 24);
  Write("sentence_bert_config.json", R"({"max_seq_length":16,"do_lower_case":false})");
  EXPECT_EQ(Read().config.max_tokens, 16);
  Write("sentence_bert_config.json", R"({"max_seq_length":512})");
  EXPECT_EQ(Read().config.max_tokens, 24);
  Write("sentence_bert_config.json", R"({"max_seq_length":null})");
  EXPECT_EQ(Read().config.max_tokens, 24);
  Write("sentence_bert_config.json", R"({"max_seq_length":16,"do_lower_case":true})");
  EXPECT_THAT(Refusal(), HasSubstr("do_lower_case"));
}

TEST_F(HfFolderTest, Prompts) {
  Write("config_sentence_transformers.json",
        R"({"prompts":{"q":"Q: "},"default_prompt_name":null})");
  EXPECT_EQ(Read().config.prompts.at("q"), "Q: ");
  EXPECT_EQ(Read().config.default_prompt_name, "");
  Write("config_sentence_transformers.json",
        R"({"prompts":{"q":"Q: "},"default_prompt_name":"p"})");
  EXPECT_THAT(Refusal(), HasSubstr("default prompt \"p\""));
  Write("config_sentence_transformers.json", R"({"prompts":{"q":7}})");
  EXPECT_THAT(Refusal(), HasSubstr("object of strings"));
}

TEST_F(HfFolderTest, TokenizerJsonWithoutItsTruncation) {
  Write("tokenizer.json", TokenizerJson(kBertNormalizer));
  const HfFolder folder = Read();
  EXPECT_EQ(folder.config.max_tokens, 24);
  const text::TokenizerConfig& tokenizer = folder.tokenizer;
  EXPECT_FALSE(tokenizer.lowercase);
  EXPECT_FALSE(tokenizer.handle_chinese_chars);
  EXPECT_FALSE(tokenizer.strip_accents.has_value());
  EXPECT_EQ(tokenizer.max_word_characters, 50);
  ASSERT_EQ(tokenizer.added_tokens.size(), 2U);
  EXPECT_EQ(tokenizer.added_tokens[1].content, "w39");
  EXPECT_TRUE(tokenizer.added_tokens[1].normalized);
  EXPECT_TRUE(tokenizer.added_tokens[1].lstrip);
  EXPECT_FALSE(tokenizer.added_tokens[1].special);
  Write("tokenizer_config.json", R"({"do_lower_case":true})");
  EXPECT_TRUE(Read().tokenizer.lowercase);
  EXPECT_THAT(Read().notes, testing::Contains(HasSubstr("do_lower_case is true")));
}

TEST_F(HfFolderTest, OtherTokenizersAreRefusedByName) {
  const std::string good = TokenizerJson(kBertNormalizer);
  const std::pair<const char*, const char*> changes[] = {
      {R"("type":"WordPiece")", R"("type":"BPE")"},
      {"BertNormalizer", "NFKC"},
      {"BertPreTokenizer", "Metaspace"},
      {"TemplateProcessing", "RobertaProcessing"},
      {R"("Sequence":{"id":"B","type_id":1})", R"("Sequence":{"id":"B","type_id":0})"}};
  for (const auto& [from, to] : changes) {
    Write("tokenizer.json", Replaced(good, from, to));
    EXPECT_THAT(Refusal(), HasSubstr("tokenizer.json")) << to;
  }
  Write("tokenizer.json", Replaced(good, "\"w7\":7", "\"w7\":6"));
  EXPECT_THAT(Refusal(), HasSubstr("same id 6"));
  Write("tokenizer.json", Replaced(good, "\"w7\":7", "\"w7\":77"));
  EXPECT_THAT(Refusal(), HasSubstr("no token with the id 7"));
  Write("tokenizer.json", Replaced(good, "\"w7\":7", "\"w7\":-7"));
  EXPECT_THAT(Refusal(), HasSubstr("no valid id"));
  Write("tokenizer.json", good);
  Write("tokenizer_config.json", R"({"truncation_side":"left"})");
  EXPECT_THAT(Refusal(), HasSubstr("truncation_side"));
}

TEST_F(HfFolderTest, MissingThings) {
  Remove("vocab.txt");
  EXPECT_THAT(Refusal(), HasSubstr("neither tokenizer.json nor vocab.txt"));
  Write("vocab.txt", "[PAD]\r\n[UNK]\r\n[CLS]\r\n[SEP]\r\n");
  EXPECT_EQ(Read().tokenizer.vocab[3], "[SEP]");
  Remove("model.safetensors");
  EXPECT_THAT(Refusal(), HasSubstr("no model.safetensors"));
  Write("pytorch_model.bin", "x");
  EXPECT_THAT(Refusal(), HasSubstr("pytorch_model.bin"));
  Write("model.safetensors.index.json", "{}");
  EXPECT_THAT(Refusal(), HasSubstr("several files"));
  EXPECT_EQ(ReadHfFolder("/nowhere/at/all", {}).error().code, Code::kNotFound);
  EXPECT_THAT(ReadHfFolder(tiny_.folder() / "config.json", {}).error().message,
              HasSubstr("is a file"));
}

TEST_F(HfFolderTest, WeightsThatDoNotFit) {
  const NamedTensors good = tiny_.tensors();
  const std::string name = "encoder.layer.1.output.dense.weight";
  tiny_.tensors().erase(name);
  tiny_.WriteWeights();
  EXPECT_THAT(PackRefusal(), AllOf(HasSubstr(name), HasSubstr("[80, 112] is missing")));

  tiny_.tensors() = good;
  tiny_.tensors()[name].shape = {112, 80};
  tiny_.WriteWeights();
  EXPECT_THAT(PackRefusal(),
              AllOf(HasSubstr(name), HasSubstr("[112, 80]"), HasSubstr("[80, 112]")));

  tiny_.tensors() = good;
  tiny_.tensors()["encoder.layer.2.output.dense.weight"] = good.at(name);
  tiny_.WriteWeights();
  EXPECT_THAT(PackRefusal(), HasSubstr("encoder.layer.2.output.dense.weight"));

  tiny_.tensors() = good;
  tiny_.WriteWeights();
  Change("config.json", R"("vocab_size":40)", R"("vocab_size":39)");
  EXPECT_NE(PackRefusal(), "accepted");
}

TEST_F(HfFolderTest, PrefixedAndUnusedTensors) {
  NamedTensors prefixed;
  for (const auto& [name, tensor] : tiny_.tensors()) prefixed["bert." + name] = tensor;
  prefixed["cls.predictions.bias"] = {{3}, {1, 2, 3}};
  prefixed["bert.embeddings.position_ids"] = {{1, 2}, {0, 1}};
  tiny_.tensors() = prefixed;
  tiny_.WriteWeights();
  const auto report = PackFolder(tiny_.folder().path(), {}, tiny_.folder() / "out", {});
  ASSERT_TRUE(report) << report.error().message;
  ASSERT_EQ(report->notes.size(), 1U);
  EXPECT_THAT(report->notes[0],
              AllOf(HasSubstr("bert.pooler.dense.weight"), HasSubstr("cls.predictions.bias"),
                    HasSubstr("bert.embeddings.position_ids")));
}

TEST_F(HfFolderTest, TheHubsCacheKnowsTheName) {
  const TempFolder cache;
  const std::string snapshot = cache / "models--org--some-model/snapshots/0123abc";
  std::filesystem::create_directories(snapshot);
  std::filesystem::copy(tiny_.folder().path(), snapshot, std::filesystem::copy_options::recursive);
  const auto folder = ReadHfFolder(snapshot, {});
  ASSERT_TRUE(folder);
  EXPECT_EQ(folder->config.name, "org/some-model");
}

}  // namespace
}  // namespace hearth::model
