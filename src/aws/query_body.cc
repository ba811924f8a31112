#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include "aws/canonical.h"
#include "aws/ec2_names.h"
#include "aws/service_client.h"

namespace hearth::aws {

namespace {

// As Python prints it, so that botocore's bytes can be compared with these.
std::string NumberText(double number) {
  std::string text = fmt::format("{}", number);
  if (text.find_first_of(".en") == std::string::npos) text += ".0";
  return text;
}

class Form {
 public:
  Form(bool ec2, std::string* out) : ec2_(ec2), out_(*out) {}

  void Add(const std::string& name, const boost::json::value& value) {
    switch (value.kind()) {
      case boost::json::kind::null:
        return;
      case boost::json::kind::object:
        return AddObject(name + ".", value.get_object());
      case boost::json::kind::array:
        return AddList(name, value.get_array());
      case boost::json::kind::string:
        return Put(name, std::string_view(value.get_string()));
      case boost::json::kind::bool_:
        return Put(name, value.get_bool() ? "true" : "false");
      case boost::json::kind::int64:
        return Put(name, fmt::to_string(value.get_int64()));
      case boost::json::kind::uint64:
        return Put(name, fmt::to_string(value.get_uint64()));
      case boost::json::kind::double_:
        return Put(name, NumberText(value.get_double()));
    }
  }

  void AddObject(const std::string& prefix, const boost::json::object& object) {
    for (const auto& [key, value] : object) {
      const std::string_view name = ec2_ ? Ec2InputName(key) : std::string_view(key);
      Add(prefix + std::string(name), value);
    }
  }

 private:
  void AddList(const std::string& name, const boost::json::array& list) {
    // An empty list is a value of Query ("no security groups"); EC2 has none.
    if (list.empty() && !ec2_) Put(name, "");
    const std::string prefix = name + (ec2_ ? "." : ".member.");
    for (size_t i = 0; i < list.size(); ++i) Add(prefix + fmt::to_string(i + 1), list[i]);
  }
  void Put(std::string_view name, std::string_view text) {
    out_ += "&" + PercentEncode(name) + "=" + PercentEncode(text);
  }

  const bool ec2_;
  std::string& out_;
};

}  // namespace

std::string QueryBody(const ServiceFacts& service, const ServiceRequest& request) {
  std::string out =
      "Action=" + PercentEncode(request.action) + "&Version=" + PercentEncode(service.version);
  Form(service.protocol == Protocol::kEc2, &out).AddObject("", request.input);
  return out;
}

}  // namespace hearth::aws
