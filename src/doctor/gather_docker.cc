// The image and this pool's containers, as the Docker engine on this machine has them.
#include <fmt/format.h>

#include <algorithm>
#include <boost/json/parse.hpp>

#include "aws/document.h"
#include "doctor/build_tools.h"
#include "doctor/gather_local.h"
#include "pool/docker_answer.h"
#include "pool/docker_engine.h"
#include "pool/docker_request.h"

namespace hearth::doctor {
namespace {

namespace json = boost::json;

constexpr std::chrono::milliseconds kPatience{5'000};
constexpr size_t kContainersMax = 20;

class Engine {
 public:
  explicit Engine(http::Url socket) : engine_(std::move(socket)) {}

  Result<json::value> Ask(std::string what, std::string path) {
    const auto answer =
        engine_.Demand({.what = std::move(what), .path = std::move(path), .timeout = kPatience});
    if (!answer) return tl::unexpected<Error>(answer.error());
    boost::system::error_code error;
    json::value value = json::parse(answer->body, error);
    if (error) return Fail(Code::kCorrupt, "the Docker engine's answer is no JSON");
    return value;
  }

 private:
  pool::DockerEngine engine_;
};

bool PipCacheOff(const json::object& config) {
  const json::array& env = aws::ListOf(config, "Env");
  return std::any_of(env.begin(), env.end(), [](const json::value& pair) {
    return aws::AsText(pair).starts_with("PIP_NO_CACHE_DIR=");
  });
}

ImageFacts LookAtImage(Engine& engine, const std::string& name) {
  ImageFacts image;
  image.name = name;
  const auto described =
      engine.Ask(fmt::format("look at image \"{}\"", name), fmt::format("/images/{}/json", name));
  if (!described) {
    image.problem =
        fmt::format("{}; `docker pull {}` brings it here", described.error().message, name);
    return image;
  }
  const json::object& object = aws::AsObject(*described);
  image.bytes =
      static_cast<int64_t>(std::clamp(aws::NumberOf(object, "Size").value_or(0), 0.0, 1e15));
  image.config = aws::ObjectOf(object, "Config");
  const auto history = engine.Ask(fmt::format("read the history of image \"{}\"", name),
                                  fmt::format("/images/{}/history", name));
  if (history && history->is_array()) {
    image.build_tools = BuildToolsIn(history->get_array(), PipCacheOff(image.config));
  }
  return image;
}

json::array LookAtContainers(Engine& engine, const std::string& pool) {
  json::array containers;
  const auto list = engine.Ask("list containers", pool::ListPath(pool));
  if (!list || !list->is_array()) return containers;
  for (const json::value& item : list->get_array()) {
    if (containers.size() == kContainersMax) break;
    const std::string id(aws::TextOf(aws::AsObject(item), "Id"));
    auto described = engine.Ask(fmt::format("look at container \"{}\"", id),
                                fmt::format("/containers/{}/json", id));
    if (described) containers.push_back(*std::move(described));
  }
  return containers;
}

}  // namespace

void LookAtDocker(const LocalOptions& options, LocalFacts* facts) {
  const config::Config& config = options.config;
  const bool pool = config.replica.backend == config::Backend::kDocker;
  const std::string& image = pool ? config.replica.image : config.ecs.image;
  if (image.empty()) return;
  auto socket = pool::DockerSocket(options.env);
  if (!socket) {
    facts->docker_problem = socket.error().message;
    return;
  }
  Engine engine(*std::move(socket));
  if (const auto pong = engine.Ask("ask the Docker engine", "/version"); !pong) {
    facts->docker_problem = pong.error().message;
    return;
  }
  facts->image = LookAtImage(engine, image);
  if (pool) facts->containers = LookAtContainers(engine, config.pool.name);
}

}  // namespace hearth::doctor
