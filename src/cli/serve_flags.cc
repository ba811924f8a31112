#include "cli/serve_flags.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <utility>

#include "base/duration.h"
#include "cli/listen_env.h"

namespace hearth::cli {
namespace {

using std::chrono::milliseconds;

constexpr int64_t kBillion = 1'000'000'000;

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

// The groups of --help, in the order in which a newcomer needs them.
class Flags {
 public:
  explicit Flags(CLI::App& app) : app_(app) {}

  void Group(const char* name) { group_ = name; }

  void Text(const char* flag, const char* env, std::string* value, const char* help) {
    Finish(app_.add_option(flag, *value, help), env)->type_name("TEXT");
    Bind(flag, value);
  }
  void File(const char* flag, const char* env, std::string* value, const char* help) {
    Finish(app_.add_option(flag, *value, help), env)->type_name("FILE");
    Bind(flag, value);
  }
  template <typename T>
  void Number(const char* flag, const char* env, T* value, int64_t least, int64_t most,
              const char* help) {
    const auto check = [=](std::string& text) -> std::string {
      int64_t number = 0;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
      const bool whole = error == std::errc() && end == text.data() + text.size();
      if (whole && number >= least && number <= most) return "";
      return fmt::format("must be a whole number from {} to {}, not \"{}\"", least, most, text);
    };
    Finish(app_.add_option(flag, *value, help), env)
        ->type_name("N")
        ->check(CLI::Validator(check, "", ""))
        ->default_str(fmt::format("{}", *value));
  }
  void Duration(const char* flag, const char* env, milliseconds* value, const char* help,
                bool may_be_zero = false) {
    const auto parse = [may_be_zero](const std::string& text) -> Result<milliseconds> {
      constexpr milliseconds kZero{0};
      if (may_be_zero && ReadDuration(text, kZero, kZero)) return kZero;
      return ParseDuration(text);
    };
    auto* option = app_.add_option_function<std::string>(
        flag, [value, parse](const std::string& text) { *value = parse(text).value_or(*value); },
        help);
    const auto check = [parse](std::string& text) -> std::string {
      const auto parsed = parse(text);
      return parsed ? "" : parsed.error().message;
    };
    Finish(option, env)
        ->type_name("TIME")
        ->check(CLI::Validator(check, "", ""))
        ->default_str(fmt::format("{}s", value->count() / 1000));
  }
  void Choice(const char* flag, const char* env, std::string* value,
              const std::vector<std::string>& choices, const char* help) {
    const auto check = [choices](std::string& text) -> std::string {
      std::string all;
      for (const std::string& choice : choices) {
        if (choice == text) return "";
        all += all.empty() ? choice : ", " + choice;
      }
      return fmt::format("must be one of {}, not \"{}\"", all, text);
    };
    Finish(app_.add_option(flag, *value, help), env)
        ->type_name("NAME")
        ->check(CLI::Validator(check, "", ""))
        ->default_str(*value);
  }
  void Bool(const char* flag, const char* env, bool* value, const char* help) {
    Finish(app_.add_option(flag, *value, help), env)
        ->type_name("true|false")
        ->default_str(*value ? "true" : "false");
  }
  // Off unless it is there; its variable says true or false.
  void Switch(const char* flag, const char* env, bool* value, const char* help) {
    Finish(app_.add_flag(flag, *value, help), env);
  }

 private:
  CLI::Option* Finish(CLI::Option* option, const char* env) {
    if (env != nullptr) option->envname(env);
    return option->group(group_);
  }
  void Bind(const char*, const std::string*) {}

  CLI::App& app_;
  std::string group_;
};

void AddAddressFlags(Flags& add, ServeFlags* flags) {
  serve::ServeOptions& o = flags->options;
  add.Group("Model");
  add.File("--model", "HEARTH_MODEL", &o.model_path,
           "the packed model, made by `hearth pack` (required)");
  add.Text("--served-model-name", "SERVED_MODEL_NAME", &o.served_model_name,
           "what /info and OpenAI's answers call it [the packed file's name for it]");
  add.Bool("--auto-truncate", "AUTO_TRUNCATE", &o.auto_truncate,
           "cut texts that are too long; false: refuse them with 422");
  add.Text("--default-prompt-name", "DEFAULT_PROMPT_NAME", &o.default_prompt_name,
           "prompt of the model to put before each text [the model's own default]");
  add.Text("--default-prompt", "DEFAULT_PROMPT", &o.default_prompt,
           "text to put before each text, instead of a prompt by name");
  add.Group("Address");
  add.Text("--host", "HEARTH_HOST", &o.listen.host,
           "address to listen on; 0.0.0.0 in a container [127.0.0.1, or HOSTNAME when it holds an "
           "IP address]");
  add.Number("--port", "PORT", &o.listen.port, 0, 65535,
             "port; 0 takes a free one. The address is printed on stdout: listening on http://…");
  add.Text("--uds-path", "UDS_PATH", &o.listen.unix_path,
           "listen on this unix socket instead of host and port");
  add.File(
      "--api-key-file", "HEARTH_API_KEY_FILE", &flags->api_key_file,
      "ask every caller for the key in this file (or in API_KEY); /health and /ready stay open");
}

void AddLimitFlags(Flags& add, serve::ServeOptions* o) {
  add.Group("Limits of work");
  add.Number("--max-concurrent-requests", "MAX_CONCURRENT_REQUESTS", &o->requests_max, 1, kBillion,
             "requests in hand at a time; beyond: 429");
  add.Number("--max-client-batch-size", "MAX_CLIENT_BATCH_SIZE", &o->client_batch_max, 1, kBillion,
             "texts of one request; beyond: 422");
  add.Number("--max-queued-texts", "HEARTH_MAX_QUEUED_TEXTS", &o->queued_texts_max, 1, kBillion,
             "texts that may wait; beyond: 429");
  add.Number("--max-queued-tokens", "HEARTH_MAX_QUEUED_TOKENS", &o->queued_tokens_max, 1, kBillion,
             "tokens that may wait; beyond: 429");
  add.Number("--max-batch-tokens", "MAX_BATCH_TOKENS", &o->batch_tokens_max, 3, kBillion,
             "tokens of one batch, and so of one text");
  add.Number("--forward-tokens", "HEARTH_FORWARD_TOKENS", &o->forward_tokens, 1, 1'000'000,
             "tokens computed at once, within a batch: more gains nothing and makes others wait");
  add.Duration("--request-timeout", "HEARTH_REQUEST_TIMEOUT", &o->request_timeout,
               "from a request's first byte to its last forward; beyond: 504");
  add.Duration("--drain-timeout", "HEARTH_DRAIN_TIMEOUT", &o->drain_timeout,
               "after SIGTERM, how long work in hand may take");
  add.Group("Limits of the connection");
  add.Number("--payload-limit", "PAYLOAD_LIMIT", &o->http.body_bytes_max, 1, kBillion,
             "bytes of a body; beyond: 413");
  add.Number("--max-connections", "HEARTH_MAX_CONNECTIONS", &o->http.connections_max, 1, 1'000'000,
             "open connections; beyond: closed with 503");
  add.Number("--max-header-bytes", "HEARTH_MAX_HEADER_BYTES", &o->http.header_bytes_max, 256,
             1'000'000, "bytes of a request's headers; beyond: 431");
  add.Number("--max-buffered-bytes", "HEARTH_MAX_BUFFERED_BYTES", &o->http.buffered_bytes_max, 1,
             int64_t{1} << 40, "bytes of all bodies and answers in memory; beyond: 503");
  add.Duration("--read-timeout", "HEARTH_READ_TIMEOUT", &o->http.request_read_time_max,
               "for a request to arrive whole; beyond: 408");
  add.Duration("--write-timeout", "HEARTH_WRITE_TIMEOUT", &o->http.write_time_max,
               "for a client to take its answer; beyond: closed");
  add.Duration("--idle-timeout", "HEARTH_IDLE_TIMEOUT", &o->http.idle_time_max,
               "between two requests of a connection; beyond: closed");
}

void AddEcsFlags(Flags& add, serve::ServeOptions* o) {
  add.Group("On Amazon ECS");
  add.Text(
      "--metric-namespace", "HEARTH_METRIC_NAMESPACE", &o->load_metric.name_space,
      "print the offered load on stdout every 10 s, as CloudWatch's embedded metric format, in "
      "this namespace [off]");
  add.Text("--metric-cluster", "HEARTH_METRIC_CLUSTER", &o->load_metric.cluster,
           "the metric's dimension Cluster");
  add.Text("--metric-service", "HEARTH_METRIC_SERVICE", &o->load_metric.service,
           "the metric's dimension Service");
  add.Duration("--protect-after", "HEARTH_PROTECT_AFTER", &o->protect_after,
               "protect this task from scale-in while a request has been running that long, until "
               "its deadline; 0s: never",
               true);
}

Status CheckLoadMetric(const serve::LoadMetric& metric) {
  const bool any = !metric.name_space.empty() || !metric.cluster.empty() || !metric.service.empty();
  const char* missing = metric.name_space.empty() ? "--metric-namespace"
                        : metric.cluster.empty()  ? "--metric-cluster"
                        : metric.service.empty()  ? "--metric-service"
                                                  : nullptr;
  if (!any || missing == nullptr) return {};
  return Fail(
      Code::kUsage,
      "{} is missing: --metric-namespace, --metric-cluster and --metric-service go together",
      missing);
}

Result<std::string> ReadKeyFile(const std::string& path) {
  std::ifstream file(path);
  std::string key;
  if (!file || !std::getline(file, key)) {
    return Fail(Code::kIo, "cannot read a key from \"{}\" (--api-key-file)", path);
  }
  while (!key.empty() && (key.back() == '\r' || key.back() == ' ')) key.pop_back();
  if (key.empty())
    return Fail(Code::kUsage, "--api-key-file: the first line of \"{}\" is empty", path);
  return key;
}

// It becomes a header: anything that does not look like a pool's is left out.
std::string NonceFrom(const std::string& text) {
  constexpr size_t kMost = 64;
  const bool hex = text.find_first_not_of("0123456789abcdef") == std::string::npos;
  return hex && text.size() <= kMost ? text : "";
}

}  // namespace

void AddServeFlags(CLI::App& app, ServeFlags* flags) {
  // HOSTNAME is weaker than --host and HEARTH_HOST, stronger than the default.
  if (const std::string host = HostFromTei(ProcessEnv()); !host.empty())
    flags->options.listen.host = host;
  Flags add(app);
  AddAddressFlags(add, flags);
  AddLimitFlags(add, &flags->options);
  AddEcsFlags(add, &flags->options);
  add.Group("Process");
  add.Number("--workers", "HEARTH_WORKERS", &flags->options.workers, 0, 1024,
             "threads that compute; 0: as many as the CPU quota and affinity give");
  add.Number("--slots", "HEARTH_SLOTS", &flags->options.slots, 0, 1'000'000,
             "requests at a time that /ready tells a pool to send; 0: 16 for each worker");
  add.Switch("--force", "HEARTH_FORCE", &flags->options.force,
             "start though the container has less memory than work at these limits may need");
  add.Choice("--log", "HEARTH_LOG", &flags->log_format, {"json", "text"},
             "form of the log lines on stderr");
  add.Choice("--log-level", "LOG_LEVEL", &flags->log_level, {"debug", "info", "warn", "error"},
             "least important lines that are logged");
}

Status FinishServeFlags(ServeFlags* flags) {
  serve::ServeOptions& o = flags->options;
  o.cpu_isa = Variable("HEARTH_CPU_ISA");
  o.api_key = Variable("API_KEY");
  o.ecs_agent_uri = Variable("ECS_AGENT_URI");
  o.replica_nonce = NonceFrom(Variable("HEARTH_REPLICA_NONCE"));
  if (o.model_path.empty())
    return Fail(Code::kUsage,
                "--model is missing: the packed file to serve (hearth pack makes it)");
  if (Status status = CheckLoadMetric(o.load_metric); !status) return status;
  if (!flags->api_key_file.empty()) {
    auto key = ReadKeyFile(flags->api_key_file);
    if (!key) return Forward(key);
    o.api_key = std::move(*key);
  }
  if (!o.default_prompt.empty() && !o.default_prompt_name.empty()) {
    return Fail(Code::kUsage, "--default-prompt and --default-prompt-name exclude each other");
  }
  if (o.client_batch_max > o.queued_texts_max) {
    return Fail(Code::kUsage,
                "--max-client-batch-size ({}) must not exceed --max-queued-texts ({}): such a "
                "request could never be taken",
                o.client_batch_max, o.queued_texts_max);
  }
  return {};
}

std::vector<std::string> UnusedTeiVariables() {
  constexpr std::array<std::pair<const char*, const char*>, 19> kUnused = {{
      {"MODEL_ID", "hearth serves one packed file: --model"},
      {"REVISION", "the packed file is pinned by itself"},
      {"TOKENIZATION_WORKERS", "workers tokenise and compute: --workers"},
      {"DTYPE", "chosen by hearth pack --dtype"},
      {"POOLING", "chosen by the model folder, or hearth pack --pooling"},
      {"MAX_BATCH_REQUESTS", "batches are bounded in tokens: --max-batch-tokens"},
      {"DENSE_PATH", "dense modules are not supported"},
      {"HF_TOKEN", "nothing is downloaded"},
      {"HF_API_TOKEN", "nothing is downloaded"},
      {"HUGGING_FACE_HUB_TOKEN", "nothing is downloaded"},
      {"HUGGINGFACE_HUB_CACHE", "nothing is downloaded"},
      {"JSON_OUTPUT", "--log json|text"},
      {"DISABLE_SPANS", "there are no spans"},
      {"OTLP_ENDPOINT", "traces are not exported"},
      {"OTLP_SERVICE_NAME", "traces are not exported"},
      {"PROMETHEUS_PORT", "GET /metrics is on the same port"},
      {"CORS_ALLOW_ORIGIN", "no CORS headers are sent"},
      {"RUST_LOG", "--log-level"},
      {"RAYON_NUM_THREADS", "--workers"},
  }};
  std::vector<std::string> unused;
  for (const auto& [name, why] : kUnused) {
    // The value stays out of the line: some of these are secrets.
    if (!Variable(name).empty())
      unused.push_back(fmt::format("{} is set and not used: {}", name, why));
  }
  return unused;
}

LogFormat FormatOf(const ServeFlags& flags) {
  return flags.log_format == "text" ? LogFormat::kText : LogFormat::kJson;
}

LogLevel LevelOf(const ServeFlags& flags) {
  if (flags.log_level == "debug") return LogLevel::kDebug;
  if (flags.log_level == "warn") return LogLevel::kWarn;
  if (flags.log_level == "error") return LogLevel::kError;
  return LogLevel::kInfo;
}

}  // namespace hearth::cli
