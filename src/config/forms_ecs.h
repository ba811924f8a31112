// What texts in [ecs] must look like: the forms that AWS takes. Pure.
#pragma once

#include "config/forms.h"

namespace hearth::config {

Wrong WrongRegion(std::string_view text);
Wrong WrongEcsName(std::string_view text);
Wrong WrongImage(std::string_view text);
Wrong WrongSubnet(std::string_view text);
Wrong WrongSecurityGroup(std::string_view text);
Wrong WrongRole(std::string_view text);
Wrong WrongListener(std::string_view text);
Wrong WrongArch(std::string_view text);
Wrong WrongCapacity(std::string_view text);
Wrong WrongServer(std::string_view text);
Wrong WrongLogGroup(std::string_view text);
Wrong WrongLogPrefix(std::string_view text);
Wrong WrongTargetGroup(std::string_view text);
Wrong WrongRulePattern(std::string_view text);
Wrong WrongTag(std::string_view text);
Wrong WrongNamespace(std::string_view text);

inline constexpr Form kRegion = {"a region's name such as `us-east-1`", WrongRegion};
inline constexpr Form kEcsName = {"1 to 255 letters, digits, `-`, `_`", WrongEcsName};
inline constexpr Form kImage = {"an image's name", WrongImage};
inline constexpr Form kSubnet = {"`subnet-…`", WrongSubnet};
inline constexpr Form kSecurityGroup = {"`sg-…`", WrongSecurityGroup};
inline constexpr Form kRole = {"an ARN, or the role's name", WrongRole};
inline constexpr Form kListenerArn = {"the ARN of an ALB's listener", WrongListener};
inline constexpr Form kArch = {"`\"X86_64\"` or `\"ARM64\"`", WrongArch};
inline constexpr Form kCapacity = {"`\"FARGATE\"` or `\"FARGATE_SPOT\"`", WrongCapacity};
inline constexpr Form kServer = {"`\"auto\"`, `\"hearth\"` or `\"other\"`", WrongServer};
inline constexpr Form kLogGroup = {"1 to 512 letters, digits, `.`, `-`, `_`, `/`, `#`",
                                   WrongLogGroup};
inline constexpr Form kLogPrefix = {"1 to 128 letters, digits, `.`, `-`, `_`, `/`", WrongLogPrefix};
inline constexpr Form kTargetGroup = {"1 to 32 letters, digits, `-`", WrongTargetGroup};
inline constexpr Form kRulePattern = {"a pattern of an ALB's rule", WrongRulePattern};
// The names of a table, not its values.
inline constexpr Form kTag = {"", WrongTag};
inline constexpr Form kNamespace = {"1 to 255 letters, digits, `.`, `-`, `_`, `/`, `#`",
                                    WrongNamespace};

}  // namespace hearth::config
