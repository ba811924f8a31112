#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include "aws/ec2_names.h"
#include "aws/service_client.h"
#include "aws/xml_read.h"

namespace hearth::aws {

namespace {

bool IsList(const XmlElement& element) {
  if (element.children.empty()) return false;
  const std::string& name = element.children.front().name;
  return (name == "member" || name == "item" || name == "entry") &&
         std::ranges::all_of(element.children, [&](const auto& c) { return c.name == name; });
}

boost::json::value ValueOf(const XmlElement& element, bool ec2);

boost::json::object ChildrenOf(const XmlElement& element, bool ec2) {
  boost::json::object out;
  for (const XmlElement& child : element.children) {
    std::string name = ec2 ? Ec2OutputName(child.name) : child.name;
    out.insert_or_assign(name, ValueOf(child, ec2));
  }
  return out;
}

// ReadXml has limited the depth.
boost::json::value ValueOf(const XmlElement& element, bool ec2) {
  if (element.children.empty()) return boost::json::string(element.text);
  if (!IsList(element)) return ChildrenOf(element, ec2);
  boost::json::array list;
  list.reserve(element.children.size());
  for (const XmlElement& item : element.children) list.push_back(ValueOf(item, ec2));
  return list;
}

}  // namespace

Result<boost::json::object> QueryAnswer(const ServiceFacts& service, std::string_view action,
                                        std::string_view xml) {
  const auto root = ReadXml(xml);
  if (!root) {
    return Fail(Code::kCorrupt, "cannot use the answer to {}: {}", action, root.error().message);
  }
  const std::string name(action);
  if (root->name != name + "Response") {
    return Fail(Code::kCorrupt, "cannot use the answer to {}: it is a <{:.60}>", action,
                root->name);
  }
  if (service.protocol == Protocol::kEc2) {
    boost::json::object out = ChildrenOf(*root, true);
    out.erase("RequestId");
    return out;
  }
  // Calls that only do something answer without a result.
  const XmlElement* result = root->Child(name + "Result");
  return result == nullptr ? boost::json::object() : ChildrenOf(*result, false);
}

}  // namespace hearth::aws
