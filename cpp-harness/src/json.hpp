// JSON values whose keys keep the order in which they are written: `schema` comes first.
#pragma once

#include <nlohmann/json.hpp>

namespace harness {

using json = nlohmann::ordered_json;

}  // namespace harness
